import type { Reply } from '../ports.ts'
import type { Exchange } from './exchange.ts'
import type { Problem } from './head.ts'

/** How long clients may take, in milliseconds. */
export type ClientLimits = {
  /** To send a request's head, */
  headers: number
  /** to go on, sending or reading, */
  idle: number
  /** to send the next request, */
  keepAlive: number
  /** and for a whole request with its answer. */
  total: number
}

/** What a connection's server decides for it. */
export type Host = {
  limits: ClientLimits
  /** Whether answers are the last of their connections from now on. */
  ending: boolean
  handle(exchange: Exchange): void
  /** What the reader of a request's body gets where its connection fails it. */
  errorOf(problem: Problem): Error
  /** The answer to what never becomes a request, or no whole one. */
  answerTo(problem: Problem): Reply & { body: string }
}
