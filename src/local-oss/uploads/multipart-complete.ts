import { createHash } from 'node:crypto'
import { children, renderXml, text } from '../../xml/index.ts'
import { checkPublic } from '../access/public-access.ts'
import { percentEncode } from '../address.ts'
import { parseDocument, readText } from '../body.ts'
import { type BucketCall, objectLocks, transact } from '../call.ts'
import { answerUpload, requestedCallback } from '../callback/call-back.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { Reply } from '../http.ts'
import { encodeName, parseEncoding } from '../lists/list-query.ts'
import { parseObjectAcl } from '../objects/object-properties.ts'
import { checkOverwrite, writtenHeaders } from '../objects/put-object.ts'
import { addVersion } from '../objects/versions.ts'
import { combineCrc64 } from '../store/crc64.ts'
import type { Content, PartRecord } from '../store/records.ts'
import { digestOf } from './digest.ts'
import { MAX_PARTS, readParts, removeUpload, requireUpload } from './multipart.ts'
import { checkCompleteSequence } from './sequence.ts'
import { uploadIdOf } from './upload-id.ts'

/** Of all parts but the last. */
const MIN_PART_SIZE = 100 * 1024

/**
 * CompleteMultipartUpload: the parts' bytes become one object without being written again, and are read only for the
 * Content-MD5 that an object uploaded in sequence has. Without parts it is an empty object (tests of the Go and Java SDKs).
 */
export async function completeMultipartUpload(call: BucketCall): Promise<Reply> {
  const { state, key, headers } = call
  const acl = parseObjectAcl(headers['x-oss-object-acl'])
  const encoding = parseEncoding(call.query)
  const callback = requestedCallback(call)
  const wanted = parseCompletion(await readText(call), headers['x-oss-complete-all'])
  requireUpload(call)
  const locks = [...objectLocks(call.bucket, key), { name: `U${uploadIdOf(call)}` }]
  const written = await transact(call, locks, async (transaction, bucket) => {
    if (acl !== undefined) checkPublic(state, bucket, acl, 'object')
    const upload = requireUpload(call)
    const { initiated: _, forbidOverwrite, sequential, ...properties } = upload
    const forbid = forbidOverwrite ? { 'x-oss-forbid-overwrite': 'true' } : headers
    checkOverwrite(call, bucket, forbid, '0042-00000214')
    const parts = await readParts(state.store, uploadIdOf(call))
    const chosen = wanted === undefined ? parts : chooseParts(call, parts, wanted)
    checkCompleteSequence(upload, chosen)
    checkSizes(chosen)
    const content = joinParts(chosen)
    const md5 = sequential ? { md5: await contentMd5(call, content) } : {}
    const version = addVersion(state, transaction, bucket, key, {
      ...properties,
      ...(acl === undefined ? {} : { acl }),
      ...content,
      ...md5,
      lastModified: state.now(),
    })
    removeUpload(transaction, bucket, key, uploadIdOf(call), parts)
    for (const part of parts) if (!chosen.includes(part)) transaction.release(part.segments)
    // Here OSS escapes `~` as well (a test of the Java SDK).
    const path = percentEncode(key, '/').replaceAll('~', '%7E')
    const location = `http://${bucket.name}.oss-${bucket.region}.aliyuncs.com/${path}`
    const reply: Reply = {
      headers: writtenHeaders(bucket, version),
      body: renderXml('CompleteMultipartUploadResult', {
        EncodingType: encoding,
        Location: location,
        Bucket: bucket.name,
        Key: encodeName(key, encoding),
        ETag: `"${version.etag}"`,
      }),
    }
    return { version, reply }
  })
  return answerUpload(call, callback, written)
}

type Wanted = { number: number; etag: string }

/** The parts asked for; undefined asks for all there are (`x-oss-complete-all: yes`, and then without a body). */
function parseCompletion(body: string, completeAll: string | undefined): Wanted[] | undefined {
  if (completeAll !== undefined) {
    const refused = (message: string, ec?: string) =>
      invalidArgument(message, 'x-oss-complete-all', completeAll, ec)
    if (completeAll.toLowerCase() !== 'yes') throw refused('x-oss-complete-all must be yes.')
    if (body === '') return undefined
    throw refused('Should not speficy both complete all header and http body.', '0042-00000216')
  }
  const wanted = children(parseDocument(body, 'CompleteMultipartUpload'), 'Part').map((part) => {
    const number = text(part, 'PartNumber') ?? ''
    const etag = text(part, 'ETag')
    if (!/^\d+$/.test(number) || etag === undefined) throw new OssError('MalformedXML')
    return { number: Number(number), etag: etag.trim().replace(/^"(.*)"$/, '$1') }
  })
  if (wanted.length > MAX_PARTS) throw new OssError('MalformedXML')
  return wanted
}

/** @throws OssError InvalidPartOrder, InvalidPart. */
function chooseParts(
  call: BucketCall,
  parts: readonly PartRecord[],
  wanted: readonly Wanted[],
): PartRecord[] {
  const byNumber = new Map(parts.map((part) => [part.number, part]))
  let last = 0
  return wanted.map(({ number, etag }) => {
    if (number <= last) throw new OssError('InvalidPartOrder')
    last = number
    const part = byNumber.get(number)
    if (part?.etag === etag) return part
    const elements = { ETag: etag, PartNumber: number, UploadId: uploadIdOf(call) }
    throw new OssError('InvalidPart', { elements })
  })
}

/** @throws OssError EntityTooSmall. */
function checkSizes(parts: readonly PartRecord[]): void {
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

async function contentMd5(call: BucketCall, { segments, size }: Content): Promise<string> {
  const { md5 } = await digestOf(call, segments, { start: 0, end: size })
  return md5.toString('base64')
}
