import { endsWithin } from '../../runtime/timers.ts'
import type { MetricValues } from './metric-values.ts'
import { keptOf, type MetricsText, metricsText } from './metrics.ts'

/** Milliseconds that a worker has to tell its metrics; of one that is too busy those count that it told last. */
const ANSWER_LIMIT = 2_000

/** Adds up the metrics of several processes, in the one that they are asked in. No counter ever falls. */
export type WorkerMetrics<Worker> = {
  /** A worker can be asked from now on, until it ends. */
  begin(worker: Worker): void
  /** Asks the workers, and waits for their answers. @param own of the process that is asked. */
  text(own: MetricValues): Promise<MetricsText>
  /** @param asked the number of the question; undefined: the worker ends, and these are its last. */
  take(worker: Worker, values: MetricValues, asked: number | undefined): void
  /** A worker has ended, whether or not it has told its last. */
  end(worker: Worker): void
}

/** @param ask sends a worker the number of a question, which it gives back with its answer. */
export function workerMetrics<Worker>(ask: (worker: Worker, asked: number) => void): WorkerMetrics<Worker> {
  let questions = 0
  /** Of workers that have ended. */
  let kept: Promise<MetricValues> = Promise.resolve([])
  /** What those that have not told last: what a killed one counted since then is lost. */
  const last = new Map<Worker, MetricValues>()
  const waiting = new Map<number, { worker: Worker; answered: () => void }>()

  async function question(worker: Worker): Promise<void> {
    const asked = questions++
    const answer = new Promise<void>((answered) => waiting.set(asked, { worker, answered }))
    ask(worker, asked)
    await endsWithin(ANSWER_LIMIT, answer)
    waiting.delete(asked)
  }

  function end(worker: Worker): void {
    const values = last.get(worker)
    if (values === undefined) return
    last.delete(worker)
    kept = kept.then((before) => keptOf(before, values))
    for (const one of waiting.values()) if (one.worker === worker) one.answered()
  }

  return {
    begin: (worker) => void last.set(worker, []),
    text: async (own) => {
      await Promise.all([...last.keys()].map(question))
      // At one moment: a worker is among the ended or among the others.
      const values = [...last.values()]
      return metricsText([own, await kept, ...values])
    },
    take: (worker, values, asked) => {
      if (!last.has(worker)) return
      last.set(worker, values)
      if (asked === undefined) end(worker)
      else waiting.get(asked)?.answered()
    },
    end,
  }
}
