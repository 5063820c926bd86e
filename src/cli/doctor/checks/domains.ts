import { RESERVED_PREFIX } from '../../../operations/reserved-keys.ts'
import { errorCauses } from '../../../oss/error.ts'
import { type Origin, withoutPort } from '../../../oss/regions.ts'
import { asking, type Bucket, type Facts, ok, type Step, type UpstreamFacts, wrong } from '../check.ts'
import { errorOf, isSilent, said } from '../http-response.ts'
import { askingS3, isKnownAndRefused } from '../s3-answers.ts'
import { connectionChecks } from './connections.ts'
import { aboutDomain } from './names.ts'

/** A bucket of which a name can be made that a wildcard certificate is for. */
const someBucket = (buckets: readonly Bucket[]) =>
  buckets.find(({ name }) => !name.includes('.'))?.name ?? 'doctor'

/** Where clients of virtual-hosted style find a bucket: by its name below the domain, at the gateway's port. */
function hostedAt({ gateway, buckets }: Facts, domain: string): Facts['gateway'] {
  const [port = ''] = /:\d+$/.exec(gateway.host) ?? []
  const name = `${someBucket(buckets)}.${domain}`
  return { protocol: gateway.protocol, host: `${name}${port}`, name }
}

/** That buckets are found below a domain of `S3_DOMAIN`, and that it is this gateway which answers there. */
export function hostedChecks(domain: string): Step[] {
  const about = `domain ${domain}`
  const names = `*.${domain}`
  return [
    ...connectionChecks({
      about,
      needs: ['gateway signature'],
      origin: (facts) => hostedAt(facts, domain),
      unreachable: () =>
        `a record of DNS for ${names} that leads to the gateway; --endpoint where clients use another port than it listens on`,
      certificate: `the certificate by one that is for ${names}, too`,
    }),
    askingS3({
      about,
      name: 'bucket',
      does: 'asks for a bucket by its name below the domain, as most SDKs do unless told otherwise',
      means: 'clients that do not use path style reach no bucket',
      needs: ['certificate'],
      ask: (facts) => ({
        of: 'gateway',
        method: 'GET',
        at: hostedAt(facts, domain),
        query: { 'list-type': '2', prefix: RESERVED_PREFIX },
      }),
      judge(answer) {
        if (isKnownAndRefused(answer)) return ok('reaches the gateway')
        return wrong(
          `the gateway takes it for something else: ${said(answer)}`,
          `S3_DOMAIN=${domain} in the settings of the running gateway`,
        )
      },
    }),
  ]
}

/** That a bucket's custom domain (`endpoints` of the settings document) leads to OSS, and is bound to that bucket. */
export function customDomainChecks(
  { name, about: ofUpstream }: UpstreamFacts,
  bucket: string,
  origin: Origin,
): Step[] {
  const about = aboutDomain(name, bucket)
  const domain = withoutPort(origin.host)
  const setting = `${name === undefined ? '' : `upstreams.${name}.`}endpoints.${bucket}`
  const needs = [`${ofUpstream} credentials`]
  return [
    ...connectionChecks({
      about,
      needs,
      origin: () => origin,
      unreachable: () => `${setting} of the settings document, or the CNAME record of ${domain} in DNS`,
      certificate: `the certificate that OSS has for ${domain} (PutCname)`,
    }),
    asking<'oss'>({
      about,
      name: 'domain',
      does: `asks OSS for the bucket by its domain ${domain}`,
      means: 'all that clients do with its objects fails',
      needs: [...needs, 'certificate'],
      ask: () => ({ of: 'oss', method: 'GET', bucket, query: { 'max-keys': '1', prefix: RESERVED_PREFIX } }),
      judge(answer) {
        if (isSilent(answer)) return wrong(`no answer came: ${answer.silence}`, 'try again')
        if (answer.headers['x-oss-request-id'] === undefined)
          return wrong(
            `what answers at ${domain} (${said(answer)}) is not OSS: it gives no x-oss-request-id`,
            `the CNAME record of ${domain} in DNS: it has to lead to BUCKET.oss-REGION.aliyuncs.com`,
          )
        const { code, ec } = errorOf(answer) ?? {}
        // In its own region the bucket itself has been asked for.
        if (code === 'SignatureDoesNotMatch' || ec === errorCauses.wrongSigningRegion)
          return wrong(
            `${domain} is bound to another bucket: OSS takes the signature for ${bucket} for wrong`,
            `bind ${domain} to ${bucket} in OSS (PutCname), or correct ${setting} of the settings document`,
          )
        if (code === 'NoSuchBucket')
          return wrong(
            `${domain} is bound to no bucket, or to one that is gone: ${said(answer)}`,
            `bind ${domain} to ${bucket} in OSS (PutCname)`,
          )
        // What it may do there is told by the permissions.
        if (code === undefined || code === 'AccessDenied') return ok(`${domain} is the bucket's`)
        return wrong(said(answer), `${setting} of the settings document`)
      },
    }),
  ]
}
