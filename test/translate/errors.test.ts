import { describe, expect, test } from 'vitest'
import { failed, OssError, OssUnreachable } from '../../src/oss/error.ts'
import type { HeaderMap } from '../../src/ports.ts'
import { type S3Error, S3Error as S3ErrorClass, type S3ErrorCode } from '../../src/s3/error.ts'
import {
  type ErrorSubject,
  renamedCauses,
  renamedErrors,
  toS3Error,
  unreachable,
} from '../../src/translate/errors.ts'

const OSS_TEXT = 'What OSS says of it.'
const subject = { method: 'GET', bucket: 'b', key: 'k', versionId: 'v', uploadId: 'u' }

type Answer = { status: number; code: string; ec?: string; headers?: HeaderMap; bucketName?: string }

function translated({ status, code, ec, headers = {}, bucketName }: Answer, of: ErrorSubject = subject) {
  const document = [
    `<Error><Code>${code}</Code><Message>${OSS_TEXT}</Message>`,
    ec === undefined ? '' : `<EC>${ec}</EC>`,
    bucketName === undefined ? '' : `<BucketName>${bucketName}</BucketName>`,
    '</Error>',
  ]
  return toS3Error(new OssError(status, headers, document.join('')), of)
}

const described = ({ code, status, message, elements, headers }: S3Error) => ({
  code,
  status,
  message,
  elements,
  headers,
})
const textOf = (code: S3ErrorCode) => new S3ErrorClass(code).message

const retry = { 'retry-after': '1' }
const key = { Key: 'k' }
const bucket = { BucketName: 'b' }

/** OSS's status and code; S3's status and code; the text: S3's, OSS's, or another; elements; headers. */
const rows: [
  status: number,
  code: string,
  s3Status: number,
  s3Code: S3ErrorCode,
  text: 's3' | 'oss' | (string & {}),
  elements?: Record<string, string>,
  headers?: Record<string, string>,
][] = [
  [404, 'SymlinkTargetNotExist', 404, 'NoSuchKey', 's3', key],
  [424, 'MirrorFailed', 404, 'NoSuchKey', 's3', key],
  [400, 'InvalidObjectName', 400, 'InvalidURI', 'oss'],
  [400, 'FilePartNotExist', 400, 'InvalidPart', 's3'],
  [400, 'InvalidCRC64', 400, 'BadDigest', 'oss'],
  [409, 'FileAlreadyExists', 412, 'PreconditionFailed', 's3', { Condition: 'If-None-Match' }],
  [409, 'FileImmutable', 403, 'AccessDenied', 'Access Denied because object protected by object lock.'],
  [400, 'InvalidXMLFormat', 400, 'MalformedXML', 'oss'],
  [400, 'MissingArgument', 400, 'InvalidRequest', 'oss'],
  [400, 'OperationNotSupported', 400, 'InvalidRequest', 'oss'],
  [400, 'InvalidDataEncryptionAlgorithmError', 400, 'InvalidArgument', 'oss'],
  [403, 'KmsServiceNotEnabled', 400, 'InvalidRequest', 'oss'],
  [400, 'RepeatedTags', 400, 'InvalidTag', 'oss'],
  [400, 'InvalidTaggingKey', 400, 'InvalidTag', 'oss'],
  [400, 'TooManyTags', 400, 'InvalidTag', 'oss'],
  [403, 'UserDisable', 403, 'AccountProblem', 'oss'],
  [403, 'BucketDisable', 403, 'AllAccessDisabled', 'oss'],
  [
    403,
    'TransferAccelerationDisabled',
    400,
    'InvalidRequest',
    'S3 Transfer Acceleration is not configured on this bucket',
  ],
  [404, 'NoSuchRegion', 400, 'InvalidLocationConstraint', 'oss'],
  [404, 'NoSuchLifecycle', 404, 'NoSuchLifecycleConfiguration', 's3', bucket],
  [
    404,
    'NoSuchServerSideEncryptionRule',
    404,
    'ServerSideEncryptionConfigurationNotFoundError',
    's3',
    bucket,
  ],
  [404, 'NoSuchBucketObjectTagging', 404, 'NoSuchTagSet', 's3', bucket],
  [404, 'NoSuchWORMConfiguration', 404, 'ObjectLockConfigurationNotFoundError', 's3', bucket],
  [503, 'DownloadTrafficRateLimitExceeded', 503, 'SlowDown', 's3', {}, retry],
  [503, 'UploadTrafficRateLimitExceeded', 503, 'SlowDown', 's3', {}, retry],
  [503, 'MetaOperationQpsLimitExceeded', 503, 'SlowDown', 's3', {}, retry],
  [503, 'TotalQpsLimitExceeded', 503, 'SlowDown', 's3', {}, retry],
  [503, 'ActiveRequestLimitExceeded', 503, 'SlowDown', 's3', {}, retry],
  [503, 'CpuLimitExceeded', 503, 'SlowDown', 's3', {}, retry],
  [403, 'InvalidAccessKeyId', 500, 'InternalError', 's3'],
  [400, 'PublicEndpointForbidden', 500, 'InternalError', 's3'],
  [403, 'CnameDenied', 500, 'InternalError', 's3'],
  [403, 'SignatureDoesNotMatch', 500, 'InternalError', 's3'],
  [403, 'SecurityTokenExpired', 500, 'InternalError', 's3'],
  [403, 'InvalidSecurityToken', 500, 'InternalError', 's3'],
  [403, 'AccessKeyIdAndSecurityTokenNotMatch', 500, 'InternalError', 's3'],
  [403, 'SecurityTokenNotSupported', 500, 'InternalError', 's3'],
  [403, 'RequestTimeTooSkewed', 500, 'InternalError', 's3'],
  [403, 'SecondLevelDomainForbidden', 500, 'InternalError', 's3'],
  [403, 'NonStandardHostForbidden', 500, 'InternalError', 's3'],
]

