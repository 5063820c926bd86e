import type { Incoming } from '../ports.ts'
import { invalidArgument, notImplemented, S3Error } from './error.ts'
import { MAX_KEY_BYTES } from './limits.ts'

/** A request to S3: its address decoded once, and the raw form that was signed. Everything later uses this one parse. */
export type S3Request = Incoming & {
  bucket: string | undefined
  key: string | undefined
  /** The bucket, where the Host header named it. */
  hostBucket: string | undefined
  /** The path as received: what the client signed. */
  rawPath: string
  /** Query parameters, decoded, in the order received. */
  parameters: readonly (readonly [name: string, value: string])[]
  /** The first value of each query parameter. */
  query: ReadonlyMap<string, string>
}

// OSS's rule, narrower than S3's: no dots. It also keeps a bucket name from shaping a host name.
const bucketName = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/
// `null`; 64 characters of base64 at OSS; 32 or more at S3, whose documents allow 1024 bytes.
const versionId = /^(?:null|[\w.~+/=-]{32,1024})$/
// Other stores' ids.
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i
const encoder = new TextEncoder()

/**
 * Parses the raw target and the Host header.
 * @param domains base domains of virtual-hosted style, e.g. `s3.example.com`; empty: path style only.
 * @throws S3Error InvalidURI, InvalidBucketName, KeyTooLongError; NotImplemented for a transfer coding.
 */
export function parseRequest(incoming: Incoming, domains: readonly string[]): S3Request {
  const { target, headers } = incoming
  // An absolute-form target names a host of its own; only the Host header may.
  if (!target.startsWith('/')) throw new S3Error('InvalidURI')
  // Runtimes take `gzip, chunked` for chunks: the bytes within would be stored as they are.
  if ((headers['transfer-encoding'] ?? 'chunked').toLowerCase() !== 'chunked') {
    throw notImplemented('Transfer-Encoding')
  }
  const mark = target.indexOf('?')
  const rawPath = mark < 0 ? target : target.slice(0, mark)
  const parameters = mark < 0 ? [] : parseQuery(target.slice(mark + 1))
  const query = mark < 0 ? NO_QUERY : firstOfEach(parameters)
  const hostBucket = bucketOfHost(headers.host, domains)
  const { bucket, key } = address(rawPath, hostBucket)
  // Field by field: on every request's way, a spread costs as much as the parsing.
  return {
    method: incoming.method,
    target,
    headers,
    body: incoming.body,
    signal: incoming.signal,
    clientAddress: incoming.clientAddress,
    peer: incoming.peer,
    onAnswered: incoming.onAnswered,
    waitUntil: incoming.waitUntil,
    bucket,
    key,
    hostBucket,
    rawPath,
    parameters,
    query,
  }
}

const NO_QUERY: ReadonlyMap<string, string> = new Map()

function firstOfEach(parameters: S3Request['parameters']): ReadonlyMap<string, string> {
  const query = new Map<string, string>()
  for (const [name, value] of parameters) if (!query.has(name)) query.set(name, value)
  return query
}

function address(rawPath: string, fromHost: string | undefined): Pick<S3Request, 'bucket' | 'key'> {
  let bucket = fromHost
  let rawKey = rawPath.slice(1)
  if (bucket === undefined) {
    const slash = rawKey.indexOf('/')
    bucket = decode(slash < 0 ? rawKey : rawKey.slice(0, slash))
    rawKey = slash < 0 ? '' : rawKey.slice(slash + 1)
  }
  if (bucket === '' && rawKey === '') return { bucket: undefined, key: undefined }
  validateBucket(bucket)
  if (rawKey === '') return { bucket, key: undefined }
  const key = decode(rawKey)
  validateKeyLength(key)
  return { bucket, key }
}

/** The bucket in a virtual-hosted Host header, or undefined when the host is a base domain or none of ours. */
export function bucketOfHost(host: string | undefined, domains: readonly string[]): string | undefined {
  if (domains.length === 0) return undefined
  const name = (host ?? '').replace(/:\d*$/, '').toLowerCase()
  const domain = domains.find((domain) => name.endsWith(`.${domain}`))
  return domain === undefined ? undefined : name.slice(0, -domain.length - 1)
}

/** Whether a bucket of OSS may have this name. */
export const isBucketName = (name: string): boolean => bucketName.test(name)

/** @throws S3Error InvalidBucketName: the name cannot be a bucket of OSS. */
export function validateBucket(bucket: string): void {
  if (!isBucketName(bucket)) throw new S3Error('InvalidBucketName', { elements: { BucketName: bucket } })
}

/** Of a key as it is in OSS. @throws S3Error KeyTooLongError, or InvalidURI for a key that OSS does not allow. */
export function validateKey(key: string): void {
  validateKeyLength(key)
  if (key.startsWith('/') || key.startsWith('\\')) {
    throw new S3Error('InvalidURI', {
      message: 'OSS has no object keys that begin with a slash or a backslash.',
    })
  }
}

/** Of a key as a client names it. @param most bytes that it may have. @throws S3Error KeyTooLongError. */
export function validateKeyLength(key: string, most = MAX_KEY_BYTES): void {
  // A character has three bytes at most.
  const size = key.length > most / 3 ? encoder.encode(key).length : 0
  if (size > most) {
    throw new S3Error('KeyTooLongError', { elements: { Size: size, MaxSizeAllowed: most } })
  }
}

/** Whether OSS or S3 makes version ids like this. */
export const isVersionId = (id: string): boolean => versionId.test(id) && !uuid.test(id)

/** @throws S3Error InvalidArgument: neither OSS nor S3 makes version ids like this. */
export function validateVersionId(id: string | undefined): void {
  if (id === '') throw invalidArgument('Version id cannot be the empty string', 'versionId', id)
  if (id !== undefined && !isVersionId(id)) {
    throw invalidArgument('Invalid version id specified', 'versionId', id)
  }
}

/** `a=b&c` → pairs, decoded; `+` is a space. */
function parseQuery(raw: string): [string, string][] {
  const pairs: [string, string][] = []
  for (const part of raw.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = equals < 0 ? part : part.slice(0, equals)
    const value = equals < 0 ? '' : part.slice(equals + 1)
    pairs.push([decode(name.replaceAll('+', ' ')), decode(value.replaceAll('+', ' '))])
  }
  return pairs
}

function decode(raw: string): string {
  try {
    // A broken escape left as it is would be signed and stored as another key.
    return raw.includes('%') ? decodeURIComponent(raw) : raw
  } catch (cause) {
    throw new S3Error('InvalidURI', { cause })
  }
}
