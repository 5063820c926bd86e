import { OssError } from '../oss/error.ts'
import { type S3Error, slowDown } from '../s3/error.ts'
import { failedCondition, type Preconditions, preconditionFailed } from '../translate/preconditions.ts'

/** The source was replaced during the copy: OSS's `if-match` with the ETag that was read first has failed. */
export class SourceChanged extends Error {
  override name = 'SourceChanged'
}

/** The error of a call that was pinned to the source's ETag: a 412 is SourceChanged, no condition of the client's. */
export function asSourceChanged(error: unknown): unknown {
  if (!(error instanceof OssError) || error.status !== 412) return error
  return new SourceChanged('the source was changed under the copy', { cause: error })
}

/**
 * The error of a copy whose source changed: that the client's condition fails now, or that it may try again.
 * @param now the source as it is by now; undefined when it could not be read.
 */
export function sourceChangedError(
  change: SourceChanged,
  preconditions: Preconditions,
  now: { etag: string; lastModified: number } | undefined,
): S3Error {
  const failed = now && failedCondition(preconditions, now)
  if (failed !== undefined) return preconditionFailed(failed, 'x-amz-copy-source-')
  return retryAfterSourceChange(change)
}

/** The retryable error of a copy whose source was changed under it. */
export const retryAfterSourceChange = (cause: unknown) =>
  slowDown({
    message: 'The source of the copy was changed while it was being copied. Please try again.',
    cause,
  })
