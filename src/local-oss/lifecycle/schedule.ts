import type { State } from '../call.ts'
import { runLifecycle } from './run.ts'

/** When lifecycle rules are carried out. */
export type Lifecycle = {
  /** Now, and at every midnight of the store's clock (UTC, as OSS's 8 o'clock in Beijing is). */
  start(): void
  /** Now, when what is under way is finished. @throws StoreProblem when the store cannot be written. */
  run(): Promise<void>
  /** No more, when what is under way has been broken off. */
  stop(): Promise<void>
}

/** The schedule of one store. Its timer keeps no process alive. */
export function createLifecycle(state: State): Lifecycle {
  const stopped = new AbortController()
  let last: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  const run = () => {
    const next = last.then(() => runLifecycle(state, stopped.signal))
    last = next.catch(() => {})
    return next
  }
  const untilMidnight = () => state.day - (state.now() % state.day)
  // A day that the process has slept through is made up for at the start.
  const tick = () => {
    // What hinders the store is told where it does; the next midnight is another chance.
    void run()
      .catch(() => {})
      .then(() => {
        if (!stopped.signal.aborted) timer = setTimeout(tick, untilMidnight()).unref()
      })
  }
  return {
    start: tick,
    run,
    async stop() {
      stopped.abort()
      clearTimeout(timer)
      await last
    },
  }
}
