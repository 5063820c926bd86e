import type { Client, Config } from '../config/index.ts'
import type { Clock, Incoming, Sleep } from '../ports.ts'
import { slowDown } from '../s3/error.ts'
import { type ConcurrencyLimit, createConcurrencyLimit } from './concurrency-limit.ts'
import { createRateLimit, type RateLimit } from './rate-limit.ts'

/** The limit of signed requests by the settings (`limits`). A key that is the only one may use all of it. */
export function concurrencyLimitOf(
  { clients, document }: Pick<Config, 'clients' | 'document'>,
  sleep: Sleep,
): ConcurrencyLimit {
  const { inFlight, perKey, perAddress, waiting, waitingTime } = document.limits
  const half = Math.ceil(inFlight / 2)
  const limits = {
    inFlight,
    perKey: perKey ?? (clients.size === 1 ? inFlight : half),
    ofKey: limitsOf(clients, 'inFlight'),
    perAddress: perAddress ?? half,
    waiting,
    waitingTime: waitingTime * 1000,
  }
  return createConcurrencyLimit(limits, sleep)
}

/** The rates of clients that have one (`limits.rate` of a client). */
export const rateLimitOf = ({ clients }: Pick<Config, 'clients'>, clock: Clock): RateLimit =>
  createRateLimit(limitsOf(clients, 'rate'), clock)

/** A limit of the clients that have it, by key. */
function limitsOf(clients: Config['clients'], name: 'inFlight' | 'rate'): ReadonlyMap<string, number> {
  const limits = new Map<string, number>()
  for (const [key, client] of clients) {
    const limit = client.limits?.[name]
    if (limit !== undefined) limits.set(key, limit)
  }
  return limits
}

/** The limit of requests that nobody has signed (`limits.anonymous`), beside that of the signed ones. As many more may wait. */
export function anonymousLimitOf({ document }: Pick<Config, 'document'>, sleep: Sleep): ConcurrencyLimit {
  const { anonymous, perAddress, waiting, waitingTime } = document.limits
  const limits = {
    inFlight: anonymous,
    perKey: anonymous,
    perAddress: perAddress ?? Math.ceil(anonymous / 2),
    waiting: Math.min(waiting, anonymous),
    waitingTime: waitingTime * 1000,
  }
  return createConcurrencyLimit(limits, sleep)
}

/**
 * Counts a request among those worked on, from now until it is answered.
 * @returns a promise where it has to wait for another to end; undefined where it may begin.
 * @throws S3Error SlowDown where it is refused.
 */
export function admit(
  limit: ConcurrencyLimit,
  { accessKeyId }: Client,
  { onAnswered, clientAddress, signal }: Pick<Incoming, 'onAnswered' | 'clientAddress' | 'signal'>,
): Promise<void> | undefined {
  if (clientAddress === undefined || onAnswered === undefined) return undefined
  const requester = { key: accessKeyId, address: clientAddress() }
  const begin = (isAcquired: boolean): undefined => {
    if (!isAcquired) throw slowDown()
    onAnswered(() => limit.release(requester))
  }
  const isAcquired = limit.acquire(requester, signal)
  return typeof isAcquired === 'boolean' ? begin(isAcquired) : isAcquired.then(begin)
}
