import { createHash, randomBytes } from 'node:crypto'
import { children, renderXml, text } from '../xml.ts'
import { percentEncode } from './address.ts'
import { keeping, parseDocument, readText, receiveBody } from './body.ts'
import { type BucketCall, changeUnder, claimObject } from './call.ts'
import type { Change } from './change.ts'
import { combineCrc64 } from './crc64.ts'
import { invalidArgument, OssError } from './errors.ts'
import { partKey, partsRange, UPLOAD_ID_LENGTH, uploadKey } from './keys.ts'
import { encodeName, parseEncoding } from './list-query.ts'
import type { Claim } from './locks.ts'
import { checkOverwrite, normalContent, writtenHeaders } from './put-object.ts'
import type { BucketRecord, Content, PartRecord, UploadRecord } from './records.ts'
import type { Store } from './store.ts'
import { checkPublic, parseObjectAcl, parseTraits } from './traits.ts'
import { addVersion } from './versions.ts'
import type { Reply } from './wire.ts'

const MAX_PARTS = 10_000
/** Of all parts but the last, checked when the upload is completed (facts 2). */
const MIN_PART_SIZE = 100 * 1024

/** InitiateMultipartUpload: remembers the object's traits; its ACL is said on completion and refused here (facts 2). */
export async function initiateMultipartUpload(call: BucketCall): Promise<Reply> {
  const { state, key, headers } = call
  const acl = headers['x-oss-object-acl']
  if (acl !== undefined) {
    throw invalidArgument('x-oss-object-acl is not supported when initiating.', 'x-oss-object-acl', acl)
  }
  const uploadId = randomBytes(UPLOAD_ID_LENGTH / 2)
    .toString('hex')
    .toUpperCase()
  const encoding = parseEncoding(call.query)
  const upload: UploadRecord = {
    ...parseTraits(headers, call.bucket),
    initiated: state.now(),
    forbidOverwrite: headers['x-oss-forbid-overwrite']?.toLowerCase() === 'true',
  }
  checkOverwrite(state, call.bucket, key, headers)
  await changeUnder(call, [shareBucket(call.bucket)], (change, bucket) => {
    change.put(uploadKey(bucket.id, key, uploadId), upload)
  })
  return {
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
  requireUpload(call)
  const received = await receiveBody(call)
  return keeping(call, received, () =>
    changeUnder(call, claimPart(call, number), (change) => {
      const { size, etag, crc64 = '', segments } = normalContent(change, received)
      putPart(call, change, { number, size, etag, crc64, segments, lastModified: call.state.now() })
      return { headers: { etag: `"${etag}"`, 'x-oss-hash-crc64ecma': crc64 } }
    }),
  )
}

/** CompleteMultipartUpload: the parts' bytes become one object without being read or written again. */
export async function completeMultipartUpload(call: BucketCall): Promise<Reply> {
  const { state, key, headers } = call
  const acl = parseObjectAcl(headers['x-oss-object-acl'])
  const encoding = parseEncoding(call.query)
  const wanted = parseCompletion(await readText(call), headers['x-oss-complete-all'])
  requireUpload(call)
  const claims = [...claimObject(call.bucket, key), { name: `U${uploadIdOf(call)}` }]
  return changeUnder(call, claims, async (change, bucket) => {
    if (acl !== undefined) checkPublic(bucket, acl, 'object')
    const { initiated: _, forbidOverwrite, ...traits } = requireUpload(call)
    const forbid = forbidOverwrite ? { 'x-oss-forbid-overwrite': 'true' } : headers
    checkOverwrite(state, bucket, key, forbid)
    const parts = await readParts(state.store, uploadIdOf(call))
    const chosen = wanted === undefined ? parts : chooseParts(parts, wanted)
    checkSizes(chosen)
    const version = addVersion(state, change, bucket, key, {
      ...traits,
      ...(acl === undefined ? {} : { acl }),
      ...joinParts(chosen),
      lastModified: state.now(),
    })
    removeUpload(call, change, bucket, parts)
    for (const part of parts) if (!chosen.includes(part)) change.release(part.segments)
    const location = `http://${bucket.name}.oss-${bucket.region}.aliyuncs.com/${percentEncode(key, '/')}`
    return {
      headers: writtenHeaders(bucket, version),
      body: renderXml('CompleteMultipartUploadResult', {
        EncodingType: encoding,
        Location: location,
        Bucket: bucket.name,
        Key: encodeName(key, encoding),
        ETag: `"${version.etag}"`,
      }),
    }
  })
}

/** AbortMultipartUpload. */
export async function abortMultipartUpload(call: BucketCall): Promise<Reply> {
  requireUpload(call)
  const claims = [shareBucket(call.bucket), { name: `U${uploadIdOf(call)}` }]
  await changeUnder(call, claims, async (change, bucket) => {
    requireUpload(call)
    const parts = await readParts(call.state.store, uploadIdOf(call))
    for (const { segments } of parts) change.release(segments)
    removeUpload(call, change, bucket, parts)
  })
  return { status: 204 }
}

/** The upload a request names. @throws OssError NoSuchUpload. */
export function requireUpload(call: BucketCall): UploadRecord {
  const upload = call.state.store.get<UploadRecord>(uploadKey(call.bucket.id, call.key, uploadIdOf(call)))
  if (upload === undefined) throw new OssError('NoSuchUpload', { elements: { UploadId: uploadIdOf(call) } })
  return upload
}

export const uploadIdOf = ({ query }: BucketCall) => query.get('uploadId') ?? ''

/** @throws OssError InvalidArgument. */
export function partNumberOf({ query }: BucketCall): number {
  const value = query.get('partNumber') ?? ''
  const number = /^\d{1,5}$/.test(value) ? Number(value) : 0
  if (number >= 1 && number <= MAX_PARTS) return number
  throw invalidArgument('Part number must be an integer between 1 and 10000, inclusive.', 'partNumber', value)
}

/** Parts of one upload may arrive together; one number only once at a time, and not while the upload ends. */
export function claimPart(call: BucketCall, number: number): Claim[] {
  const uploadId = uploadIdOf(call)
  return [
    shareBucket(call.bucket),
    { name: `U${uploadId}`, shared: true },
    { name: `P${uploadId}/${number}` },
  ]
}

/** Puts a part in the place of the one with its number. @throws OssError NoSuchUpload when it has ended meanwhile. */
export function putPart(call: BucketCall, change: Change, part: PartRecord): void {
  requireUpload(call)
  const key = partKey(uploadIdOf(call), part.number)
  const former = call.state.store.get<PartRecord>(key)
  if (former !== undefined) change.release(former.segments)
  change.put(key, part)
}

/** All parts of an upload in the order of their numbers. */
export async function readParts(store: Store, uploadId: string): Promise<PartRecord[]> {
  const parts: PartRecord[] = []
  const cursor = store.cursor(partsRange(uploadId))
  for (let entry = await cursor.next(); entry; entry = await cursor.next()) {
    parts.push(JSON.parse(entry[1].toString('utf8')) as PartRecord)
  }
  await cursor.close()
  return parts
}

const shareBucket = ({ name }: BucketRecord): Claim => ({ name: `B${name}`, shared: true })

function removeUpload(call: BucketCall, change: Change, bucket: BucketRecord, parts: PartRecord[]): void {
  change.delete(uploadKey(bucket.id, call.key, uploadIdOf(call)))
  for (const { number } of parts) change.delete(partKey(uploadIdOf(call), number))
}

type Wanted = { number: number; etag: string }

/** The parts asked for; undefined asks for all there are (`x-oss-complete-all: yes`, and then without a body). */
function parseCompletion(body: string, completeAll: string | undefined): Wanted[] | undefined {
  if (completeAll !== undefined) {
    if (completeAll.toLowerCase() === 'yes' && body.trim() === '') return undefined
    throw invalidArgument(
      'x-oss-complete-all must be yes and come without a body.',
      'x-oss-complete-all',
      completeAll,
    )
  }
  const wanted = children(parseDocument(body, 'CompleteMultipartUpload'), 'Part').map((part) => {
    const number = text(part, 'PartNumber') ?? ''
    const etag = text(part, 'ETag')
    if (!/^\d+$/.test(number) || etag === undefined) throw new OssError('MalformedXML')
    return { number: Number(number), etag: etag.trim().replace(/^"(.*)"$/, '$1') }
  })
  if (wanted.length === 0 || wanted.length > MAX_PARTS) throw new OssError('MalformedXML')
  return wanted
}

/** @throws OssError InvalidPartOrder, InvalidPart. */
function chooseParts(parts: readonly PartRecord[], wanted: readonly Wanted[]): PartRecord[] {
  const byNumber = new Map(parts.map((part) => [part.number, part]))
  let last = 0
  return wanted.map(({ number, etag }) => {
    if (number <= last) throw new OssError('InvalidPartOrder')
    last = number
    const part = byNumber.get(number)
    if (part?.etag !== etag)
      throw new OssError('InvalidPart', { elements: { PartNumber: number, ETag: etag } })
    return part
  })
}

/** @throws OssError EntityTooSmall, InvalidPart when there is none. */
function checkSizes(parts: readonly PartRecord[]): void {
  if (parts.length === 0) throw new OssError('InvalidPart')
  for (const { number, size, etag } of parts.slice(0, -1)) {
    if (size >= MIN_PART_SIZE) continue
    throw new OssError('EntityTooSmall', {
      elements: { ProposedSize: size, MinSizeAllowed: MIN_PART_SIZE, PartNumber: number, ETag: etag },
    })
  }
}

/** One object of many parts: its tag is the MD5 of their MD5s and their count, its checksum theirs combined. */
function joinParts(parts: readonly PartRecord[]): Content {
  const md5 = createHash('md5')
  let size = 0
  let crc64 = 0n
  for (const part of parts) {
    md5.update(Buffer.from(part.etag, 'hex'))
    crc64 = combineCrc64(crc64, BigInt(part.crc64), part.size)
    size += part.size
  }
  return {
    type: 'Multipart',
    size,
    etag: `${md5.digest('hex').toUpperCase()}-${parts.length}`,
    crc64: String(crc64),
    segments: parts.flatMap(({ segments }) => segments),
  }
}
