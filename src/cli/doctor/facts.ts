import { randomBytes, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Config } from '../../config/index.ts'
import { placeOf } from '../../operations/mapping.ts'
import { RESERVED_PREFIX } from '../../operations/reserved-keys.ts'
import { UsageError } from '../usage-error.ts'
import type { Arguments } from './arguments.ts'
import type { Facts, UpstreamFacts } from './check.ts'
import { aboutUpstream } from './checks/names.ts'

/**
 * What is known at the beginning.
 * @param keyOf the gateway's own at an upstream (undefined: of the environment), or why there is none. @param now milliseconds since the epoch.
 * @throws UsageError where nobody says where the gateway is, or the settings have no such client.
 */
export function factsOf(
  { buckets, endpoint, client: accessKeyId, readOnly, copyLimit }: Arguments,
  config: Config,
  keyOf: (upstream: string | undefined) => UpstreamFacts['key'],
  now: number,
): Facts {
  const id = randomBytes(6).toString('hex')
  if (endpoint === undefined && config.listen.port === 0)
    throw new UsageError(['PORT is 0: name the running gateway with --endpoint'])
  const [first] = config.clients.values()
  const client = accessKeyId === undefined ? first : config.clients.get(accessKeyId)
  if (client === undefined) throw new UsageError([`the settings have no client ${accessKeyId}`])
  return {
    config,
    gateway: endpoint === undefined ? ownEndpoint(config) : { ...endpoint, name: nameOf(endpoint.host) },
    upstreams: [
      {
        name: undefined,
        about: aboutUpstream(undefined),
        endpoint: ossOf(config),
        credentials: config.credentials,
        key: keyOf(undefined),
      },
      ...[...config.upstreams].map(([name, upstream]) => ({
        ...upstream,
        name,
        about: aboutUpstream(name),
        key: keyOf(name),
      })),
    ],
    client,
    isOssHidden: config.localOss?.port === 0,
    buckets: buckets.map(({ name, prefix }, i) => {
      const place = placeOf(config, client, name)
      const within = place.prefix + prefix
      return {
        ...place,
        within,
        // Two names may stand for one bucket.
        scratch: `${within}s3-oss-gateway-doctor/${id}${i}/`,
        reservedScratch: `${RESERVED_PREFIX}doctor/${id}${i}/`,
      }
    }),
    readOnly,
    measuresCopies: copyLimit,
    now,
  }
}

const nameOf = (host: string) => host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')

/** Where OSS is; the embedded one is asked by its own port, if it has one. */
function ossOf({ endpoint, localOss }: Config): Config['endpoint'] {
  if (localOss === undefined || localOss.port === 0) return endpoint
  // Custom domains lead to the embedded OSS within its own process alone.
  return { ...endpoint, protocol: 'http:', host: `127.0.0.1:${localOss.port}`, domains: undefined }
}

/** Where the settings have the gateway listen; its certificate is for the name that clients call it by. */
function ownEndpoint({ listen, domains }: Config): Facts['gateway'] {
  const { host, port, tls } = listen
  const address = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const bracketed = address.includes(':') ? `[${address}]` : address
  const name = domains[0] ?? (tls === undefined ? undefined : firstName(tls.certFile)) ?? address
  return { protocol: tls === undefined ? 'http:' : 'https:', host: `${bracketed}:${port}`, name }
}

/** The first name that a certificate is for. */
function firstName(file: string): string | undefined {
  const { subjectAltName = '' } = new X509Certificate(readFileSync(file))
  return /(?:DNS|IP Address):([^,\s]+)/.exec(subjectAltName)?.[1]?.replace('*', 'any')
}
