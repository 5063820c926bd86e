import { getBucketInfo } from '../oss/bucket-info.ts'
import { OssError, OssUnreachable } from '../oss/error.ts'
import { isRegionName, regionOfLocation } from '../oss/regions.ts'
import type { Reply } from '../ports.ts'
import { notImplemented, S3Error } from '../s3/error.ts'
import { readDocument } from '../s3/request.ts'
import { grantsNameAnAccount, requestedAcl } from '../translate/acl.ts'
import { toS3Answer } from '../translate/headers.ts'
import { children, text, type XmlNode } from '../xml.ts'
import { mayUseBucket } from './authorize.ts'
import { type BucketRequest, type Context, type Request, xmlReply } from './operation.ts'

/** CreateBucket in the region of the LocationConstraint, else in the gateway's own. */
export async function createBucket(request: BucketRequest, context: Context): Promise<Reply> {
  const { bucket, headers, signal } = request
  const region = await requestedRegion(request)
  if (headers['x-amz-bucket-object-lock-enabled']?.toLowerCase() === 'true') {
    throw notImplemented('x-amz-bucket-object-lock-enabled')
  }
  if (grantsNameAnAccount(headers))
    throw notImplemented('x-amz-grant-full-control', 'a new bucket has no other owner')
  const acl = requestedAcl(headers)
  // OSS answers 200 to the owner's second PutBucket, and resets the bucket's ACL on the way.
  if (await bucketExists(bucket, context)) {
    throw new S3Error('BucketAlreadyOwnedByYou', { elements: { BucketName: bucket } })
  }
  try {
    const created = await context.oss.send({
      method: 'PUT',
      bucket,
      region,
      headers: acl === undefined ? {} : { 'x-oss-acl': acl },
      body: new Uint8Array(0),
      signal,
    })
    if (region !== undefined) context.oss.learnRegion(bucket, region)
    return { status: 200, headers: { ...toS3Answer(created.headers), location: `/${bucket}` } }
  } catch (error) {
    // A region that OSS does not have has no host name either.
    if (error instanceof OssUnreachable && region !== undefined && isUnknownHost(error)) {
      throw new S3Error('InvalidLocationConstraint', { elements: { LocationConstraint: region } })
    }
    throw error
  }
}

const isUnknownHost = ({ cause }: OssUnreachable) =>
  (cause as { code?: string } | undefined)?.code === 'ENOTFOUND'

async function requestedRegion(request: BucketRequest): Promise<string | undefined> {
  if (request.body === undefined) return undefined
  const configuration = await readDocument(request.body.body, 'CreateBucketConfiguration')
  if (configuration === undefined) return undefined
  refuseElements(configuration, ['Location', 'Bucket', 'Tags'])
  const constraint = text(configuration, 'LocationConstraint')
  if (constraint === undefined || constraint === '') return undefined
  const region = regionOfLocation(constraint)
  if (!isRegionName(region)) {
    throw new S3Error('InvalidLocationConstraint', { elements: { LocationConstraint: constraint } })
  }
  return region
}

function refuseElements(configuration: XmlNode, names: readonly string[]): void {
  const refused = names.find((name) => name in configuration)
  if (refused !== undefined) throw notImplemented(`CreateBucketConfiguration/${refused}`)
}

async function bucketExists(bucket: string, { oss }: Context): Promise<boolean> {
  try {
    await getBucketInfo(oss, bucket)
    return true
  } catch (error) {
    if (error instanceof OssError && error.code === 'NoSuchBucket') return false
    if (error instanceof OssError && error.status === 403 && error.code === 'AccessDenied') {
      throw new S3Error('BucketAlreadyExists', { elements: { BucketName: bucket }, cause: error })
    }
    throw error
  }
}

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

export async function deleteBucket({ bucket, signal }: BucketRequest, { oss }: Context): Promise<Reply> {
  const { headers } = await oss.send({ method: 'DELETE', bucket, signal })
  oss.forgetRegion(bucket)
  return { status: 204, headers: toS3Answer(headers) }
}

/** GetBucketLocation: `oss-cn-hangzhou` is `cn-hangzhou` to a client. */
export async function getBucketLocation({ bucket, signal }: BucketRequest, { oss }: Context): Promise<Reply> {
  const answer = await oss.sendForXml(
    { method: 'GET', bucket, query: { location: null }, signal },
    'LocationConstraint',
  )
  const location = text(answer.document, '#text') ?? ''
  return xmlReply('LocationConstraint', regionOfLocation(location), toS3Answer(answer.headers))
}

const MAX_BUCKETS = 10_000

/** ListBuckets: those of every region; a limited client sees its own. */
export async function listBuckets(request: Request, context: Context): Promise<Reply> {
  const { query, signal } = request
  const wanted = maxBuckets(query.get('max-buckets'))
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
      { method: 'GET', query: { 'max-keys': '1000', prefix: query.get('prefix'), marker }, signal },
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

function maxBuckets(value: string | undefined): number {
  if (value === undefined) return MAX_BUCKETS
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1 || number > MAX_BUCKETS) {
    throw new S3Error('InvalidArgument', {
      message: `Argument max-buckets must be an integer between 1 and ${MAX_BUCKETS}`,
      elements: { ArgumentName: 'max-buckets', ArgumentValue: value },
    })
  }
  return number
}

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
