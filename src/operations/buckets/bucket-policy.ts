import type { Config } from '../../config/index.ts'
import { getBucketInfo } from '../../oss/bucket-info.ts'
import { OssError } from '../../oss/error.ts'
import { textOf } from '../../oss/read-body.ts'
import type { Reply } from '../../ports.ts'
import type { PlainBody } from '../../s3/body.ts'
import { S3Error } from '../../s3/error.ts'
import { readText } from '../../s3/read-document.ts'
import { type PolicySetting, toOssPolicy } from '../../translate/bucket/policy-to-oss.ts'
import { namesAnOwner, toS3Policy } from '../../translate/bucket/policy-to-s3.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { text } from '../../xml/index.ts'
import { isLimitedIn, mayUseBucket } from '../authorize.ts'
import { type BucketRequest, type Context, xmlReply } from '../operation.ts'
import { callOnBucket } from '../subresource.ts'

/** GetBucketPolicy, in S3's grammar. @throws S3Error NotImplemented for a policy that S3 cannot say. */
export async function getBucketPolicy(request: BucketRequest, context: Context): Promise<Reply> {
  const { bucket } = request
  const { headers, body } = await context.oss.send(callOnBucket(request, 'GET', 'policy'))
  const policy = await textOf(body)
  const owner = namesAnOwner(policy) ? (await getBucketInfo(context.oss, bucket)).ownerId : undefined
  return {
    status: 200,
    headers: { ...toS3Answer(headers), 'content-type': 'application/json' },
    body: toS3Policy(policy, { bucket, owner }, settingOf(bucket, context.config)),
  }
}

/** PutBucketPolicy: what means the same to OSS, which enforces it. @throws S3Error MalformedPolicy, NotImplemented. */
export async function putBucketPolicy(request: BucketRequest, { oss, config }: Context): Promise<Reply> {
  const policy = await readText((request.body as PlainBody).body, 'MalformedPolicy')
  if (policy === '') throw new S3Error('MissingRequestBodyError')
  const { headers } = await oss.send({
    ...callOnBucket(request, 'PUT', 'policy'),
    headers: { 'content-type': 'application/json' },
    body: new TextEncoder().encode(toOssPolicy(policy, request.bucket, settingOf(request.bucket, config))),
  })
  return { status: 204, headers: toS3Answer(headers) }
}

/** On Workers clients may come by HTTP: nothing there says that they do not. */
const settingOf = (bucket: string, { clients, listen, endpoint, anonymous }: Config): PolicySetting => ({
  isLimited: (accessKeyId) => {
    const client = clients.get(accessKeyId)
    return client && isLimitedIn(client, bucket)
  },
  encrypted: listen.tls !== undefined && (endpoint.domains?.get(bucket) ?? endpoint).protocol === 'https:',
  forwardsUnsigned: anonymous !== undefined && mayUseBucket(anonymous, bucket),
})

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
