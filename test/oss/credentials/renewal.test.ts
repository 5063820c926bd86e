import { beforeEach, describe, expect, test } from 'vitest'
import { type RenewedCredentials, renewedCredentials } from '../../../src/oss/credentials/renewal.ts'
import { SourceError } from '../../../src/oss/credentials/source-error.ts'
import { OssUnreachable } from '../../../src/oss/error.ts'
import type { OssCredentials } from '../../../src/ports.ts'

const HOUR = 3_600_000
const MINUTE = 60_000

let now: number
let asked: number
let logged: [event: string, why: unknown][]
/** What the source says next; a promise is one that is slow. */
let answers: (OssCredentials | Error | Promise<OssCredentials>)[]
let credentials: RenewedCredentials

const made = (shares = true) =>
  renewedCredentials(
    async () => {
      asked++
      const answer = answers.shift() ?? new Error('nothing more')
      if (answer instanceof Error) throw answer
      return answer
    },
    { clock: () => now, log: (event, facts) => logged.push([event, facts.why]), shares, origin: 'a test' },
  )

beforeEach(() => {
  now = 1_000_000_000_000
  asked = 0
  logged = []
  answers = []
  credentials = made()
})

/** A key that is valid for so long from now. */
const key = (name: string, lifetime = HOUR): OssCredentials => ({
  accessKeyId: `STS.${name}`,
  accessKeySecret: `secret of ${name}`,
  securityToken: `token of ${name}`,
  expiration: now + lifetime,
})
const down = () => new SourceError('it is down', `request ${asked}`)
const current = async () => (await credentials.current()).accessKeyId
const refuse = async () => {
  const held = await credentials.current()
  return credentials.renew(held)
}
/** A source that takes its time, and what ends that. */
function slow() {
  let resolve: (key: OssCredentials) => void = () => {}
  answers.push(
    new Promise((resolved) => {
      resolve = resolved
    }),
  )
  return { resolve: (key: OssCredentials) => resolve(key) }
}

test('it is told when the key expires, and what came of asking for one', async () => {
  const counts = () => ({ ...credentials.status().asked })
  expect(credentials.status().expiration).toBeUndefined()
  const [first, second] = [key('first'), key('second', 2 * HOUR)]
  answers = [down(), first, first, second]
  await expect(current()).rejects.toThrow()
  expect(counts()).toEqual({ success: 0, same: 0, failure: 1 })
  now += MINUTE
  await current()
  expect(credentials.status().expiration).toBe(first.expiration)
  now += 50 * MINUTE
  await credentials.renewIfDue()
  expect(counts()).toEqual({ success: 1, same: 1, failure: 1 })
  now += MINUTE
  await credentials.renewIfDue()
  expect(credentials.status().expiration).toBe(second.expiration)
  expect(counts()).toEqual({ success: 2, same: 1, failure: 1 })
})

describe('ahead of time', () => {
  test.each<[lifetime: number, dueAfter: number]>([
    [6 * HOUR, 6 * HOUR - 15 * MINUTE],
    [HOUR, 45 * MINUTE],
    // The shortest that STS gives.
    [15 * MINUTE, 10 * MINUTE],
    [3_000, 2_000],
  ])('a key for %i ms is renewed after %i ms', async (lifetime, dueAfter) => {
    answers = [key('first', lifetime)]
    await credentials.current()
    now += dueAfter - 1
    expect(credentials.renewIfDue()).toBeUndefined()
    now += 1
    answers = [key('second', lifetime)]
    await credentials.renewIfDue()
    expect(await current()).toBe('STS.second')
    expect(asked).toBe(2)
  })

  test('a key that has no end is not', async () => {
    answers = [{ accessKeyId: 'id', accessKeySecret: 'secret' }]
    await credentials.current()
    now += 1_000 * HOUR
    expect(credentials.renewIfDue()).toBeUndefined()
  })

  test('nobody waits for it, and the old key is given meanwhile', async () => {
    answers = [key('first')]
    await credentials.current()
    now += 50 * MINUTE
    const source = slow()
    const renewal = credentials.renewIfDue()
    expect(credentials.renewIfDue()).toBeUndefined()
    expect(credentials.current()).toMatchObject({ accessKeyId: 'STS.first' })
    source.resolve(key('second'))
    await renewal
    expect(credentials.current()).toMatchObject({ accessKeyId: 'STS.second' })
  })

  test('the old key stays for as long as it is valid, the log is told why once, and pauses grow', async () => {
    answers = [key('first')]
    await credentials.current()
    now += 45 * MINUTE
    const tries: number[] = []
    for (const end = now + 15 * MINUTE; now < end; now += 250) {
      answers = [down()]
      const renewal = credentials.renewIfDue()
      if (renewal !== undefined) tries.push(now)
      await renewal
      expect(credentials.current()).toMatchObject({ accessKeyId: 'STS.first' })
    }
    const pauses = tries.slice(1).map((at, i) => at - (tries[i] as number))
    expect(pauses.slice(0, 7)).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000])
    expect(new Set(pauses.slice(7))).toEqual(new Set([30_000]))
    expect(logged).toEqual([['the key for OSS cannot be renewed', 'it is down']])

    now += 30_000
    answers = [key('second')]
    expect(await current()).toBe('STS.second')
    expect(logged.slice(1)).toEqual([['the key for OSS is renewed', undefined]])
  })

  test('a source that gives the same key for a while is asked again, ever more seldom', async () => {
    const first = key('first')
    answers = [first]
    await credentials.current()
    now += 45 * MINUTE
    for (const pause of [250, 500, 1_000]) {
      answers = [{ ...first }]
      await credentials.renewIfDue()
      now += pause - 1
      expect(credentials.renewIfDue()).toBeUndefined()
      now += 1
    }
    answers = [key('second')]
    await credentials.renewIfDue()
    expect(await current()).toBe('STS.second')
    expect(logged).toEqual([])
  })
})

