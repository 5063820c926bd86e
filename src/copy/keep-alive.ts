import type { Sleep, Timer } from '../ports.ts'

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
/** The Rust SDK gives up below one byte a second, and a timer is never early. */
const INTERVAL = 500

const encode = (text: string) => new TextEncoder().encode(text)

/**
 * What work gives; if it takes long, what is given for it from the moment on when the answer may begin before its end.
 * @param decided asked at that moment: resolves when nothing is left that would need another status than 200.
 * @param after milliseconds; 0 waits for ever.
 * @throws what the work throws before that moment.
 */
export function withEarlyReply<T>(
  work: Promise<T>,
  decided: () => Promise<void>,
  after: number,
  timer: Timer,
  meanwhile: () => T,
): Promise<T> {
  if (after <= 0) return work
  return new Promise((resolve, reject) => {
    let isOver = false
    const begin = () => isOver || resolve(meanwhile())
    const cancel = timer(after, () => void decided().then(begin, () => {}))
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
 * @param document the finished document, never rejecting: a late failure is an `<Error>` in it.
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
