import { OssError } from '../../oss/error.ts'
import type { HeaderMap, Reply } from '../../ports.ts'
import { S3Error } from '../../s3/error.ts'
import { accelerate } from '../../translate/bucket/accelerate.ts'
import type { BucketDocument } from '../../translate/bucket/bucket-document.ts'
import { cors } from '../../translate/bucket/cors.ts'
import { encryption } from '../../translate/bucket/default-encryption.ts'
import { lifecycle } from '../../translate/bucket/lifecycle.ts'
import { logging } from '../../translate/bucket/logging.ts'
import { objectLock } from '../../translate/bucket/object-lock.ts'
import { publicAccessBlock } from '../../translate/bucket/public-access-block.ts'
import { requestPayment } from '../../translate/bucket/request-payment.ts'
import { tagging } from '../../translate/bucket/tagging.ts'
import { versioning } from '../../translate/bucket/versioning.ts'
import { website } from '../../translate/bucket/website.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import type { XmlNode, XmlTree } from '../../xml/index.ts'
import { type BucketRequest, type Context, type Operation, xmlReply } from '../operation.ts'
import { bucketRow, callOnBucket, requireDocument, withDocument } from '../subresource.ts'
import {
  checkLoggingTarget,
  checkTransitionMinimumSize,
  checkVersioningBeforeLock,
  checkVersioningOfLockedBucket,
  loggingTargetNamed,
  type SettingCheck,
} from './bucket-setting-checks.ts'

/** A document of a bucket, under a sub-resource of its own on each side. */
type Setting = {
  document: BucketDocument
  query: string
  ossQuery: string
  get: string
  put: string
  delete?: string
  /** What S3 answers a PUT with, where it is not 200. */
  status?: 204
  /** Looked at before OSS is asked to change anything. */
  check?: SettingCheck
  /** What is told of OSS's document, by the names that the client has. */
  named?: (content: XmlNode, context: Context) => XmlNode
  /** Headers for OSS besides the document. */
  headers?: HeaderMap
  /** What S3 shows where OSS has an error, by that error's code. */
  absent?: Record<string, XmlTree>
}

const settings: readonly Setting[] = [
  {
    document: versioning,
    query: 'versioning',
    ossQuery: 'versioning',
    get: 'GetBucketVersioning',
    put: 'PutBucketVersioning',
    check: checkVersioningOfLockedBucket,
  },
  {
    document: cors,
    query: 'cors',
    ossQuery: 'cors',
    get: 'GetBucketCors',
    put: 'PutBucketCors',
    delete: 'DeleteBucketCors',
  },
  {
    document: lifecycle,
    query: 'lifecycle',
    ossQuery: 'lifecycle',
    get: 'GetBucketLifecycleConfiguration',
    put: 'PutBucketLifecycleConfiguration',
    delete: 'DeleteBucketLifecycle',
    check: checkTransitionMinimumSize,
    // S3's rules may overlap.
    headers: { 'x-oss-allow-same-action-overlap': 'true' },
  },
  {
    document: tagging,
    query: 'tagging',
    ossQuery: 'tagging',
    get: 'GetBucketTagging',
    put: 'PutBucketTagging',
    delete: 'DeleteBucketTagging',
    status: 204,
  },
  {
    document: encryption,
    query: 'encryption',
    ossQuery: 'encryption',
    get: 'GetBucketEncryption',
    put: 'PutBucketEncryption',
    delete: 'DeleteBucketEncryption',
  },
  {
    document: publicAccessBlock,
    query: 'publicAccessBlock',
    ossQuery: 'publicAccessBlock',
    get: 'GetPublicAccessBlock',
    put: 'PutPublicAccessBlock',
    delete: 'DeletePublicAccessBlock',
  },
  {
    document: logging,
    query: 'logging',
    ossQuery: 'logging',
    get: 'GetBucketLogging',
    put: 'PutBucketLogging',
    check: checkLoggingTarget,
    named: loggingTargetNamed,
  },
  {
    document: website,
    query: 'website',
    ossQuery: 'website',
    get: 'GetBucketWebsite',
    put: 'PutBucketWebsite',
    delete: 'DeleteBucketWebsite',
  },
  {
    document: requestPayment,
    query: 'requestPayment',
    ossQuery: 'requestPayment',
    get: 'GetBucketRequestPayment',
    put: 'PutBucketRequestPayment',
  },
  {
    document: accelerate,
    query: 'accelerate',
    ossQuery: 'transferAcceleration',
    get: 'GetBucketAccelerateConfiguration',
    put: 'PutBucketAccelerateConfiguration',
    absent: { NoSuchTransferAccelerationConfiguration: {} },
  },
  {
    document: objectLock,
    query: 'object-lock',
    ossQuery: 'objectWorm',
    get: 'GetObjectLockConfiguration',
    put: 'PutObjectLockConfiguration',
    check: checkVersioningBeforeLock,
  },
]

/** Get, Put and, where S3 has one, Delete of each of them. */
export const bucketSettings: readonly Operation[] = settings.flatMap((setting) => {
  const { query, get, put, delete: remove } = setting
  const both = [
    bucketRow(get, 'GET', query, (request, context) => getSetting(setting, request, context)),
    bucketRow(put, 'PUT', query, (request, context) => putSetting(setting, request, context)),
  ]
  if (remove === undefined) return both
  return [
    ...both,
    bucketRow(remove, 'DELETE', query, (request, context) => deleteSetting(setting, request, context)),
  ]
})

async function getSetting(
  { document, ossQuery, named = (same) => same, absent = {} }: Setting,
  request: BucketRequest,
  context: Context,
): Promise<Reply> {
  try {
    const answer = await context.oss.sendForXml(callOnBucket(request, 'GET', ossQuery), document.ossRoot)
    const content = document.toS3(named(answer.document, context))
    if (typeof content === 'string') throw new S3Error(content, { elements: { BucketName: request.bucket } })
    return xmlReply(document.root, content, toS3Answer(answer.headers))
  } catch (error) {
    const shown =
      error instanceof OssError && Object.hasOwn(absent, error.code) ? absent[error.code] : undefined
    if (shown === undefined) throw error
    return xmlReply(document.root, shown)
  }
}

async function putSetting(setting: Setting, request: BucketRequest, context: Context): Promise<Reply> {
  const { document, ossQuery, status = 200, check, headers = {} } = setting
  const wanted = await requireDocument(request, document.root)
  const { map } = context.config.document.storageClass
  const content = document.toOss(wanted, { storageClasses: map })
  await check?.(request, context, wanted)
  if (content === undefined) return { ...(await deleteSetting(setting, request, context)), status }
  const call = { ...callOnBucket(request, 'PUT', ossQuery), headers }
  const send = (tree: XmlTree) => context.oss.send(withDocument(call, document.ossRoot, tree))
  const answer = await send(content)
    .catch((error) => {
      const plain = document.withoutHints?.(content)
      if (plain === undefined || !(error instanceof OssError) || error.status !== 400) throw error
      return send(plain)
    })
    .catch((error) => {
      throw (error instanceof OssError ? document.refused?.(error) : undefined) ?? error
    })
  return { status, headers: toS3Answer(answer.headers) }
}

async function deleteSetting(
  { ossQuery }: Setting,
  request: BucketRequest,
  { oss }: Context,
): Promise<Reply> {
  const answer = await oss.send(callOnBucket(request, 'DELETE', ossQuery))
  return { status: 204, headers: toS3Answer(answer.headers) }
}