/** Codes that both have. */
const same: typeof rows = [
  [404, 'NoSuchKey', 404, 'NoSuchKey', 's3', key],
  [404, 'NoSuchVersion', 404, 'NoSuchVersion', 's3', { Key: 'k', VersionId: 'v' }],
  [404, 'NoSuchUpload', 404, 'NoSuchUpload', 's3', { UploadId: 'u' }],
  [404, 'NoSuchBucket', 404, 'NoSuchBucket', 's3', bucket],
  [409, 'BucketNotEmpty', 409, 'BucketNotEmpty', 's3', bucket],
  [409, 'BucketAlreadyExists', 409, 'BucketAlreadyExists', 's3', bucket],
  [400, 'InvalidBucketName', 400, 'InvalidBucketName', 's3', bucket],
  [404, 'NoSuchCORSConfiguration', 404, 'NoSuchCORSConfiguration', 's3', bucket],
  [404, 'NoSuchWebsiteConfiguration', 404, 'NoSuchWebsiteConfiguration', 's3', bucket],
  [403, 'AccessDenied', 403, 'AccessDenied', 's3'],
  [400, 'EntityTooLarge', 400, 'EntityTooLarge', 's3'],
  [412, 'PreconditionFailed', 412, 'PreconditionFailed', 's3'],
  [400, 'InvalidArgument', 400, 'InvalidArgument', 'oss'],
  [400, 'InvalidRequest', 400, 'InvalidRequest', 'oss'],
  [400, 'MalformedXML', 400, 'MalformedXML', 'oss'],
  [400, 'InvalidTag', 400, 'InvalidTag', 'oss'],
]

/** Codes that S3 does not have, and what is no code of the gateway's table but a name of JavaScript's objects. */
const unknown: typeof rows = [
  [400, 'SomethingNew', 400, 'InvalidRequest', 'oss'],
  [400, 'constructor', 400, 'InvalidRequest', 'oss'],
  [403, 'SomethingNew', 403, 'AccessDenied', 'oss'],
  [404, 'SomethingNew', 404, 'NoSuchKey', 's3', key],
  [405, 'SomethingNew', 405, 'MethodNotAllowed', 'oss'],
  [409, 'SomethingNew', 409, 'OperationAborted', 'oss'],
  [411, 'SomethingNew', 411, 'MissingContentLength', 'oss'],
  [412, 'SomethingNew', 412, 'PreconditionFailed', 's3'],
  [416, 'SomethingNew', 416, 'InvalidRange', 'oss'],
  [418, 'SomethingNew', 500, 'InternalError', 'oss'],
  [429, 'SomethingNew', 503, 'SlowDown', 's3', {}, retry],
  [500, 'SomethingNew', 503, 'ServiceUnavailable', 's3', {}, retry],
  [502, 'NoSuchKey', 503, 'ServiceUnavailable', 's3', {}, retry],
  [503, 'SomethingNew', 503, 'SlowDown', 's3', {}, retry],
  [304, 'SomethingNew', 500, 'InternalError', 'oss'],
  ...[301, 302, 307].map((status): (typeof rows)[number] => [
    status,
    `Status${status}`,
    501,
    'NotImplemented',
    "OSS redirects this request by a rule of the bucket's website, which S3 does not follow.",
  ]),
]

