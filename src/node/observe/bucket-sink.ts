import type { OssClient } from '../../oss/client.ts'
import type { Log } from '../../ports.ts'
import type { LineSink } from './access-log.ts'

/** Milliseconds that lines wait at most, */
const PERIOD = 60_000
/** and bytes that become an object at once. */
const BATCH = 8 * 1024 * 1024
/** Bytes that wait where OSS does not take them: beyond, lines are dropped, lest they fill the memory. */
const MAX_WAITING = 64 * 1024 * 1024

/** Where an access log is delivered. */
export type LogBucket = { bucket: string; prefix: string }

/**
 * Lines to objects of a bucket, named as S3 names those of its server access logs: `PREFIXyyyy-mm-dd-hh-mm-ss-ID`. As
 * there, delivery is best effort: what waits when the process dies is lost.
 * @param oss the client of now: settings may be read again.
 * @param newId sixteen or so letters and digits.
 */
export function bucketSink(
  { bucket, prefix }: LogBucket,
  oss: () => OssClient,
  { log, newId, clock }: { log: Log; newId: () => string; clock: () => number },
): LineSink {
  let waiting: string[] = []
  let size = 0
  let isDropping = false
  let delivery: Promise<void> = Promise.resolve()

  async function deliver(): Promise<void> {
    if (waiting.length === 0) return
    const lines = waiting
    const bytes = size
    waiting = []
    size = 0
    const time = new Date(clock()).toISOString().slice(0, 19).replace(/[T:]/g, '-')
    const body = Buffer.from(lines.join(''))
    const headers = { 'content-type': 'text/plain; charset=utf-8' }
    try {
      await oss().send({ method: 'PUT', bucket, key: `${prefix}${time}-${newId()}`, headers, body })
      isDropping = false
    } catch (error) {
      log('access log cannot be written', { bucket, cause: (error as Error).message })
      // With the next ones. Twice, if only the answer was lost.
      waiting = [...lines, ...waiting]
      size += bytes
    }
  }

  const deliverNext = () => {
    delivery = delivery.then(deliver)
    return delivery
  }
  const timer = setInterval(() => void deliverNext(), PERIOD).unref()

  return {
    write: (lines) => {
      if (size + lines.length > MAX_WAITING) {
        if (!isDropping) log('access log lines are dropped: they are written too slowly', { bucket })
        isDropping = true
        return
      }
      waiting.push(lines)
      const before = size
      size += lines.length
      if (before < BATCH && size >= BATCH) void deliverNext()
    },
    reopen: () => {},
    close: () => {
      clearInterval(timer)
      return deliverNext()
    },
  }
}
