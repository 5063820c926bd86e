import type { OssClient } from '../../oss/client.ts'
import type { HeaderMap, Incoming, Reply } from '../../ports.ts'
import { corsHeaders, corsMethods, requestedHeaders, unreadableHeader, VARY } from '../../s3/cors.ts'
import { S3Error } from '../../s3/error.ts'
import { parseRequest } from '../../s3/request.ts'
import { nobody } from '../authorize.ts'
import { placeOf } from '../mapping.ts'
import type { BucketRequest, Context } from '../operation.ts'
import { corsRules, corsRulesForAnyone, rememberedCorsRules } from './cors-rules.ts'

/**
 * A CORS preflight (OPTIONS), answered by the rules that OSS has for the bucket. It is unsigned: the reply shows only the
 * rule that matches, and whether the bucket exists, as S3's does.
 * @throws S3Error BadRequest, AccessForbidden.
 */
export async function preflight(request: BucketRequest, context: Context): Promise<Reply> {
  const { bucket, key, headers } = request
  const { origin, 'access-control-request-method': method = 'null' } = headers
  if (!origin) {
    throw new S3Error('BadRequest', { message: 'Insufficient information. Origin request header needed.' })
  }
  if (!corsMethods.includes(method)) {
    throw new S3Error('BadRequest', { message: `Invalid Access-Control-Request-Method: ${method}` })
  }
  const unreadable = unreadableHeader(headers['access-control-request-headers'])
  if (unreadable !== undefined) {
    const message = `Access-Control-Request-Headers "${unreadable}" contains invalid character.`
    throw new S3Error('BadRequest', { message })
  }
  const elements = { Method: method, ResourceType: key === undefined ? 'BUCKET' : 'OBJECT' }
  const place = placeOf(context.config, nobody, bucket)
  const ports = { ...context, ...context.at(place.upstream) }
  const rules = context.config.document.cors ? await corsRulesForAnyone(ports, place.bucket) : 'not enabled'
  if (rules === 'no bucket') {
    throw new S3Error('AccessForbidden', { message: 'CORSResponse: Bucket not found', elements })
  }
  if (rules === 'not enabled') {
    throw new S3Error('AccessForbidden', {
      message: 'CORSResponse: CORS is not enabled for this bucket.',
      elements,
    })
  }
  const wanted = requestedHeaders(headers['access-control-request-headers'])
  const allowed = corsHeaders(rules, { origin, method, headers: wanted })
  if (allowed === undefined) throw new S3Error('AccessForbidden', { elements })
  return { status: 200, headers: { ...allowed, 'content-length': '0' } }
}

/**
 * The CORS headers of an answer of OSS to a request that was forwarded with its Origin; undefined where it has none. OSS says
 * nothing of credentials, which S3 allows wherever the rule names origins.
 */
export function forwardedCrossOrigin(oss: HeaderMap): HeaderMap | undefined {
  const origin = oss['access-control-allow-origin']
  if (origin === undefined) return undefined
  const headers: HeaderMap = {
    vary: VARY,
    ...(origin === '*' ? {} : { 'access-control-allow-credentials': 'true' }),
  }
  for (const name in oss) if (name.startsWith('access-control-')) headers[name] = oss[name] as string
  return headers
}

/**
 * The CORS headers of the reply to a request with an Origin, an error included; empty where no rule matches. Never
 * rejects: a request does not fail because its bucket's rules cannot be read.
 * @param bucketOf where the bucket is that the request names.
 * @param from `remembered`: the signature is not valid: OSS is not called, and only rules in the cache are used.
 */
export async function crossOriginHeaders(
  incoming: Incoming,
  { config, clock }: Pick<Context, 'clock' | 'config'>,
  bucketOf: (name: string) => { oss: OssClient; bucket: string },
  from: 'oss' | 'remembered' = 'oss',
): Promise<HeaderMap> {
  const { method, headers } = incoming
  if (!config.document.cors || headers.origin === undefined || method === 'OPTIONS') return {}
  try {
    const { bucket: name } = parseRequest(incoming, config.domains)
    if (name === undefined) return {}
    const { oss, bucket } = bucketOf(name)
    const rules = await (from === 'oss'
      ? corsRules({ oss, clock }, bucket)
      : rememberedCorsRules(oss, bucket))
    if (rules === undefined || typeof rules === 'string') return {}
    // S3 goes by a preflight's headers also where it is none (recorded from it by minio-go's functional tests).
    const named = headers['access-control-request-headers']
    if (unreadableHeader(named) !== undefined) return {}
    const asked = {
      origin: headers.origin,
      method: headers['access-control-request-method'] ?? method,
      headers: requestedHeaders(named),
    }
    return corsHeaders(rules, asked) ?? {}
  } catch {
    return {}
  }
}
