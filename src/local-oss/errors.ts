import { renderXml } from '../xml/index.ts'
import type { HeaderMap } from './http.ts'

type Row = readonly [status: number, message: string, ec?: string]

/** OSS's error codes: status, usual message, and error-cause code where it is documented. */
const catalogue = {
  AccessMonitorDisableNotAllowed: [
    400,
    'There are lifecycle rules based on the last access time.',
    '0036-00000005',
  ],
  AccessDenied: [403, 'AccessDenied'],
  AccessKeyIdAndSecurityTokenNotMatch: [
    403,
    'The OSS access key id and security token you provided does not match.',
    '0002-00000004',
  ],
  AccessForbidden: [
    403,
    'CORSResponse: This CORS request is not allowed. This is usually because the evaluation of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource CORS spec.',
  ],
  ArchiveRestoreFileStale: [409, 'The archive file or restore info stale', '0016-00000718'],
  ArchiveRestoreNotFinished: [409, "The archive file's restore is not finished.", '0016-00000719'],
  BadRequest: [400, 'Insufficient information. Origin request header needed.'],
  BucketAlreadyExists: [
    409,
    'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
  ],
  BucketCallbackPolicyNotExist: [404, 'The bucket callback policy does not exist.'],
  BucketNotEmpty: [409, 'The bucket has objects. Please delete them first.', '0015-00000301'],
  CallbackFailed: [203, 'The callback failed.'],
  CnameAlreadyExists: [409, 'The cname is bound to another bucket.'],
  EntityTooLarge: [400, 'Your proposed upload exceeds the maximum allowed size.'],
  EntityTooSmall: [400, 'Your proposed upload smaller than the minimum allowed size.', '0042-00000213'],
  FieldItemTooLong: [400, 'Your post form fields is too long.'],
  FileAlreadyExists: [409, 'The object you specified already exists and can not be overwritten.'],
  FileImmutable: [409, 'The object you specified is immutable.'],
  IncompleteBody: [
    400,
    'You did not provide the number of bytes specified by the Content-Length HTTP header.',
  ],
  IncorrectNumberOfFilesInPOSTRequest: [400, 'POST requires exactly one file upload per request.'],
  InternalError: [500, 'Please contact the server administrator, oss@service.aliyun.com.'],
  InvalidAccessKeyId: [
    403,
    'The OSS Access Key Id you provided does not exist in our records.',
    '0002-00000902',
  ],
  InvalidArgument: [400, 'Invalid argument.'],
  InvalidBucketName: [400, 'The specified bucket is not valid.'],
  InvalidCRC64: [400, 'The x-oss-hash-crc64ecma you specified does not match what we calculated.'],
  InvalidDataEncryptionAlgorithmError: [
    400,
    'The KMS Data Encryption request you specified is not valid. Supported value:SM4',
  ],
  InvalidDigest: [400, 'The Content-MD5 you specified was invalid.'],
  InvalidEncryptionAlgorithmError: [
    400,
    'The Encryption request you specified is not valid. Supported value: AES256/SM4/KMS.',
  ],
  InvalidLocationConstraint: [400, 'The specified location-constraint is not valid.'],
  InvalidObjectName: [400, 'The specified object is not valid.'],
  InvalidObjectState: [403, "The operation is not valid for the object's state."],
  InvalidPart: [
    400,
    "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag.",
  ],
  InvalidPartOrder: [400, 'The list of parts was not in ascending order.', '0042-00000209'],
  InvalidPolicyDocument: [400, 'The content of the policy is not a valid document.'],
  InvalidRange: [416, 'The requested range cannot be satisfied'],
  InvalidRequest: [400, 'The request is not valid.'],
  InvalidSecurityToken: [403, 'The security token you provided is invalid.', '0002-00000006'],
  InvalidTag: [400, 'The TagKey/TagValue you have provided is invalid.'],
  InvalidTargetBucketForLogging: [400, 'put bucket log requester is not target bucket owner.'],
  InvalidTargetType: [400, "The symbolic's target file type is invalid."],
  InvalidWORMConfiguration: [400, 'The WORM configuration you provided is invalid.'],
  InventoryConfigurationAlreadyExists: [409, 'The inventory configuration already exists.'],
  MalformedPOSTRequest: [400, 'The body of your POST request is not well-formed multipart/form-data.'],
  MalformedXML: [
    400,
    'The XML you provided was not well-formed or did not validate against our published schema.',
  ],
  MaxPOSTPreDataLengthExceededError: [
    400,
    'Your POST request fields preceding the upload file were too large.',
  ],
  MethodNotAllowed: [405, 'The specified method is not allowed against this resource.'],
  MirrorFailed: [424, 'The object could not be fetched from its origin.'],
  MissingArgument: [400, 'Missing Some Required Arguments.'],
  MissingContentLength: [411, 'You must provide the Content-Length HTTP header.'],
  NeedVerifyDomainOwnership: [403, 'Verification of the domain ownership is required.', '0018-00000115'],
  NoSuchBucket: [404, 'The specified bucket does not exist.', '0015-00000101'],
  NoSuchBucketOverwriteConfig: [404, 'The bucket overwrite configuration does not exist.'],
  NoSuchBucketPolicy: [404, 'The bucket policy does not exist.'],
  NoSuchCnameToken: [404, 'The cname token does not exist.'],
  NoSuchCORSConfiguration: [404, 'The CORS Configuration does not exist.'],
  NoSuchInventory: [404, 'The bucket inventory configuration does not exist.'],
  NoSuchKey: [404, 'The specified key does not exist.', '0026-00000001'],
  NoSuchLifecycle: [404, 'No Row found in Lifecycle Table.'],
  NoSuchLiveChannel: [404, 'The specified live channel does not exist.'],
  NoSuchRegion: [404, 'The specified region does not exist.'],
  NoSuchServerSideEncryptionRule: [
    404,
    'The server side encryption configuration is not found for the specified bucket.',
  ],
  NoSuchStorageQuota: [404, 'The bucket has no storage quota.'],
  NoSuchStyle: [404, 'The specified style does not exist.'],
  NoSuchTransferAccelerationConfiguration: [404, 'The transfer acceleration configuration does not exist.'],
  NoSuchUpload: [
    404,
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    '0042-00000002',
  ],
  NoSuchUserDefinedLogFieldsConfig: [404, 'The user-defined log fields configuration does not exist.'],
  NoSuchVersion: [404, 'The specified version does not exist.', '0012-00000203'],
  NoSuchWebsiteConfiguration: [404, 'The specified bucket does not have a website configuration.'],
  NoSuchObjectLegalHoldConfiguration: [404, 'The object has no legal hold configuration.'],
  NoSuchObjectRetentionConfiguration: [404, 'The object has no retention configuration.'],
  NoSuchWORMConfiguration: [404, 'The WORM Configuration does not exist.'],
  NotImplemented: [400, 'A header you provided implies functionality that is not implemented.'],
  NotModified: [304, 'Not Modified'],
  NotSymlink: [400, 'The object is not symlink.'],
  ObjectNotAppendable: [409, 'The object is not appendable.'],
  OperationNotSupported: [400, 'The operation is not supported for this resource.'],
  PartAlreadyExist: [
    409,
    "For sequential multipart upload, you can't overwrite uploaded parts.",
    '0042-00000108',
  ],
  PartNotSequential: [
    400,
    'For sequential multipart upload, you must upload or complete parts with sequential part number.',
  ],
  PositionNotEqualToLength: [409, 'Position is not equal to file length', '0026-00000016'],
  PreconditionFailed: [
    412,
    'At least one of the pre-conditions you specified did not hold.',
    '0017-00001001',
  ],
  QuotaExceeded: [403, 'The storage quota of the bucket is exceeded.'],
  RequestIsNotMultiPartContent: [400, 'Bucket POST must be of the enclosure-type multipart/form-data.'],
  RequestTimeTooSkewed: [
    403,
    'The difference between the request time and the current time is too large.',
    '0002-00000504',
  ],
  ResourceGroupIdPreCheckError: [400, 'The resource group id precheck error', '0039-00000003'],
  RestoreAlreadyInProgress: [409, 'The restore operation is in progress.', '0026-00000011'],
  SecondLevelDomainForbidden: [
    403,
    'The bucket you are attempting to access must be addressed using OSS third level domain.',
    '0003-00001401',
  ],
  SecurityTokenExpired: [403, 'The security token you provided has expired.', '0002-00000007'],
  SignatureDoesNotMatch: [
    403,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  ],
  SymlinkTargetNotExist: [404, 'The symlink target object does not exist.'],
  TransferAccelerationDisabled: [403, 'The transfer acceleration of the bucket is disabled.'],
  WORMConfigurationAlreadyExists: [409, 'The WORM Configuration already exists.'],
  WORMConfigurationLocked: [403, 'The WORM Configuration is locked.'],
} as const satisfies Record<string, Row>

