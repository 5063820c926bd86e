import { OssError } from '../errors.ts'

/** Bytes `start` to `end`, exclusive. */
export type ByteRange = { start: number; end: number }

/**
 * What of an object a Range header selects; undefined is all of it, answered with 200.
 * By default OSS takes a range it cannot satisfy to the letter for no range at all; with
 * `x-oss-range-behavior: standard` it clamps the end and refuses a start past the end. Of several ranges the first counts.
 * @throws OssError InvalidRange.
 */
export function selectRange(
  range: string | undefined,
  size: number,
  standard: boolean,
): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes=\s*(\d*)-(\d*)\s*(?:,.*)?$/.exec(range ?? '') ?? []
  if (first === '' && last === '') return undefined
  if (first === '') return suffix(Number(last), size, standard)
  const start = Number(first)
  const end = last === '' ? size : Number(last) + 1
  if (last !== '' && end <= start) return undefined
  if (start >= size) {
    if (standard) throw unsatisfiable(range, size)
    return undefined
  }
  if (end > size && !standard) return undefined
  return { start, end: Math.min(end, size) }
}

function suffix(length: number, size: number, standard: boolean): ByteRange | undefined {
  // Of nothing OSS makes no sense, whatever the behaviour asked for (a test of the Java SDK).
  if (length === 0 || (standard && size === 0)) throw unsatisfiable(`bytes=-${length}`, size)
  if (length <= size) return { start: size - length, end: size }
  if (!standard) return undefined
  return { start: 0, end: size }
}

function unsatisfiable(range: string | undefined, size: number): OssError {
  return new OssError('InvalidRange', {
    elements: { ActualObjectSize: size, RangeHeader: range },
    headers: { 'content-range': `bytes */${size}` },
  })
}
