import type { Document } from '../config/document.ts'
import { failed } from '../oss/error.ts'
import { isStream } from '../oss/retry.ts'
import type { OssRequest, OssResponse, TimeLimit, Transport } from '../ports.ts'
import { createSemaphore, type Semaphore } from '../runtime/semaphore.ts'
import { OssDispatch, type OssLimits } from './oss-dispatch.ts'
import { OssHosts } from './oss-hosts.ts'

/** Hosts whose connections are kept for requests that nobody has signed. */
const MOST_ANONYMOUS_HOSTS = 100
/**
 * Such requests at a time to hosts that may not exist: anybody can make up buckets, and each costs a connection. The others
 * wait until those before them are answered; how many there can be `limits.anonymous` says.
 */
const MOST_TO_UNKNOWN = 8

/**
 * Requests to OSS through undici's pools of connections: `fetch` would decode Content-Encoding and hand over a broken
 * length.
 * @param timeouts seconds; `headers` and `idle` may be half a second longer or shorter.
 * @param toUnknown does so many of the requests to hosts that may not exist as it lets.
 * @returns the transport, what closes its connections once they are idle, and what makes one with other timeouts, whose
 *   requests count with this one's.
 */
export function ossTransport(
  timeouts: Document['timeouts']['oss'],
  toUnknown: Semaphore = createSemaphore(MOST_TO_UNKNOWN),
): {
  transport: Transport
  close: () => Promise<void>
  renewed: (timeouts: Document['timeouts']['oss']) => Transport
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
  const anonymousHosts = new OssHosts(limits.connect.ms, MOST_ANONYMOUS_HOSTS)

  const transport: Transport = (request) => {
    const { url, body, anonymous } = request
    // By hand: a URL object would resolve `..` in keys.
    const slash = url.indexOf('/', url.indexOf('//') + 2)
    const [origin, path] = [url.slice(0, slash), url.slice(slash)]
    if (!anonymous) return send(request, hosts, origin, path)
    const sendAnonymously = () => send(request, anonymousHosts, origin, path)
    // An upload comes after the look for its bucket's region; it lasts as long as its client wants.
    if (anonymousHosts.isKnown(origin) || isStream(body)) return sendAnonymously()
    return toUnknown(sendAnonymously)
  }

  function send(request: OssRequest, to: OssHosts, origin: string, path: string): Promise<OssResponse> {
    const { signal } = request
    if (signal?.aborted) return Promise.reject(signal.reason)
    try {
      return new OssDispatch(request, to.get(origin), limits).send(path)
    } catch (error) {
      return Promise.reject(failed(error as Error, 'unsendable'))
    }
  }

  const close = async () => {
    await Promise.all([hosts.close(), anonymousHosts.close()])
  }
  return { transport, close, renewed: (others) => ossTransport(others, toUnknown).transport }
}
