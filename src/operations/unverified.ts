import { S3Error, slowDown } from '../s3/error.ts'
import { perClient } from './bucket-cache.ts'
import type { Context } from './operation.ts'

/** How many are read now: what is to be verified, and what is refused already and read to be told of. */
const readings = perClient(() => ({ verified: 0, refused: 0 }))

/**
 * Reads what a signature stands in, or is of, so that it is not verified yet: the fields of a form, which must arrive within
 * the time of a header. Until then they count against a limit of their own (`limits.forms`), not against that of signed
 * requests.
 * @param onLate told what has been read when it was too late. @param what of which nothing depends on the other: strangers
 * take nobody's turn.
 * @throws S3Error SlowDown, RequestTimeout, and what `read` throws.
 */
export async function readUnverified<Fields>(
  { oss, timer, config }: Pick<Context, 'oss' | 'timer' | 'config'>,
  read: () => Promise<Fields>,
  onLate: (fields: Fields) => void = () => {},
  what: 'verified' | 'refused' = 'verified',
): Promise<Fields> {
  const { limits, timeouts } = config.document
  const unverified = readings(oss)
  if (unverified[what] >= limits.forms) throw slowDown()
  unverified[what]++
  let stopTimer = () => {}
  const tooSlow = new Promise<never>((_, reject) => {
    stopTimer = timer(timeouts.client.headers * 1000, () => reject(new S3Error('RequestTimeout')))
  })
  const reading = read()
  try {
    return await Promise.race([reading, tooSlow])
  } catch (error) {
    reading.then(onLate).catch(() => {})
    throw error
  } finally {
    stopTimer()
    unverified[what]--
  }
}
