import { getBucketInfo } from '../../oss/bucket-info.ts'
import { MAX_LISTED } from '../../oss/limits.ts'
import { regionOfLocation } from '../../oss/regions.ts'
import type { Reply } from '../../ports.ts'
import { S3Error } from '../../s3/error.ts'
import { MAX_BUCKETS_LISTED } from '../../s3/limits.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { children, text, type XmlNode } from '../../xml/index.ts'
import { mayUseBucket } from '../authorize.ts'
import { parseNumber } from '../lists/list-query.ts'
import { type BucketRequest, type Context, type Request, xmlReply } from '../operation.ts'

/** HeadBucket. OSS has none of its own. */
export async function headBucket({ bucket }: BucketRequest, { oss }: Context): Promise<Reply> {
  const { region } = await getBucketInfo(oss, bucket)
  return {
    status: 200,
    headers: {
      'content-type': 'application/xml',
      'x-amz-bucket-region': region,
      'x-amz-access-point-alias': 'false',
      'x-amz-bucket-arn': `arn:aws:s3:::${bucket}`,
    },
  }
}

/** GetBucketLocation: `oss-cn-hangzhou` is `cn-hangzhou` to a client. */
export async function getBucketLocation({ bucket }: BucketRequest, { oss }: Context): Promise<Reply> {
  const answer = await oss.sendForXml(
    { method: 'GET', bucket, query: { location: null } },
    'LocationConstraint',
  )
  const location = text(answer.document, '#text') ?? ''
  return xmlReply('LocationConstraint', regionOfLocation(location), toS3Answer(answer.headers))
}

/** ListBuckets: those of every region; a limited client sees its own. */
export async function listBuckets(request: Request, context: Context): Promise<Reply> {
  const { query } = request
  const wanted = parseNumber(query, 'max-buckets', 1, MAX_BUCKETS_LISTED) ?? MAX_BUCKETS_LISTED
  const region = query.get('bucket-region')
  const isWanted = (bucket: XmlNode) =>
    mayUseBucket(context.client, text(bucket, 'Name') ?? '') &&
    (region === undefined || regionOf(bucket) === region)
  const found: XmlNode[] = []
  let owner: XmlNode = {}
  let marker = decodeToken(query.get('continuation-token'))
  let truncated = true
  while (truncated && found.length < wanted) {
    const { document: page } = await context.oss.sendForXml(
      // Always a whole page: of those asked for one by one, most may be filtered out.
      { method: 'GET', query: { 'max-keys': String(MAX_LISTED), prefix: query.get('prefix'), marker } },
      'ListAllMyBucketsResult',
    )
    const [list = {}] = children(page, 'Buckets')
    owner = children(page, 'Owner')[0] ?? {}
    found.push(...children(list, 'Bucket').filter(isWanted))
    truncated = text(page, 'IsTruncated') === 'true'
    marker = text(page, 'NextMarker')
  }
  const buckets = found.slice(0, wanted)
  // The last name the client has seen, and no other bucket's.
  const last = truncated || found.length > wanted ? text(buckets.at(-1) ?? {}, 'Name') : undefined
  return xmlReply('ListAllMyBucketsResult', {
    Buckets: {
      Bucket: buckets.map((bucket) => ({
        Name: text(bucket, 'Name'),
        CreationDate: text(bucket, 'CreationDate'),
        BucketRegion: regionOf(bucket),
      })),
    },
    Owner: { ID: text(owner, 'ID') },
    ContinuationToken: last === undefined ? undefined : btoa(last),
    Prefix: query.get('prefix'),
  })
}

const regionOf = (bucket: XmlNode) => regionOfLocation(text(bucket, 'Location') ?? '')

function decodeToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined
  try {
    return atob(token)
  } catch {
    throw new S3Error('InvalidArgument', {
      message: 'The continuation token provided is incorrect',
      elements: { ArgumentName: 'continuation-token' },
    })
  }
}
