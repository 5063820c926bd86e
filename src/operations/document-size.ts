import { S3Error } from '../s3/error.ts'
import type { Operation } from './operation.ts'

const KiB = 1024

/** The most bytes of a document, by operation. A document takes its time to parse, so what never is long may not be. */
const documentLimits: Readonly<Record<string, number>> = {
  // A thousand keys of 1,024 bytes, escaped or not: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
  DeleteObjects: 2048 * KiB,
  // Ten thousand parts with a checksum each.
  CompleteMultipartUpload: 2048 * KiB,
  // A thousand rules: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
  PutBucketLifecycleConfiguration: 1024 * KiB,
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html
  PutBucketWebsite: 128 * KiB,
}

/** S3's own limit for CORS rules, and more than a policy, tags or grants may be. */
const USUAL_LIMIT = 64 * KiB

/**
 * Refuses a document before it is read.
 * @param length in bytes, as the request announces it.
 * @throws S3Error MaxMessageLengthExceeded.
 */
export function checkDocumentSize({ name, body }: Operation, length: number): void {
  const limit = documentLimits[name] ?? USUAL_LIMIT
  if (body !== 'document' || length <= limit) return
  throw new S3Error('MaxMessageLengthExceeded', { elements: { MaxMessageLengthBytes: limit } })
}
