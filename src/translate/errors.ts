import { errorCauses, isRedirection, type OssError, OssUnreachable } from '../oss/error.ts'
import { isS3ErrorCode, retryAfter, S3Error, type S3ErrorCode } from '../s3/error.ts'

/** What an error of OSS becomes. */
type Row = {
  code: S3ErrorCode
  /** The text: `s3`: S3's own for the code, by which clients tell errors; absent: OSS's, which says what is wrong; or another. */
  text?: 's3' | { message: string }
  /** Elements of the document besides those that the code has anyway. */
  elements?: Record<string, string>
}

/**
 * OSS's codes that S3 has under another name. A code that both have, with the same meaning, is in no row; one that S3
 * does not have becomes the nearest of its status.
 * S3: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; OSS: the page of each status in its developer
 * guide ("HTTP 400 status code" …).
 */
export const renamedErrors: Readonly<Record<string, Row>> = {
  // Objects and uploads.
  SymlinkTargetNotExist: { code: 'NoSuchKey', text: 's3' },
  MirrorFailed: { code: 'NoSuchKey', text: 's3' },
  InvalidObjectName: { code: 'InvalidURI' },
  FilePartNotExist: { code: 'InvalidPart', text: 's3' },
  InvalidCRC64: { code: 'BadDigest' },
  // Sent only for a client's `If-None-Match: *`.
  FileAlreadyExists: {
    code: 'PreconditionFailed',
    text: 's3',
    elements: { Condition: 'If-None-Match' },
  },
  FileImmutable: {
    code: 'AccessDenied',
    text: { message: 'Access Denied because object protected by object lock.' },
  },

  // Requests.
  InvalidXMLFormat: { code: 'MalformedXML' },
  MissingArgument: { code: 'InvalidRequest' },
  OperationNotSupported: { code: 'InvalidRequest' },
  InvalidDataEncryptionAlgorithmError: { code: 'InvalidArgument' },
  KmsServiceNotEnabled: { code: 'InvalidRequest' },
  RepeatedTags: { code: 'InvalidTag' },
  InvalidTaggingKey: { code: 'InvalidTag' },
  TooManyTags: { code: 'InvalidTag' },

  // Buckets and accounts.
  UserDisable: { code: 'AccountProblem' },
  BucketDisable: { code: 'AllAccessDisabled' },
  TransferAccelerationDisabled: {
    code: 'InvalidRequest',
    text: { message: 'S3 Transfer Acceleration is not configured on this bucket' },
  },
  NoSuchRegion: { code: 'InvalidLocationConstraint' },
  NoSuchLifecycle: { code: 'NoSuchLifecycleConfiguration', text: 's3' },
  NoSuchServerSideEncryptionRule: { code: 'ServerSideEncryptionConfigurationNotFoundError', text: 's3' },
  NoSuchBucketObjectTagging: { code: 'NoSuchTagSet', text: 's3' },
  NoSuchWORMConfiguration: { code: 'ObjectLockConfigurationNotFoundError', text: 's3' },

  // Limits.
  DownloadTrafficRateLimitExceeded: { code: 'SlowDown', text: 's3' },
  UploadTrafficRateLimitExceeded: { code: 'SlowDown', text: 's3' },
  MetaOperationQpsLimitExceeded: { code: 'SlowDown', text: 's3' },
  TotalQpsLimitExceeded: { code: 'SlowDown', text: 's3' },
  ActiveRequestLimitExceeded: { code: 'SlowDown', text: 's3' },
  CpuLimitExceeded: { code: 'SlowDown', text: 's3' },

  // OSS refuses the gateway's own identity, signature or address: a client must not think that its key is wrong.
  InvalidAccessKeyId: { code: 'InternalError', text: 's3' },
  SignatureDoesNotMatch: { code: 'InternalError', text: 's3' },
  SecurityTokenExpired: { code: 'InternalError', text: 's3' },
  InvalidSecurityToken: { code: 'InternalError', text: 's3' },
  AccessKeyIdAndSecurityTokenNotMatch: { code: 'InternalError', text: 's3' },
  SecurityTokenNotSupported: { code: 'InternalError', text: 's3' },
  RequestTimeTooSkewed: { code: 'InternalError', text: 's3' },
  SecondLevelDomainForbidden: { code: 'InternalError', text: 's3' },
  NonStandardHostForbidden: { code: 'InternalError', text: 's3' },
  // Accounts since March 2025 reach the data of buckets in the Chinese mainland by custom domains (the setting `endpoints`).
  PublicEndpointForbidden: { code: 'InternalError', text: 's3' },
  CnameDenied: { code: 'InternalError', text: 's3' },
}

