/** Does a work when there is room for it, in the order of arrival. */
export type Semaphore = <T>(work: () => Promise<T>) => Promise<T>

/** @param most works at a time. */
export function createSemaphore(most: number): Semaphore {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running < most) running++
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}
