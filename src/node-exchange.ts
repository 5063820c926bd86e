import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { AnswerBody } from './node-answer.ts'
import { decodeHeader } from './node-headers.ts'
import { failed, late } from './oss/error.ts'
import { type HeaderMap, headerMap, type OssRequest, type OssResponse, type TimeLimit } from './ports.ts'

/** How long OSS may take; `headers` and `idle` where a request has no patience of its own. */
export type ExchangeLimits = { connect: TimeLimit; headers: TimeLimit; idle: TimeLimit }

/** One request on its way, and its answer until it has come whole: what undici calls back. */
export class OssExchange implements Dispatcher.DispatchHandler {
  /** Where its transport keeps it. */
  place = -1
  /** By `performance.now()`. */
  readonly began = performance.now()
  readonly answer: Promise<OssResponse>
  readonly #request: OssRequest
  readonly #sent: Readable | Uint8Array | null
  readonly #limits: ExchangeLimits
  readonly #onEnd: (exchange: OssExchange) => void
  #resolve!: (answer: OssResponse) => void
  #reject!: (error: Error) => void
  /** Absent until there is a connection: nothing of the request has gone out. */
  #controller: Dispatcher.DispatchController | undefined
  #body: AnswerBody | undefined
  #failure: Error | undefined
  #ended = false

  /**
   * @param sent the request's body as undici gets it: destroyed when the exchange fails.
   * @param onEnd called once, when nothing more is expected of OSS.
   */
  constructor(
    request: OssRequest,
    sent: Readable | Uint8Array | null,
    limits: ExchangeLimits,
    onEnd: (exchange: OssExchange) => void,
  ) {
    this.#request = request
    this.#sent = sent
    this.#limits = limits
    this.#onEnd = onEnd
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    request.signal?.addEventListener('abort', this)
  }

  /** The request's signal has aborted. */
  handleEvent(): void {
    this.fail(this.#request.signal?.reason)
  }

  /** Gives it up: the connection is cut, `answer` or the body of the answer fails. */
  fail(error: Error): void {
    this.#fail(error)
    this.#controller?.abort(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#failure !== undefined) controller.abort(this.#failure)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    this.#body = new AnswerBody({
      pause: () => controller.pause(),
      resume: () => controller.resume(),
      abort: (reason) => this.fail(reason),
    })
    this.#resolve({ status, headers: flatten(headers), body: this.#body })
  }

  onResponseData(_: unknown, bytes: Uint8Array): void {
    this.#body?.push(bytes)
  }

  onResponseEnd(): void {
    this.#end()
    this.#body?.end()
  }

  onResponseError(_: unknown, error: Error): void {
    this.#fail(this.#explain(error as Error & { code?: string }))
  }

  #fail(error: Error): void {
    if (this.#ended) return
    this.#end()
    this.#failure = error
    if (this.#body === undefined) this.#reject(error)
    else this.#body.end(error)
    if (this.#sent instanceof Readable) this.#sent.on('error', () => {}).destroy(error)
  }

  #end(): void {
    this.#ended = true
    this.#request.signal?.removeEventListener('abort', this)
    this.#onEnd(this)
  }

  #explain(error: Error & { code?: string }): Error {
    const { connect, headers, idle } = this.#limits
    const { patience } = this.#request
    switch (error.code) {
      case 'UND_ERR_CONNECT_TIMEOUT':
        return failed(late('there was no connection', connect), 'unsent')
      case 'UND_ERR_HEADERS_TIMEOUT':
        return late('OSS did not answer', patience ?? headers)
      case 'UND_ERR_BODY_TIMEOUT':
        return late('OSS sent nothing more', patience ?? idle)
      default:
        return this.#controller === undefined ? failed(error, 'unsent') : error
    }
  }
}

function flatten(from: Record<string, string | string[] | undefined>): HeaderMap {
  const headers = headerMap()
  for (const name in from) {
    const value = from[name]
    if (value !== undefined) headers[name] = decodeHeader(typeof value === 'string' ? value : value.join(','))
  }
  return headers
}
