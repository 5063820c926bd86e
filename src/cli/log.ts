import pino from 'pino'
import { shortenLogged } from '../bytes/shorten.ts'
import type { LogLevel } from '../config/environment-values.ts'
import type { Log } from '../ports.ts'

/** Events that somebody has to do something about, */
const errors = new Set([
  'access log cannot be written',
  'not ready',
  'request failed',
  'request failed after the answer began',
  'settings refused, all goes on as before',
  'the key for OSS cannot be renewed',
  'the embedded OSS has a problem with its store',
  'worker did not stop cleanly',
  'worker does not start',
  'a new worker does not start, the old ones stay',
  'worker died',
  'OSS does not answer as it should: requests will fail',
])
/** and those to know of. The others tell how it goes. */
const warnings = new Set([
  'access log lines are dropped: they are written too slowly',
  'headers refused',
  'requests given up',
  'response cut',
  'response failed',
  'warning',
])

/** The level of an event. */
export const levelOf = (event: string): LogLevel =>
  errors.has(event) ? 'error' : warnings.has(event) ? 'warn' : 'info'

/** Lines of JSON on standard error: level, time, event, and the event's facts. */
const logger = pino(
  {
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (level) => ({ level }) },
  },
  pino.destination({ dest: 2, sync: true }),
)

/** The log of the command line. Texts in facts, which may come from a request, are shortened. */
export const log: Log = (event, facts) =>
  logger[levelOf(event)]({ event, ...JSON.parse(JSON.stringify(facts, shortenLogged)) })

/** What of it is written from now on. */
export function setLogLevel(level: LogLevel): void {
  logger.level = level
}
