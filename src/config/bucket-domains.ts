import { type Endpoint, isPathStyle, type Origin, withoutPort } from '../oss/regions.ts'
import { isBucketName } from '../s3/request.ts'
import { BUCKET_RULE } from './document-checks.ts'
import { isOtherService, parseOrigin } from './endpoint.ts'
import { redacted } from './values.ts'

const EXAMPLE = 'https://files.example.com'

/**
 * `endpoints` of the document → the custom domain (CNAME) of each bucket.
 * @param endpoints by bucket, as they are written.
 * @param problems what is wrong is added here, a line each.
 * @param path where in the document they stand.
 */
export function parseBucketDomains(
  endpoints: Readonly<Record<string, string>>,
  problems: string[],
  path = 'endpoints',
): ReadonlyMap<string, Origin> {
  const domains = new Map<string, Origin>()
  const buckets = new Map<string, string>()
  for (const [bucket, text] of Object.entries(endpoints)) {
    const wrong = (why: string) => problems.push(`GATEWAY_CONFIG: ${path}.${bucket}: ${why}`)
    if (!isBucketName(bucket)) {
      wrong(`that is no bucket: ${BUCKET_RULE}`)
      continue
    }
    const origin = parseOrigin(text, EXAMPLE)
    const why = typeof origin === 'string' ? origin : whyNoDomain(origin.host)
    const other = typeof origin === 'string' ? undefined : buckets.get(nameOf(origin))
    if (typeof origin === 'string' || why !== undefined) wrong(`${redacted(text)}: ${why}`)
    else if (other !== undefined)
      wrong(`${nameOf(origin)} is the domain of ${other}, and a domain is bound to one bucket`)
    else {
      domains.set(bucket, origin)
      buckets.set(nameOf(origin), bucket)
    }
  }
  return domains
}

/** The name alone, which is what a bucket is bound to. */
const nameOf = ({ host }: Origin) => withoutPort(host)

/** The custom domains of an endpoint as OSS has them: the bucket by the domain's name. */
export const bucketsByDomain = ({ domains }: Pick<Endpoint, 'domains'>): Record<string, string> =>
  Object.fromEntries([...(domains ?? [])].map(([bucket, origin]) => [nameOf(origin), bucket]))

/** Why a host cannot be a custom domain, or undefined. */
function whyNoDomain(host: string): string | undefined {
  if (isPathStyle(host) || !host.includes('.'))
    return `it must be a domain's name, like ${EXAMPLE}: by its name OSS knows which bucket a custom domain is bound to`
  if (isOtherService(host)) return "that is another service's"
  if (/(?:^|\.)aliyuncs\.com$/.test(withoutPort(host)))
    return `it must be a domain of your own that is bound to the bucket, like ${EXAMPLE}: OSS's own names are for OSS_ENDPOINT, and most need no setting`
  return undefined
}
