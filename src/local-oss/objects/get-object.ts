import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { BucketCall, State } from '../call.ts'
import { OssError } from '../errors.ts'
import type { HeaderMap, Reply } from '../http.ts'
import { expirationHeaders, transitionHeaders } from '../lifecycle/lifecycle-headers.ts'
import type { BucketRecord, Content, VersionRecord } from '../store/records.ts'
import { throttled } from '../traffic-limit.ts'
import { sealedHeaders } from './append-object.ts'
import { checkConditions } from './conditions.ts'
import { accessHeaders, recordAccess } from './last-access.ts'
import { lockHeaders } from './object-lock.ts'
import { encryptionHeaders, metadataHeaders } from './object-properties.ts'
import { selectRange } from './range.ts'
import { isReadable, isReadDirectly, restoreHeaders } from './restore.ts'
import { currentObject, currentVersion, requireObject, versionHeaders, versionIdOf } from './versions.ts'

/** GetObject, which alone counts as an access. */
export async function getObject(call: BucketCall): Promise<Reply> {
  const { state, bucket, key } = call
  const found = requireObject(state, bucket, key, versionIdOf(call.query))
  const content = resolveSymlink(state, bucket, found)
  const reply = readObject(call, found, content)
  await recordAccess(call, found.target ?? key, content)
  return reply
}

/** Conditions, then range, then perhaps compression. Opens the bytes in the turn in which the records were read. */
function readObject(call: BucketCall, found: VersionRecord, content: VersionRecord): Reply {
  const { state, bucket, headers: request } = call
  if (!isReadable(content, state.now()) && !isReadDirectly(bucket, content))
    throw new OssError('InvalidObjectState')
  checkConditions(request, '', validatorsOf(found, content))
  const headers = {
    ...objectHeaders(call, found, content),
    ...(state.readings.getTellsLock ? lockHeaders(found) : {}),
    ...responseOverrides(call),
  }
  const standard = request['x-oss-range-behavior']?.toLowerCase() === 'standard'
  const range = selectRange(request.range, content.size, standard)
  if (range === undefined && isCompressed(request, headers, content.size)) {
    const gzip = createGzip()
    pipeline(read(call, content, 0, content.size), gzip, () => {})
    return { headers: compressedHeaders(headers), body: gzip }
  }
  if (range === undefined) {
    return { headers, body: read(call, content, 0, content.size) }
  }
  headers['content-length'] = String(range.end - range.start)
  headers['content-range'] = `bytes ${range.start}-${range.end - 1}/${content.size}`
  return { status: 206, headers, body: read(call, content, range.start, range.end) }
}

/** Opens bytes `start` to `end` (exclusive), as fast as the call allows. */
function read({ state, trafficLimit }: BucketCall, { segments }: Content, start: number, end: number) {
  const bytes = state.blobs.read(segments, start, end)
  if (trafficLimit === undefined) return bytes
  const slow = Readable.from(throttled(bytes, trafficLimit), { objectMode: false })
  // Ending a generator that was never read runs no `finally`.
  return slow.once('close', () => bytes.destroy())
}

/** HeadObject: everything but the bytes; an archived object has its headers, too. */
export async function headObject(call: BucketCall): Promise<Reply> {
  const { state, bucket, headers: request } = call
  const found = requireObject(state, bucket, call.key, versionIdOf(call.query))
  const content = resolveSymlink(state, bucket, found)
  checkConditions(request, '', validatorsOf(found, content))
  const headers = { ...objectHeaders(call, found, content), ...lockHeaders(found) }
  return { headers: isCompressed(request, headers, content.size) ? compressedHeaders(headers) : headers }
}

