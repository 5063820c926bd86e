import type { LogLevel } from '../ports.ts'

/** Events that somebody has to do something about, */
const errors = new Set([
  'access log cannot be written',
  'an upstream has no key for OSS',
  'not ready',
  'request failed',
  'request failed after the answer began',
  'settings refused, all goes on as before',
  'the document cannot be read',
  'the document cannot be read, all goes on as before',
  'the key for OSS cannot be renewed',
  'the embedded OSS has a problem with its store',
  'the settings are not right',
  'worker did not stop cleanly',
  'worker does not start',
  'a new worker does not start, the old ones stay',
  'a worker hangs, it is killed',
  'worker died',
  'OSS does not answer as it should: requests will fail',
])
/** and those to know of. The others tell how it goes. */
const warnings = new Set([
  'access log lines are dropped: they are written too slowly',
  'headers refused',
  'metrics cannot be written',
  'requests given up',
  'response cut',
  'response failed',
  'warning',
])

/** The level of an event. */
export const levelOf = (event: string): LogLevel =>
  errors.has(event) ? 'error' : warnings.has(event) ? 'warn' : 'info'
