import type { Config, Upstream } from '../../config/index.ts'
import { createOssClient } from '../../oss/client.ts'
import type { Endpoint } from '../../oss/regions.ts'
import type { Credentials, Log } from '../../ports.ts'
import type { Asked } from '../admin.ts'
import {
  closeAllCredentials,
  openAllCredentials,
  reopenAllCredentials,
  type UpstreamCredentials,
} from '../credentials.ts'
import { nodePorts } from '../ports.ts'
import { openUpstream } from '../upstream.ts'

/** The upstreams that a process asks for health checks alone, while others serve. */
export type HealthUpstreams = {
  asked(): Asked
  /** Asks by other settings from now on; where there is no key by them, the log says so, and all goes on as before. */
  renew(config: Config): Promise<void>
  close(): Promise<void>
}

/** @throws Error when there is no key for OSS. */
export async function openHealthUpstreams(first: Config, log: Log): Promise<HealthUpstreams> {
  const keys = await openAllCredentials(first, log)
  const { transport, close } = await openUpstream(first)
  const clientOf = (endpoint: Endpoint, credentials: Credentials) =>
    createOssClient({ ...nodePorts, transport, endpoint, credentials })
  const by = (config: Config, keys: UpstreamCredentials) => ({
    config,
    keys,
    asked: {
      oss: clientOf(config.endpoint, keys.credentials),
      upstreams: new Map(
        [...keys.upstreams].map(([name, own]) => {
          const { endpoint } = config.upstreams.get(name) as Upstream
          return [name, clientOf(endpoint, own)] as const
        }),
      ),
    },
  })
  let current = by(first, keys)
  return {
    asked: () => current.asked,
    renew: async (config) => {
      try {
        const keys = await reopenAllCredentials(config, log, current)
        closeAllCredentials(current.keys, keys)
        current = by(config, keys)
      } catch (error) {
        log('health checks ask OSS by the settings before', { cause: (error as Error).message })
      }
    },
    close: () => {
      closeAllCredentials(current.keys)
      return close()
    },
  }
}
