import { invalidArgument, S3Error } from './error.ts'

const HEADER = 'x-amz-copy-source-range'

/** Bytes of a copy's source, both ends included, as the client wrote them and as numbers. */
export type CopyRange = { first: number; last: number; text: string }

/**
 * `x-amz-copy-source-range`: `bytes=first-last` and nothing else, unlike a Range.
 * @throws S3Error InvalidArgument.
 */
export function parseCopyRange(text: string | undefined): CopyRange | undefined {
  if (text === undefined) return undefined
  const [, first, last] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(text) ?? []
  if (first === undefined || Number(first) > Number(last)) {
    throw invalidArgument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      HEADER,
      text,
    )
  }
  return { first: Number(first), last: Number(last), text }
}

/** @throws S3Error InvalidRequest when the range begins behind the source, InvalidArgument when it ends there. */
export function checkCopyRange({ first, last, text }: CopyRange, size: number): void {
  if (first >= size) {
    throw new S3Error('InvalidRequest', {
      message: 'The specified copy range is invalid for the source object size',
    })
  }
  if (last >= size) {
    throw invalidArgument(`Range specified is not valid for source object of size: ${size}`, HEADER, text)
  }
}
