import { trimWhitespace } from '../bytes/whitespace.ts'
import type { Document } from '../config/document.ts'
import { failed, timedOut } from '../oss/error.ts'
import { type HeaderMap, headerMap, type TimeLimit, type Transport } from '../ports.ts'

/** What Workers have that the web platform's types do not. */
type Passage = { readable: ReadableStream; writable: WritableStream }
declare const FixedLengthStream: new (length: number) => Passage
declare const IdentityTransformStream: new () => Passage
type WorkersInit = { encodeResponseBody: 'manual' }

/**
 * Requests to OSS over fetch, which resolves only after the whole request body is sent: an early response is not seen.
 * @param timeouts seconds. fetch does not report when it has connected: `connect` is part of `headers`.
 */
export function fetchTransport(timeouts: Document['timeouts']['oss']): Transport {
  const limit = (name: keyof typeof timeouts): TimeLimit => ({
    ms: timeouts[name] * 1000,
    setting: `timeouts.oss.${name}`,
  })
  const limits = { headers: limit('headers'), idle: limit('idle'), total: limit('total') }

  return async ({ method, url, headers, body, signal, answerTimeout }) => {
    const cut = new AbortController()
    /** Aborts the call when the limit is reached. @returns what cancels that. */
    const within = (limit: TimeLimit, what: string) => {
      if (limit.ms === Number.POSITIVE_INFINITY) return () => {}
      const timeout = setTimeout(() => cut.abort(timedOut(what, limit)), limit.ms)
      return () => clearTimeout(timeout)
    }
    const endTotal = within(limits.total, 'OSS had not answered to the end')
    let answered = false
    let endWait = () => {}
    const onSent = () => {
      if (!answered) endWait = within(answerTimeout ?? limits.headers, 'OSS did not answer')
    }
    const isStream = body !== undefined && !(body instanceof Uint8Array)
    if (!isStream) onSent()
    try {
      const answer = await fetch(url, {
        method,
        headers,
        body: isStream
          ? withLength(toStream(abortingOnError(body, cut, onSent)), headers['content-length'])
          : (body ?? null),
        redirect: 'manual',
        // Without it workerd decodes Content-Encoding as soon as the body is touched.
        encodeResponseBody: 'manual',
        signal: signal === undefined ? cut.signal : AbortSignal.any([signal, cut.signal]),
      } as RequestInit & WorkersInit)
      const wait = () => within(answerTimeout ?? limits.idle, 'OSS sent nothing more')
      return {
        status: answer.status,
        headers: headersOf(answer.headers),
        body: new FetchedBody(answer.body, wait, endTotal),
      }
    } catch (error) {
      endTotal()
      if (cut.signal.aborted) throw cut.signal.reason
      throw isSpent(error) ? failed(new Error(SPENT, { cause: error }), 'unsendable') : error
    } finally {
      answered = true
      endWait()
    }
  }
}

/** https://developers.cloudflare.com/workers/platform/limits/#subrequests */
const isSpent = (error: unknown) => error instanceof Error && error.message.startsWith('Too many subrequests')

const SPENT =
  "it takes more requests to OSS than the platform's plan allows for one (a copy keeps to copy.maxRequests)"

const READ_BYTES = 64 * 1024

/**
 * The bytes of a stream of the platform's, as many at a time as there are: workerd's other reader gives 4 KiB.
 * @param wait called before each read; its result after it.
 */
export async function* bytesOf(
  stream: ReadableStream<Uint8Array>,
  wait: () => () => void = () => () => {},
): AsyncGenerator<Uint8Array, void, void> {
  const reader = stream.getReader({ mode: 'byob' })
  try {
    for (;;) {
      const endWait = wait()
      const { done, value } = await reader.read(new Uint8Array(READ_BYTES)).finally(endWait)
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => {})
    // A stream that has ended may be iterated again, and is empty.
    reader.releaseLock()
  }
}

/**
 * A response's body. Read here, it is held to the time limits. Passed on unread, the platform streams it in a tenth of
 * the CPU time, without these limits.
 */
class FetchedBody implements AsyncIterable<Uint8Array> {
  readonly #body: ReadableStream<Uint8Array> | null
  readonly #wait: () => () => void
  readonly #end: () => void

  /** @param wait starts the timeout of one read; its result cancels it. @param end cancels the timeout of the whole call. */
  constructor(body: ReadableStream<Uint8Array> | null, wait: () => () => void, end: () => void) {
    this.#body = body
    this.#wait = wait
    this.#end = end
    if (body === null) end()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    if (this.#body === null) return
    try {
      yield* bytesOf(this.#body, this.#wait)
    } finally {
      this.#end()
    }
  }

  /** The stream itself, to be passed on without reading it here. */
  unread(): ReadableStream<Uint8Array> {
    this.#end()
    return this.#body ?? new Blob([]).stream()
  }
}

/** Names and values of `Headers`, without the trailing whitespace that workerd leaves on values. */
export function headersOf(from: Headers): HeaderMap {
  const headers = headerMap()
  for (const [name, value] of from) headers[name] = trimWhitespace(value)
  return headers
}

/** The body; when it fails, the request is aborted: workerd would end a chunked one as if it were complete. */
async function* abortingOnError(
  body: AsyncIterable<Uint8Array>,
  request: AbortController,
  onEnd: () => void,
) {
  try {
    yield* body
    onEnd()
  } catch (error) {
    request.abort(error)
    throw error
  }
}

/** Any body as a ReadableStream; one that is a ReadableStream is returned unread. */
export function toStream(body: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  if (body instanceof ReadableStream) return body
  if (body instanceof FetchedBody) return body.unread()
  const iterator = body[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}

/** A stream of a known length: any other goes out chunked, without Content-Length. */
export function withLength(stream: ReadableStream<Uint8Array>, length: string | undefined): ReadableStream {
  return length === undefined ? stream : stream.pipeThrough(new FixedLengthStream(Number(length)))
}

/** The same bytes, by the platform, and when the last of them has gone out; rejects where they cannot. */
export function passing(
  stream: ReadableStream<Uint8Array>,
  length: string | undefined,
): { readable: ReadableStream; sent: Promise<void> } {
  const { readable, writable } =
    length === undefined ? new IdentityTransformStream() : new FixedLengthStream(Number(length))
  return { readable, sent: stream.pipeTo(writable) }
}