/** The codes of the catalogue. */
export type OssErrorCode = keyof typeof catalogue

/** What of an error differs from its catalogue row. `elements` become children of `<Error>`. */
export type ErrorDetails = {
  message?: string
  ec?: string | undefined
  elements?: Record<string, string | number | undefined>
  headers?: HeaderMap
}

/** A refusal in OSS's words; thrown anywhere, rendered once by the handler. */
export class OssError extends Error {
  override name = 'OssError'
  readonly code: string
  readonly status: number
  readonly ec: string | undefined
  readonly elements: Record<string, string | number | undefined>
  readonly headers: HeaderMap

  constructor(code: OssErrorCode, details: ErrorDetails = {}) {
    const [status, message, ec]: Row = catalogue[code]
    super(details.message ?? message)
    this.code = code
    this.status = status
    this.ec = details.ec ?? (details.message === undefined ? ec : undefined)
    this.elements = details.elements ?? {}
    this.headers = { ...details.headers }
  }
}

/** InvalidArgument with the name and the value of the argument. */
export function invalidArgument(message: string, name?: string, value?: string, ec?: string): OssError {
  return new OssError('InvalidArgument', {
    message,
    elements: { ArgumentName: name, ArgumentValue: value },
    ec,
  })
}

/**
 * For `DELETE ?subresource=value`, which seems to name a part of what would be deleted as a whole. OSS's own answer is
 * not documented.
 */
export function unexpectedValue(subresource: string, value: string): OssError {
  return invalidArgument(`The sub-resource ${subresource} takes no value.`, subresource, value)
}

/** The error document; OSS has no `Resource` element. */
export function renderError(
  error: Pick<OssError, 'code' | 'message' | 'ec' | 'elements'>,
  requestId: string,
  hostId: string,
): string {
  return renderXml('Error', {
    Code: error.code,
    Message: error.message,
    RequestId: requestId,
    HostId: hostId,
    ...error.elements,
    EC: error.ec,
    RecommendDoc: error.ec && `https://api.aliyun.com/troubleshoot?q=${error.ec}`,
  })
}
