import { decodeKey } from '../percent.ts'
import type { Reply } from '../ports.ts'
import { invalidArgument } from '../s3/error.ts'
import { toS3Answer } from '../translate/headers.ts'
import { children, text, type XmlNode } from '../xml.ts'
import { requestPayer } from './destination.ts'
import {
  etagElement,
  keyElement,
  keyOf,
  ownerElement,
  prefixElement,
  sameElement,
  storageClassElement,
  timeElement,
  timeOf,
  written,
} from './list-elements.ts'
import { keyEncoding, parsePageSize, takeDocument } from './listing.ts'
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
  const answer = await oss.sendForXml(
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
  const document = takeDocument(answer)
  const entries = maxKeys === 0 ? [] : entriesOf(document, encode)
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
      '': [written(entries, ({ xml }) => xml), written(prefixes, (one) => prefixElement(one, encode))],
    },
    toS3Answer(answer.headers),
  )
}

/** An entry, and what orders it. */
type Entry = { key: string; isLatest: boolean; modified: string; xml: string }

/** The two kinds in one order, which some clients rely on: by key, and within one the newest first. */
function entriesOf(document: XmlNode, encode: (key: string) => string): Entry[] {
  const entries = [
    ...children(document, 'DeleteMarker').map((marker) => entry('DeleteMarker', marker, encode, '')),
    ...children(document, 'Version').map((version) =>
      entry(
        'Version',
        version,
        encode,
        etagElement(version) + sameElement(version, 'Size') + storageClassElement(version),
      ),
    ),
  ]
  return entries.sort(inOrder)
}

function entry(
  kind: 'Version' | 'DeleteMarker',
  node: XmlNode,
  encode: (key: string) => string,
  facts: string,
): Entry {
  const isLatest = text(node, 'IsLatest') === 'true'
  const xml =
    `<${kind}>` +
    keyElement(node, encode) +
    sameElement(node, 'VersionId') +
    `<IsLatest>${isLatest}</IsLatest>` +
    timeElement(node) +
    facts +
    ownerElement(node) +
    `</${kind}>`
  return { key: keyOf(node), isLatest, modified: timeOf(node), xml }
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
