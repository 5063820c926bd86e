import { createHmac } from 'node:crypto'
import { sha256Hex } from '../bytes/digest.ts'
import type { S3Request } from './request.ts'
import { equalSignatures, signatureMismatch } from './signature.ts'
import { requireSigned, signingKey } from './sigv4.ts'
import { canonicalRest } from './sigv4-canonical.ts'
import { ALGORITHM, type Claim } from './sigv4-claim.ts'

type Asked = Pick<S3Request, 'method' | 'rawPath' | 'parameters' | 'headers'>

/**
 * Verifies a request to STS that is signed with Signature Version 4 in its header. Unlike S3's, such signatures are of the
 * body itself, whatever the headers say of it.
 * @param claim of its header.
 * @param secrets of the key that it names.
 * @returns which of them has signed, from 0.
 * @throws S3Error AccessDenied, SignatureDoesNotMatch.
 */
export function verifyStsRequest(
  request: Asked,
  claim: Claim,
  body: Uint8Array,
  secrets: readonly string[],
): number {
  const { signedHeaders, timestamp, signature, date, region } = claim
  const payloadHash = sha256Hex(body)
  requireSigned(request.headers, { ...claim, payloadHash })
  const rest = canonicalRest(request, { signedHeaders, payloadHash })
  const canonical = `${request.method}\n${request.rawPath}${rest}`
  const scope = `${date}/${region}/sts/aws4_request`
  const stringToSign = `${ALGORITHM}\n${timestamp}\n${scope}\n${sha256Hex(canonical)}`
  const signer = secrets.findIndex((secret) => {
    const key = signingKey(secret, claim, 'sts')
    return equalSignatures(createHmac('sha256', key).update(stringToSign).digest('hex'), signature)
  })
  if (signer < 0) throw signatureMismatch({ ...claim, stringToSign, canonical })
  return signer
}
