import type { Config } from '../config/index.ts'
import type { Observer } from '../observe/record.ts'
import type { OssClientPorts } from '../oss/call.ts'
import { createOssClient, type OssClient } from '../oss/client.ts'
import type { Endpoint } from '../oss/regions.ts'
import type { Credentials } from '../ports.ts'

/** The clients of one upstream. What they learn of regions, and their retries, are their own. */
export type UpstreamClients = {
  signing: OssClient
  /** The same for what is asked for no request's sake, such as CORS rules. */
  own: OssClient
  /** Signs nothing. */
  unsigned: OssClient
}

/** What the clients are made with: credentials of the upstream of the environment, and of the others by name. */
export type UpstreamPorts = Omit<OssClientPorts, 'endpoint' | 'credentials'> & {
  config: Pick<Config, 'endpoint' | 'upstreams'>
  credentials: Credentials
  upstreams?: ReadonlyMap<string, Credentials> | undefined
  observer?: Observer | undefined
}

/** The clients of all upstreams of a gateway. */
export type Upstreams = {
  /** @param name absent: of the environment. */
  of(name: string | undefined): UpstreamClients
  /** All but that of the environment, by name. */
  others: ReadonlyMap<string, UpstreamClients>
}

/** @throws Error where an upstream of the settings has no credentials. */
export function createUpstreams(ports: UpstreamPorts): Upstreams {
  const { config, observer } = ports
  function clientsOf(
    upstream: string | undefined,
    endpoint: Endpoint,
    credentials: Credentials,
  ): UpstreamClients {
    const signing = createOssClient({ ...ports, upstream, endpoint, credentials })
    return {
      signing,
      own: observer === undefined ? signing : signing.observedBy(observer),
      unsigned: createOssClient({ ...ports, upstream, endpoint, credentials: undefined }),
    }
  }
  const main = clientsOf(undefined, config.endpoint, ports.credentials)
  const others = new Map<string, UpstreamClients>()
  for (const [name, { endpoint }] of config.upstreams) {
    const credentials = ports.upstreams?.get(name)
    if (credentials === undefined) throw new Error(`there are no credentials for the upstream ${name}`)
    others.set(name, clientsOf(name, endpoint, credentials))
  }
  return { of: (name) => (name === undefined ? main : (others.get(name) as UpstreamClients)), others }
}
