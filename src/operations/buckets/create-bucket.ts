import { getAccountId, getBucketInfo } from '../../oss/bucket-info.ts'
import type { OssCall } from '../../oss/call.ts'
import { OssError, OssUnreachable } from '../../oss/error.ts'
import { isRegionName, regionOfLocation } from '../../oss/regions.ts'
import type { HeaderMap, Reply } from '../../ports.ts'
import { invalidArgument, notImplemented, S3Error } from '../../s3/error.ts'
import { readDocument } from '../../s3/read-document.ts'
import { bucketAclHeader, grantsNameAnAccount, type OssAcl, requestedAcl } from '../../translate/acl.ts'
import { isOwnership, otherOwnership } from '../../translate/bucket/ownership.ts'
import { checkElements, child, childText } from '../../translate/elements.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { parseTags, renderTags, type Tag, validateTags } from '../../translate/tags.ts'
import type { XmlNode } from '../../xml/index.ts'
import { requireAction } from '../authorize-session.ts'
import { bucketName } from '../mapping.ts'
import type { BucketRequest, Context } from '../operation.ts'
import { partOnly } from '../part-of-bucket.ts'
import { callOnBucket, withDocument } from '../subresource.ts'

const ROOT = 'CreateBucketConfiguration'

/**
 * CreateBucket in the region of the LocationConstraint, else in the gateway's own. What OSS takes only afterwards
 * (tags, object lock) is set before the answer; where that fails the bucket is deleted again.
 */
export async function createBucket(request: BucketRequest, context: Context): Promise<Reply> {
  const { bucket, headers } = request
  const { region, tags } = await readConfiguration(request)
  if (tags.length > 0) requireAction(context.client, 's3:TagResource', { bucket: bucketName(request) })
  refuseNamespace(headers)
  const locked = isLocked(headers)
  const acl = await wantedAcl(headers, context)
  // OSS answers 200 to the owner's second PutBucket, and resets the bucket's ACL on the way.
  if (await bucketExists(bucket, context)) {
    throw new S3Error('BucketAlreadyOwnedByYou', { elements: { BucketName: bucketName(request) } })
  }
  if (request.mapped !== undefined && request.mapped.prefix !== '')
    throw partOnly('CreateBucket', request.mapped)
  try {
    const created = await context.oss.send({
      method: 'PUT',
      bucket,
      region,
      headers: acl === undefined ? {} : bucketAclHeader(acl),
      body: new Uint8Array(0),
    })
    if (region !== undefined) context.oss.learnRegion(bucket, region)
    await configure(request, context, configurationCalls(request, locked, tags))
    return {
      status: 200,
      headers: {
        ...toS3Answer(created.headers),
        location: `/${bucketName(request)}`,
        'x-amz-bucket-arn': `arn:aws:s3:::${bucketName(request)}`,
      },
    }
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

type Configuration = { region: string | undefined; tags: Tag[] }

/** @throws S3Error MalformedXML, InvalidLocationConstraint, InvalidTag; NotImplemented for other kinds of buckets. */
async function readConfiguration(request: BucketRequest): Promise<Configuration> {
  const document = request.body === undefined ? undefined : await readDocument(request.body.body, ROOT)
  if (document === undefined) return { region: undefined, tags: [] }
  checkElements(document, ROOT, ['LocationConstraint', 'Tags'])
  const list = child(document, 'Tags')
  const tags = list === undefined ? [] : parseTags(list, `${ROOT}/Tags`)
  validateTags(tags, 'new bucket')
  return { region: regionIn(document), tags }
}

function regionIn(document: XmlNode): string | undefined {
  const constraint = childText(document, 'LocationConstraint')
  if (constraint === undefined || constraint === '') return undefined
  const region = regionOfLocation(constraint)
  if (!isRegionName(region)) {
    throw new S3Error('InvalidLocationConstraint', { elements: { LocationConstraint: constraint } })
  }
  return region
}

/**
 * The new bucket's ACL, by `x-amz-acl` or grants, as far as the ownership of its objects allows one.
 * @throws S3Error InvalidArgument, InvalidRequest, InvalidBucketAclWithObjectOwnership; NotImplemented for an ownership that
 * is not the settings', and what no canned ACL of OSS says.
 */
async function wantedAcl(headers: HeaderMap, { oss, config }: Context): Promise<OssAcl | undefined> {
  const { ownership } = config.document.acl
  const name = 'x-amz-object-ownership'
  const wanted = headers[name]
  if (wanted !== undefined && !isOwnership(wanted)) {
    throw invalidArgument(`Invalid ${name} header: ${wanted}`, name)
  }
  const acl = requestedAcl(
    headers,
    'ObjectWriter',
    grantsNameAnAccount(headers) ? await getAccountId(oss) : undefined,
  )
  const areOff = [wanted, ownership].includes('BucketOwnerEnforced')
  if (areOff && acl !== undefined && acl !== 'private') {
    throw new S3Error('InvalidBucketAclWithObjectOwnership')
  }
  const reason = wanted && otherOwnership(wanted, ownership)
  if (reason !== undefined) throw notImplemented(name, reason)
  return acl
}

/** The namespace of all accounts is OSS's only one. */
function refuseNamespace(headers: HeaderMap): void {
  const name = 'x-amz-bucket-namespace'
  const namespace = headers[name]
  if (namespace === undefined || namespace === 'global') return
  if (namespace === 'account-regional') throw notImplemented(name, 'OSS has one namespace for all accounts')
  throw invalidArgument(`Invalid ${name} header: ${namespace}`, name)
}

function isLocked(headers: HeaderMap): boolean {
  const name = 'x-amz-bucket-object-lock-enabled'
  const enabled = (headers[name] ?? 'false').toLowerCase()
  if (enabled !== 'true' && enabled !== 'false') {
    throw invalidArgument(`Invalid ${name} header: ${enabled}`, name)
  }
  return enabled === 'true'
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

/** The calls that give a new bucket its versioning, object lock and tags, in order: object lock needs versioning. */
function configurationCalls(request: BucketRequest, locked: boolean, tags: readonly Tag[]): OssCall[] {
  const put = (subresource: string, root: string, content: Parameters<typeof withDocument>[2]) =>
    withDocument(callOnBucket(request, 'PUT', subresource), root, content)
  return [
    ...(locked
      ? [
          put('versioning', 'VersioningConfiguration', { Status: 'Enabled' }),
          put('objectWorm', 'ObjectWormConfiguration', { ObjectWormEnabled: 'Enabled' }),
        ]
      : []),
    ...(tags.length === 0 ? [] : [put('tagging', 'Tagging', renderTags(tags))]),
  ]
}

async function configure({ bucket }: BucketRequest, { oss, log }: Context, calls: readonly OssCall[]) {
  try {
    for (const call of calls) await oss.send(call)
  } catch (error) {
    // S3 creates the bucket with all of it, or not at all.
    await oss
      .send({ method: 'DELETE', bucket })
      .catch((cause) => log('a half-made bucket is left', { bucket, cause: String(cause) }))
    throw error
  }
}
