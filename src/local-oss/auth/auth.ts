import type { Caller, Credentials, SignedRequest } from './auth-checks.ts'
import { checkV1Header, checkV1Query } from './auth-v1.ts'
import { checkV4Header, checkV4Query } from './auth-v4.ts'
import { V4_ALGORITHM } from './sign-v4.ts'

/**
 * Verifies the signature in whichever of the four forms it comes; without any the caller is anonymous.
 * @throws OssError what OSS answers to a wrong, late, foreign or malformed signature.
 */
export function authenticate(request: SignedRequest, credentials: Credentials, now: number): Caller {
  const { headers, query } = request
  const authorization = headers.authorization
  if (authorization?.startsWith(V4_ALGORITHM)) return checkV4Header(request, authorization, credentials, now)
  if (authorization !== undefined) return checkV1Header(request, authorization, credentials, now)
  if (query.has('x-oss-signature-version')) return checkV4Query(request, credentials, now)
  if (query.has('Signature') || query.has('OSSAccessKeyId')) return checkV1Query(request, credentials, now)
  return { account: undefined, region: undefined }
}
