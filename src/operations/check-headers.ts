import type { HeaderMap } from '../ports.ts'
import { invalidArgument, notImplemented } from '../s3/error.ts'
import { refuseUnsupported } from '../translate/headers.ts'
import type { Operation } from './operation.ts'
import { isWrite } from './selectors.ts'

const COPY_SOURCE = 'x-amz-copy-source'
const copies = ['CopyObject', 'UploadPartCopy']

/** Headers that say how to copy, and the operations they say it to. */
const copyHeaders = new Map<string, readonly string[]>([
  ['x-amz-metadata-directive', ['CopyObject']],
  ['x-amz-tagging-directive', ['CopyObject']],
  [`${COPY_SOURCE}-range`, ['UploadPartCopy']],
  [`${COPY_SOURCE}-if-match`, copies],
  [`${COPY_SOURCE}-if-none-match`, copies],
  [`${COPY_SOURCE}-if-modified-since`, copies],
  [`${COPY_SOURCE}-if-unmodified-since`, copies],
  ['x-amz-source-expected-bucket-owner', copies],
])
/** What a whole object is given, and no part of it. */
const objectHeaders = new Set([
  'x-amz-acl',
  'x-amz-grant-full-control',
  'x-amz-grant-read',
  'x-amz-grant-read-acp',
  'x-amz-grant-write',
  'x-amz-grant-write-acp',
  'x-amz-storage-class',
  'x-amz-tagging',
])
const parts = new Set(['UploadPart', 'UploadPartCopy'])
const conditionalWrites = ['PutObject', 'CopyObject', 'CompleteMultipartUpload']

/**
 * Conditions of writes, and the operations that hold them; on any other the write would happen without its condition.
 * Not among them: If-Modified-Since, which is about reads alone (RFC 9110 13.1.3).
 */
const conditions = new Map<string, readonly [name: string, takers: readonly string[]]>([
  ['if-match', ['If-Match', conditionalWrites]],
  ['if-none-match', ['If-None-Match', conditionalWrites]],
  ['if-unmodified-since', ['If-Unmodified-Since', []]],
  ['x-amz-if-match-initiated-time', ['x-amz-if-match-initiated-time', []]],
  ['x-amz-if-match-last-modified-time', ['x-amz-if-match-last-modified-time', []]],
  ['x-amz-if-match-size', ['x-amz-if-match-size', []]],
  ['x-amz-object-if-match', ['x-amz-object-if-match', []]],
  ['x-amz-rename-source', ['x-amz-rename-source', ['RenameObject']]],
])

/**
 * Refuses headers that ask for what OSS does not have, and a write's headers that the operation has no use for, where
 * its client must think that they are heeded: a condition, a range of a whole copy, metadata of a part.
 * @param headers the request's, with those that a presigned query stands for.
 * @param sent the headers alone.
 * @throws S3Error InvalidArgument, NotImplemented.
 */
export function checkHeaders(
  { name, method, auth }: Pick<Operation, 'name' | 'method' | 'auth'>,
  headers: HeaderMap,
  sent: HeaderMap,
): void {
  // A preflight is about another request.
  if (auth === 'none') return
  refuseUnsupported(headers)
  if (!isWrite(method)) return
  // S3 stores an empty object then, which nobody wants who presigned a copy (aws-sdk-php#1275).
  if (COPY_SOURCE in headers && !(COPY_SOURCE in sent)) {
    throw invalidArgument(
      'The copy source of a presigned request must be one of its signed headers, not a query parameter',
      COPY_SOURCE,
      headers[COPY_SOURCE],
    )
  }
  const isPart = parts.has(name)
  for (const header in headers) {
    if (isPart && header.startsWith('x-amz-meta-')) {
      throw invalidArgument('Metadata cannot be specified in this context.', header, headers[header])
    }
    const condition = conditions.get(header)
    if (condition !== undefined && !condition[1].includes(name)) {
      throw notImplemented(condition[0], 'OSS does not do this on a condition')
    }
    const takers = copyHeaders.get(header)
    if ((takers !== undefined && !takers.includes(name)) || (isPart && objectHeaders.has(header))) {
      throw invalidArgument('The specified header is not valid in this context', header, headers[header])
    }
  }
}
