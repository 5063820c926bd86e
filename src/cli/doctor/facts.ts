import { randomBytes, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Config } from '../../config/index.ts'
import { RESERVED_PREFIX } from '../../operations/reserved-keys.ts'
import { UsageError } from '../usage-error.ts'
import type { Arguments } from './arguments.ts'
import type { Facts } from './check.ts'

/**
 * What is known at the beginning.
 * @param key the gateway's own, or why there is none. @param now milliseconds since the epoch.
 * @throws UsageError where nobody says where the gateway is.
 */
export function factsOf(
  { buckets, endpoint, readOnly }: Arguments,
  config: Config,
  key: Facts['key'],
  now: number,
): Facts {
  const id = randomBytes(6).toString('hex')
  if (endpoint === undefined && config.listen.port === 0)
    throw new UsageError(['PORT is 0: name the running gateway with --endpoint'])
  const mapped = buckets.find(({ name }) => config.buckets.has(name))
  if (mapped !== undefined)
    throw new UsageError([
      `--bucket ${mapped.name}: that is a name of the settings (buckets): name the bucket as OSS does, ${config.buckets.get(mapped.name)?.bucket}`,
    ])
  return {
    config,
    gateway: endpoint === undefined ? ownEndpoint(config) : { ...endpoint, name: nameOf(endpoint.host) },
    oss: ossOf(config),
    key,
    buckets: buckets.map(({ name, prefix }) => ({
      name,
      prefix,
      scratch: `${prefix}s3-oss-gateway-doctor/${id}/`,
      reservedScratch: `${RESERVED_PREFIX}doctor/${id}/`,
    })),
    readOnly,
    now,
    clocks: {},
  }
}

const nameOf = (host: string) => host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')

/** Where OSS is; the embedded one is asked by its own port. */
function ossOf({ endpoint, localOss }: Config): Facts['oss'] {
  if (localOss === undefined) return endpoint
  if (localOss.port === 0) return undefined
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
