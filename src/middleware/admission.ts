import type { Client, Config } from '../config/index.ts'
import type { Clock, Incoming, Sleep } from '../ports.ts'
import { slowDown } from '../s3/error.ts'
import { type ConcurrencyLimit, type ConcurrencyLimits, createConcurrencyLimit } from './concurrency-limit.ts'
import { createRateLimit, type RateLimit } from './rate-limit.ts'

/** The limits of requests, and what is counted by them. */
export type Admission = {
  /** Of requests that are signed. */
  signed: ConcurrencyLimit
  /** Of requests that are not, which take no place of those. */
  anonymous: ConcurrencyLimit
  /** Of clients that have one. */
  rates: RateLimit
  /** Goes on by the limits of other settings. What is counted stays: a client is who has its access key id. */
  apply(settings: LimitSettings): void
}

/** The settings that limits are made of. */
export type LimitSettings = Pick<Config, 'clients' | 'document'>

/** Counts by the limits of the settings, beginning with nothing. */
export function createAdmission(
  settings: LimitSettings,
  { sleep, clock }: { sleep: Sleep; clock: Clock },
): Admission {
  const signed = createConcurrencyLimit(signedLimits(settings), sleep)
  const anonymous = createConcurrencyLimit(anonymousLimits(settings), sleep)
  const rates = createRateLimit(limitsOf(settings.clients, 'rate'), clock)
  return {
    signed,
    anonymous,
    rates,
    apply: (others) => {
      signed.apply(signedLimits(others))
      anonymous.apply(anonymousLimits(others))
      rates.apply(limitsOf(others.clients, 'rate'))
    },
  }
}

/** The limits of signed requests (`limits`, and those of clients). A key that is the only one may use all of it. */
function signedLimits({ clients, document }: LimitSettings): ConcurrencyLimits {
  const { inFlight, perKey, perAddress, waiting, waitingTime } = document.limits
  const half = Math.ceil(inFlight / 2)
  return {
    inFlight,
    perKey: perKey ?? (clients.size === 1 ? inFlight : half),
    ofKey: limitsOf(clients, 'inFlight'),
    perAddress: perAddress ?? half,
    waiting,
    waitingTime: waitingTime * 1000,
  }
}

/** A limit of the clients that have it, by key. */
function limitsOf(clients: Config['clients'], name: 'inFlight' | 'rate'): ReadonlyMap<string, number> {
  const limits = new Map<string, number>()
  for (const [key, client] of clients) {
    const limit = client.limits?.[name]
    if (limit !== undefined) limits.set(key, limit)
  }
  return limits
}

/** The limits of requests that nobody has signed (`limits.anonymous`). As many more may wait. */
function anonymousLimits({ document }: Pick<Config, 'document'>): ConcurrencyLimits {
  const { anonymous, perAddress, waiting, waitingTime } = document.limits
  return {
    inFlight: anonymous,
    perKey: anonymous,
    perAddress: perAddress ?? Math.ceil(anonymous / 2),
    waiting: Math.min(waiting, anonymous),
    waitingTime: waitingTime * 1000,
  }
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