/** The same by the error-cause code, where OSS's code is too wide. */
export const renamedCauses: Readonly<Record<string, Row>> = {
  // The region of the gateway's own signature.
  [errorCauses.wrongSigningRegion]: { code: 'InternalError', text: 's3' },
  // A copy of a delete marker: OSS calls it an argument; S3 an invalid request, in the same words.
  [errorCauses.sourceIsDeleteMarker]: {
    code: 'InvalidRequest',
    text: {
      message: 'The source of a copy request may not specifically refer to a delete marker by version id.',
    },
  },
}

/** Of an object that OSS gives only where its bucket's website leads to. */
const redirected: Row = {
  code: 'NotImplemented',
  text: {
    message: "OSS redirects this request by a rule of the bucket's website, which S3 does not follow.",
  },
}

/** S3's code for one of OSS's that S3 does not have, by its status. */
const nearest: Readonly<Record<number, S3ErrorCode>> = {
  400: 'InvalidRequest',
  403: 'AccessDenied',
  404: 'NoSuchKey',
  405: 'MethodNotAllowed',
  409: 'OperationAborted',
  411: 'MissingContentLength',
  412: 'PreconditionFailed',
  416: 'InvalidRange',
  429: 'SlowDown',
  503: 'SlowDown',
}

/** Codes of both whose text is OSS's all the same: it says which argument is wrong. */
const ossTexts = new Set<S3ErrorCode>(['InvalidArgument', 'InvalidRequest', 'MalformedXML', 'InvalidTag'])
/** Codes that stand for others by their status, and whose text says no more than S3's. */
const s3Texts = new Set<S3ErrorCode>(['NoSuchKey', 'SlowDown', 'PreconditionFailed'])

/** What was asked for: the elements S3 names in its errors. */
export type ErrorSubject = {
  method?: string | undefined
  bucket?: string | undefined
  key?: string | undefined
  versionId?: string | undefined
  uploadId?: string | undefined
}

/**
 * An answer of OSS as S3 would have given it. Never a success, whatever the code.
 * @param error OSS's; what it says of itself and of the bucket counts more than `subject`.
 * @param subject what the client asked for.
 */
export function toS3Error(error: OssError, subject: ErrorSubject = {}): S3Error {
  const row = rowOf(error)
  const { code } = row
  const headers: Record<string, string> = {}
  if (code === 'SlowDown' || code === 'ServiceUnavailable') Object.assign(headers, retryAfter)
  if (error.isDeleteMarker && code !== 'InternalError') {
    headers['x-amz-delete-marker'] = 'true'
    const versionId = error.headers['x-oss-version-id']
    if (versionId !== undefined) headers['x-amz-version-id'] = versionId
    if (code === 'MethodNotAllowed') headers.allow = 'DELETE'
  }
  const message = typeof row.text === 'object' ? row.text.message : error.message
  const isS3Text = row.text === 's3' || error.status >= 500
  return new S3Error(code, {
    ...(isS3Text ? {} : { message }),
    elements:
      row.elements ??
      (error.isDeleteMarker && code === 'MethodNotAllowed'
        ? { Method: subject.method ?? '', ResourceType: 'DeleteMarker' }
        : elementsOf(code, { ...subject, bucket: error.bucketName ?? subject.bucket })),
    headers,
    cause: error,
  })
}

function rowOf(error: OssError): Row {
  const { ec, code, status } = error
  if (isRedirection(error)) return redirected
  if (ec !== undefined && Object.hasOwn(renamedCauses, ec)) return renamedCauses[ec] as Row
  if (Object.hasOwn(renamedErrors, code)) return renamedErrors[code] as Row
  // A code of both; but a 5xx is the word of a service that fails, whatever it says.
  if (code === 'AccessDenied' || (isS3ErrorCode(code) && status < 500)) {
    return ossTexts.has(code as S3ErrorCode)
      ? { code: code as S3ErrorCode }
      : { code: code as S3ErrorCode, text: 's3' }
  }
  const near = nearest[status] ?? (status >= 500 ? 'ServiceUnavailable' : 'InternalError')
  return status >= 500 || s3Texts.has(near) ? { code: near, text: 's3' } : { code: near }
}

const isConfigurationMissing = (code: S3ErrorCode) =>
  code.startsWith('NoSuch') || code.endsWith('NotFoundError')

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

/** OSS answered a list with a page of the bucket's website. */
export function websitePage(cause: unknown): S3Error {
  return new S3Error('NotImplemented', {
    message:
      'OSS answers requests without a signature for this bucket with a page of its website. A signed request lists it.',
    cause,
  })
}

/**
 * OSS gave no answer, or none that can be trusted. SDKs retry it; not what no attempt can bring to OSS, which says why.
 */
export function unreachable(cause: unknown): S3Error {
  if (cause instanceof OssUnreachable && cause.failure === 'unsendable')
    return new S3Error('NotImplemented', { message: unsendable(cause), cause })
  return new S3Error('ServiceUnavailable', { headers: retryAfter, cause })
}

const unsendable = ({ cause, message }: OssUnreachable) =>
  `This cannot be asked of OSS: ${cause instanceof Error ? cause.message : message}`
