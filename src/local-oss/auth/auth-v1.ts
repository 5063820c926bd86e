import { invalidArgument, OssError } from '../errors.ts'
import {
  checkSkew,
  expiredUrl,
  missingDate,
  type Signature,
  type SignedRequest,
  signatureOf,
} from './auth-checks.ts'
import { signV1, stringToSignV1 } from './sign-v1.ts'

/** `Authorization: OSS AccessKeyId:signature`. */
export function readV1Header(request: SignedRequest, authorization: string, now: number): Signature {
  const match = /^OSS ([^:]+):(.+)$/.exec(authorization)
  if (!match) throw invalidArgument('Authorization header is invalid.')
  const [, accessKeyId = '', signature = ''] = match
  const { headers } = request
  const date = headers['x-oss-date'] ?? headers.date ?? ''
  const at = Date.parse(date)
  if (Number.isNaN(at)) throw missingDate()
  checkSkew(at, now)
  const claim = { accessKeyId, token: headers['x-oss-security-token'], signature }
  return signatureOf(claim, () => stringToSignV1({ ...request, date }), signV1)
}

/** `?Signature=…`: a signed URL. */
export function readV1Query(request: SignedRequest, now: number): Signature {
  const { query } = request
  const accessKeyId = query.get('OSSAccessKeyId')
  const signature = query.get('Signature')
  const expires = query.get('Expires')
  if (!accessKeyId || !signature || !expires || !/^\d+$/.test(expires)) {
    throw new OssError('AccessDenied', {
      message: 'Query-string authentication requires the Signature, Expires and OSSAccessKeyId parameters',
    })
  }
  if (now > Number(expires) * 1000) throw expiredUrl(Number(expires) * 1000, now)
  const claim = { accessKeyId, token: query.get('security-token'), signature }
  return signatureOf(claim, () => stringToSignV1({ ...request, date: expires }), signV1)
}
