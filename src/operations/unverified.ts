import type { Incoming } from '../ports.ts'
import { add } from '../runtime/counts.ts'
import { S3Error, slowDown } from '../s3/error.ts'
import { perClient } from './bucket-cache.ts'
import type { Context } from './operation.ts'

/** How many are read now, in all and of each address. */
class Readings {
  #all = 0
  readonly #ofAddress = new Map<string, number>()

  /**
   * Counts one more, unless there are enough.
   * @param address undefined where the platform tells none.
   */
  begin(address: string | undefined, most: number, mostOfAddress: number): boolean {
    if (this.#all >= most || this.#of(address) >= mostOfAddress) return false
    this.#add(address, 1)
    return true
  }

  end(address: string | undefined): void {
    this.#add(address, -1)
  }

  #of(address: string | undefined): number {
    return address === undefined ? 0 : (this.#ofAddress.get(address) ?? 0)
  }

  #add(address: string | undefined, change: 1 | -1): void {
    this.#all += change
    if (address !== undefined) add(this.#ofAddress, address, change)
  }
}

/**
 * Of which nothing depends on the others: fields of forms, which anybody may send; requests to STS of those who know of a
 * key; and those that are refused already, and read to be told of. Strangers take nobody's turn.
 */
const readings = perClient(() => ({ form: new Readings(), sts: new Readings(), refused: new Readings() }))

/**
 * Reads what a signature stands in, or is of, so that it is not verified yet: the fields of a form, which must arrive within
 * the time of a header. Until then they count against a limit of their own (`limits.forms`), not against that of signed
 * requests.
 * @param clientAddress of the request.
 * @param onLate told what has been read when it was too late.
 * @throws S3Error SlowDown, RequestTimeout, and what `read` throws.
 */
export async function readUnverified<Fields>(
  what: 'form' | 'sts' | 'refused',
  { clientAddress }: Pick<Incoming, 'clientAddress'>,
  { oss, timer, config }: Pick<Context, 'oss' | 'timer' | 'config'>,
  read: () => Promise<Fields>,
  onLate: (fields: Fields) => void = () => {},
): Promise<Fields> {
  const { limits, timeouts } = config.document
  const { forms, perAddress = Math.ceil(forms / 2) } = limits
  const unverified = readings(oss)[what]
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
