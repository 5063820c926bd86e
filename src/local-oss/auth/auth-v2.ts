import { type ErrorDetails, invalidArgument, OssError } from '../errors.ts'
import {
  checkSignature,
  checkSkew,
  expiredUrl,
  missingDate,
  parseAdditionalHeaders,
  parseFields,
  type Signature,
  type SignedRequest,
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
  return signatureOf(signed, accessKeyId, headers['x-oss-security-token'], signature)
}

/** `?x-oss-signature-version=OSS2&x-oss-signature=…`: a signed URL. */
export function readV2Query(request: SignedRequest, now: number): Signature {
  const { query, headers } = request
  const accessKeyId = query.get('x-oss-access-key-id')
  const signature = query.get('x-oss-signature')
  const expires = query.get('x-oss-expires')
  if (!accessKeyId || !signature || !expires || !/^\d+$/.test(expires)) {
    const details: ErrorDetails = {
      message:
        'Query-string authentication requires the x-oss-signature, x-oss-expires and x-oss-access-key-id parameters',
    }
    throw new OssError(
      'AccessDenied',
      accessKeyId === undefined ? { ...details, ec: '0002-00000115' } : details,
    )
  }
  const additionalHeaders = parseAdditionalHeaders(query.get('x-oss-additional-headers'), headers, {
    place: 'query string',
    empty: '0002-00000076',
    missing: '0002-00000077',
  })
  if (now > Number(expires) * 1000) throw expiredUrl(Number(expires) * 1000, now)
  const signed = { ...request, additionalHeaders, date: expires, query: withoutSignature(request.rawQuery) }
  return signatureOf(signed, accessKeyId, query.get('security-token'), signature)
}

function signatureOf(
  request: Parameters<typeof stringToSignV2>[0],
  accessKeyId: string,
  token: string | undefined,
  signature: string,
): Signature {
  return {
    accessKeyId,
    token,
    region: undefined,
    verify(secret) {
      const bytes = stringToSignV2(request)
      const expected = signV2(secret, bytes)
      checkSignature({ accessKeyId, signature, stringToSign: bytes.toString('utf8'), expected })
    },
  }
}

function malformed(ec: string | undefined): OssError {
  return invalidArgument('Authorization header is invalid.', undefined, undefined, ec)
}
