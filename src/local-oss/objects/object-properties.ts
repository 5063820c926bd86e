import { checkPublic } from '../access/public-access.ts'
import type { Call } from '../call.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { HeaderMap } from '../http.ts'
import type { BucketRecord, Encryption, ObjectAcl, ObjectProperties, StorageClass } from '../store/records.ts'
import { parseTagHeader } from './tags.ts'

/** The request's headers that are kept with an object and given back with it. */
const STORED_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]
const META_PREFIX = 'x-oss-meta-'
const MAX_META_BYTES = 8 * 1024
const OBJECT_ACLS = ['default', 'private', 'public-read', 'public-read-write']
const STORAGE_CLASSES = ['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive']

/**
 * All that the headers of a write say about the object to be.
 * @throws OssError for a value OSS does not know.
 */
export function parseObjectProperties(
  { state, headers }: Pick<Call, 'state' | 'headers'>,
  bucket: BucketRecord,
): ObjectProperties {
  const acl = parseObjectAcl(headers['x-oss-object-acl']) ?? 'default'
  checkPublic(state, bucket, acl, 'object')
  return {
    ...parseMetadata(headers),
    storageClass: parseStorageClass(headers['x-oss-storage-class']) ?? bucket.storageClass,
    acl,
    tags: parseTagHeader(headers['x-oss-tagging']),
    ...encryptionProperty(parseEncryption(headers) ?? bucket.encryption),
  }
}

/** The property `encryption`, absent rather than undefined. */
export function encryptionProperty(encryption: Encryption | undefined): { encryption?: Encryption } {
  return encryption === undefined ? {} : { encryption }
}

/** The headers that `REPLACE` replaces: the standard ones and `x-oss-meta-*`. @throws OssError InvalidArgument. */
export function parseMetadata(headers: HeaderMap): Pick<ObjectProperties, 'headers' | 'meta'> {
  const stored: Record<string, string> = {
    'content-type': 'application/octet-stream',
    ...parsePersistentHeaders(headers['x-oss-persistent-headers']),
  }
  const meta: Record<string, string> = {}
  let size = 0
  for (const [name, value] of Object.entries(headers)) {
    if (STORED_HEADERS.includes(name) && value !== '') stored[name] = value
    if (!name.startsWith(META_PREFIX)) continue
    const key = name.slice(META_PREFIX.length)
    if (!/^[a-z0-9-]+$/.test(key)) throw invalidArgument('The name of the user meta is invalid.', name, value)
    meta[key] = value
    size += key.length + Buffer.byteLength(value, 'latin1')
  }
  // The limit is documented, the error's code is not.
  if (size > MAX_META_BYTES) throw invalidArgument('The total size of user meta exceeds 8 KB.')
  return { headers: stored, meta }
}

/** Whether a request has metadata of its own. */
export function hasMetadata(headers: HeaderMap): boolean {
  return Object.entries(headers).some(
    ([name, value]) =>
      name === 'x-oss-persistent-headers' ||
      name.startsWith(META_PREFIX) ||
      (STORED_HEADERS.includes(name) && value !== ''),
  )
}

/** `name:base64,name:base64`: any other headers an object is to answer with. */
function parsePersistentHeaders(list: string | undefined): HeaderMap {
  const headers: HeaderMap = {}
  for (const pair of list?.split(',') ?? []) {
    const [, name = '', encoded = ''] = /^\s*([A-Za-z0-9-]+):([A-Za-z0-9+/]+={0,2})\s*$/.exec(pair) ?? []
    const value = Buffer.from(encoded, 'base64').toString('latin1')
    if (name === '' || /[\r\n]/.test(value)) {
      throw invalidArgument('The persistent headers are invalid.', 'x-oss-persistent-headers', list)
    }
    headers[name.toLowerCase()] = value
  }
  return headers
}

/** `x-oss-storage-class`. @throws OssError InvalidArgument for an unknown one. */
export function parseStorageClass(value: string | undefined): StorageClass | undefined {
  return oneOf<StorageClass>(value, STORAGE_CLASSES, 'x-oss-storage-class', 'no such storage class exists')
}

/** `x-oss-object-acl`; an empty one is none (a test of the Java SDK). @throws OssError InvalidArgument for an unknown one. */
export function parseObjectAcl(value: string | undefined): ObjectAcl | undefined {
  return oneOf<ObjectAcl>(
    value || undefined,
    OBJECT_ACLS,
    'x-oss-object-acl',
    'no such object access control exists',
  )
}

/** One of the values OSS knows, case and all; undefined when there is no header. @throws OssError InvalidArgument. */
export function oneOf<T extends string>(
  value: string | undefined,
  words: readonly string[],
  name: string,
  message: string,
): T | undefined {
  if (value === undefined || words.includes(value)) return value as T | undefined
  throw invalidArgument(message, name, value)
}

/** @throws OssError InvalidEncryptionAlgorithmError, InvalidDataEncryptionAlgorithmError, InvalidArgument. */
export function parseEncryption(headers: HeaderMap): Encryption | undefined {
  const algorithm = headers['x-oss-server-side-encryption']
  const dataEncryption = headers['x-oss-server-side-data-encryption']
  const keyId = headers['x-oss-server-side-encryption-key-id']
  return checkEncryption(algorithm, dataEncryption, keyId)
}

/** Which combinations of encryption settings are valid, in headers and in a bucket's default. @throws as parseEncryption. */
export function checkEncryption(
  algorithm: string | undefined,
  dataEncryption: string | undefined,
  keyId: string | undefined,
): Encryption | undefined {
  if (dataEncryption !== undefined && dataEncryption !== 'SM4') {
    throw new OssError('InvalidDataEncryptionAlgorithmError')
  }
  if (algorithm === undefined && keyId === undefined) return undefined
  if (algorithm === undefined || !['AES256', 'KMS', 'SM4'].includes(algorithm)) {
    throw new OssError('InvalidEncryptionAlgorithmError')
  }
  // What is KMS's says nothing beside the others (tests of the Python SDK and of ossutil).
  if (algorithm !== 'KMS') return { algorithm: algorithm as Encryption['algorithm'] }
  return {
    algorithm,
    ...(dataEncryption !== undefined && { dataEncryption: 'SM4' }),
    ...(keyId === undefined ? {} : { keyId }),
  }
}

/** Of the key that KMS keeps for OSS in this account, and takes where none is named. */
const DEFAULT_KMS_KEY_ID = '6d1b7c1e-8f2a-4c53-9a0e-100000000001'

/** The response headers that say how an object is encrypted: under KMS always by which key (tests of the Go and Python SDKs). */
export function encryptionHeaders({ encryption }: { encryption?: Encryption }): HeaderMap {
  if (encryption === undefined) return {}
  const headers: HeaderMap = { 'x-oss-server-side-encryption': encryption.algorithm }
  if (encryption.dataEncryption) headers['x-oss-server-side-data-encryption'] = encryption.dataEncryption
  if (encryption.algorithm === 'KMS') {
    headers['x-oss-server-side-encryption-key-id'] = encryption.keyId ?? DEFAULT_KMS_KEY_ID
  }
  return headers
}

/** The stored headers and metadata as response headers. */
export function metadataHeaders({ headers, meta }: ObjectProperties): HeaderMap {
  const prefixed = Object.entries(meta).map(([name, value]) => [META_PREFIX + name, value])
  return { ...headers, ...Object.fromEntries(prefixed) }
}
