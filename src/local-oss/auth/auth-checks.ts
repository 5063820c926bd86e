import { timingSafeEqual } from 'node:crypto'
import type { Address } from '../address.ts'
import { OssError } from '../errors.ts'
import type { HeaderMap } from '../http.ts'

/** The account's one key; `securityToken` where it is a temporary one. */
export type Credentials = { accessKeyId: string; accessKeySecret: string; securityToken?: string }

/** A request as far as its signature is concerned. */
export type SignedRequest = Address & {
  method: string
  headers: HeaderMap
  query: ReadonlyMap<string, string>
}

/** Whose key signed the request, if it is signed. `region` is that of a V4 signature's scope. */
export type Caller = { account: string | undefined; region: string | undefined }

/** Milliseconds. */
export const MAX_SKEW = 15 * 60_000

/**
 * Whether the key and the token are the account's. A temporary key without its token is an unknown key.
 * @throws OssError InvalidAccessKeyId, InvalidSecurityToken.
 */
export function checkAccount(accessKeyId: string, token: string | undefined, credentials: Credentials): void {
  const unknown = accessKeyId !== credentials.accessKeyId
  if (unknown || (credentials.securityToken !== undefined && token === undefined)) {
    throw new OssError('InvalidAccessKeyId', { elements: { OSSAccessKeyId: accessKeyId } })
  }
  if (token !== credentials.securityToken) throw new OssError('InvalidSecurityToken')
}

/** SignatureDoesNotMatch with the string that was signed here, for comparison with the client's; never the secret. */
export function signatureMismatch(
  { accessKeyId }: Credentials,
  signature: string,
  stringToSign: string,
  more: Record<string, string> = {},
): OssError {
  const bytes = [...Buffer.from(stringToSign)].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
  return new OssError('SignatureDoesNotMatch', {
    elements: {
      OSSAccessKeyId: accessKeyId,
      SignatureProvided: signature,
      StringToSign: stringToSign,
      StringToSignBytes: bytes.join(' '),
      ...more,
    },
  })
}

/** @throws OssError RequestTimeTooSkewed when a request is older or younger than 15 minutes. */
export function checkSkew(at: number, now: number): void {
  if (Math.abs(now - at) <= MAX_SKEW) return
  throw new OssError('RequestTimeTooSkewed', {
    elements: {
      MaxAllowedSkewMilliseconds: MAX_SKEW,
      RequestTime: new Date(at).toISOString(),
      ServerTime: new Date(now).toISOString(),
    },
  })
}

/** The error for a signed URL that has expired. */
export function expiredUrl(at: number, now: number): OssError {
  return new OssError('AccessDenied', {
    message: 'Request has expired.',
    elements: { Expires: new Date(at).toISOString(), ServerTime: new Date(now).toISOString() },
  })
}

/** The error for a signed request without a date. */
export function missingDate(): OssError {
  return new OssError('AccessDenied', { message: 'OSS authentication requires a valid Date.' })
}

/** Compares two signatures in constant time. */
export function equalInConstantTime(expected: string, given: string): boolean {
  const a = Buffer.from(expected)
  const b = Buffer.from(given)
  return a.length === b.length && timingSafeEqual(a, b)
}
