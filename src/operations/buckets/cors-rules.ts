import type { OssClient } from '../../oss/client.ts'
import { OssError } from '../../oss/error.ts'
import type { CorsRule } from '../../s3/cors.ts'
import { slowDown } from '../../s3/error.ts'
import { children, text, type XmlNode } from '../../xml/index.ts'
import { perClient } from '../bucket-cache.ts'
import type { Context } from '../operation.ts'

/** A bucket's rules, or why it has none. */
export type BucketCors = readonly CorsRule[] | 'no bucket' | 'not enabled'

type Ports = Pick<Context, 'oss' | 'clock'>

const MAX_KNOWN_BUCKETS = 10_000
/** Browsers send a preflight before nearly every request; a change made past this gateway is seen after this long. */
const REMEMBER_MS = 10_000
/** Names that only unsigned requests have used. Anybody can make them up, so they are bounded by themselves. */
const MAX_UNKNOWN_BUCKETS = 1_000
const MAX_ASKED_AT_A_TIME = 4

type Answer = { cors: Promise<BucketCors>; until: number }
type Buckets = {
  /** Those that a signed request has named, or that OSS has; with their rules, once they were asked for. */
  known: Map<string, Answer | undefined>
  unknown: Map<string, Answer>
  /** How many of the unknown OSS is asked about now. */
  asking: number
}
// No BucketCache: unsigned requests may fill neither the memory nor the calls to OSS that signed ones need.
const buckets = perClient((): Buckets => ({ known: new Map(), unknown: new Map(), asking: 0 }))

/** To be called for the bucket of a signed request: preflights may ask OSS about it from now on. */
export function knowBucket(oss: OssClient, bucket: string): void {
  const { known, unknown } = buckets(oss)
  if (known.has(bucket)) return
  if (known.size >= MAX_KNOWN_BUCKETS) dropOldest(known)
  known.set(bucket, unknown.get(bucket))
  unknown.delete(bucket)
}

/** The CORS rules that OSS has for a bucket that a signed request names. @throws OssError when they cannot be read. */
export function corsRules(ports: Ports, bucket: string): Promise<BucketCors> {
  knowBucket(ports.oss, bucket)
  return answered(buckets(ports.oss).known, ports, bucket, () => readRules(ports.oss, bucket))
}

/** What is remembered of a bucket's rules, however old: OSS is not asked. */
export async function rememberedCorsRules(oss: OssClient, bucket: string): Promise<BucketCors | undefined> {
  return buckets(oss).known.get(bucket)?.cors
}

/**
 * {@link corsRules} for an unsigned request. Names that no signed request has used take a few calls to OSS at a time at
 * most, and no connection to the host of a bucket that does not exist.
 * @throws S3Error SlowDown; OssError.
 */
export function corsRulesForAnyone(ports: Ports, bucket: string): Promise<BucketCors> {
  const all = buckets(ports.oss)
  if (all.known.has(bucket)) return corsRules(ports, bucket)
  return answered(all.unknown, ports, bucket, async () => {
    if (all.asking >= MAX_ASKED_AT_A_TIME) throw slowDown()
    all.asking++
    try {
      if (!(await isListed(ports.oss, bucket))) return 'no bucket'
      const rules = await readRules(ports.oss, bucket)
      if (rules !== 'no bucket') knowBucket(ports.oss, bucket)
      return rules
    } finally {
      all.asking--
    }
  })
}

/** To be called when this gateway has changed a bucket. */
export function forgetCors(oss: OssClient, bucket: string): void {
  const { known, unknown } = buckets(oss)
  if (known.has(bucket)) known.set(bucket, undefined)
  unknown.delete(bucket)
}

function answered(
  from: Map<string, Answer | undefined>,
  { oss, clock }: Ports,
  bucket: string,
  ask: () => Promise<BucketCors>,
): Promise<BucketCors> {
  const last = from.get(bucket)
  if (last !== undefined && last.until > clock()) return last.cors
  if (from === buckets(oss).unknown && from.size >= MAX_UNKNOWN_BUCKETS) dropOldest(from)
  const cors = ask()
  from.set(bucket, { cors, until: clock() + REMEMBER_MS })
  // A failure is not kept: the next request asks again.
  cors.catch(() => forgetCors(oss, bucket))
  return cors
}

function dropOldest(map: Map<string, unknown>): void {
  const [oldest] = map.keys()
  if (oldest !== undefined) map.delete(oldest)
}

/** Whether OSS has a bucket, asked at the host that all requests share; also where the gateway's key may not know. */
async function isListed(oss: OssClient, bucket: string): Promise<boolean> {
  try {
    // Of the names that begin so the bucket's own is the first.
    const call = { method: 'GET', query: { prefix: bucket, 'max-keys': '1' } } as const
    const { document } = await oss.sendForXml(call, 'ListAllMyBucketsResult')
    const [first] = children(children(document, 'Buckets')[0] ?? {}, 'Bucket')
    return first !== undefined && text(first, 'Name') === bucket
  } catch (error) {
    if (error instanceof OssError && error.code === 'AccessDenied') return true
    throw error
  }
}

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
