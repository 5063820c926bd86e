import { endsWithin } from '../../runtime/timers.ts'
import type { MetricValues } from './metric-values.ts'
import { keptOf, type MetricsText, metricsText } from './metrics.ts'

/** Milliseconds that a worker has to tell its metrics; those of one that is too busy are missing from the sum. */
const ANSWER_LIMIT = 2_000

/** Adds up the metrics of several processes, in the one that they are asked in. */
export type WorkerMetrics<Worker> = {
  /** Asks the workers, and waits for their answers. @param own of the process that is asked. */
  text(workers: Iterable<Worker>, own: MetricValues): Promise<MetricsText>
  /** @param asked the number of the question; undefined: the worker ends, and these are its last. */
  take(values: MetricValues, asked: number | undefined): void
}

/** @param ask sends a worker the number of a question, which it gives back with its answer. */
export function workerMetrics<Worker>(ask: (worker: Worker, asked: number) => void): WorkerMetrics<Worker> {
  let questions = 0
  /** Of workers that have ended. */
  let kept: Promise<MetricValues> = Promise.resolve([])
  const waiting = new Map<number, (values: MetricValues) => void>()

  async function valuesOf(worker: Worker): Promise<MetricValues> {
    const asked = questions++
    let values: MetricValues = []
    const answered = new Promise<void>((resolve) => {
      waiting.set(asked, (told) => {
        values = told
        resolve()
      })
    })
    ask(worker, asked)
    await endsWithin(ANSWER_LIMIT, answered)
    waiting.delete(asked)
    return values
  }

  return {
    text: async (workers, own) => {
      const values = await Promise.all([...workers].map(valuesOf))
      return metricsText([own, await kept, ...values])
    },
    take: (values, asked) => {
      if (asked === undefined) kept = kept.then((before) => keptOf(before, values))
      else waiting.get(asked)?.(values)
    },
  }
}
