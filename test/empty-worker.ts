/** The tests in workerd import what they test; the Worker itself is driven from outside. */
export default {}
