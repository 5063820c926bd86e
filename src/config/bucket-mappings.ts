import { isBucketName } from '../s3/request.ts'
import { RESERVED_PREFIX } from '../translate/reserved-prefix.ts'
import { BUCKET_RULE, prefixProblem } from './document-checks.ts'
import type { Document } from './document-schema.ts'

/** What a bucket's name stands for in OSS. */
export type BucketMapping = {
  /** As clients name it. */
  name: string
  /** Absent: the upstream of the environment. */
  upstream: string | undefined
  /** As OSS names it. */
  bucket: string
  /** What each key has in front of it in OSS, with `/` at its end; empty: the whole bucket is meant. */
  prefix: string
}

/** Bytes: something of the 1023 that OSS allows must be left for keys. */
const MAX_PREFIX_BYTES = 512

/**
 * `buckets` of the document, by the names that clients have.
 * @param problems what is wrong is added here, a line each.
 */
export function parseBucketMappings(
  { buckets, upstreams, clients }: Pick<Document, 'buckets' | 'upstreams' | 'clients'>,
  problems: string[],
): ReadonlyMap<string, BucketMapping> {
  const isKnown = (upstream: string | undefined) =>
    upstream === undefined || Object.hasOwn(upstreams, upstream)
  const add = (path: string, problem: string | undefined) => {
    if (problem !== undefined) problems.push(`GATEWAY_CONFIG: ${path}: ${problem}`)
  }
  const unknown = (upstream: string | undefined) =>
    isKnown(upstream) ? undefined : `there is no upstream ${JSON.stringify(upstream)} in upstreams`
  for (const [i, { upstream }] of clients.entries()) add(`clients.${i}.upstream`, unknown(upstream))
  const mappings = new Map<string, BucketMapping>()
  for (const [name, { upstream, bucket = name, prefix }] of Object.entries(buckets)) {
    const path = `buckets.${name}`
    if (!isBucketName(name)) add(path, `that is no bucket: ${BUCKET_RULE}`)
    else if (!isBucketName(bucket))
      add(`${path}.bucket`, `${JSON.stringify(bucket)} is no bucket: ${BUCKET_RULE}`)
    add(`${path}.upstream`, unknown(upstream))
    if (prefix !== '') add(`${path}.prefix`, prefixProblem(prefix) ?? mappedPrefixProblem(prefix))
    mappings.set(name, { name, upstream, bucket, prefix })
  }
  return mappings
}

function mappedPrefixProblem(prefix: string): string | undefined {
  const written = JSON.stringify(prefix)
  if (!prefix.endsWith('/')) return `${written}: it must end with a slash, like team-a/`
  // Whatever lies between here and OSS may resolve them.
  if (/(?:^|\/)\.{1,2}\//.test(prefix)) return `${written}: it has a . or .. between slashes`
  if (prefix.startsWith(RESERVED_PREFIX))
    return `${written}: what begins with ${RESERVED_PREFIX} is the gateway's own`
  if (new TextEncoder().encode(prefix).length > MAX_PREFIX_BYTES)
    return `it has more than ${MAX_PREFIX_BYTES} bytes`
  return undefined
}
