import {
  atUpstream,
  type Bucket,
  type Facts,
  type Step,
  type UpstreamFacts,
  upstreamOf,
  warning,
} from './check.ts'
import { bucketChecks, regionCheck } from './checks/buckets.ts'
import { clockCheck, upstreamClockCheck } from './checks/clocks.ts'
import { connectionChecks } from './checks/connections.ts'
import { copyChecks } from './checks/copies.ts'
import { customDomainChecks, hostedChecks } from './checks/domains.ts'
import { gatewayAnswer, gatewayChecks } from './checks/gateway.ts'
import { healthChecks } from './checks/health.ts'
import { aboutDomain } from './checks/names.ts'
import { identityCheck, keyChecks, reachChecks } from './checks/oss.ts'
import { permissionChecks } from './checks/permissions.ts'
import { transferChecks } from './checks/transfers.ts'

/** All steps, in their order. @param facts those that are known at the beginning. */
export function allSteps(facts: Facts): Step[] {
  const { buckets, config, upstreams, isOssHidden } = facts
  const [main, ...others] = upstreams
  const hosted = config.domains.flatMap(hostedChecks)
  const ofGateway = [
    ...connectionChecks({
      about: 'gateway',
      origin: ({ gateway }) => gateway,
      unreachable: () => 'start the gateway, or name where it is: HOST and PORT of its settings, --endpoint',
      certificate: 'the certificate of the endpoint (TLS_CERT_FILE, or that of the proxy in front)',
    }),
    gatewayAnswer,
  ]
  // The embedded OSS of a gateway without a port for OSS tools.
  if (isOssHidden)
    return [...ofGateway, unseen, clockCheck, ...gatewayChecks, ...hosted, ...healthChecks(upstreams)]
  const domainsOf = (upstream: UpstreamFacts) =>
    [...(upstream.endpoint.domains ?? [])].flatMap(([bucket, origin]) =>
      customDomainChecks(upstream, bucket, origin),
    )
  const inBucket = (checks: (bucket: Bucket) => Step[]) =>
    buckets.flatMap((bucket) => atUpstream(bucket.upstream, checks(bucket)))
  return [
    ...ofGateway,
    ...reachChecks(main),
    clockCheck,
    ...gatewayChecks,
    ...hosted,
    ...keyChecks(main, 'clocks clocks'),
    identityCheck(main),
    ...others.flatMap((upstream) =>
      atUpstream(upstream.name, [
        ...reachChecks(upstream),
        upstreamClockCheck(upstream.about),
        ...keyChecks(upstream, 'clocks'),
        identityCheck(upstream),
      ]),
    ),
    ...healthChecks(upstreams),
    ...upstreams.flatMap((upstream) => atUpstream(upstream.name, domainsOf(upstream))),
    ...inBucket((bucket) => bucketChecks(bucket, domainCheckOf(facts, bucket))),
    ...upstreams.flatMap((upstream) => atUpstream(upstream.name, [regionCheck(upstream)])),
    ...inBucket(permissionChecks),
    ...inBucket((bucket) => copyChecks(bucket, bucket)),
    ...inBucket(transferChecks),
    ...buckets.flatMap((from) =>
      buckets.filter((to) => to !== from).flatMap((to) => atUpstream(to.upstream, copyChecks(from, to))),
    ),
  ]
}

/** The check of the custom domain that a bucket is asked by; undefined: it has none. */
const domainCheckOf = (facts: Facts, { upstream, bucket }: Bucket) =>
  upstreamOf(facts, upstream).endpoint.domains?.has(bucket)
    ? `${aboutDomain(upstream, bucket)} domain`
    : undefined

const unseen: Step = {
  about: 'OSS',
  name: 'answer',
  does: '',
  means: 'buckets and permissions are not looked at',
  needs: [],
  compare: () =>
    warning(
      'the embedded OSS is within the gateway alone: LOCAL_OSS_PORT is 0',
      'LOCAL_OSS_PORT=9010, as it is by default',
    ),
}
