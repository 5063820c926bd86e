import type { OssError } from '../oss/error.ts'
import { S3Error } from '../s3/error.ts'
import type { Copy } from './copy.ts'

/** Why OSS would not copy, where another way of copying exists. */
export type Refusal = 'oversize' | 'crossRegion' | 'appendable'

/** OSS's refusal of a copy, or undefined when it is about something else. */
export function refusalOf(error: OssError): Refusal | undefined {
  if (error.code === 'EntityTooLarge') return 'oversize'
  if (error.ec === '0016-00000306' || /not reside in the same data center/.test(error.message))
    return 'crossRegion'
  if (error.code === 'ObjectNotAppendable' || error.code === 'OperationNotSupported') return 'appendable'
  return undefined
}

/** S3's error for a copy that OSS refuses, or undefined when the usual translation says it. */
export function refusedCopy(error: OssError, copy: Copy, maxSize: number): S3Error | undefined {
  switch (refusalOf(error)) {
    case 'oversize':
      return new S3Error('InvalidRequest', {
        message: `The specified copy source is larger than the maximum allowable size for a copy source: ${maxSize}`,
        cause: error,
      })
    case 'crossRegion':
      return new S3Error('AccessDenied', {
        message: `Access Denied: the source bucket ${copy.source.bucket} is in another region than the destination, and OSS does not copy between regions`,
        cause: error,
      })
    case 'appendable':
      return new S3Error('InvalidRequest', {
        message: 'The copy source is an appendable object, and OSS does not copy those',
        cause: error,
      })
    default:
      if (error.code === 'InvalidObjectState')
        return new S3Error('ObjectNotInActiveTierError', { cause: error })
      return undefined
  }
}