/** GetObjectMeta: the few headers that need no lookup of a link's target. */
export async function getObjectMeta(call: BucketCall): Promise<Reply> {
  const { state, bucket } = call
  const version = requireObject(state, bucket, call.key, versionIdOf(call.query))
  const headers: HeaderMap = {
    etag: `"${version.etag}"`,
    'content-length': String(version.size),
    'last-modified': new Date(version.lastModified).toUTCString(),
    ...versionHeaders(bucket, version),
    ...accessHeaders(bucket, version),
    ...transitionHeaders(version),
  }
  if (version.crc64 !== undefined) headers['x-oss-hash-crc64ecma'] = version.crc64
  return { headers }
}

/**
 * A symbolic link's target; any other object is its own.
 * @throws OssError SymlinkTargetNotExist, InvalidTargetType for a link to a link.
 */
function resolveSymlink(state: State, bucket: BucketRecord, version: VersionRecord): VersionRecord {
  if (version.target === undefined) return version
  const target = currentObject(state, bucket, version.target)
  if (target === undefined) throw new OssError('SymlinkTargetNotExist')
  if (target.target !== undefined) throw new OssError('InvalidTargetType')
  return target
}

/** ETag and Last-Modified of an answer: of a link and its target, the later time counts. */
function validatorsOf(found: VersionRecord, content: VersionRecord) {
  return { etag: content.etag, lastModified: Math.max(found.lastModified, content.lastModified) }
}

/** A link has its own metadata and type, and its target's size, tag and checksum. */
function objectHeaders(call: BucketCall, found: VersionRecord, content: VersionRecord): HeaderMap {
  const { state, bucket, key } = call
  const isCurrent = currentVersion(state, bucket, key)?.sequence === found.sequence
  const { etag, lastModified } = validatorsOf(found, content)
  const headers: HeaderMap = {
    ...metadataHeaders(found),
    etag: `"${etag}"`,
    'content-length': String(content.size),
    'last-modified': new Date(lastModified).toUTCString(),
    'accept-ranges': 'bytes',
    'x-oss-object-type': found.type,
    'x-oss-storage-class': found.storageClass,
    ...versionHeaders(bucket, found),
    ...encryptionHeaders(content),
    ...restoreHeaders(content, state.now()),
    ...transitionHeaders(found),
    ...(isCurrent && expirationHeaders(call, found)),
  }
  if (content.crc64 !== undefined) headers['x-oss-hash-crc64ecma'] = content.crc64
  if (found.md5 !== undefined) headers['content-md5'] = found.md5
  if (found.type === 'Appendable') headers['x-oss-next-append-position'] = String(found.size)
  Object.assign(headers, sealedHeaders(found))
  if (found.tags.length > 0) headers['x-oss-tagging-count'] = String(found.tags.length)
  return headers
}

const OVERRIDES = ['type', 'language', 'encoding', 'disposition'].map((name) => `content-${name}`)

/** The headers that `response-content-type=…` and the like set. @throws OssError InvalidRequest in an unsigned request. */
function responseOverrides(call: BucketCall): HeaderMap {
  const headers: HeaderMap = {}
  for (const name of [...OVERRIDES, 'expires', 'cache-control']) {
    const value = call.query.get(`response-${name}`)
    if (value === undefined) continue
    if (call.account === undefined) throw new OssError('InvalidRequest')
    headers[name] = value
  }
  return headers
}

const COMPRESSED_TYPES = /^(text\/.+|application\/(javascript|x-javascript|rss\+xml|json|xml))$/
const COMPRESSED_FROM = 1024

function isCompressed(request: HeaderMap, headers: HeaderMap, size: number): boolean {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const accepted = /\bgzip\b/.test(request['accept-encoding'] ?? '')
  return (
    accepted &&
    size >= COMPRESSED_FROM &&
    COMPRESSED_TYPES.test(type) &&
    headers['content-encoding'] === undefined
  )
}

/** The headers of an answer that is compressed on the fly: without ETag, length and Content-MD5. */
function compressedHeaders(headers: HeaderMap): HeaderMap {
  const { etag: _, 'content-length': __, 'content-md5': ___, ...rest } = headers
  return { ...rest, 'content-encoding': 'gzip', vary: 'Accept-Encoding' }
}
