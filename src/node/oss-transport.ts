import type { Document } from '../config/document.ts'
import { failed } from '../oss/error.ts'
import type { TimeLimit, Transport } from '../ports.ts'
import { OssDispatch, type OssLimits } from './oss-dispatch.ts'
import { OssHosts } from './oss-hosts.ts'

/**
 * Requests to OSS through undici's pools of connections: `fetch` would decode Content-Encoding and hand over a broken
 * length.
 * @param timeouts seconds; `headers` and `idle` may be half a second longer or shorter.
 * @returns the transport, and what closes its connections once they are idle.
 */
export function ossTransport(timeouts: Document['timeouts']['oss']): {
  transport: Transport
  close: () => Promise<void>
} {
  const limit = (name: keyof typeof timeouts): TimeLimit => ({
    ms: Math.round(timeouts[name] * 1000),
    setting: `timeouts.oss.${name}`,
  })
  const limits: OssLimits = {
    connect: limit('connect'),
    headers: limit('headers'),
    idle: limit('idle'),
    total: limit('total'),
  }
  const hosts = new OssHosts(limits.connect.ms)

  const transport: Transport = (request) => {
    const { url, signal } = request
    if (signal?.aborted) return Promise.reject(signal.reason)
    // By hand: a URL object would resolve `..` in keys.
    const slash = url.indexOf('/', url.indexOf('//') + 2)
    try {
      return new OssDispatch(request, hosts.get(url.slice(0, slash)), limits).send(url.slice(slash))
    } catch (error) {
      return Promise.reject(failed(error as Error, 'unsendable'))
    }
  }
  return { transport, close: () => hosts.close() }
}
