import { discard, type Exchange } from '../http/exchange.ts'
import type { Incoming, Log, Reply } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import type { Gate } from './concurrency-limit.ts'
import { Crowd } from './crowd.ts'

/** What the door opens on. */
export type Inside = {
  answer(incoming: Incoming): Promise<Reply>
  /** The answer to what is not let in. */
  refuse(error: S3Error, method: string): Reply
}

/** Node's door: requests in, answers out, no web streams and no framework between. */
export type NodeDoor = {
  handle(exchange: Exchange): void
  /** What has come in and is not answered to its end. */
  inFlight: Iterable<Exchange>
  /** Tells every request in flight that its client is not to be waited for. */
  giveUp(cause: Error): void
  /** Resolves when nothing is left that must come to its end. */
  settled(): Promise<void>
}

export function nodeDoor(inside: Inside, gate: Gate, log: Log): NodeDoor {
  const inFlight = new Crowd<Exchange>()
  // Counted, not kept: see Crowd for what a Set costs that is filled and emptied all the time.
  let working = 0
  let tellSettled: (() => void)[] = []

  function handle(exchange: Exchange): void {
    inFlight.add(exchange)
    exchange.onOver = () => inFlight.delete(exchange)
    serve(exchange).catch((error: Error) => {
      log('response failed', { cause: error.message })
      exchange.cut()
    })
  }

  async function serve(exchange: Exchange): Promise<void> {
    const entered = gate.enter(() => exchange.gone)
    if (entered !== true && !(await entered)) {
      await send(exchange, inside.refuse(new S3Error('SlowDown', slowDown), exchange.method))
      return
    }
    try {
      // It may have waited longer for its turn than its client did.
      if (exchange.over) return
      const sent = send(exchange, await answer(exchange))
      if (sent !== undefined) await sent
    } finally {
      gate.leave()
    }
  }

  function answer(exchange: Exchange): Promise<Reply> | Reply {
    const { method, target, headers, body } = exchange
    return inside.answer({ method, target, headers, body, signal: () => exchange.gone, waitUntil })
  }

  /** @returns a promise, as `respond` does; it never rejects. */
  function send(exchange: Exchange, reply: Reply): Promise<void> | undefined {
    if (exchange.over) {
      discard(reply.body)
      return undefined
    }
    try {
      const sent = exchange.respond(reply)
      return sent?.catch((error: Error) => log('response cut', { cause: error.message }))
    } catch (error) {
      discard(reply.body)
      log('headers refused', { cause: (error as Error).message })
      return send(exchange, inside.refuse(new S3Error('InternalError'), exchange.method))
    }
  }

  function waitUntil(work: Promise<unknown>): void {
    working++
    const end = () => {
      working--
      if (working > 0) return
      for (const tell of tellSettled) tell()
      tellSettled = []
    }
    work.then(end, end)
  }

  return {
    handle,
    inFlight,
    giveUp: (cause) => {
      for (const exchange of inFlight) {
        exchange.abandon(cause)
        exchange.body.end(new S3Error('ServiceUnavailable', { cause, ...slowDown }))
      }
    },
    settled: () =>
      working === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            tellSettled.push(resolve)
          }),
  }
}

/** What a client that is not served is told: to wait a second. */
const slowDown = { headers: { 'retry-after': '1' } }
