import { describe, expect, test } from 'vitest'
import type { OssCall } from '../../src/oss/call.ts'
import { failed, OssError, OssUnreachable, timedOut } from '../../src/oss/error.ts'
import { isRepeatable, pauseBefore, repeating, retryBudget } from '../../src/oss/retry.ts'

async function* stream() {}
const bytes = new Uint8Array(3)
const calls: Record<string, OssCall> = {
  GET: { method: 'GET' },
  HEAD: { method: 'HEAD' },
  DELETE: { method: 'DELETE' },
  'POST bytes': { method: 'POST', body: bytes },
  'PUT bytes': { method: 'PUT', body: bytes },
  'PUT stream': { method: 'PUT', body: stream() },
  'part bytes': { method: 'PUT', query: { partNumber: '1', uploadId: 'x' }, body: bytes },
  'part stream': { method: 'PUT', query: { partNumber: '1', uploadId: 'x' }, body: stream() },
  'part copy': {
    method: 'PUT',
    query: { partNumber: '1', uploadId: 'x' },
    headers: { 'x-oss-copy-source': '/b/k' },
    body: bytes,
  },
}
const reads = ['GET', 'HEAD']
const idempotent = [...reads, 'part bytes']
const replayable = [...idempotent, 'DELETE', 'POST bytes', 'PUT bytes', 'part copy']

const refused = (status: number, code?: string, headers = {}) =>
  new OssError(status, headers, code === undefined ? '<html>' : `<Error><Code>${code}</Code></Error>`)
const unreachable = (cause: Error) => new OssUnreachable('no answer', { cause })

describe('a call is repeated', () => {
  const rows: [why: string, error: unknown, repeated: string[]][] = [
    ['no connection', unreachable(failed(new Error('ECONNREFUSED'), 'not-sent')), replayable],
    ['a cut connection', unreachable(new Error('ECONNRESET')), idempotent],
    ['a document that is none', new OssUnreachable('no ListBucketResult'), idempotent],
    ['a time limit', unreachable(timedOut('nothing came', { ms: 1, setting: 'x' })), []],
    ['a request that cannot be sent', unreachable(failed(new Error('x'), 'unsendable')), []],
    ['503 ServiceUnavailable', refused(503, 'ServiceUnavailable'), replayable],
    ['503 TotalQpsLimitExceeded', refused(503, 'TotalQpsLimitExceeded'), replayable],
    ['503 of a proxy', refused(503), idempotent],
    ['503 by a name of tomorrow', refused(503, 'BusyBusy'), idempotent],
    ['500', refused(500, 'InternalError'), idempotent],
    ['502 of a proxy', refused(502), idempotent],
    ['504', refused(504), idempotent],
    ['501', refused(501, 'NotImplemented'), []],
    ['400 RequestTimeout', refused(400, 'RequestTimeout'), idempotent],
    ['400', refused(400, 'InvalidArgument'), []],
    ['403', refused(403, 'AccessDenied'), []],
    ['404', refused(404, 'NoSuchKey'), []],
    ['409', refused(409, 'OperationAborted'), []],
    ['412', refused(412, 'PreconditionFailed'), []],
    ['a mistake of ours', new TypeError('undefined is not a function'), []],
  ]
  test.each(rows)('after %s', (_, error, repeated) => {
    const names = Object.keys(calls).filter((name) => isRepeatable(calls[name] as OssCall, error))
    expect(names.sort()).toEqual([...repeated].sort())
  })
})

/** Repeats without waiting, and how long it would have waited. */
function instantly(budget = retryBudget()) {
  const pauses: number[] = []
  const sleep = async (ms: number) => void pauses.push(ms)
  return { repeat: repeating({ sleep, random: () => 0.5 }, budget), pauses }
}

/** Fails so many times; the number of attempts so far. */
function failing(times: number, error: Error = refused(503, 'ServiceUnavailable')) {
  const made = { attempts: 0 }
  const attempt = async () => {
    if (++made.attempts <= times) throw error
    return 'done'
  }
  return { made, attempt }
}

const get: OssCall = { method: 'GET' }

describe('an attempt', () => {
  test('that fails twice is made a third time, each after a longer pause', async () => {
    const { repeat, pauses } = instantly()
    const { made, attempt } = failing(2)
    expect(await repeat(get, attempt)).toBe('done')
    expect([made.attempts, pauses]).toEqual([3, [100, 200]])
  })

  test('that fails three times is given up, with its error', async () => {
    const { repeat } = instantly()
    const error = refused(503, 'CpuLimitExceeded')
    const { made, attempt } = failing(9, error)
    await expect(repeat(get, attempt)).rejects.toBe(error)
    expect(made.attempts).toBe(3)
  })

  test('is not made for a client that went away, before the pause or in it', async () => {
    const error = refused(503, 'ServiceUnavailable')
    const gone = failing(9, error)
    const call = { ...get, signal: AbortSignal.abort() }
    await expect(instantly().repeat(call, gone.attempt)).rejects.toBe(error)
    const leaving = failing(9, error)
    const repeat = repeating({ sleep: () => Promise.reject(new Error('aborted')), random: () => 0 })
    await expect(repeat(get, leaving.attempt)).rejects.toBe(error)
    expect([gone.made.attempts, leaving.made.attempts]).toEqual([1, 1])
  })
})

test.each([
  [0, 0, undefined, 50],
  [0, 0.999, undefined, 149.9],
  [1, 0.5, undefined, 200],
  [0, 0.5, '1', 1000],
  [0, 0.5, '3600', 3000],
  [1, 0.5, '0', 200],
  [1, 0.5, 'Wed, 21 Oct 2015 07:28:00 GMT', 200],
  [1, 0.5, '-5', 200],
])('after %i repeats, chance %d and a Retry-After of %s the pause is %d ms', (repeats, random, wish, ms) => {
  const error = refused(503, 'ServiceUnavailable', wish === undefined ? {} : { 'retry-after': wish })
  expect(pauseBefore(repeats, random, error)).toBeCloseTo(ms, 5)
})

describe('the budget', () => {
  const spendAll = (budget: ReturnType<typeof retryBudget>) => {
    let spent = 0
    while (budget.spend()) spent++
    return spent
  }

  test('is a hundred attempts, and is never more', () => {
    const budget = retryBudget()
    for (let i = 0; i < 1000; i++) budget.earn(0)
    expect(spendAll(budget)).toBe(100)
    expect(spendAll(budget)).toBe(0)
  })

  test('gets one attempt for five successes, and back what led to one', () => {
    const budget = retryBudget()
    spendAll(budget)
    for (let i = 0; i < 5; i++) budget.earn(0)
    expect(spendAll(budget)).toBe(1)
    budget.earn(1)
    expect(spendAll(budget)).toBe(1)
  })

  test('bounds what an OSS that is down is asked, and lets all through again when it is back', async () => {
    const { repeat } = instantly()
    const down = failing(Number.POSITIVE_INFINITY)
    for (let i = 0; i < 1000; i++) await repeat(get, down.attempt).catch(() => {})
    expect(down.made.attempts).toBe(1100)
    const back = failing(0)
    for (let i = 0; i < 100; i++) await repeat(get, back.attempt)
    const flaky = failing(1)
    expect(await repeat(get, flaky.attempt)).toBe('done')
  })
})
