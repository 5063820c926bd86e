import { FIRST_ACCOUNT } from '../document-values.ts'
import { invalidArgument, OssError } from '../errors.ts'
import {
  type Caller,
  type Credentials,
  checkAccount,
  checkSkew,
  equalInConstantTime,
  expiredUrl,
  missingDate,
  type SignedRequest,
  signatureMismatch,
} from './auth-checks.ts'
import { signV1, stringToSignV1 } from './sign-v1.ts'

/** `Authorization: OSS AccessKeyId:signature`. */
export function checkV1Header(
  request: SignedRequest,
  authorization: string,
  credentials: Credentials,
  now: number,
): Caller {
  const match = /^OSS ([^:]+):(.+)$/.exec(authorization)
  if (!match) throw invalidArgument('Authorization header is invalid.')
  const [, accessKeyId = '', signature = ''] = match
  const { headers } = request
  const date = headers['x-oss-date'] ?? headers.date ?? ''
  const at = Date.parse(date)
  if (Number.isNaN(at)) throw missingDate()
  checkSkew(at, now)
  checkAccount(accessKeyId, headers['x-oss-security-token'], credentials)
  return verify(request, date, signature, credentials)
}

/** `?Signature=…`: a signed URL. */
export function checkV1Query(request: SignedRequest, credentials: Credentials, now: number): Caller {
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
  checkAccount(accessKeyId, query.get('security-token'), credentials)
  return verify(request, expires, signature, credentials)
}

function verify(request: SignedRequest, date: string, signature: string, credentials: Credentials): Caller {
  const stringToSign = stringToSignV1({ ...request, date })
  if (!equalInConstantTime(signV1(credentials.accessKeySecret, stringToSign), signature)) {
    throw signatureMismatch(credentials, signature, stringToSign.toString('utf8'))
  }
  return { account: FIRST_ACCOUNT, region: undefined }
}
