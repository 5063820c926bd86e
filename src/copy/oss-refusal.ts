import { isOtherRegion, OssError } from '../oss/error.ts'
import { S3Error } from '../s3/error.ts'

/** Why OSS will not copy a source, where the gateway knows another way. The names are the settings'. */
export type Refusal = 'oversize' | 'crossRegion' | 'crossUpstream' | 'appendable' | 'symlink'

/** OSS's refusal of a copy, or undefined when its error is about something else. */
export function refusalOf(error: OssError): Refusal | undefined {
  if (error.code === 'EntityTooLarge') return 'oversize'
  if (isOtherRegion(error)) return 'crossRegion'
  if (error.ec === '0042-00000308') return 'symlink'
  return undefined
}

/**
 * Whether an error may be about the source's type. Which code OSS gives for an appendable or symlink source is
 * in none of its documents, so the source itself has to be looked at.
 */
export const mayBeAboutType = (error: OssError) =>
  [400, 405, 409, 411].includes(error.status) &&
  !['InvalidArgument', 'FileAlreadyExists', 'FileImmutable', 'InvalidTag', 'KmsServiceNotEnabled'].includes(
    error.code,
  )

/** The refusal in an error that says nothing of it, by what the source is. */
export function refusalByType(error: OssError, { type }: { type: string }): Refusal | undefined {
  if (!mayBeAboutType(error)) return undefined
  return type === 'Appendable' ? 'appendable' : type === 'Symlink' ? 'symlink' : undefined
}

/** S3's limit, in the words that clients look for. */
export const tooLarge = (maxSize: number) =>
  new S3Error('InvalidRequest', {
    message: `The specified copy source is larger than the maximum allowable size for a copy source: ${maxSize}`,
  })

/** The refusal of a copy that would need more requests to OSS than there may be. */
export const tooManyRequests = ({
  maxSize,
  maxRequests,
}: {
  maxSize: number
  maxRequests?: number | undefined
}) =>
  maxRequests === undefined
    ? tooLarge(maxSize)
    : new S3Error('InvalidRequest', {
        message: `The copy needs more requests to OSS than the ${maxRequests} that the setting copy.maxRequests allows`,
      })

/** The refusal of a copy that a setting forbids to reroute; it says which. */
export function refusedBySetting(refusal: Refusal, maxSize: number): S3Error {
  switch (refusal) {
    case 'oversize':
      return tooLarge(maxSize)
    case 'crossRegion':
      return new S3Error('AccessDenied', {
        message:
          'Access Denied: the source is in another region than the destination, and the setting copy.crossRegion is reject',
      })
    case 'crossUpstream':
      return new S3Error('AccessDenied', {
        message:
          'Access Denied: the source is at another upstream than the destination, and the setting copy.crossUpstream is reject',
      })
    case 'appendable':
      return new S3Error('InvalidRequest', {
        message: 'OSS does not copy appendable objects, and the setting copy.appendable is reject',
      })
    case 'symlink':
      return new S3Error('InvalidRequest', {
        message: 'OSS does not copy what a symbolic link points to, and the setting copy.symlink is reject',
      })
  }
}

/** S3's error for a source that has to be restored first, or undefined. */
export const notRestored = (error: unknown) =>
  error instanceof OssError && error.code === 'InvalidObjectState'
    ? new S3Error('ObjectNotInActiveTierError', { cause: error })
    : undefined
