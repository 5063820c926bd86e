import type { OssError } from '../oss/error.ts'
import { isS3ErrorCode, S3Error, type S3ErrorCode } from '../s3/error.ts'

/** OSS codes that S3 has under another name. Codes of the same name and meaning are not listed. */
const renamed: Record<string, S3ErrorCode> = {
  SymlinkTargetNotExist: 'NoSuchKey',
  InvalidObjectName: 'InvalidURI',
  FilePartNotExist: 'InvalidPart',
  InvalidCRC64: 'BadDigest',
  InvalidXMLFormat: 'MalformedXML',
  MissingArgument: 'InvalidRequest',
  OperationNotSupported: 'InvalidRequest',
  InvalidDataEncryptionAlgorithmError: 'InvalidArgument',
  KmsServiceNotEnabled: 'InvalidRequest',
  FileImmutable: 'AccessDenied',
  FileAlreadyExists: 'PreconditionFailed',
  UserDisable: 'AccountProblem',
  BucketDisable: 'AllAccessDisabled',
  RepeatedTags: 'InvalidTag',
  InvalidTaggingKey: 'InvalidTag',
  TooManyTags: 'InvalidTag',
  NoSuchLifecycle: 'NoSuchLifecycleConfiguration',
  NoSuchServerSideEncryptionRule: 'ServerSideEncryptionConfigurationNotFoundError',
  NoSuchBucketObjectTagging: 'NoSuchTagSet',
  NoSuchWORMConfiguration: 'ObjectLockConfigurationNotFoundError',
  NoSuchRegion: 'InvalidLocationConstraint',
  MirrorFailed: 'NoSuchKey',
  DownloadTrafficRateLimitExceeded: 'SlowDown',
  UploadTrafficRateLimitExceeded: 'SlowDown',
  MetaOperationQpsLimitExceeded: 'SlowDown',
  TotalQpsLimitExceeded: 'SlowDown',
  ActiveRequestLimitExceeded: 'SlowDown',
  CpuLimitExceeded: 'SlowDown',
}

/** OSS refuses the gateway's own identity or signature: a client must not think that its key is wrong. */
const ownFault = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'SecurityTokenExpired',
  'InvalidSecurityToken',
  'AccessKeyIdAndSecurityTokenNotMatch',
  'SecurityTokenNotSupported',
  'RequestTimeTooSkewed',
  'SecondLevelDomainForbidden',
  'NonStandardHostForbidden',
])

const nearest: Record<number, S3ErrorCode> = {
  400: 'InvalidRequest',
  403: 'AccessDenied',
  404: 'NoSuchKey',
  405: 'MethodNotAllowed',
  409: 'OperationAborted',
  411: 'MissingContentLength',
  412: 'PreconditionFailed',
  416: 'InvalidRange',
}

/** What was asked for: the elements S3 names in its errors. */
export type ErrorSubject = {
  method?: string | undefined
  bucket?: string | undefined
  key?: string | undefined
  versionId?: string | undefined
  uploadId?: string | undefined
}

/** Seconds a client is asked to wait before it tries again. */
const RETRY_AFTER = '1'

/** An answer of OSS as S3 would have given it. Never a success, whatever the code. */
export function toS3Error(error: OssError, subject: ErrorSubject = {}): S3Error {
  if (ownFault.has(error.code)) return new S3Error('InternalError', { cause: error })
  const code = s3Code(error)
  const headers: Record<string, string> = {}
  if (code === 'SlowDown' || code === 'ServiceUnavailable') headers['retry-after'] = RETRY_AFTER
  if (error.headers['x-oss-delete-marker'] === 'true') {
    headers['x-amz-delete-marker'] = 'true'
    const versionId = error.headers['x-oss-version-id']
    if (versionId !== undefined) headers['x-amz-version-id'] = versionId
    if (code === 'MethodNotAllowed') headers.allow = 'DELETE'
  }
  return new S3Error(code, {
    // OSS says more than S3 where it refuses an argument; elsewhere clients compare S3's own texts.
    ...(error.status < 500 && (keepsMessage.has(code) || error.code !== code)
      ? { message: messageOf(error, code) }
      : {}),
    // Sent only for a client's `If-None-Match: *`.
    elements:
      error.code === 'FileAlreadyExists'
        ? { Condition: 'If-None-Match' }
        : code === 'MethodNotAllowed' && error.headers['x-oss-delete-marker'] === 'true'
          ? { Method: subject.method ?? '', ResourceType: 'DeleteMarker' }
          : elementsOf(code, { ...subject, bucket: error.bucketName ?? subject.bucket }),
    headers,
    cause: error,
  })
}

const keepsMessage = new Set<S3ErrorCode>(['InvalidArgument', 'InvalidRequest', 'MalformedXML', 'InvalidTag'])
/** Renamed codes whose S3 text says the same. */
const sameMeaning = new Set<S3ErrorCode>([
  'NoSuchKey',
  'SlowDown',
  'PreconditionFailed',
  'InvalidPart',
  'NoSuchTagSet',
])

const LOCKED = 'Access Denied because object protected by object lock.'

function messageOf(error: OssError, code: S3ErrorCode): string {
  if (error.ec === DELETE_MARKER_AS_SOURCE) {
    return 'The source of a copy request may not specifically refer to a delete marker by version id.'
  }
  if (error.code === 'FileImmutable') return LOCKED
  if (sameMeaning.has(code) || isConfigurationMissing(code)) return new S3Error(code).message
  return error.message
}

const isConfigurationMissing = (code: S3ErrorCode) =>
  code.startsWith('NoSuch') || code.endsWith('NotFoundError')

/** OSS calls it an argument; S3 an invalid request, in the same words. */
const DELETE_MARKER_AS_SOURCE = '0016-00000307'

function s3Code(error: OssError): S3ErrorCode {
  if (error.ec === DELETE_MARKER_AS_SOURCE) return 'InvalidRequest'
  const known = Object.hasOwn(renamed, error.code) ? renamed[error.code] : undefined
  if (known !== undefined) return known
  if (error.code === 'AccessDenied' || (isS3ErrorCode(error.code) && error.status < 500)) {
    return error.code as S3ErrorCode
  }
  if (error.status === 503 || error.status === 429) return 'SlowDown'
  if (error.status >= 500) return 'ServiceUnavailable'
  return nearest[error.status] ?? 'InternalError'
}

function elementsOf(
  code: S3ErrorCode,
  { bucket, key, versionId, uploadId }: ErrorSubject,
): Record<string, string> {
  switch (code) {
    case 'NoSuchKey':
      return key === undefined ? {} : { Key: key }
    case 'NoSuchVersion':
      return {
        ...(key === undefined ? {} : { Key: key }),
        ...(versionId === undefined ? {} : { VersionId: versionId }),
      }
    case 'NoSuchUpload':
      return uploadId === undefined ? {} : { UploadId: uploadId }
    case 'PreconditionFailed':
      return {}
    case 'NoSuchBucket':
    case 'BucketNotEmpty':
    case 'BucketAlreadyExists':
    case 'BucketAlreadyOwnedByYou':
    case 'InvalidBucketName':
      return bucket === undefined ? {} : { BucketName: bucket }
    default:
      return isConfigurationMissing(code) && bucket !== undefined ? { BucketName: bucket } : {}
  }
}

/** OSS gave no answer, or none that can be trusted. SDKs retry it. */
export function unreachable(cause: unknown): S3Error {
  return new S3Error('ServiceUnavailable', { headers: { 'retry-after': RETRY_AFTER }, cause })
}
