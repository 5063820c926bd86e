import { OssError } from '../oss/error.ts'
import { decodeKey } from '../percent.ts'
import type { Reply } from '../ports.ts'
import { invalidArgument } from '../s3/error.ts'
import { toS3Answer } from '../translate/headers.ts'
import { children, text, Written, type XmlNode, type XmlTree } from '../xml.ts'
import { requestPayer } from './destination.ts'
import {
  etagElement,
  keyElement,
  ownerElement,
  prefixElement,
  sameElement,
  storageClassElement,
  timeElement,
} from './list-elements.ts'
import { keyEncoding, parsePageSize, takeDocument } from './listing.ts'
import { type BucketRequest, type Context, xmlReply } from './operation.ts'

/** ListObjects (V1). */
export async function listObjects(request: BucketRequest, context: Context): Promise<Reply> {
  const { query } = request
  const page = await listPage(request, context, { marker: query.get('marker') })
  const delimiter = query.get('delimiter')
  const { encode } = page
  return xmlReply(
    'ListBucketResult',
    {
      ...page.head,
      Marker: encode(query.get('marker') ?? ''),
      // S3 names it only with a delimiter; without one a client continues from the last key.
      NextMarker: page.truncated && delimiter ? encode(page.next ?? '') : undefined,
      '': page.body,
    },
    page.headers,
  )
}

/** ListObjectsV2. OSS's token is passed on as it is. */
export async function listObjectsV2(request: BucketRequest, context: Context): Promise<Reply> {
  const { query } = request
  const token = query.get('continuation-token')
  const startAfter = token === undefined ? query.get('start-after') : undefined
  const fetchOwner = query.get('fetch-owner') === 'true'
  if (token === '') throw badToken()
  const page = await listPage(request, context, {
    'list-type': '2',
    'continuation-token': token,
    'start-after': startAfter,
    'fetch-owner': fetchOwner ? 'true' : undefined,
  }).catch((error) => {
    throw token !== undefined && error instanceof OssError && error.code === 'InvalidArgument'
      ? badToken()
      : error
  })
  return xmlReply(
    'ListBucketResult',
    {
      ...page.head,
      KeyCount: page.count,
      ContinuationToken: token,
      NextContinuationToken: page.truncated ? page.next : undefined,
      StartAfter: startAfter === undefined ? undefined : page.encode(startAfter),
      '': page.body,
    },
    page.headers,
  )
}

const badToken = () => invalidArgument('The continuation token provided is incorrect', 'continuation-token')

type Page = {
  /** Elements both versions begin and end with. */
  head: XmlTree
  body: Written
  headers: Record<string, string>
  truncated: boolean
  /** NextMarker or NextContinuationToken, decoded. */
  next: string | undefined
  count: number
  /** How keys are written in this answer. */
  encode: (key: string) => string
}

/** One OSS listing; the two versions differ only in how the page is asked for and continued. */
async function listPage(
  { bucket, query, headers }: BucketRequest,
  { oss }: Context,
  version: Record<string, string | undefined>,
): Promise<Page> {
  const maxKeys = parsePageSize(query, 'max-keys')
  const encode = keyEncoding(query)
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') || undefined
  const answer = await oss.sendForXml(
    {
      method: 'GET',
      bucket,
      query: {
        ...version,
        prefix: prefix || undefined,
        delimiter,
        // OSS wants at least 1, and without the parameter lists 100.
        'max-keys': String(Math.max(1, maxKeys)),
        // Some characters of keys do not survive XML.
        'encoding-type': 'url',
      },
      headers: requestPayer(headers),
    },
    'ListBucketResult',
  )
  const result = takeDocument(answer)
  const contents = maxKeys === 0 ? [] : children(result, 'Contents')
  const prefixes = maxKeys === 0 ? [] : children(result, 'CommonPrefixes')
  const truncated = maxKeys > 0 && text(result, 'IsTruncated') === 'true'
  const withOwner = version['list-type'] === undefined || version['fetch-owner'] === 'true'
  return {
    head: {
      Name: bucket,
      Prefix: encode(prefix),
      Delimiter: delimiter === undefined ? undefined : encode(delimiter),
      MaxKeys: maxKeys,
      EncodingType: query.get('encoding-type'),
      IsTruncated: truncated,
    },
    body: new Written(
      contents.map((object) => contentsElement(object, encode, withOwner)).join('') +
        prefixes.map((one) => prefixElement(one, encode)).join(''),
    ),
    headers: toS3Answer(answer.headers),
    truncated,
    next: decodeOptional(text(result, 'NextMarker') ?? text(result, 'NextContinuationToken')),
    count: contents.length + prefixes.length,
    encode,
  }
}

const contentsElement = (object: XmlNode, encode: (key: string) => string, withOwner: boolean): string =>
  '<Contents>' +
  keyElement(object, encode) +
  timeElement(object) +
  etagElement(object) +
  sameElement(object, 'Size') +
  (withOwner ? ownerElement(object) : '') +
  storageClassElement(object) +
  '</Contents>'

const decodeOptional = (encoded: string | undefined) =>
  encoded === undefined ? undefined : decodeKey(encoded)
