import { add } from '../runtime/counts.ts'

/** How many are read now, in all and of each address. */
class Count {
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
 * What is read now, of which nothing depends on the others: fields of forms, which anybody may send; requests to STS of those
 * who know of a key; and those that are refused already, and read to be told of. Strangers take nobody's turn.
 */
export type Readings = Readonly<Record<'form' | 'sts' | 'refused', Count>>

/** Nothing is read. */
export const createReadings = (): Readings => ({ form: new Count(), sts: new Count(), refused: new Count() })
