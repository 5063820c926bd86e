/** Responses in a batch: with more, the first would wait longer than batching saves. */
const MAX_BATCH = 32

let waiting: { send(): void }[] = []

/**
 * Sends small responses together in the event loop's next check phase (setImmediate). Written one at a time between other
 * work, each would wake its client's process by itself, which is a quarter of the cost of a small request.
 * @param response whose `send` does not throw.
 */
export function sendInBatch(response: { send(): void }): void {
  if (waiting.length === MAX_BATCH) sendBatch()
  if (waiting.length === 0) setImmediate(sendBatch)
  waiting.push(response)
}

/** Sends the batch now. */
export function sendBatch(): void {
  const responses = waiting
  waiting = []
  for (const response of responses) response.send()
}
