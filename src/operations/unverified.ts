import type { Incoming } from '../ports.ts'
import { S3Error, slowDown } from '../s3/error.ts'
import type { Context } from './operation.ts'
import type { Readings } from './readings.ts'

/**
 * Reads what a signature stands in, or is of, so that it is not verified yet: the fields of a form, which must arrive within
 * the time of a header. Until then they count against a limit of their own (`limits.forms`), not against that of signed
 * requests.
 * @param clientAddress of the request.
 * @param onLate told what has been read when it was too late.
 * @throws S3Error SlowDown, RequestTimeout, and what `read` throws.
 */
export async function readUnverified<Fields>(
  what: keyof Readings,
  { clientAddress }: Pick<Incoming, 'clientAddress'>,
  { readings, timer, config }: Pick<Context, 'readings' | 'timer' | 'config'>,
  read: () => Promise<Fields>,
  onLate: (fields: Fields) => void = () => {},
): Promise<Fields> {
  const { limits, timeouts } = config.document
  const { forms, perAddress = Math.ceil(forms / 2) } = limits
  const unverified = readings[what]
  const address = clientAddress?.()
  if (!unverified.begin(address, forms, perAddress)) throw slowDown()
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
    unverified.end(address)
  }
}
