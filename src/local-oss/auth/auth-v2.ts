import { invalidArgument, OssError } from '../errors.ts'
import {
  checkSkew,
  expiredUrl,
  missingDate,
  parseAdditionalHeaders,
  parseFields,
  type Signature,
  type SignedRequest,
  signatureOf,
  withoutSignature,
} from './auth-checks.ts'
import { signV2, stringToSignV2, V2_ALGORITHM } from './sign-v2.ts'

/** `Authorization: OSS2 AccessKeyId:…,AdditionalHeaders:…,Signature:…`. */
export function readV2Header(request: SignedRequest, authorization: string, now: number): Signature {
  const { headers } = request
  const fields = parseFields(authorization.slice(V2_ALGORITHM.length + 1), ':')
  const accessKeyId = fields.get('AccessKeyId')
  const signature = fields.get('Signature')
  if (!accessKeyId) throw malformed(accessKeyId === undefined ? '0002-00000105' : '0002-00000106')
  if (!signature) throw malformed(signature === undefined ? '0002-00000108' : undefined)
  const additionalHeaders = parseAdditionalHeaders(fields.get('AdditionalHeaders'), headers, {
    place: 'Authorization header',
    missing: '0002-00000112',
  })
  const at = Date.parse(headers['x-oss-date'] ?? headers.date ?? '')
  if (Number.isNaN(at)) throw missingDate()
  checkSkew(at, now)
  // The line of the date is the Date header's even beside x-oss-date, which is signed as a header (the Python SDK).
  const date = headers.date ?? headers['x-oss-date'] ?? ''
  const signed = { ...request, additionalHeaders, date, query: request.rawQuery }
  const claim = { accessKeyId, token: headers['x-oss-security-token'], signature }
  return signatureOf(claim, () => stringToSignV2(signed), signV2)
}

/** `?x-oss-signature-version=OSS2&x-oss-signature=…`: a signed URL. */
export function readV2Query(request: SignedRequest, now: number): Signature {
  const { query, headers } = request
  const accessKeyId = query.get('x-oss-access-key-id')
  const signature = query.get('x-oss-signature')
  const expires = query.get('x-oss-expires')
  if (!accessKeyId || !signature || !expires || !/^\d+$/.test(expires)) {
    throw new OssError('AccessDenied', {
      message:
        'Query-string authentication requires the x-oss-signature, x-oss-expires and x-oss-access-key-id parameters',
      ec: accessKeyId === undefined ? '0002-00000115' : undefined,
    })
  }
  const additionalHeaders = parseAdditionalHeaders(query.get('x-oss-additional-headers'), headers, {
    place: 'query string',
    empty: '0002-00000076',
    missing: '0002-00000077',
  })
  if (now > Number(expires) * 1000) throw expiredUrl(Number(expires) * 1000, now)
  const signed = { ...request, additionalHeaders, date: expires, query: withoutSignature(request.rawQuery) }
  const claim = { accessKeyId, token: query.get('security-token'), signature }
  return signatureOf(claim, () => stringToSignV2(signed), signV2)
}

function malformed(ec: string | undefined): OssError {
  return invalidArgument('Authorization header is invalid.', undefined, undefined, ec)
}
