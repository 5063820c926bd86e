import { invalidArgument, S3Error } from './error.ts'

/** What the chunks' signatures are made with; the first one follows the signature of the request itself. */
export type ChunkSigning = {
  /** The signing key of the day, region and service. */
  key: Uint8Array
  /** `yyyyMMddTHHmmssZ` of the request. */
  timestamp: string
  /** `date/region/s3/aws4_request`. */
  scope: string
  /** The request's signature, hex. */
  seed: string
}

/** How the body is declared in x-amz-content-sha256. */
export type Payload =
  | { kind: 'unsigned' }
  | { kind: 'signed' /** hex */; sha256: string }
  | { kind: 'chunked'; signing?: ChunkSigning; trailer: boolean }

/**
 * Reads the value of x-amz-content-sha256.
 * @param signing what signed chunks are verified with; without it they are refused.
 * @throws S3Error InvalidArgument for no known value, NotImplemented for ECDSA.
 */
export function parsePayload(declared: string, signing?: ChunkSigning): Payload {
  if (declared === 'UNSIGNED-PAYLOAD') return { kind: 'unsigned' }
  if (/^[0-9a-fA-F]{64}$/.test(declared)) return { kind: 'signed', sha256: declared.toLowerCase() }
  if (declared === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return { kind: 'chunked', trailer: true }
  if (signing !== undefined) {
    if (declared === 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD') return { kind: 'chunked', signing, trailer: false }
    if (declared === 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER') {
      return { kind: 'chunked', signing, trailer: true }
    }
  }
  if (declared.startsWith('STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD')) {
    throw new S3Error('NotImplemented', {
      message: 'Chunks signed with AWS4-ECDSA-P256-SHA256 are not supported. Please use AWS4-HMAC-SHA256.',
      elements: { Header: 'x-amz-content-sha256' },
    })
  }
  throw invalidArgument(
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
    'x-amz-content-sha256',
    declared,
  )
}
