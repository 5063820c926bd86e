/** What to do with an optional package that cannot be loaded. */
export function notInstalled(name: string): (cause: Error) => never {
  return (cause) => {
    const [reason] = cause.message.split('\n')
    throw new Error(
      `doctor needs the package ${name}, which cannot be loaded (${reason}): install the optional dependencies too (npm install --include=optional)`,
      { cause },
    )
  }
}
