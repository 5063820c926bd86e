import type { Config } from '../config/index.ts'
import type { Incoming, Sleep } from '../ports.ts'
import { slowDown } from '../s3/error.ts'
import { clientNetwork } from './client-address.ts'
import { type ConcurrencyLimit, createConcurrencyLimit } from './concurrency-limit.ts'

/** The limit of signed requests that the settings say. A key that is the only one has no neighbours, and may use all. */
export function createLimit(
  { clients, document }: Pick<Config, 'clients' | 'document'>,
  sleep: Sleep,
): ConcurrencyLimit {
  const { inFlight, perKey, perAddress, waiting, waitingTime } = document.limits
  const half = Math.ceil(inFlight / 2)
  const limits = {
    inFlight,
    perKey: perKey ?? (clients.size === 1 ? inFlight : half),
    perAddress: perAddress ?? half,
    waiting,
    waitingTime: waitingTime * 1000,
  }
  return createConcurrencyLimit(limits, sleep)
}

/**
 * Counts a signed request among those worked on until it is answered.
 * @returns a promise where it has to wait for that.
 * @throws S3Error SlowDown.
 */
export function enter(
  limit: ConcurrencyLimit,
  accessKeyId: string,
  { onAnswered, clientAddress, signal }: Pick<Incoming, 'onAnswered' | 'clientAddress' | 'signal'>,
): Promise<void> | undefined {
  if (onAnswered === undefined) return undefined
  const requester = { key: accessKeyId, address: clientNetwork(clientAddress?.()) }
  const begin = (isIn: boolean): undefined => {
    if (!isIn) throw slowDown()
    onAnswered(() => limit.leave(requester))
  }
  const isIn = limit.enter(requester, signal)
  return typeof isIn === 'boolean' ? begin(isIn) : isIn.then(begin)
}