describe.each([
  ['a code under another name', rows],
  ['a code of both', same],
  ['a code that S3 does not have', unknown],
])('%s', (_, cases) => {
  test.each(cases)('%i %s is %i %s', (status, code, s3Status, s3Code, text, elements = {}, headers = {}) => {
    const message = text === 's3' ? textOf(s3Code) : text === 'oss' ? OSS_TEXT : text
    expect(described(translated({ status, code }))).toEqual({
      code: s3Code,
      status: s3Status,
      message,
      elements,
      headers,
    })
  })
})

test('every row of the table is among them', () => {
  expect(rows.map(([, code]) => code).sort()).toEqual(Object.keys(renamedErrors).sort())
})

/** The error-cause code; S3's status, code and text. */
const causes: [ec: string, status: number, code: S3ErrorCode, message: string][] = [
  ['0002-00000226', 500, 'InternalError', textOf('InternalError')],
  [
    '0016-00000307',
    400,
    'InvalidRequest',
    'The source of a copy request may not specifically refer to a delete marker by version id.',
  ],
]
test.each(causes)('%s is %i %s, whatever its code', (ec, status, s3Code, message) => {
  for (const code of ['InvalidArgument', 'SomethingNew']) {
    expect(described(translated({ status: 400, code, ec }))).toEqual({
      code: s3Code,
      status,
      message,
      elements: {},
      headers: {},
    })
  }
})

test('every row of the causes is among them', () => {
  expect(causes.map(([ec]) => ec).sort()).toEqual(Object.keys(renamedCauses).sort())
})

describe('an error names', () => {
  test('nothing that was not asked for', () => {
    for (const code of ['NoSuchKey', 'NoSuchVersion', 'NoSuchUpload', 'NoSuchBucket', 'NoSuchLifecycle']) {
      expect(translated({ status: 404, code }, {}).elements).toEqual({})
    }
  })

  test('the bucket that OSS names rather than the one asked for: a copy has two', () => {
    const error = translated({ status: 404, code: 'NoSuchBucket', bucketName: 'other' })
    expect(error.elements).toEqual({ BucketName: 'other' })
  })

  test.each([
    [405, 'MethodNotAllowed', { Method: 'GET', ResourceType: 'DeleteMarker' }, { allow: 'DELETE' }],
    [404, 'NoSuchKey', key, {}],
  ])('a delete marker, and its version: %i %s', (status, code, elements, allow) => {
    const marker = { 'x-oss-delete-marker': 'true', 'x-oss-version-id': 'V1' }
    expect(translated({ status, code, headers: marker })).toMatchObject({ elements })
    expect(translated({ status, code, headers: marker }).headers).toEqual({
      'x-amz-delete-marker': 'true',
      'x-amz-version-id': 'V1',
      ...allow,
    })
  })

  test('its cause, for the log', () => {
    expect(translated({ status: 403, code: 'SignatureDoesNotMatch' }).cause).toBeInstanceOf(OssError)
  })
})

test.each([
  ['no answer', new OssUnreachable('x'), 503, 'ServiceUnavailable', textOf('ServiceUnavailable'), retry],
  [
    'an answer that comes too late',
    new OssUnreachable('x', { cause: failed(new Error('y'), 'timeout') }),
    503,
    'ServiceUnavailable',
    textOf('ServiceUnavailable'),
    retry,
  ],
  [
    'what no attempt can send',
    new OssUnreachable('x', { cause: failed(new Error('y'), 'unsendable') }),
    501,
    'NotImplemented',
    'This cannot be asked of OSS: y',
    {},
  ],
])('%s is said so', (_, error, status, code, message, headers) => {
  expect(described(unreachable(error))).toEqual({ code, status, message, elements: {}, headers })
})
