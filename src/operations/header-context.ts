import type { HeaderMap } from '../ports.ts'
import { invalidArgument } from '../s3/error.ts'
import type { Operation } from './operation.ts'

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
  'x-amz-grant-write-acp',
  'x-amz-storage-class',
  'x-amz-tagging',
])
const parts = new Set(['UploadPart', 'UploadPartCopy'])

/**
 * Refuses a write's headers that the operation has no use for, where its client must think that they are heeded: a
 * condition without a copy, a range of a whole copy, metadata of a part.
 * @param headers the request's, with those that a presigned query stands for.
 * @param sent the headers alone.
 * @throws S3Error InvalidArgument.
 */
export function checkHeaderContext({ name, method }: Operation, headers: HeaderMap, sent: HeaderMap): void {
  if (method !== 'PUT' && method !== 'POST') return
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
    const takers = copyHeaders.get(header)
    if ((takers !== undefined && !takers.includes(name)) || (isPart && objectHeaders.has(header))) {
      throw invalidArgument('The specified header is not valid in this context', header, headers[header])
    }
  }
}
