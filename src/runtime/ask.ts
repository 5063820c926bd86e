import type { Ask } from '../ports.ts'

/** Bytes; a key has some two thousand. */
const MAX_ANSWER_BYTES = 64 * 1024

/** Asks over HTTP by fetch. */
export const ask: Ask = async ({ method, url, headers, body, limit }) => {
  const { host } = new URL(url)
  const signal = AbortSignal.timeout(limit)
  try {
    const answer = await fetch(url, {
      method,
      headers: headers ?? {},
      body: body ?? null,
      redirect: 'manual',
      signal,
    })
    return { status: answer.status, text: await textWithin(answer.body) }
  } catch (error) {
    if (signal.aborted) throw new Error(`${host} has not answered within ${limit / 1000} s`)
    // fetch says no more than that it failed; the reason is behind it.
    const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException
    throw new Error(`${host} does not answer: ${code ?? message}`)
  }
}

/** A body of limited size as text. @throws Error for a larger one. */
async function textWithin(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const decoder = new TextDecoder()
  let [text, size] = ['', 0]
  if (body === null) return text
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    size += value.length
    if (size > MAX_ANSWER_BYTES) {
      await reader.cancel()
      throw new Error('its answer is longer than a key can be')
    }
    text += decoder.decode(value, { stream: true })
  }
}
