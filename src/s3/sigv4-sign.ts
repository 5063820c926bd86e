import { createHmac } from 'node:crypto'
import { basicTime } from '../bytes/basic-time.ts'
import { sha256Hex } from '../bytes/digest.ts'
import type { HeaderMap } from '../ports.ts'
import { signingKey } from './sigv4.ts'
import { canonicalPath, canonicalRest } from './sigv4-canonical.ts'
import { ALGORITHM } from './sigv4-claim.ts'

const REGION = 'us-east-1'
const payloadHash = 'UNSIGNED-PAYLOAD'

/**
 * Signs a request without a query as a client of S3 does: all its headers, with Signature Version 4.
 * @param headers with `host`. @param now milliseconds since the epoch.
 * @returns the headers to send.
 */
export function signSigV4(
  { method, path, headers }: { method: string; path: string; headers: HeaderMap },
  { accessKeyId, secretAccessKey }: { accessKeyId: string; secretAccessKey: string },
  now: number,
): HeaderMap {
  const timestamp = basicTime(now)
  const date = timestamp.slice(0, 8)
  const scope = `${date}/${REGION}/s3/aws4_request`
  const sent: HeaderMap = { ...headers, 'x-amz-content-sha256': payloadHash, 'x-amz-date': timestamp }
  const signedHeaders = new Set(Object.keys(sent).sort())
  const rest = canonicalRest({ parameters: [], headers: sent }, { signedHeaders, payloadHash })
  const canonical = `${method}\n${canonicalPath(path)}${rest}`
  const signature = createHmac('sha256', signingKey(secretAccessKey, { date, region: REGION }))
    .update(`${ALGORITHM}\n${timestamp}\n${scope}\n${sha256Hex(canonical)}`)
    .digest('hex')
  sent.authorization = `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${[...signedHeaders].join(';')}, Signature=${signature}`
  return sent
}
