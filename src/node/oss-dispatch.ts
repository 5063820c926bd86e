import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { trimWhitespace } from '../bytes/whitespace.ts'
import { failed, timedOut } from '../oss/error.ts'
import {
  type Body,
  type HeaderMap,
  headerMap,
  type OssRequest,
  type OssResponse,
  type TimeLimit,
} from '../ports.ts'
import { BodyStream, type Source } from './body-stream.ts'
import { decodeHeader, flatHeaders } from './header-text.ts'
import type { OssHost } from './oss-hosts.ts'

/** How long OSS may take; `headers` and `idle` where a request has no limit of its own. */
export type OssLimits = { connect: TimeLimit; headers: TimeLimit; idle: TimeLimit; total: TimeLimit }

/** One request to OSS through undici, until its response has ended. */
export class OssDispatch implements Dispatcher.DispatchHandler, Source {
  readonly #request: OssRequest
  readonly #host: OssHost
  readonly #limits: OssLimits
  readonly #response: Promise<OssResponse>
  #resolve!: (response: OssResponse) => void
  #reject!: (error: Error) => void
  #totalTimer: NodeJS.Timeout | undefined
  /** The request's body, where it is streamed. */
  #sent: SentBody | undefined
  /** Set once the request has a connection: from then on OSS may have received some of it. */
  #controller: Dispatcher.DispatchController | undefined
  /** Why it was given up before it had a connection. */
  #givenUp: Error | undefined
  #body: BodyStream | undefined

  constructor(request: OssRequest, host: OssHost, limits: OssLimits) {
    this.#request = request
    this.#host = host
    this.#limits = limits
    this.#response = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /**
   * Sends it, once only.
   * @param path with the query, as it goes over the wire.
   * @throws TypeError where it cannot be sent: undici's pools would not use the connection again that is to refuse it.
   */
  send(path: string): Promise<OssResponse> {
    const { method, headers: sent, body, signal } = this.#request
    if (/[^!-~]/.test(path)) throw new TypeError('the path of a request has characters that cannot be sent')
    const headers = flatHeaders(sent)
    signal?.addEventListener('abort', this)
    this.#totalTimer = setTimeout(onTotalTimeout, this.#limits.total.ms, this)
    const isStream = body !== undefined && !(body instanceof Uint8Array)
    if (isStream) this.#sent = new SentBody(body, sent['content-length'])
    this.#host.pool.dispatch(
      {
        path,
        method,
        headers,
        // undici takes any iterable, and its types only some.
        body: (this.#sent ?? body ?? null) as Readable | Uint8Array | null,
        // Or undici closes the connection behind every HEAD.
        reset: false,
        headersTimeout: timeoutOf(this.#answerLimit),
        bodyTimeout: timeoutOf(this.#bodyLimit),
      },
      this,
    )
    return this.#response
  }

  get #answerLimit(): TimeLimit {
    return this.#request.answerTimeout ?? this.#limits.headers
  }

  get #bodyLimit(): TimeLimit {
    return this.#request.answerTimeout ?? this.#limits.idle
  }

  /** The request's signal has aborted. */
  handleEvent(): void {
    this.#giveUp(this.#request.signal?.reason)
  }

  /** The time for all of it is up. */
  expire(): void {
    this.#giveUp(timedOut('OSS had not answered to the end', this.#limits.total))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#givenUp !== undefined) controller.abort(this.#givenUp)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    received: ReceivedHeaders,
  ): void {
    // The response is still to come.
    if (status < 200) return
    if (status !== 404) this.#host.exists = true
    if (status < 300) {
      // An error may come early; a success before the whole body has been sent cannot be true.
      if (this.#sent?.isOut === false) {
        controller.abort(new Error('a success came before the request was out'))
        return
      }
      this.#host.hasSucceeded = true
    }
    this.#body = new BodyStream(this)
    // Without a body by definition (RFC 9112, 6.3): undici misses what their length says.
    if (status === 204 || status === 304) this.#body.end()
    this.#resolve({ status, headers: headersOf(received), body: this.#body })
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Buffer): void {
    const body = this.#body as BodyStream
    body.push(bytes)
    if (body.paused) controller.pause()
  }

  onResponseEnd(): void {
    this.#end()
    this.#body?.end()
  }

  onResponseError(_: unknown, error: Error): void {
    this.#fail(this.#explained(error))
  }

  /** More of the response may come. */
  resume(): void {
    this.#controller?.resume()
  }

  /** The rest of the response will not be read. */
  abandon(): void {
    this.#controller?.abort(new Error('the response was not read to its end'))
  }

  #giveUp(error: Error): void {
    if (this.#controller !== undefined) {
      this.#controller.abort(error)
      return
    }
    // undici cannot take back a request that is queued for a connection; it is aborted when it starts.
    this.#givenUp = error
    this.#fail(error)
  }

  #fail(error: Error): void {
    this.#end()
    this.#body?.end(error)
    this.#reject(error)
  }

  #end(): void {
    clearTimeout(this.#totalTimer)
    this.#request.signal?.removeEventListener('abort', this)
  }

  /** An error of undici's as the transport's: with the time limit that was reached, or why no response came. */
  #explained(error: Error & { code?: string }): Error {
    switch (error.code) {
      case 'UND_ERR_HEADERS_TIMEOUT':
        return timedOut('OSS did not answer', this.#answerLimit)
      case 'UND_ERR_BODY_TIMEOUT':
        return timedOut('OSS sent nothing more', this.#bodyLimit)
      case 'UND_ERR_CONNECT_TIMEOUT':
        return failed(timedOut('there was no connection', this.#limits.connect), 'not-sent')
      // The name of a header, say.
      case 'UND_ERR_INVALID_ARG':
        return failed(error, 'unsendable')
      default:
        return this.#controller === undefined ? failed(error, 'not-sent') : error
    }
  }
}

/** As undici gives them: in Latin-1, and an array where a name is repeated. */
type ReceivedHeaders = Record<string, string | string[] | undefined>

function headersOf(received: ReceivedHeaders): HeaderMap {
  const headers = headerMap()
  for (const name in received) {
    const value = received[name] as string | string[]
    headers[name] = typeof value === 'string' ? decodedValue(value) : value.map(decodedValue).join(',')
  }
  return headers
}

/** undici leaves the whitespace after a value. */
const decodedValue = (sent: string) => decodeHeader(trimWhitespace(sent))

/** One function for all timers, which get their dispatch as argument. */
function onTotalTimeout(dispatch: OssDispatch): void {
  dispatch.expire()
}

/** A time limit as undici takes it: milliseconds, 0 for none. */
const timeoutOf = ({ ms }: TimeLimit) => (ms === Number.POSITIVE_INFINITY ? 0 : ms)

/** A streamed body, and whether all of it has been read. */
class SentBody implements AsyncIterable<Uint8Array> {
  isOut = false
  readonly #body: Body
  readonly #length: number

  /** @param length as the headers say, in which case OSS may answer before the body's end is known here. */
  constructor(body: Body, length: string | undefined) {
    this.#body = body
    this.#length = Number(length)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    let left = this.#length
    for await (const piece of this.#body) {
      left -= piece.length
      yield piece
      if (left === 0) this.isOut = true
    }
    this.isOut = true
  }
}
