import type { Clock, Credentials, Log, OssCredentials } from '../../ports.ts'
import { failed, OssUnreachable } from '../error.ts'
import { SourceError } from './source-error.ts'

/** How long before it expires a key is renewed, in milliseconds; of a short-lived one the last third. Alibaba Cloud's SDKs take as long. */
const AHEAD = 15 * 60_000
/** The pause after a renewal that was of no use, in milliseconds: twice as long after each, up to the last. */
const FIRST_PAUSE = 250
const LAST_PAUSE = 30_000
/** A key that has served for so many milliseconds was good: that OSS refuses it is news. */
const PROVEN = 60_000
/** After so many milliseconds a renewal is given up for lost: Workers end the one that a request had begun with it. */
const LOST = 30_000

/** What a key's renewal works with. */
export type RenewalPorts = {
  clock: Clock
  log: Log
  /** Whether a request may wait for what another has begun (`Platform.requestsWait`). */
  shares: boolean
  /** Where keys come from, for the log and for errors. */
  origin: string
}

/** Credentials whose key is renewed when OSS refuses it, and ahead of time where `renewIfDue` is called. */
export type RenewedCredentials = Required<Credentials> & {
  /** Renews the key where it is time to. Never rejects: the old key stays for as long as it is valid. */
  renewIfDue(): Promise<void> | undefined
  status(): KeyStatus
}

/** How a key and its renewals stand. */
export type KeyStatus = {
  /** When the key in hand is of no more use, in milliseconds since the epoch; undefined: not known, or there is none. */
  expiration: number | undefined
  /** How often the source was asked for a key, by what came of it; `same`: the key that was in hand. */
  asked: Readonly<Record<'success' | 'same' | 'failure', number>>
}

/**
 * The key that a source gives, and the next one in time. However many ask for one at once, the source is asked once; and
 * after a renewal that was of no use not before a pause is over.
 * @param fetchKey asks the source. @throws SourceError, or another Error that says why there is no key, without a secret.
 */
export function renewedCredentials(
  fetchKey: () => Promise<OssCredentials>,
  { clock, log, shares, origin }: RenewalPorts,
): RenewedCredentials {
  let held: OssCredentials | undefined
  let heldSince = 0
  let refused: OssCredentials | undefined
  /** When the next key is to be got though nobody asks for it, and before which time the source is not asked again. */
  let dueAt = 0
  let notBefore = 0
  /** In a row: renewals that failed, and keys that OSS refused at once. */
  let failures = 0
  let refusals = 0
  /** Why the last renewal failed, as far as the log has been told. */
  let told: string | undefined
  const asked = { success: 0, same: 0, failure: 0 }
  let running: { key: Promise<OssCredentials>; since: number } | undefined

  const isRunning = () => running !== undefined && clock() - running.since < LOST
  const pauseAfter = (times: number) => clock() + Math.min(FIRST_PAUSE * 2 ** (times - 1), LAST_PAUSE)
  const validUntil = () => held?.expiration && new Date(held.expiration).toISOString()

  /** @throws OssUnreachable, by which OSS has been asked nothing. */
  function unavailable(why: string): never {
    const cause = failed(new Error(why), 'not-sent')
    throw new OssUnreachable(`there is no key for OSS from ${origin}: ${why}`, { cause })
  }

  function hold(key: OssCredentials): void {
    const now = clock()
    const { expiration = Number.POSITIVE_INFINITY } = key
    if (expiration <= now) {
      const when = new Date(expiration).toISOString()
      throw new Error(`the key that it gives has expired, by this machine's clock, at ${when}`)
    }
    if (held !== undefined && isSame(held, key)) {
      asked.same++
      failures++
      notBefore = pauseAfter(failures)
      dueAt = notBefore
      return
    }
    const isInstead = held !== undefined && held === refused
    refusals = isInstead ? refusals + 1 : 0
    // What OSS refuses at once as well is not put right by one more.
    notBefore = isInstead ? pauseAfter(refusals) : 0
    failures = 0
    asked.success++
    held = key
    heldSince = now
    dueAt = expiration - Math.min(AHEAD, (expiration - now) / 3)
    if (isInstead || told !== undefined)
      log('the key for OSS is renewed', { origin, validUntil: validUntil() })
    told = undefined
  }

  async function fetchOnce(): Promise<OssCredentials> {
    try {
      hold(await fetchKey())
    } catch (error) {
      const { message: why } = error as Error
      asked.failure++
      failures++
      notBefore = pauseAfter(failures)
      dueAt = notBefore
      const requestId = error instanceof SourceError ? error.requestId : undefined
      if (why !== told)
        log('the key for OSS cannot be renewed', { origin, why, requestId, validUntil: validUntil() })
      told = why
      unavailable(why)
    }
    return held as OssCredentials
  }

  /** The next key, from a renewal that may be on its way. Rejects with OssUnreachable. */
  function next(): Promise<OssCredentials> {
    if (running !== undefined && shares && isRunning()) return running.key
    const begun = { key: fetchOnce(), since: clock() }
    running = begun
    const end = () => {
      if (running === begun) running = undefined
    }
    begun.key.then(end, end)
    return begun.key
  }

  /** Like {@link next}, but while a pause lasts it rejects at once. */
  async function nextUnlessPaused(): Promise<OssCredentials> {
    const wait = notBefore - clock()
    if (wait > 0 && !(shares && isRunning())) {
      const why = told ?? 'OSS refuses the keys that it gives'
      unavailable(`${why} (it is asked again in ${Math.ceil(wait / 1000)} s)`)
    }
    return next()
  }

  return {
    current() {
      if (held !== undefined && (held.expiration === undefined || clock() < held.expiration)) return held
      return nextUnlessPaused()
    },
    async renew(key) {
      if (held !== key) return
      refused = key
      if (clock() - heldSince > PROVEN) refusals = 0
      if ((await nextUnlessPaused()) === key) unavailable('it gives the key again that OSS refuses')
    },
    renewIfDue() {
      // The first is got by whoever needs it.
      if (held === undefined || clock() < dueAt || isRunning()) return undefined
      return next().then(
        () => {},
        () => {},
      )
    },
    status: () => ({ expiration: held?.expiration, asked }),
  }
}

const isSame = (a: OssCredentials, b: OssCredentials) =>
  a.accessKeyId === b.accessKeyId &&
  a.accessKeySecret === b.accessKeySecret &&
  a.securityToken === b.securityToken
