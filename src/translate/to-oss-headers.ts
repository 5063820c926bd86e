import { type HeaderMap, headerMap } from '../ports.ts'
import type { OssAcl } from './acl.ts'
import { toOssMetadata } from './metadata.ts'
import {
  type HeaderGroup,
  type RequestHeader,
  requestHeaders,
  type WriteSettings,
} from './request-headers.ts'

type Mapping = { from: string; to: string; value: Extract<RequestHeader, { to: string }>['value'] }

/** Put together once: a request looks at these rows alone. */
const mappingsOf = (group: HeaderGroup): readonly Mapping[] =>
  Object.entries(requestHeaders).flatMap(([from, row]) =>
    'to' in row && row.group === group ? [{ from, to: row.to, value: row.value }] : [],
  )
const content = mappingsOf('content')
const tagging = mappingsOf('tagging')
const target = mappingsOf('target')
const payer = mappingsOf('payer')

/** No row of content or of the payer looks at them. */
const noSettings: WriteSettings = {
  ownerId: undefined,
  ownership: 'ObjectWriter',
  acl: undefined,
  storageClass: 'bucket',
  storageClassMap: {},
}

function addTo(
  oss: HeaderMap,
  mappings: readonly Mapping[],
  headers: HeaderMap,
  settings: WriteSettings,
): HeaderMap {
  for (const { from, to, value } of mappings) {
    const translated = value === undefined ? headers[from] : value(headers, settings)
    if (translated !== undefined) oss[to] = translated
  }
  return oss
}

/**
 * Everything that a request says of the object it writes, in OSS's headers: content, metadata, tags, ACL, storage class,
 * encryption, payer.
 * @throws S3Error MetadataTooLarge, InvalidTag, InvalidStorageClass …: for what OSS has nothing like.
 */
export function toOssWrite(headers: HeaderMap, settings: WriteSettings): HeaderMap {
  const oss = toOssContent(headers)
  addTo(oss, tagging, headers, settings)
  addTo(oss, target, headers, settings)
  return addTo(oss, payer, headers, settings)
}

/**
 * What an object is stored with: content headers and user metadata, complete.
 * @throws S3Error MetadataTooLarge.
 */
export const toOssContent = (headers: HeaderMap): HeaderMap =>
  addTo(toOssMetadata(headers), content, headers, noSettings)

/**
 * What a written object is besides its content and tags: ACL, storage class, encryption.
 * @throws S3Error InvalidStorageClass, InvalidEncryptionAlgorithmError, NotImplemented …
 */
export const toOssTarget = (headers: HeaderMap, settings: WriteSettings): HeaderMap =>
  addTo(headerMap(), target, headers, settings)

/** Who pays (`x-amz-request-payer`), on reads and writes alike. */
export const requestPayer = (headers: HeaderMap): HeaderMap => addTo({}, payer, headers, noSettings)

/**
 * What {@link toOssWrite} gives, by the call of an upload that takes it: OSS refuses an ACL at its beginning and takes it
 * with its completion, and all else the other way round.
 */
export function splitForUpload(oss: HeaderMap): { initial: HeaderMap; acl: OssAcl | undefined } {
  const { 'x-oss-object-acl': acl, ...initial } = oss
  return { initial, acl: acl as OssAcl | undefined }
}

/** The content headers and metadata of an object as OSS has stored it: for writing it again without losing anything. */
export function storedContent(oss: HeaderMap): HeaderMap {
  const stored: HeaderMap = {}
  for (const { to } of content) {
    const value = oss[to]
    if (value !== undefined) stored[to] = value
  }
  for (const name in oss) if (name.startsWith('x-oss-meta-')) stored[name] = oss[name] as string
  return stored
}
