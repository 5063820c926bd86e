import type { Document } from '../config/document.ts'
import type { Incoming, Sleep } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import { type ConcurrencyLimit, createConcurrencyLimit } from './concurrency-limit.ts'

/** Of as many as are worked on at a time, the part that may be without a signature: forms and browsers' questions. */
const UNSIGNED_PART = 1 / 16
/** What is told to who comes on top: to wait a second. */
const slowDown = { headers: { 'retry-after': '1' } }

/** How many requests are worked on at a time, those that are signed and those that are not. */
export type RequestLimits = { signed: ConcurrencyLimit; unsigned: ConcurrencyLimit }

/** @param limits of the settings, in seconds. */
export function createLimits(
  { inFlight, waiting, waitingTime }: Document['limits'],
  sleep: Sleep,
): RequestLimits {
  const limits = { inFlight, waiting, waitingTime: waitingTime * 1000 }
  return {
    signed: createConcurrencyLimit(limits, sleep),
    unsigned: createConcurrencyLimit({ ...limits, inFlight: Math.ceil(inFlight * UNSIGNED_PART) }, sleep),
  }
}

/**
 * Counts a request among those worked on until it is answered.
 * @returns a promise where it has to wait for that.
 * @throws S3Error SlowDown.
 */
export function enter(
  limit: ConcurrencyLimit,
  { onAnswered, signal }: Pick<Incoming, 'onAnswered' | 'signal'>,
): Promise<void> | undefined {
  if (onAnswered === undefined) return undefined
  const begin = (isIn: boolean): undefined => {
    if (!isIn) throw new S3Error('SlowDown', slowDown)
    onAnswered(limit.leave)
  }
  const isIn = limit.enter(signal)
  return typeof isIn === 'boolean' ? begin(isIn) : isIn.then(begin)
}
