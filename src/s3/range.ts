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
