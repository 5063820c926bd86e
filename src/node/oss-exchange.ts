import type { Call, ClientConnection } from '../http/client-connection.ts'
import { failed, late } from '../oss/error.ts'
import type { OssRequest, OssResponse, TimeLimit } from '../ports.ts'

/** How long OSS may take; `headers` and `idle` where a request has no patience of its own. */
export type ExchangeLimits = { connect: TimeLimit; headers: TimeLimit; idle: TimeLimit; total: TimeLimit }

/** One request to OSS on its way, and its answer until that has come whole. */
export class OssExchange implements Call {
  /** Where its transport keeps it. */
  place = -1
  readonly request: OssRequest
  readonly head: string
  readonly answer: Promise<OssResponse>
  readonly #began = performance.now()
  readonly #onEnd: (exchange: OssExchange) => void
  #connection: ClientConnection | undefined
  #resolve!: (answer: OssResponse) => void
  #reject!: (error: Error) => void

  /** @param onEnd called once, when nothing more is expected of OSS. */
  constructor(request: OssRequest, head: string, onEnd: (exchange: OssExchange) => void) {
    this.request = request
    this.head = head
    this.#onEnd = onEnd
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Goes out on this connection. */
  sendOn(connection: ClientConnection): void {
    this.#connection = connection
    this.request.signal?.addEventListener('abort', this)
    connection.send(this)
  }

  /** The request's signal has aborted. */
  handleEvent(): void {
    this.#connection?.fail(this.request.signal?.reason)
  }

  onAnswer(answer: OssResponse): void {
    this.#resolve(answer)
  }

  onEnd(error?: Error): void {
    this.request.signal?.removeEventListener('abort', this)
    this.#onEnd(this)
    if (error === undefined) return
    if (this.#connection?.hasSent === false) failed(error, 'unsent')
    this.#reject(error)
  }

  /** Gives it up where a limit has been reached. @param now by `performance.now()`. */
  sweep(now: number, { connect, headers, idle, total }: ExchangeLimits): void {
    const connection = this.#connection
    if (connection === undefined) return
    const { patience } = this.request
    const waited = now - connection.since
    const isOver = ({ ms }: TimeLimit) => waited >= ms
    const answerLimit = patience ?? headers
    const bodyLimit = patience ?? idle
    if (now - this.#began >= total.ms) connection.fail(late('OSS had not answered to the end', total))
    else if (connection.waiting === 'connection') {
      if (isOver(connect)) connection.fail(late('there was no connection', connect))
    } else if (connection.waiting === 'answer' || connection.waiting === 'room') {
      if (isOver(answerLimit)) connection.fail(late('OSS did not answer', answerLimit))
    } else if (connection.waiting === 'body' && isOver(bodyLimit)) {
      connection.fail(late('OSS sent nothing more', bodyLimit))
    }
  }
}
