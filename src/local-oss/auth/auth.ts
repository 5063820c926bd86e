import { findKey, type Keyring } from './accounts.ts'
import type { Signature, SignedRequest } from './auth-checks.ts'
import { readV1Header, readV1Query } from './auth-v1.ts'
import { readV2Header, readV2Query } from './auth-v2.ts'
import { readV4Header, readV4Query } from './auth-v4.ts'
import { V2_ALGORITHM } from './sign-v2.ts'
import { V4_ALGORITHM } from './sign-v4.ts'

/** Whose key signed the request, if it is signed. `region` is that of a V4 signature's scope. */
export type Caller = {
  account: string | undefined
  accessKeyId: string | undefined
  region: string | undefined
}

/** Who did not sign. */
export const nobody: Caller = { account: undefined, accessKeyId: undefined, region: undefined }

/**
 * Verifies the signature in whichever of the six forms it comes; without any the caller is anonymous.
 * @throws OssError what OSS answers to an unknown key, a wrong token, or a wrong, late, foreign or malformed signature.
 */
export function authenticate(request: SignedRequest, keyring: Keyring, now: number): Caller {
  const signature = readSignature(request, now)
  if (signature === undefined) return nobody
  const { accessKeyId, token, region } = signature
  const { account, accessKeySecret } = findKey(keyring, accessKeyId, token, now)
  signature.verify(accessKeySecret)
  return { account, accessKeyId, region }
}

function readSignature(request: SignedRequest, now: number): Signature | undefined {
  const { headers, query } = request
  const { authorization } = headers
  if (authorization?.startsWith(V4_ALGORITHM)) return readV4Header(request, authorization, now)
  if (authorization?.startsWith(`${V2_ALGORITHM} `)) return readV2Header(request, authorization, now)
  if (authorization !== undefined) return readV1Header(request, authorization, now)
  const version = query.get('x-oss-signature-version')
  if (version === V2_ALGORITHM) return readV2Query(request, now)
  if (version !== undefined) return readV4Query(request, now)
  if (query.has('Signature') || query.has('OSSAccessKeyId')) return readV1Query(request, now)
  return undefined
}
