import { type Facts, type Step, warning } from './check.ts'
import { bucketChecks, regionCheck } from './checks/buckets.ts'
import { clockCheck } from './checks/clocks.ts'
import { connectionChecks } from './checks/connections.ts'
import { copyChecks } from './checks/copies.ts'
import { customDomainChecks, hostedChecks } from './checks/domains.ts'
import { gatewayAnswer, gatewayChecks } from './checks/gateway.ts'
import { healthChecks } from './checks/health.ts'
import { identityCheck, keyChecks, ossAnswer, ossUnreachable } from './checks/oss.ts'
import { permissionChecks } from './checks/permissions.ts'
import { transferChecks } from './checks/transfers.ts'

/** All steps, in their order. @param facts those that are known at the beginning. */
export function allSteps(facts: Facts): Step[] {
  const { buckets, config, oss } = facts
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
  if (oss === undefined)
    return [...ofGateway, unseen, clockCheck, ...gatewayChecks, ...hosted, ...healthChecks]
  return [
    ...ofGateway,
    ...connectionChecks({
      about: 'OSS',
      origin: () => oss,
      unreachable: ossUnreachable,
      certificate: 'what answers for OSS_ENDPOINT: a proxy, or another service',
    }),
    ossAnswer,
    clockCheck,
    ...gatewayChecks,
    ...hosted,
    ...keyChecks,
    identityCheck,
    ...healthChecks,
    ...[...(oss.domains ?? [])].flatMap(([bucket, origin]) => customDomainChecks(bucket, origin)),
    ...buckets.flatMap((bucket) => bucketChecks(bucket, oss.domains?.has(bucket.name) ?? false)),
    regionCheck,
    ...buckets.flatMap(permissionChecks),
    ...buckets.flatMap((bucket) => copyChecks(bucket, bucket)),
    ...buckets.flatMap(transferChecks),
    ...buckets.flatMap((from) => buckets.filter((to) => to !== from).flatMap((to) => copyChecks(from, to))),
  ]
}

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
