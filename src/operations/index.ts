import { invalidArgument, S3Error } from '../s3/error.ts'
import { browserRows } from './browser-rows.ts'
import { getBucketLocation, headBucket, listBuckets } from './buckets/bucket.ts'
import { bucketSubresources } from './buckets/bucket-subresources.ts'
import { createBucket } from './buckets/create-bucket.ts'
import { deleteBucket } from './buckets/delete-bucket.ts'
import { copyObject } from './copies/copy-object.ts'
import { uploadPartCopy } from './copies/upload-part-copy.ts'
import { listObjects, listObjectsV2 } from './lists/list-objects.ts'
import { listObjectVersions } from './lists/list-versions.ts'
import { deleteObjects } from './objects/delete-objects.ts'
import { deleteObject, putObject } from './objects/object.ts'
import { objectSubresources } from './objects/object-subresources.ts'
import { getObject, headObject } from './objects/read-object.ts'
import type { Operation } from './operation.ts'
import { refused } from './refused.ts'
import { refusalOf, selectorOf } from './selectors.ts'
import { completeMultipartUpload } from './uploads/complete-upload.ts'
import { abortMultipartUpload, createMultipartUpload, uploadPart } from './uploads/multipart.ts'
import { listMultipartUploads, listParts } from './uploads/multipart-list.ts'

const COPY_SOURCE = 'x-amz-copy-source'

/** Everything S3 can ask and the gateway does. */
export const served: readonly Operation[] = [
  { name: 'ListBuckets', method: 'GET', on: 'service', access: 'list', body: 'none', handle: listBuckets },

  {
    name: 'CreateBucket',
    method: 'PUT',
    on: 'bucket',
    access: 'write',
    body: 'stream',
    handle: createBucket,
  },
  { name: 'HeadBucket', method: 'HEAD', on: 'bucket', access: 'read', body: 'none', handle: headBucket },
  {
    name: 'DeleteBucket',
    method: 'DELETE',
    on: 'bucket',
    access: 'write',
    body: 'none',
    handle: deleteBucket,
  },
  {
    name: 'GetBucketLocation',
    method: 'GET',
    on: 'bucket',
    query: ['location'],
    access: 'read',
    body: 'none',
    handle: getBucketLocation,
  },
  ...bucketSubresources,
  { name: 'ListObjects', method: 'GET', on: 'bucket', access: 'list', body: 'none', handle: listObjects },
  {
    name: 'ListObjectsV2',
    method: 'GET',
    on: 'bucket',
    query: ['list-type=2'],
    access: 'list',
    body: 'none',
    handle: listObjectsV2,
  },

  {
    name: 'ListObjectVersions',
    method: 'GET',
    on: 'bucket',
    query: ['versions'],
    access: 'list',
    body: 'none',
    handle: listObjectVersions,
  },

  { name: 'PutObject', method: 'PUT', on: 'object', access: 'write', body: 'stream', handle: putObject },
  {
    name: 'CopyObject',
    method: 'PUT',
    on: 'object',
    headers: [COPY_SOURCE],
    access: 'write',
    body: 'none',
    handle: copyObject,
  },
  { name: 'GetObject', method: 'GET', on: 'object', access: 'read', body: 'none', handle: getObject },
  { name: 'HeadObject', method: 'HEAD', on: 'object', access: 'read', body: 'none', handle: headObject },
  {
    name: 'DeleteObject',
    method: 'DELETE',
    on: 'object',
    access: 'write',
    body: 'none',
    handle: deleteObject,
  },

  ...objectSubresources,
  ...browserRows,
  {
    name: 'DeleteObjects',
    method: 'POST',
    on: 'bucket',
    query: ['delete'],
    access: 'keys',
    body: 'stream',
    handle: deleteObjects,
  },

  {
    name: 'CreateMultipartUpload',
    method: 'POST',
    on: 'object',
    query: ['uploads'],
    access: 'write',
    body: 'none',
    handle: createMultipartUpload,
  },
  {
    name: 'UploadPart',
    method: 'PUT',
    on: 'object',
    query: ['partNumber', 'uploadId'],
    access: 'write',
    body: 'stream',
    handle: uploadPart,
  },
  {
    name: 'UploadPartCopy',
    method: 'PUT',
    on: 'object',
    query: ['partNumber', 'uploadId'],
    headers: [COPY_SOURCE],
    access: 'write',
    body: 'none',
    handle: uploadPartCopy,
  },
  {
    name: 'CompleteMultipartUpload',
    method: 'POST',
    on: 'object',
    query: ['uploadId'],
    access: 'write',
    body: 'stream',
    checksumOf: 'object',
    handle: completeMultipartUpload,
  },
  {
    name: 'AbortMultipartUpload',
    method: 'DELETE',
    on: 'object',
    query: ['uploadId'],
    access: 'write',
    body: 'none',
    handle: abortMultipartUpload,
  },
  {
    name: 'ListParts',
    method: 'GET',
    on: 'object',
    query: ['uploadId'],
    access: 'read',
    body: 'none',
    handle: listParts,
  },
  {
    name: 'ListMultipartUploads',
    method: 'GET',
    on: 'bucket',
    query: ['uploads'],
    access: 'list',
    body: 'none',
    handle: listMultipartUploads,
  },
]

