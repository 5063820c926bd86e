import { createHmac } from 'node:crypto'
import { hmacWith, sha256Hex } from '../bytes/digest.ts'
import type { HeaderMap } from '../ports.ts'
import { S3Error } from './error.ts'
import { parsePayload } from './payload.ts'
import { withHoisted } from './presigned-headers.ts'
import { remember } from './remember.ts'
import type { S3Request } from './request.ts'
import {
  authScheme,
  equalSignatures,
  requireSecrets,
  type SecretsOf,
  signatureMismatch,
  type Verified,
} from './signature.ts'
import { canonicalPath, canonicalRest } from './sigv4-canonical.ts'
import {
  ALGORITHM,
  type Claim,
  claimOfHeader,
  claimOfQuery,
  rememberAuthorization,
  type Service,
} from './sigv4-claim.ts'

const MAX_KEYS = 256

/**
 * Verifies a request signed with Signature Version 4, in its header or in its query (presigned).
 * Any region is accepted in the scope: clients configure `us-east-1`, `auto` or OSS's own names alike.
 * @param now milliseconds since the epoch.
 * @throws S3Error saying what AWS says; SignatureDoesNotMatch shows the canonical request that was expected.
 */
export function verifySigV4(request: S3Request, secretsOf: SecretsOf, now: number): Verified {
  const presigned = authScheme(request) === 'sigv4-query'
  const claim = presigned ? claimOfQuery(request, now) : claimOfHeader(request, now)
  const { accessKeyId, timestamp, signature, payloadHash } = claim
  requireSigned(request.headers, claim)
  const secrets = requireSecrets(secretsOf, accessKeyId, sessionTokenOf(request))

  const scope = `${claim.date}/${claim.region}/s3/aws4_request`
  const stringToSign = (canonical: string) => `${ALGORITHM}\n${timestamp}\n${scope}\n${sha256Hex(canonical)}`

  // S3 clients encode a path once and strictly. Some then put another spelling of it on the wire, and a few sign the
  // spelling they send: both decode to the same key.
  const rest = canonicalRest(request, claim)
  const usual = `${request.method}\n${canonicalPath(request.rawPath)}${rest}`
  const asSent = `${request.method}\n${request.rawPath}${rest}`
  const texts = new Set([usual, asSent])
  const isSignedBy = ({ sign }: Signing) => {
    for (const text of texts) if (equalSignatures(sign(stringToSign(text)), signature)) return true
    return false
  }
  const found = findSigning(secrets, claim, isSignedBy)
  if (found === undefined) {
    throw signatureMismatch({ ...claim, stringToSign: stringToSign(usual), canonical: usual })
  }
  rememberAuthorization(claim)
  const { signing, secret } = found
  return {
    accessKeyId,
    secret,
    payload: parsePayload(payloadHash, { key: signing.key, timestamp, scope, seed: signature }),
    presigned,
    headers: presigned ? withHoisted(request) : request.headers,
  }
}

/** @throws S3Error InvalidToken for two that differ. */
export function sessionTokenOf({ headers, query }: S3Request): string | undefined {
  const [sent, hoisted] = [headers['x-amz-security-token'], query.get('X-Amz-Security-Token')]
  if (sent && hoisted && sent !== hoisted) throw new S3Error('InvalidToken')
  return sent || hoisted
}

/**
 * Host and every x-amz- header must be signed: an unsigned x-amz-copy-source on a presigned PUT would read anything
 * its signer may read (GHSA-g8w9-qw9q-fghr). x-amz-content-sha256 may be missing from the list when its value is the
 * one that stands in the canonical request anyway.
 */
export function requireSigned(headers: HeaderMap, { signedHeaders, payloadHash }: Claim): void {
  const unsigned: string[] = signedHeaders.has('host') ? [] : ['host']
  for (const name in headers) {
    if (!name.startsWith('x-amz-') || signedHeaders.has(name)) continue
    if (name === 'x-amz-content-sha256' && headers[name]?.trim() === payloadHash) continue
    unsigned.push(name)
  }
  if (unsigned.length > 0) {
    throw new S3Error('AccessDenied', {
      message: 'There were headers present in the request which were not signed',
      elements: { HeadersNotSigned: unsigned.join(', ') },
    })
  }
}

// Only keys that have matched a signature come in, so strangers cannot fill it; the bound is for many days of uptime.
const signingKeys = new Map<string, Signing>()

/** A signing key, and what gives a text's signature under it, hex. */
type Signing = { key: Buffer; sign: (text: string) => string }

/** The signing of the first secret that passes, and which one that is. */
function findSigning(
  secrets: readonly string[],
  claim: Pick<Claim, 'date' | 'region'>,
  isRight: (signing: Signing) => boolean,
): { signing: Signing; secret: number } | undefined {
  for (const [i, secret] of secrets.entries()) {
    const cacheKey = `${claim.date}/${claim.region}/${secret}`
    const known = signingKeys.get(cacheKey)
    const signing = known ?? signingOf(signingKey(secret, claim))
    if (!isRight(signing)) continue
    if (known === undefined) remember(signingKeys, MAX_KEYS, cacheKey, signing)
    return { signing, secret: i }
  }
  return undefined
}

const signingOf = (key: Buffer): Signing => ({ key, sign: hmacWith(key) })

/** What a day's signatures in a region are made with. */
export function signingKey(
  secret: string,
  { date, region }: Pick<Claim, 'date' | 'region'>,
  service: Service = 's3',
): Buffer {
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request')
}
