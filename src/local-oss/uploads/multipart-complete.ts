import { createHash } from 'node:crypto'
import { children, renderXml, text } from '../../xml/index.ts'
import { percentEncode } from '../address.ts'
import { parseDocument, readText } from '../body.ts'
import { type BucketCall, objectLocks, transact } from '../call.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { Reply } from '../http.ts'
import { encodeName, parseEncoding } from '../lists/list-query.ts'
import { checkPublic, parseObjectAcl } from '../objects/object-properties.ts'
import { checkOverwrite, writtenHeaders } from '../objects/put-object.ts'
import { addVersion } from '../objects/versions.ts'
import { combineCrc64 } from '../store/crc64.ts'
import type { Content, PartRecord } from '../store/records.ts'
import { MAX_PARTS, readParts, removeUpload, requireUpload, uploadIdOf } from './multipart.ts'

/** Of all parts but the last. */
const MIN_PART_SIZE = 100 * 1024

/** CompleteMultipartUpload: the parts' bytes become one object without being read or written again. */
export async function completeMultipartUpload(call: BucketCall): Promise<Reply> {
  const { state, key, headers } = call
  const acl = parseObjectAcl(headers['x-oss-object-acl'])
  const encoding = parseEncoding(call.query)
  const wanted = parseCompletion(await readText(call), headers['x-oss-complete-all'])
  requireUpload(call)
  const locks = [...objectLocks(call.bucket, key), { name: `U${uploadIdOf(call)}` }]
  return transact(call, locks, async (transaction, bucket) => {
    if (acl !== undefined) checkPublic(bucket, acl, 'object')
    const { initiated: _, forbidOverwrite, ...properties } = requireUpload(call)
    const forbid = forbidOverwrite ? { 'x-oss-forbid-overwrite': 'true' } : headers
    checkOverwrite(call, bucket, forbid)
    const parts = await readParts(state.store, uploadIdOf(call))
    const chosen = wanted === undefined ? parts : chooseParts(parts, wanted)
    checkSizes(chosen)
    const version = addVersion(state, transaction, bucket, key, {
      ...properties,
      ...(acl === undefined ? {} : { acl }),
      ...joinParts(chosen),
      lastModified: state.now(),
    })
    removeUpload(call, transaction, bucket, parts)
    for (const part of parts) if (!chosen.includes(part)) transaction.release(part.segments)
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

/**
 * One object of many parts: its checksum is theirs combined, its tag the MD5 of their tags as text, not of the bytes
 * these stand for, and their count (calcMultipartsETag of the Java SDK's tests).
 */
function joinParts(parts: readonly PartRecord[]): Content {
  const md5 = createHash('md5')
  let size = 0
  let crc64 = 0n
  for (const part of parts) {
    md5.update(part.etag)
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
