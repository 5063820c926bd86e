import { expect, test } from 'vitest'
import type { Comparison, Facts, UpstreamFacts } from '../../../src/cli/doctor/check.ts'
import { clockCheck } from '../../../src/cli/doctor/checks/clocks.ts'

const MINUTE = 60_000

/** How far the clocks of the two are ahead of this machine's, and what is to be said of that. */
const rows: [
  clocks: { gateway?: number; OSS?: number },
  outcome: string,
  said: RegExp,
  advice: RegExp | undefined,
][] = [
  [{}, 'ok', /nobody tells the time/, undefined],
  [{ gateway: 900, OSS: -900 }, 'ok', /agree/, undefined],
  [
    { gateway: 0, OSS: 20 * MINUTE },
    'wrong',
    /this machine's clock is 20 min behind OSS's, and the gateway's clock is 20 min behind OSS's/,
    /this machine and the gateway's machine/,
  ],
  [
    { gateway: 20 * MINUTE, OSS: 20 * MINUTE },
    'wrong',
    /^this machine's clock is 20 min behind/,
    /of this machine,/,
  ],
  [
    { gateway: -20 * MINUTE, OSS: 0 },
    'wrong',
    /^the gateway's clock is 20 min behind OSS's$/,
    /gateway's machine/,
  ],
  [
    { gateway: 20 * MINUTE },
    'wrong',
    /^the gateway's clock is 20 min ahead of this machine's$/,
    /gateway's machine/,
  ],
  [{ gateway: 0, OSS: -2 * MINUTE }, 'warning', /2 min ahead of OSS's/, /NTP/],
]

test.each(rows)('clocks that are ahead by %j', ({ gateway, OSS }, outcome, said, advice) => {
  const verdict = (clockCheck as Comparison).compare(
    { clock: gateway } as Facts,
    { clock: OSS } as UpstreamFacts,
  )
  expect(verdict.outcome).toBe(outcome)
  expect(verdict.said).toMatch(said)
  if (advice === undefined) expect(verdict.advice).toBeUndefined()
  else expect(verdict.advice).toMatch(advice)
})