const rows: readonly Operation[] = [
  ...served,
  ...refused.map(
    ([name, method, on, ...query]): Operation => ({
      name,
      method: method as Operation['method'],
      on,
      query,
      access: 'read',
      // A read has no length to ask for.
      body: method === 'GET' || method === 'DELETE' ? 'none' : 'stream',
      handle: async () => {
        throw new S3Error('NotImplemented', {
          message: `The operation ${name} is not implemented by this gateway`,
        })
      },
    }),
  ),
]

/** A row with its conditions besides the selector taken apart: a parameter's name, or `name=value`. */
type Row = {
  operation: Operation
  query: [name: string, value: string | undefined][]
  headers: readonly string[]
}

const conditionCount = ({ query = [], headers = [] }: Operation) => query.length + headers.length
const addressOf = (method: string, on: Operation['on'], selector = '') => `${method} ${on} ${selector}`

/** By method, level and selector; within one, the row with the most conditions first: the first that fits wins. */
const byAddress = new Map<string, Row[]>()
for (const operation of [...rows].sort((a, b) => conditionCount(b) - conditionCount(a))) {
  const { method, on, query: names = [], headers = [] } = operation
  const query = names.map((condition): Row['query'][number] => {
    const [name = '', value] = condition.split('=')
    return [name, value]
  })
  const address = addressOf(method, on, selectorOf(method, on, new Map(names.map((name) => [name, '']))))
  byAddress.set(address, [...(byAddress.get(address) ?? []), { operation, query, headers }])
}

type Asked = {
  method: string
  bucket: string | undefined
  key: string | undefined
  query: ReadonlyMap<string, string>
  headers: Readonly<Record<string, string>>
}

/**
 * The row that answers a request: of those that take its selector, the one that fits with the most conditions.
 * @throws S3Error as {@link selectorOf} and {@link refusalOf} say; InvalidArgument for a copy source on anything but
 * a copy.
 */
export function findOperation({ method, bucket, key, query, headers }: Asked): Operation {
  const on = key !== undefined ? 'object' : bucket !== undefined ? 'bucket' : 'service'
  const selector = selectorOf(method, on, query)
  const operation = byAddress
    .get(addressOf(method, on, selector))
    ?.find(
      (row) =>
        row.query.every(([name, value]) =>
          value === undefined ? query.has(name) : query.get(name) === value,
        ) && row.headers.every((name) => name in headers),
    )?.operation
  if (operation === undefined) throw refusalOf(method, on, selector, methodsOf(on, selector))
  if (COPY_SOURCE in headers && !operation.headers?.includes(COPY_SOURCE)) {
    throw invalidArgument(
      'You can only specify a copy source header for copy requests.',
      COPY_SOURCE,
      headers[COPY_SOURCE],
    )
  }
  return operation
}

/** The methods that are served at a level with a selector. */
const methodsOf = (on: Operation['on'], selector: string | undefined) =>
  ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'].filter((method) =>
    byAddress.get(addressOf(method, on, selector))?.some(({ operation }) => served.includes(operation)),
  )
