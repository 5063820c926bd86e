import { decodeKey } from '../percent.ts'
import type { Reply } from '../ports.ts'
import { invalidArgument } from '../s3/error.ts'
import { toS3Time } from '../translate/date.ts'
import { child } from '../translate/elements.ts'
import { toS3ETag } from '../translate/etag.ts'
import { toS3Answer } from '../translate/headers.ts'
import { toS3StorageClass } from '../translate/storage-class.ts'
import { children, text, type XmlNode, type XmlTree } from '../xml.ts'
import { requestPayer } from './destination.ts'
import { keyEncoding, parsePageSize } from './listing.ts'
import { type BucketRequest, type Context, xmlReply } from './operation.ts'

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
  const { document, ...answer } = await oss.sendForXml(
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
  )
  const prefixes = maxKeys === 0 ? [] : children(document, 'CommonPrefixes')
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
      '': maxKeys === 0 ? [] : entriesOf(document, encode),
      CommonPrefixes: prefixes.map((one) => ({ Prefix: encode(decodeKey(text(one, 'Prefix') ?? '')) })),
    },
    toS3Answer(answer.headers),
  )
}

type Entry = { key: string; isLatest: boolean; modified: string; element: XmlTree }

/** The two kinds in one order, which some clients rely on: by key, and within one the newest first. */
function entriesOf(document: XmlNode, encode: (key: string) => string): XmlTree[] {
  const entries = [
    ...children(document, 'DeleteMarker').map((marker) => entry('DeleteMarker', marker, encode, {})),
    ...children(document, 'Version').map((version) =>
      entry('Version', version, encode, {
        ETag: toS3ETag(text(version, 'ETag') ?? ''),
        Size: text(version, 'Size'),
        StorageClass: toS3StorageClass(text(version, 'StorageClass') ?? 'Standard'),
      }),
    ),
  ]
  return entries.sort(inOrder).map(({ element }) => element)
}

function entry(
  kind: 'Version' | 'DeleteMarker',
  node: XmlNode,
  encode: (key: string) => string,
  facts: XmlTree,
): Entry {
  const key = decodeKey(text(node, 'Key') ?? '')
  const isLatest = text(node, 'IsLatest') === 'true'
  const modified = toS3Time(text(node, 'LastModified') ?? '')
  const owner = child(node, 'Owner')
  const element = {
    Key: encode(key),
    VersionId: text(node, 'VersionId'),
    IsLatest: isLatest,
    LastModified: modified,
    ...facts,
    Owner: owner === undefined ? undefined : { ID: text(owner, 'ID') },
  }
  return { key, isLatest, modified, element: { [kind]: element } }
}

/** Each kind comes in order, and sorting keeps it so; OSS's times, in seconds, decide between the kinds. */
function inOrder(a: Entry, b: Entry): number {
  if (a.key !== b.key) return compareBytes(a.key, b.key)
  if (a.isLatest !== b.isLatest) return a.isLatest ? -1 : 1
  return a.modified === b.modified ? 0 : a.modified > b.modified ? -1 : 1
}

/** By the bytes of UTF-8, as S3 and OSS order keys: not by UTF-16 units, which sort surrogates too low. */
const compareBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
