import { OssError } from '../../oss/error.ts'
import type { Reply } from '../../ports.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { text, type XmlTree } from '../../xml/index.ts'
import { bucketName, ossMarker, ossPrefix } from '../mapping.ts'
import type { BucketRequest, Context } from '../operation.ts'
import { keyForm } from './keys.ts'
import { pageQuery, parsePageSize } from './list-query.ts'
import { listReply } from './list-reply.ts'
import { badToken, closeToken, openToken } from './part-token.ts'
import { nextMarker, withoutReserved } from './reserved-rows.ts'
import { objectRows, prefixRows, wantsRestoreStatus } from './rows.ts'

/** ListObjects (V1). */
export function listObjects(request: BucketRequest, context: Context): Promise<Reply> {
  const marker = request.query.get('marker')
  const delimiter = request.query.get('delimiter')
  const ask = (behind = marker) => ({ marker: ossMarker(request, behind) })
  return listPage(request, context, ask, ({ encode, truncated, next }) => ({
    Marker: encode(marker ?? ''),
    // S3 names it only with a delimiter; without one a client continues from the last key.
    NextMarker: truncated && delimiter ? encode(next ?? '') : undefined,
  }))
}

/** ListObjectsV2. OSS's token is passed on as it is, but for a part of a bucket, whose prefix is in it. */
export async function listObjectsV2(request: BucketRequest, context: Context): Promise<Reply> {
  const { query } = request
  const token = query.get('continuation-token')
  const startAfter = token === undefined ? query.get('start-after') : undefined
  const fetchOwner = query.get('fetch-owner') === 'true'
  if (token === '') throw badToken()
  const secret = context.config.uploadIdSecret
  const ossToken = token === undefined ? undefined : await openToken(token, request, secret)
  const ask = (behind?: string) => ({
    'list-type': '2',
    'continuation-token': behind === undefined ? ossToken : undefined,
    'start-after':
      behind === undefined && token !== undefined ? undefined : ossMarker(request, behind ?? startAfter),
    'fetch-owner': fetchOwner ? 'true' : undefined,
  })
  return listPage(request, context, ask, async ({ encode, truncated, next, count }) => ({
    KeyCount: count,
    ContinuationToken: token,
    NextContinuationToken: truncated && next ? await closeToken(next, request, secret) : undefined,
    StartAfter: startAfter === undefined ? undefined : encode(startAfter),
  })).catch((error) => {
    throw token !== undefined && error instanceof OssError && error.code === 'InvalidArgument'
      ? badToken()
      : error
  })
}

/** What a version's own elements are made of. */
type Page = {
  truncated: boolean
  /** NextMarker or NextContinuationToken, decoded. */
  next: string | undefined
  /** Of keys and common prefixes. */
  count: number
  /** How keys are written in this answer. */
  encode: (key: string) => string
}

/**
 * One OSS listing; the two versions differ in how the page is asked for and continued, and in some elements.
 * @param ownQuery how the page is asked for, or the one behind a key.
 */
async function listPage(
  request: BucketRequest,
  { oss }: Context,
  ownQuery: (behind?: string) => Record<string, string | undefined>,
  ownElements: (page: Page) => XmlTree | Promise<XmlTree>,
): Promise<Reply> {
  const { bucket, query, headers } = request
  const maxKeys = parsePageSize(query, 'max-keys')
  const form = keyForm(request)
  const { encode } = form
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') || undefined
  const version = ownQuery()
  const withOwner = version['list-type'] === undefined || version['fetch-owner'] === 'true'
  const tables = {
    Contents: objectRows(form, withOwner, wantsRestoreStatus(headers)),
    CommonPrefixes: prefixRows(form),
  }
  const answer = await withoutReserved((behind) =>
    oss.sendForList(
      {
        method: 'GET',
        bucket,
        query: {
          ...ownQuery(behind),
          prefix: ossPrefix(request, prefix),
          delimiter,
          ...pageQuery(maxKeys),
        },
        headers: requestPayer(headers),
      },
      'ListBucketResult',
      tables,
    ),
  )
  const { document, rows } = answer.document
  const { Contents: contents, CommonPrefixes: prefixes } = rows
  const truncated = maxKeys > 0 && text(document, 'IsTruncated') === 'true'
  const next = nextMarker(text(document, 'NextMarker'), form) ?? text(document, 'NextContinuationToken')
  const count = maxKeys === 0 ? 0 : contents.count + prefixes.count
  return listReply(
    'ListBucketResult',
    {
      Name: bucketName(request),
      Prefix: encode(prefix),
      Delimiter: delimiter === undefined ? undefined : encode(delimiter),
      MaxKeys: maxKeys,
      EncodingType: query.get('encoding-type'),
      IsTruncated: truncated,
      ...(await ownElements({ truncated, next, count, encode })),
    },
    maxKeys === 0 ? [] : [...contents.take(), ...prefixes.take()],
    toS3Answer(answer.headers),
  )
}
