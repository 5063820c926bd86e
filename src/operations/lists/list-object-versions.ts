import { decodeKey } from '../../bytes/percent.ts'
import type { Reply } from '../../ports.ts'
import { invalidArgument } from '../../s3/error.ts'
import { isVersionId } from '../../s3/request.ts'
import { toS3Time } from '../../translate/date.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { escapeText, text } from '../../xml/index.ts'
import type { RowKind } from '../../xml/rows.ts'
import { type BucketRequest, type Context, xmlReply } from '../operation.ts'
import {
  type Encode,
  etagElement,
  ownerElement,
  prefixRows,
  restoreStatusElement,
  sameElement,
  storageClassElement,
  timeElement,
  wantsRestoreStatus,
  written,
} from './list-elements.ts'
import { keyEncoding, parsePageSize, takeList } from './list-query.ts'

/** ListObjectVersions: versions and delete markers of each key together, the newest first. */
export async function listObjectVersions(request: BucketRequest, { oss }: Context): Promise<Reply> {
  const { bucket, query, headers } = request
  const maxKeys = parsePageSize(query, 'max-keys')
  const encode = keyEncoding(query)
  const named = (name: string) => query.get(name) || undefined
  const [prefix, delimiter, keyMarker, idMarker] = [
    'prefix',
    'delimiter',
    'key-marker',
    'version-id-marker',
  ].map(named)
  if (idMarker !== undefined && keyMarker === undefined) {
    throw invalidArgument(
      'A version-id marker cannot be specified without a key marker.',
      'version-id-marker',
      idMarker,
    )
  }
  if (idMarker !== undefined && !isVersionId(idMarker)) {
    throw invalidArgument('Invalid version id specified', 'version-id-marker', idMarker)
  }
  const answer = await oss.sendForList(
    {
      method: 'GET',
      bucket,
      query: {
        versions: null,
        prefix,
        delimiter,
        'key-marker': keyMarker,
        'version-id-marker': idMarker,
        // OSS wants at least 1, and without the parameter lists 100.
        'max-keys': String(Math.max(1, maxKeys)),
        // Some characters of keys do not survive XML.
        'encoding-type': 'url',
      },
      headers: requestPayer(headers),
    },
    'ListVersionsResult',
    {
      DeleteMarker: deleteMarkerRows(encode),
      Version: versionRows(encode, wantsRestoreStatus(headers)),
      CommonPrefixes: prefixRows(encode),
    },
  )
  const { document, rows } = takeList(answer)
  // The two kinds in one order, which some clients rely on: by key, and within one the newest first.
  const entries = [...rows.DeleteMarker, ...rows.Version].sort(inOrder).map(({ xml }) => xml)
  const truncated = maxKeys > 0 && text(document, 'IsTruncated') === 'true'
  return xmlReply(
    'ListVersionsResult',
    {
      Name: bucket,
      Prefix: encode(prefix ?? ''),
      KeyMarker: encode(keyMarker ?? ''),
      VersionIdMarker: idMarker ?? '',
      NextKeyMarker: truncated ? encode(decodeKey(text(document, 'NextKeyMarker') ?? '')) : undefined,
      NextVersionIdMarker: truncated ? text(document, 'NextVersionIdMarker') : undefined,
      Delimiter: delimiter === undefined ? undefined : encode(delimiter),
      MaxKeys: maxKeys,
      EncodingType: query.get('encoding-type'),
      IsTruncated: truncated,
      '': maxKeys === 0 ? '' : [written(entries), written(rows.CommonPrefixes)],
    },
    toS3Answer(answer.headers),
  )
}

/** An entry, and what orders it. */
type Entry = { key: string; isLatest: boolean; modified: string; xml: string }

const deleteMarkerRows = (encode: Encode): RowKind<Entry> => ({
  texts: ['Key', 'VersionId', 'IsLatest', 'LastModified', 'Owner/ID'],
  make: ([key, id, isLatest, time, owner]) =>
    entry('DeleteMarker', { key, id, isLatest, time, owner }, encode, ''),
})

const versionTexts = 'Key VersionId IsLatest LastModified Owner/ID ETag Size StorageClass'.split(' ')

const versionRows = (encode: Encode, withRestore: boolean): RowKind<Entry> => ({
  texts: withRestore ? [...versionTexts, 'RestoreInfo'] : versionTexts,
  make: ([key, id, isLatest, time, owner, etag, size, storageClass, restore]) =>
    entry(
      'Version',
      { key, id, isLatest, time, owner },
      encode,
      etagElement(etag) +
        sameElement('Size', size) +
        storageClassElement(storageClass) +
        (withRestore ? restoreStatusElement(restore) : ''),
    ),
})

/** What OSS tells of both. */
type Told = Record<'key' | 'id' | 'isLatest' | 'time' | 'owner', string | undefined>

function entry(kind: 'Version' | 'DeleteMarker', told: Told, encode: Encode, facts: string): Entry {
  const key = decodeKey(told.key ?? '')
  const isLatest = told.isLatest === 'true'
  const modified = toS3Time(told.time ?? '')
  const xml =
    `<${kind}>` +
    `<Key>${escapeText(encode(key))}</Key>` +
    sameElement('VersionId', told.id) +
    `<IsLatest>${isLatest}</IsLatest>` +
    timeElement(modified) +
    facts +
    ownerElement(told.owner) +
    `</${kind}>`
  return { key, isLatest, modified, xml }
}

/** Each kind comes in order, and sorting keeps it so; OSS's times, in seconds, decide between the kinds. */
function inOrder(a: Entry, b: Entry): number {
  if (a.key !== b.key) return compareBytes(a.key, b.key)
  if (a.isLatest !== b.isLatest) return a.isLatest ? -1 : 1
  return a.modified === b.modified ? 0 : a.modified > b.modified ? -1 : 1
}

/** By the bytes of UTF-8, as S3 and OSS order keys: not by UTF-16 units, which sort surrogates too low. */
function compareBytes(a: string, b: string): number {
  if (surrogate.test(a) || surrogate.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return a < b ? -1 : 1
}

const surrogate = /[\ud800-\udfff]/
