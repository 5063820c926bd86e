import type { OssClient } from '../../oss/client.ts'
import { OssError } from '../../oss/error.ts'
import type { CorsRule } from '../../s3/cors.ts'
import { children, text, type XmlNode } from '../../xml/index.ts'
import type { Context } from '../operation.ts'

/** A bucket's rules, or why it has none. */
export type BucketCors = readonly CorsRule[] | 'no bucket' | 'not enabled'

const MAX_KNOWN_BUCKETS = 10_000
/** Browsers ask before nearly every request; a change made elsewhere is seen after this long. */
const REMEMBER_MS = 10_000
type Known = { cors: Promise<BucketCors>; until: number }
/** By the client of OSS, so that every gateway in a process has its own. */
const knownCors = new WeakMap<OssClient, Map<string, Known>>()

/** The CORS rules that OSS has for a bucket. @throws OssError when they cannot be read. */
export function corsRules(
  { oss, clock }: Pick<Context, 'oss' | 'clock'>,
  bucket: string,
): Promise<BucketCors> {
  const buckets = knownCors.get(oss) ?? new Map<string, Known>()
  knownCors.set(oss, buckets)
  const known = buckets.get(bucket)
  if (known !== undefined && known.until > clock()) return known.cors
  if (buckets.size >= MAX_KNOWN_BUCKETS) buckets.clear()
  const cors = readRules(oss, bucket)
  buckets.set(bucket, { cors, until: clock() + REMEMBER_MS })
  // A failure is nobody's rule: the next one asks again.
  cors.catch(() => forgetCors(oss, bucket))
  return cors
}

/** To be called when this gateway has changed a bucket. */
export const forgetCors = (oss: OssClient, bucket: string): void => void knownCors.get(oss)?.delete(bucket)

async function readRules(oss: OssClient, bucket: string): Promise<BucketCors> {
  try {
    const call = { method: 'GET', bucket, query: { cors: null } } as const
    const { document } = await oss.sendForXml(call, 'CORSConfiguration')
    return children(document, 'CORSRule').map((rule) => ({
      origins: texts(rule, 'AllowedOrigin'),
      methods: texts(rule, 'AllowedMethod'),
      headers: texts(rule, 'AllowedHeader').map((name) => name.toLowerCase()),
      exposed: texts(rule, 'ExposeHeader'),
      maxAge: text(rule, 'MaxAgeSeconds'),
    }))
  } catch (error) {
    if (error instanceof OssError && error.code === 'NoSuchBucket') return 'no bucket'
    if (error instanceof OssError && error.code === 'NoSuchCORSConfiguration') return 'not enabled'
    throw error
  }
}

const texts = (rule: XmlNode, name: string): string[] =>
  (rule[name] ?? []).filter((value) => typeof value === 'string')