describe('a key that has expired', () => {
  beforeEach(async () => {
    answers = [key('first')]
    await credentials.current()
    now += HOUR
  })

  test('is not given any more: whoever asks waits for the next', async () => {
    answers = [key('second')]
    expect(await Promise.all([current(), current(), current()])).toEqual(Array(3).fill('STS.second'))
    expect(asked).toBe(2)
  })

  test.each<[what: string, answer: () => OssCredentials | Error, why: RegExp]>([
    ['is down', down, /^there is no key for OSS from a test: it is down$/],
    [
      'gives one that has expired as well',
      () => key('second', 0),
      /has expired, by this machine's clock, at 2001-09-09T02:46:40\.000Z$/,
    ],
  ])('fails whoever asks while the source %s, at once until it is asked again', async (_, answer, why) => {
    answers = [answer()]
    await expect(credentials.current()).rejects.toThrow(why)
    const refusals = await Promise.allSettled([current(), current(), current()])
    expect(asked).toBe(2)
    for (const { status, reason } of refusals as PromiseRejectedResult[]) {
      expect([status, reason]).toEqual(['rejected', expect.any(OssUnreachable)])
      // OSS has been asked nothing: whatever it was may be tried again.
      expect(reason.failure).toBe('not-sent')
    }
    now += 250
    answers = [key('third')]
    expect(await current()).toBe('STS.third')
  })
})

describe('a key that OSS refuses', () => {
  beforeEach(async () => {
    answers = [key('first')]
    await credentials.current()
    now += 2 * MINUTE
  })

  test('is renewed at once, however many tell of it by one question', async () => {
    const source = slow()
    const first = credentials.current() as OssCredentials
    const renewals = Array.from({ length: 50 }, () => credentials.renew(first))
    source.resolve(key('second'))
    await Promise.all(renewals)
    // From a request that began before.
    await credentials.renew(first)
    expect(asked).toBe(2)
    expect(await current()).toBe('STS.second')
  })

  test.each<[what: string, answer: () => OssCredentials | Error, why: RegExp]>([
    ['the source is down', down, /it is down/],
    ['the source gives it again', () => credentials.current() as OssCredentials, /gives the key again/],
  ])('is nobody’s to be used better where %s; it is asked again after a pause', async (_, answer, why) => {
    answers = [answer()]
    await expect(refuse()).rejects.toThrow(why)
    await expect(refuse()).rejects.toThrow(/asked again in 1 s/)
    expect(asked).toBe(2)
    now += 250
    answers = [key('second')]
    await refuse()
    expect(await current()).toBe('STS.second')
  })

  test('as soon as it has come costs a pause, longer each time: one more would not help', async () => {
    for (const [i, pause] of [250, 500, 1_000, 2_000].entries()) {
      answers = [key(`next ${i}`)]
      await refuse()
      await expect(refuse()).rejects.toThrow(/OSS refuses the keys that it gives/)
      now += pause - 1
      await expect(refuse()).rejects.toThrow(OssUnreachable)
      now += 1
    }
    expect(asked).toBe(5)
  })

  test('after it was good for a while costs none', async () => {
    for (let i = 0; i < 5; i++) {
      answers = [key(`next ${i}`)]
      await refuse()
      now += 2 * MINUTE
    }
    expect(asked).toBe(6)
  })
})

test('where requests cannot wait for one another, each asks for itself, and one that never ends hinders nobody', async () => {
  credentials = made(false)
  slow()
  void credentials.current()
  answers.push(key('first', MINUTE))
  expect(await current()).toBe('STS.first')
  now += 40_000
  slow()
  void credentials.renewIfDue()
  expect(credentials.renewIfDue()).toBeUndefined()
  now += 30_000
  answers = [key('second')]
  await credentials.renewIfDue()
  expect(credentials.current()).toMatchObject({ accessKeyId: 'STS.second' })
})
