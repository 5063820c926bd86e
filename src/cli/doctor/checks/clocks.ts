import { MAX_SKEW } from '../../../s3/signature.ts'
import { type Facts, ok, type Step, type UpstreamFacts, type Verdict, warning, wrong } from '../check.ts'
import type { Response } from '../http-response.ts'

/** Keeps how far somebody's clock is ahead of this machine's, by the header `Date`. @param now milliseconds since the epoch. */
export function noteClock(whose: { clock?: number }, now: number, { headers }: Response): void {
  const time = Date.parse(headers.date ?? '')
  if (!Number.isNaN(time)) whose.clock = time - now
}

/** More is no delay of the network. */
const NOTEWORTHY = 60_000

/** The three clocks, where they are known; OSS's is the one that counts. */
export const clockCheck: Step = {
  about: 'clocks',
  name: 'clocks',
  does: "compares this machine's clock, the gateway's and OSS's",
  means: 'signatures that are 15 minutes off are refused',
  needs: [],
  compare: compareClocks,
}

/** The same of another upstream, whose clock is not OSS's in that of the environment. */
export const upstreamClockCheck = (about: string): Step => ({
  ...clockCheck,
  about,
  needs: ['answer', 'clocks clocks'],
  compare: compareClocks,
})

function compareClocks({ clock: gateway }: Facts, { clock: OSS }: UpstreamFacts): Verdict {
  const reference = OSS ?? 0
  const against = OSS === undefined ? "this machine's" : "OSS's"
  const apart = [
    ...(OSS === undefined ? [] : ([["this machine's", -OSS]] as const)),
    ...(gateway === undefined ? [] : ([["the gateway's", gateway - reference]] as const)),
  ].filter(([, ms]) => Math.abs(ms) > NOTEWORTHY)
  if (apart.length === 0)
    return ok(gateway === undefined && OSS === undefined ? 'nobody tells the time' : 'agree')
  const told = apart
    .map(
      ([whose, ms]) =>
        `${whose} clock is ${inWords(Math.abs(ms))} ${ms < 0 ? 'behind' : 'ahead of'} ${against}`,
    )
    .join(', and ')
  const whom = apart
    .map(([whose]) => (whose === "the gateway's" ? "the gateway's machine" : 'this machine'))
    .join(' and ')
  const verdict = apart.some(([, ms]) => Math.abs(ms) > MAX_SKEW) ? wrong : warning
  return verdict(told, `set the clock of ${whom}, and keep it by NTP`)
}

const inWords = (ms: number) =>
  ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`
