import type { Sleep, Timer } from '../ports.ts'

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
/** Milliseconds between spaces: the Rust SDK gives up below one byte a second, and timers are inexact. */
const INTERVAL = 500

const encode = (text: string) => new TextEncoder().encode(text)

/**
 * The result of work, or an early reply instead once the work takes long and its status is decided.
 * @param statusDecided asked once the work takes long: resolves when nothing is left that would need another status than 200;
 *   where it rejects, the result is waited for.
 * @param after milliseconds until the work takes long; 0: never.
 * @param earlyReply makes the reply that goes on with the work's result.
 * @throws what the work throws before the early reply.
 */
export function withEarlyReply<T>(
  work: Promise<T>,
  statusDecided: () => Promise<void>,
  after: number,
  timer: Timer,
  earlyReply: () => T,
): Promise<T> {
  if (after <= 0) return work
  return new Promise((resolve, reject) => {
    let isOver = false
    const begin = () => isOver || resolve(earlyReply())
    const cancel = timer(after, () => void statusDecided().then(begin, () => {}))
    const end = () => {
      isOver = true
      cancel()
    }
    work.then(
      (result) => {
        end()
        resolve(result)
      },
      (error) => {
        end()
        reject(error)
      },
    )
  })
}

/**
 * A body that keeps the connection alive: the XML declaration first (boto3 takes a space before it for broken XML),
 * then a space every half second, then the document.
 * @param document the finished document, never rejecting: what fails after the 200 is an `<Error>` in it.
 */
export async function* keepAlive(document: Promise<string>, sleep: Sleep): AsyncGenerator<Uint8Array> {
  yield encode(DECLARATION)
  const finished = new AbortController()
  let text: string | undefined
  const ready = document.then((value) => {
    text = value
  })
  try {
    while (text === undefined) {
      await Promise.race([ready, sleep(INTERVAL, finished.signal)])
      if (text === undefined) yield encode(' ')
    }
    yield encode((text as string).replace(DECLARATION, ''))
  } finally {
    finished.abort()
  }
}
