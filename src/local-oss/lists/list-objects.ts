import { renderXml, type XmlTree } from '../../xml/index.ts'
import type { BucketCall } from '../call.ts'
import { isoSeconds, ownerElements, ownerOf } from '../document-values.ts'
import { invalidArgument } from '../errors.ts'
import { isTrue, type Reply } from '../http.ts'
import { transitionTime } from '../lifecycle/lifecycle-headers.ts'
import { restoreHeaders } from '../objects/restore.ts'
import { sequenceOf } from '../objects/version-id.ts'
import { lookUpVersion } from '../objects/versions.ts'
import { type Entry, type Found, iterateObjects, iterateVersions, readPage } from './list-page.ts'
import { encodeName, type ListQuery, parseListQuery, parseName } from './list-query.ts'

/** ListObjects, the first form: the next page begins after `marker`. */
export async function listObjects(call: BucketCall): Promise<Reply> {
  const query = parseListQuery(call.query)
  const marker = parseName(call.query, 'marker') ?? ''
  const iterator = iterateObjects(call.state.store, call.bucket, query.prefix, marker)
  const { entries, truncated } = await readPage(iterator, query, marker)
  const encode = (name: string) => encodeName(name, query.encoding)
  return document('ListBucketResult', {
    Name: call.bucket.name,
    Prefix: encode(query.prefix),
    Marker: encode(marker),
    MaxKeys: query.maxKeys,
    Delimiter: encode(query.delimiter),
    EncodingType: query.encoding,
    IsTruncated: truncated,
    NextMarker: truncated ? encode(lastName(entries)) : undefined,
    Contents: contents(call, entries, query, true),
    CommonPrefixes: commonPrefixes(entries, query),
  })
}

/** ListObjectsV2: pages by a token only this service can read. */
export async function listObjectsV2(call: BucketCall): Promise<Reply> {
  const query = parseListQuery(call.query)
  const startAfter = parseName(call.query, 'start-after') ?? ''
  // An empty one is none (oss2, the Python SDK, always sends it).
  const token = call.query.get('continuation-token') || undefined
  const after = token === undefined ? startAfter : parseToken(token)
  const iterator = iterateObjects(call.state.store, call.bucket, query.prefix, after)
  const { entries, truncated } = await readPage(iterator, query, after)
  const encode = (name: string) => encodeName(name, query.encoding)
  return document('ListBucketResult', {
    Name: call.bucket.name,
    Prefix: encode(query.prefix),
    StartAfter: startAfter === '' ? undefined : encode(startAfter),
    MaxKeys: query.maxKeys,
    Delimiter: encode(query.delimiter),
    EncodingType: query.encoding,
    IsTruncated: truncated,
    KeyCount: entries.length,
    ContinuationToken: token === undefined ? undefined : encode(token),
    NextContinuationToken: truncated ? encode(renderToken(lastName(entries))) : undefined,
    Contents: contents(call, entries, query, isTrue(call.query.get('fetch-owner'))),
    CommonPrefixes: commonPrefixes(entries, query),
  })
}

/** ListObjectVersions: versions and delete markers, newest first within a key. */
export async function listObjectVersions(call: BucketCall): Promise<Reply> {
  const { state, bucket } = call
  const query = parseListQuery(call.query)
  const keyMarker = parseName(call.query, 'key-marker') ?? ''
  const versionMarker = call.query.get('version-id-marker') ?? ''
  if (keyMarker === '' && versionMarker !== '') {
    throw invalidArgument(
      'A version-id marker cannot be specified without a key marker.',
      'version-id-marker',
    )
  }
  const from =
    sequenceOf(versionMarker) ?? lookUpVersion(state, bucket, keyMarker, versionMarker || '-')?.sequence
  const iterator = iterateVersions(state.store, bucket, query.prefix, keyMarker, from)
  const { entries, truncated } = await readPage(iterator, query, from === undefined ? keyMarker : '')
  const encode = (name: string) => encodeName(name, query.encoding)
  const last = entries.at(-1)
  const rows = entries.flatMap((entry) => ('prefix' in entry ? [] : [versionRow(call, entry, query)]))
  return document('ListVersionsResult', {
    Name: bucket.name,
    Prefix: encode(query.prefix),
    KeyMarker: encode(keyMarker),
    VersionIdMarker: versionMarker,
    MaxKeys: query.maxKeys,
    Delimiter: encode(query.delimiter),
    EncodingType: query.encoding,
    IsTruncated: truncated,
    NextKeyMarker: truncated ? encode(lastName(entries)) : undefined,
    NextVersionIdMarker: truncated && last && 'key' in last ? last.version.versionId : undefined,
    Version: rows.filter((row) => 'ETag' in row),
    DeleteMarker: rows.filter((row) => !('ETag' in row)),
    CommonPrefixes: commonPrefixes(entries, query),
  })
}

function contents(
  call: BucketCall,
  entries: Entry<Found>[],
  query: ListQuery,
  withOwner: boolean,
): XmlTree[] {
  const owner = ownerElements(ownerOf(call.bucket))
  return entries.flatMap((entry) => {
    if ('prefix' in entry) return []
    return {
      Key: encodeName(entry.key, query.encoding),
      LastModified: isoSeconds(entry.version.lastModified),
      ...objectElements(call, entry),
      Owner: withOwner ? owner : undefined,
    }
  })
}

function versionRow(call: BucketCall, { key, version, isLatest }: Found, query: ListQuery): XmlTree {
  const row = {
    Key: encodeName(key, query.encoding),
    VersionId: version.versionId,
    IsLatest: isLatest,
    LastModified: isoSeconds(version.lastModified),
  }
  const Owner = ownerElements(ownerOf(call.bucket))
  if (version.deleteMarker) return { ...row, Owner }
  return { ...row, ...objectElements(call, { key, version, isLatest }), Owner }
}

function objectElements(call: BucketCall, { version }: Found): XmlTree {
  const transitioned = transitionTime(version)
  return {
    ETag: `"${version.etag}"`,
    Type: version.type,
    Size: version.size,
    StorageClass: version.storageClass,
    RestoreInfo: restoreHeaders(version, call.state.now())['x-oss-restore'],
    TransitionTime: transitioned === undefined ? undefined : isoSeconds(transitioned),
  }
}

function commonPrefixes(entries: Entry<Found>[], query: ListQuery): XmlTree[] {
  return entries.flatMap((entry) =>
    'prefix' in entry ? { Prefix: encodeName(entry.prefix, query.encoding) } : [],
  )
}

function lastName(entries: Entry<Found>[]): string {
  const last = entries.at(-1)
  if (last === undefined) return ''
  return 'prefix' in last ? last.prefix : last.key
}

const renderToken = (name: string) => Buffer.from(`1${name}`).toString('base64url')

function parseToken(token: string): string {
  const name = Buffer.from(token, 'base64url').toString('utf8')
  if (name.startsWith('1') && renderToken(name.slice(1)) === token) return name.slice(1)
  throw invalidArgument('The continuation token is invalid.', 'continuation-token', token)
}

function document(root: string, content: XmlTree): Reply {
  return { body: renderXml(root, content) }
}
