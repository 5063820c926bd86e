import type { Client, Upstream } from '../../config/index.ts'
import { getBucketInfo } from '../../oss/bucket-info.ts'
import { OssError } from '../../oss/error.ts'
import { textOf } from '../../oss/read-body.ts'
import type { Reply } from '../../ports.ts'
import type { PlainBody } from '../../s3/body.ts'
import { S3Error } from '../../s3/error.ts'
import { readText } from '../../s3/read-document.ts'
import { isObject, parseObject } from '../../translate/bucket/policy-json.ts'
import { type PolicySetting, toOssPolicy } from '../../translate/bucket/policy-to-oss.ts'
import { namesAnOwner, toS3Policy } from '../../translate/bucket/policy-to-s3.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { text } from '../../xml/index.ts'
import { isLimitedIn, mayUseBucket } from '../authorize.ts'
import { bucketName, placeOf } from '../mapping.ts'
import { type BucketRequest, type Context, xmlReply } from '../operation.ts'
import { callOnBucket } from '../subresource.ts'

/** GetBucketPolicy, in S3's grammar. @throws S3Error NotImplemented for a policy that S3 cannot say. */
export async function getBucketPolicy(request: BucketRequest, context: Context): Promise<Reply> {
  const { bucket } = request
  const name = bucketName(request)
  const { headers, body } = await context.oss.send(callOnBucket(request, 'GET', 'policy'))
  const policy = renamed(await textOf(body), bucket, name)
  const owner = namesAnOwner(policy) ? (await getBucketInfo(context.oss, bucket)).ownerId : undefined
  return {
    status: 200,
    headers: { ...toS3Answer(headers), 'content-type': 'application/json' },
    body: toS3Policy(policy, { bucket: name, owner }, settingOf(request, context)),
  }
}

/** PutBucketPolicy: what means the same to OSS, which enforces it. @throws S3Error MalformedPolicy, NotImplemented. */
export async function putBucketPolicy(request: BucketRequest, context: Context): Promise<Reply> {
  const policy = await readText((request.body as PlainBody).body, 'MalformedPolicy')
  if (policy === '') throw new S3Error('MissingRequestBodyError')
  const name = bucketName(request)
  const ossPolicy = renamed(toOssPolicy(policy, name, settingOf(request, context)), name, request.bucket)
  const { headers } = await context.oss.send({
    ...callOnBucket(request, 'PUT', 'policy'),
    headers: { 'content-type': 'application/json' },
    body: new TextEncoder().encode(ossPolicy),
  })
  return { status: 204, headers: toS3Answer(headers) }
}

/** On Workers clients may come by HTTP: nothing there says that they do not. */
function settingOf(request: BucketRequest, { config, upstream }: Context): PolicySetting {
  const { clients, listen, anonymous } = config
  const { bucket } = request
  const name = bucketName(request)
  const { endpoint } = (upstream === undefined ? config : config.upstreams.get(upstream)) as Upstream
  const isHere = (client: Client, named: string) => {
    const place = placeOf(config, client, named)
    return place.upstream === upstream && place.bucket === bucket
  }
  return {
    isLimited: (accessKeyId) => {
      const client = clients.get(accessKeyId)
      return client && (!isHere(client, name) || isLimitedIn(client, name))
    },
    encrypted: listen.tls !== undefined && (endpoint.domains?.get(bucket) ?? endpoint).protocol === 'https:',
    // By its own name, or by one that a mapping gives it.
    forwardsUnsigned:
      anonymous !== undefined &&
      [bucket, ...config.buckets.keys()].some(
        (one) => mayUseBucket(anonymous, one) && isHere(anonymous, one),
      ),
  }
}

/** A policy of OSS whose resources name another bucket. */
function renamed(policy: string, from: string, to: string): string {
  if (from === to) return policy
  const document = parseObject(policy)
  const statements = [document.Statement].flat().filter(isObject)
  for (const statement of statements) {
    statement.Resource = [statement.Resource]
      .flat()
      .map((resource) =>
        String(resource).replace(/^(acs:oss:\*:[^:]*:)([^/]*)/, (whole, before, name) =>
          name === from ? `${before}${to}` : whole,
        ),
      )
  }
  return JSON.stringify(document)
}

/** DeleteBucketPolicy. */
export async function deleteBucketPolicy(request: BucketRequest, { oss }: Context): Promise<Reply> {
  const { headers } = await oss.send(callOnBucket(request, 'DELETE', 'policy'))
  return { status: 204, headers: toS3Answer(headers) }
}

/**
 * GetBucketPolicyStatus: whether OSS takes the policy for one that opens the bucket to everyone. Without a policy OSS
 * answers that it does not (a live suite of the Java SDK), or as S3 does.
 * @throws OssError NoSuchBucketPolicy.
 */
export async function getBucketPolicyStatus(request: BucketRequest, { oss }: Context): Promise<Reply> {
  const { headers, document } = await oss.sendForXml(
    callOnBucket(request, 'GET', 'policyStatus'),
    'PolicyStatus',
  )
  const IsPublic = text(document, 'IsPublic') === 'true'
  if (!IsPublic) await requirePolicy(request, oss)
  return xmlReply('PolicyStatus', { IsPublic }, toS3Answer(headers))
}

/** @throws OssError NoSuchBucketPolicy. Who may not read the policy is not told that there is none. */
async function requirePolicy(request: BucketRequest, oss: Context['oss']): Promise<void> {
  try {
    const { body } = await oss.send(callOnBucket(request, 'GET', 'policy'))
    await textOf(body)
  } catch (error) {
    if (!(error instanceof OssError && error.code === 'AccessDenied')) throw error
  }
}
