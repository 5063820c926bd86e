import { checkDocumentSize } from '../operations/document-size.ts'
import type { Operation } from '../operations/operation.ts'
import type { Incoming } from '../ports.ts'
import type { PlainBody } from '../s3/body.ts'
import { carriesChecksum, checkNothing } from '../s3/checksum.ts'
import { invalidRequest } from '../s3/error.ts'
import { plainBody } from '../s3/plain-body.ts'
import type { Verified } from '../s3/signature.ts'

/**
 * A request's body as plain bytes, verified as they are read.
 * @throws S3Error as {@link plainBody} does; as {@link checkDocumentSize} does.
 */
export function takeBody(
  operation: Operation,
  body: Incoming['body'],
  { headers, payload }: Verified,
): PlainBody {
  // CreateBucket and its like take no body at all, and some clients then send no Content-Length.
  const { on, checksumOf } = operation
  const isBodiless = on !== 'object' && !('content-length' in headers) && !('transfer-encoding' in headers)
  const plain = plainBody(
    { headers: isBodiless ? { ...headers, 'content-length': '0' } : headers, body },
    payload,
    checksumOf,
  )
  checkDocumentSize(operation, plain.length ?? 0)
  return plain
}

/**
 * Checks that a write that takes no body has none, and that its checksum headers are those of no bytes.
 * @throws S3Error InvalidRequest, and those of the checksum headers.
 */
export async function checkNoBody(
  { method }: Operation,
  body: Incoming['body'],
  verified: Verified,
): Promise<void> {
  if (method === 'PUT' && (await hasBytes(verified, body))) {
    throw invalidRequest(
      'The request included a body. Requests of this type must not include a non-empty body.',
    )
  }
  if (Object.keys(verified.headers).some(carriesChecksum)) checkNothing(verified.headers)
}

/** Whether a request has a body with bytes; a chunked one may be empty. */
async function hasBytes({ headers }: Verified, body: Incoming['body']): Promise<boolean> {
  if (headers['transfer-encoding'] === undefined) return Number(headers['content-length'] ?? 0) > 0
  for await (const bytes of body) if (bytes.length > 0) return true
  return false
}
