/**
 * Runs `work` over all items, at most `parallel` at a time. The first failure aborts what is under way.
 * @param work is given a signal that aborts with the copy's, and with the first failure.
 * @throws the first error, after everything under way has come to its end.
 */
export async function eachInParallel<T, R>(
  items: readonly T[],
  parallel: number,
  signal: AbortSignal,
  work: (item: T, index: number, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length)
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  let next = 0
  const worker = async () => {
    while (next < items.length && !failed.signal.aborted) {
      const index = next++
      try {
        results[index] = await work(items[index] as T, index, either)
      } catch (error) {
        // Later errors are only those of what this one aborts.
        if (!failed.signal.aborted) failed.abort(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, worker))
  if (failed.signal.aborted) throw failed.signal.reason
  return results
}
