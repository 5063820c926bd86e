/** Bytes of an object, both ends included. */
export type ByteRange = { first: number; last: number }

const rangeForm = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/

/** Whether S3 honours a Range header: one range, in order. Anything else it ignores, and sends the whole object. */
export function isRange(header: string): boolean {
  const match = rangeForm.exec(header.trim())
  if (match === null) return false
  const [, first, last] = match
  return first === undefined || last === '' || last === undefined || Number(first) <= Number(last)
}

/**
 * Whether a range asks for the last bytes of an object. Of an empty one S3 answers that with all there is, and 200
 * (apache/arrow-rs-object-store#846, floci-io/floci#1141), where any other range cannot be satisfied.
 */
export const isSuffixRange = (header: string): boolean => /^bytes=-0*[1-9]\d*$/.test(header.trim())

/** The bytes a range means in an object of `size` bytes, or undefined when it cannot be satisfied. */
export function resolveRange(header: string, size: number): ByteRange | undefined {
  const [, first, last, suffix] = rangeForm.exec(header.trim()) ?? []
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), size)
    return length === 0 ? undefined : { first: size - length, last: size - 1 }
  }
  if (Number(first) >= size) return undefined
  return { first: Number(first), last: last ? Math.min(Number(last), size - 1) : size - 1 }
}
