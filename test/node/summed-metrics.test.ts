import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { MetricValues } from '../../src/node/observe/metric-values.ts'
import { createMetrics } from '../../src/node/observe/metrics.ts'
import { type WorkerMetrics, workerMetrics } from '../../src/node/observe/worker-metrics.ts'

/** What a process tells that has counted so much. */
async function counted(times: number): Promise<MetricValues> {
  const { observer, values } = createMetrics()
  for (let i = 0; i < times; i++) observer.onRetry('reason')
  return values()
}

const sumOf = async (all: WorkerMetrics<string>) => {
  const { text } = await all.text([])
  return Number(/^s3gw_retries_total\{reason="reason"\} (\d+)$/m.exec(text)?.[1] ?? 0)
}

type Answer = (all: WorkerMetrics<string>, worker: string, asked: number) => void

/** Workers that answer as they are told to. */
function started(answers: Record<string, Answer>): WorkerMetrics<string> {
  const all: WorkerMetrics<string> = workerMetrics((worker, asked) => answers[worker]?.(all, worker, asked))
  for (const worker of Object.keys(answers)) all.begin(worker)
  return all
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('a worker that is too busy to answer counts as it did last', async () => {
  const [five, two] = [await counted(5), await counted(2)]
  let isBusy = false
  const all = started({
    one: (all, worker, asked) => all.take(worker, five, asked),
    other: (all, worker, asked) => isBusy || all.take(worker, two, asked),
  })
  expect(await sumOf(all)).toBe(7)
  isBusy = true
  const sum = sumOf(all)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await sum).toBe(7)
})

test.each<[string, (all: WorkerMetrics<string>, values: MetricValues) => void, number]>([
  ['that has told its last', (all, values) => all.take('one', values, undefined), 9],
  ['that was killed', () => {}, 5],
])('a worker %s still counts when it has ended, once', async (_, atEnd, counts) => {
  const [five, nine] = [await counted(5), await counted(9)]
  const all = started({ one: (all, worker, asked) => all.take(worker, five, asked) })
  expect(await sumOf(all)).toBe(5)
  atEnd(all, nine)
  all.end('one')
  for (let i = 0; i < 2; i++) expect(await sumOf(all)).toBe(counts)
  // What is under way when it ends comes too late.
  all.take('one', nine, 0)
  expect(await sumOf(all)).toBe(counts)
})

test('a worker that ends while it is asked counts once, and nobody waits for it', async () => {
  const nine = await counted(9)
  const all = started({
    one: (all, worker, asked) => {
      all.take(worker, nine, asked)
      all.take(worker, nine, undefined)
    },
    other: (all, worker) => all.end(worker),
  })
  expect(await sumOf(all)).toBe(9)
})
