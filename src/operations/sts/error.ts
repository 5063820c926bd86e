import { S3Error, type S3ErrorCode } from '../../s3/error.ts'

/** An error of STS, by AWS's codes (CommonErrors.html of its reference, and each action's page). */
export class StsError extends Error {
  override name = 'StsError'
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = 400, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
    this.code = code
    this.status = status
  }
}

/** `ValidationError`: a parameter is not as it has to be. */
export const invalid = (message: string) => new StsError('ValidationError', message)

const INVALID_TOKEN = 'The security token included in the request is invalid.'

/** What STS says where S3 would say something else. @property message S3's, where it is absent. */
const codes: Partial<Record<S3ErrorCode, { code: string; status: number; message?: string }>> = {
  AccessDenied: { code: 'AccessDenied', status: 403 },
  // Of a body that is cut off or cannot be read, by which nothing is wrong here.
  BadRequest: { code: 'BadRequest', status: 400 },
  IncompleteBody: { code: 'IncompleteBody', status: 400 },
  AuthorizationHeaderMalformed: { code: 'IncompleteSignature', status: 400 },
  ExpiredToken: {
    code: 'ExpiredToken',
    status: 403,
    message: 'The security token included in the request is expired',
  },
  InvalidAccessKeyId: { code: 'InvalidClientTokenId', status: 403, message: INVALID_TOKEN },
  InvalidArgument: { code: 'IncompleteSignature', status: 400 },
  InvalidRequest: { code: 'IncompleteSignature', status: 400 },
  InvalidToken: { code: 'InvalidClientTokenId', status: 403, message: INVALID_TOKEN },
  MalformedPolicy: { code: 'MalformedPolicyDocument', status: 400 },
  RequestTimeTooSkewed: { code: 'RequestExpired', status: 400 },
  RequestTimeout: { code: 'RequestTimeout', status: 400 },
  ServiceUnavailable: { code: 'ServiceUnavailable', status: 503 },
  SignatureDoesNotMatch: { code: 'SignatureDoesNotMatch', status: 403 },
  SlowDown: { code: 'Throttling', status: 400, message: 'Rate exceeded' },
}

/** Any error as STS's; what nobody expected is InternalFailure. */
export function toStsError(error: unknown): StsError {
  if (error instanceof StsError) return error
  const known = error instanceof S3Error ? codes[error.code] : undefined
  if (known === undefined) {
    return new StsError(
      'InternalFailure',
      'The request processing has failed because of an unknown error.',
      500,
      error,
    )
  }
  return new StsError(known.code, known.message ?? (error as S3Error).message, known.status, error)
}
