import { randomBytes } from 'node:crypto'
import { renderXml } from '../../xml/index.ts'
import { discardOnRefusal, receiveBody } from '../body.ts'
import { type BucketCall, transact } from '../call.ts'
import { invalidArgument, OssError } from '../errors.ts'
import { isTrue, type Reply } from '../http.ts'
import { encodeName, parseEncoding } from '../lists/list-query.ts'
import { encryptionHeaders, parseObjectProperties } from '../objects/object-properties.ts'
import { checkOverwrite, normalContent } from '../objects/put-object.ts'
import { partKey, partsRange, UPLOAD_ID_LENGTH, uploadKey } from '../store/keys.ts'
import type { LockRequest } from '../store/locks.ts'
import type { BucketRecord, PartRecord, UploadRecord } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import type { Transaction } from '../store/transaction.ts'
import { checkSequence } from './sequence.ts'
import { uploadIdOf } from './upload-id.ts'

/** The most parts of one upload. */
export const MAX_PARTS = 10_000

/** InitiateMultipartUpload: keeps the object's properties; with `?sequential` its parts must come in order. */
export async function initiateMultipartUpload(call: BucketCall): Promise<Reply> {
  const { state, key, headers, query } = call
  const uploadId = randomBytes(UPLOAD_ID_LENGTH / 2)
    .toString('hex')
    .toUpperCase()
  const encoding = parseEncoding(query)
  const properties = parseObjectProperties(call, call.bucket)
  const upload: UploadRecord = {
    ...properties,
    acl: state.readings.initiatedAclCounts ? properties.acl : 'default',
    initiated: state.now(),
    forbidOverwrite: isTrue(headers['x-oss-forbid-overwrite']),
    ...(query.has('sequential') ? { sequential: true } : {}),
  }
  checkOverwrite(call, call.bucket, headers)
  await transact(call, [shareBucket(call.bucket)], (transaction, bucket) => {
    transaction.put(uploadKey(bucket.id, key, uploadId), upload)
  })
  return {
    headers: encryptionHeaders(upload),
    body: renderXml('InitiateMultipartUploadResult', {
      EncodingType: encoding,
      Bucket: call.bucket.name,
      Key: encodeName(key, encoding),
      UploadId: uploadId,
    }),
  }
}

/** UploadPart: a part of the same number is replaced. */
export async function uploadPart(call: BucketCall): Promise<Reply> {
  const number = partNumberOf(call)
  const upload = requireUpload(call)
  checkSequence(call, upload, number)
  const received = await receiveBody(call)
  return discardOnRefusal(call, received, () =>
    transact(call, partLocks(call, number), (transaction) => {
      const { size, etag, md5 = '', crc64 = '', segments } = normalContent(transaction, received)
      putPart(call, transaction, { number, size, etag, crc64, segments, lastModified: call.state.now() })
      return {
        headers: {
          etag: `"${etag}"`,
          'content-md5': md5,
          'x-oss-hash-crc64ecma': crc64,
          ...encryptionHeaders(upload),
        },
      }
    }),
  )
}

/** AbortMultipartUpload. */
export async function abortMultipartUpload(call: BucketCall): Promise<Reply> {
  requireUpload(call)
  await endUpload(call, uploadIdOf(call), () => requireUpload(call))
  return { status: 204 }
}

/** Removes a pending upload and its bytes. @param check what must hold when nobody else can end it any more. */
export async function endUpload(
  call: Pick<BucketCall, 'state' | 'bucket' | 'key'>,
  uploadId: string,
  check: () => unknown,
): Promise<void> {
  const locks = [shareBucket(call.bucket), { name: `U${uploadId}` }]
  await transact(call, locks, async (transaction, bucket) => {
    check()
    const parts = await readParts(call.state.store, uploadId)
    for (const { segments } of parts) transaction.release(segments)
    removeUpload(transaction, bucket, call.key, uploadId, parts)
  })
}

/** The EC of NoSuchUpload where it is not the usual one (tests of the Go SDK). */
const noSuchUploadEc = new Map([
  ['UploadPart', '0042-00000104'],
  ['UploadPartCopy', '0042-00000311'],
])

/** The upload a request names. @throws OssError NoSuchUpload. */
export function requireUpload(call: BucketCall): UploadRecord {
  const upload = call.state.store.get<UploadRecord>(uploadKey(call.bucket.id, call.key, uploadIdOf(call)))
  if (upload !== undefined) return upload
  const elements = { UploadId: uploadIdOf(call) }
  throw new OssError('NoSuchUpload', { elements, ec: noSuchUploadEc.get(call.operation) })
}

/** @throws OssError InvalidArgument. */
export function partNumberOf({ query }: BucketCall): number {
  const value = query.get('partNumber') ?? ''
  const number = /^\d{1,5}$/.test(value) ? Number(value) : 0
  if (number >= 1 && number <= MAX_PARTS) return number
  const message = 'Part number must be an integer between 1 and 10000, inclusive.'
  throw invalidArgument(message, 'PartNumber', value, '0017-00000220')
}

/** Parts of one upload may arrive together; one number only once at a time, and not while the upload ends. */
export function partLocks(call: BucketCall, number: number): LockRequest[] {
  const uploadId = uploadIdOf(call)
  return [
    shareBucket(call.bucket),
    { name: `U${uploadId}`, shared: true },
    { name: `P${uploadId}/${number}` },
  ]
}

/**
 * Puts a part in the place of the one with its number.
 * @throws OssError NoSuchUpload when it has ended meanwhile; PartAlreadyExist, PartNotSequential.
 */
export function putPart(call: BucketCall, transaction: Transaction, part: PartRecord): void {
  checkSequence(call, requireUpload(call), part.number)
  const key = partKey(uploadIdOf(call), part.number)
  const former = call.state.store.get<PartRecord>(key)
  if (former !== undefined) transaction.release(former.segments)
  transaction.put(key, part)
}

/** All parts of an upload in the order of their numbers. */
export async function readParts(store: Store, uploadId: string): Promise<PartRecord[]> {
  const parts: PartRecord[] = []
  for await (const [, value] of store.entries(partsRange(uploadId))) {
    parts.push(JSON.parse(value.toString('utf8')) as PartRecord)
  }
  return parts
}

const shareBucket = ({ name }: BucketRecord): LockRequest => ({ name: `B${name}`, shared: true })

/** Removes an upload and the parts it has; their bytes are the caller's to release or keep. */
export function removeUpload(
  transaction: Transaction,
  bucket: BucketRecord,
  key: string,
  uploadId: string,
  parts: PartRecord[],
): void {
  transaction.delete(uploadKey(bucket.id, key, uploadId))
  for (const { number } of parts) transaction.delete(partKey(uploadId, number))
}
