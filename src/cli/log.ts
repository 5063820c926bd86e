import pino from 'pino'
import { shortenLogged } from '../bytes/shorten.ts'
import type { Log, LogLevel } from '../ports.ts'
import { levelOf } from '../runtime/log-level.ts'

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
