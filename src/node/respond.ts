import { STATUS_CODES } from 'node:http'
import { Readable } from 'node:stream'
import type { Body, HeaderMap, Reply } from '../ports.ts'
import { BodyStream } from './body-stream.ts'
import { flatHeaders, isAscii } from './header-text.ts'
import type { NodeRequest } from './node-request.ts'
import { wantsKeepAlive } from './request-head.ts'
import { sendInBatch } from './response-batch.ts'
import { StreamedResponse } from './streamed-response.ts'

/** An answered upload of which more than this is announced is not read to its end to keep its connection; bytes. */
const MAX_KEPT_REST = 1024 ** 2

/**
 * Answers a request.
 * @param instead what is answered where a header cannot be sent; nothing has been sent then.
 * @returns a promise where the body is still to come: it resolves when the answer is out, or can no more be brought out,
 *   and rejects when the body breaks off; the connection is cut then.
 */
export function respond(
  request: NodeRequest,
  reply: Reply,
  instead: (error: Error) => Reply,
): Promise<void> | undefined {
  const { status, headers, body } = reply
  // Promises that are older than what they resolved with keep it until V8's next full collection, which a few dozen lists
  // would bring about.
  reply.body = ''
  request.answered = true
  if (request.closed) {
    discard(body)
    return undefined
  }
  const isBodiless = request.method === 'HEAD' || status === 204 || status === 304
  const whole = isBodiless ? '' : wholeOf(body, headers)
  if (whole === undefined) return stream(request, { status, headers, body: body as Body }, instead)
  if (isBodiless) discard(body)
  else headers['content-length'] = String(Buffer.byteLength(whole))
  sendInBatch(new WholeResponse(request, status, headers, whole, instead))
  return undefined
}

/** An answer at hand. */
class WholeResponse {
  readonly #request: NodeRequest
  readonly #status: number
  readonly #headers: HeaderMap
  readonly #whole: string | Uint8Array
  readonly #instead: ((error: Error) => Reply) | undefined

  constructor(
    request: NodeRequest,
    status: number,
    headers: HeaderMap,
    whole: string | Uint8Array,
    instead: ((error: Error) => Reply) | undefined,
  ) {
    this.#request = request
    this.#status = status
    this.#headers = headers
    this.#whole = whole
    this.#instead = instead
  }

  send(): void {
    if (this.#request.closed) return
    try {
      const isKept = writeHead(this.#request, this.#status, this.#headers, true)
      end(this.#request, isKept, this.#whole)
    } catch (error) {
      this.#sendInstead(error as Error)
    }
  }

  #sendInstead(error: Error): void {
    const reply = this.#instead?.(error)
    // An error of the gateway's own has headers that can be sent.
    if (reply === undefined || this.#request.outgoing.headersSent) this.#request.outgoing.destroy()
    else sendWhole(this.#request, reply)
  }
}

/** Sends at once a reply whose body is a text or none. */
function sendWhole(request: NodeRequest, { status, headers, body }: Reply): void {
  const whole = request.method === 'HEAD' ? '' : (wholeOf(body, headers) ?? '')
  if (request.method !== 'HEAD') headers['content-length'] = String(Buffer.byteLength(whole))
  new WholeResponse(request, status, headers, whole, undefined).send()
}

/**
 * Begins the answer.
 * @param hasLength whether its end is known without the connection's.
 * @returns whether the connection is kept behind it.
 * @throws TypeError where a header cannot be sent.
 */
function writeHead(request: NodeRequest, status: number, headers: HeaderMap, hasLength: boolean): boolean {
  const { outgoing, incoming, connection } = request
  const list = flatHeaders(headers)
  const isKept =
    wantsKeepAlive(incoming, request.headers) &&
    (hasLength || incoming.httpVersionMinor === 1) &&
    !request.isLast &&
    connection?.isEnding !== true &&
    // Without a 100 Continue the client may or may not send its body, which could not be distinguished from a request.
    !(request.isIncomplete && (request.awaitsContinue || request.length > MAX_KEPT_REST))
  // For a body that nobody had to wait for. Without it node:http closes the connection, also where the headers keep it.
  if (isKept && request.awaitsContinue) request.sendContinue()
  if (!isKept) list.push('connection', 'close')
  // The default of HTTP/1.1 is not sent: some clients take the header for the object's (fog-aws).
  else if (incoming.httpVersionMinor === 1) outgoing.removeHeader('connection')
  else list.push('connection', 'keep-alive')
  if (isKept && connection !== undefined) list.push('keep-alive', connection.keepAliveHeader)
  outgoing.writeHead(status, STATUS_CODES[status] ?? '', list)
  return isKept
}

/**
 * Ends the answer. What is still to come from the client is thrown away first where the connection is closed behind it:
 * closed with bytes unread it would be reset, and its client would not read the answer to its end.
 */
function end(request: NodeRequest, isKept: boolean, whole: string | Uint8Array = ''): void {
  const { outgoing, connection } = request
  request.sent += Buffer.byteLength(whole)
  const hasMore = request.isIncomplete || (!isKept && connection?.isBroken)
  if (request.isIncomplete) connection?.discardRest(request)
  if (!hasMore || isKept || connection === undefined) {
    if (whole.length > 0) outgoing.end(whole)
    else outgoing.end()
    return
  }
  if (whole.length > 0) outgoing.write(whole)
  else outgoing.flushHeaders()
  request.endAnswer()
  connection.endWhenDiscarded(request)
}

function stream(
  request: NodeRequest,
  { status, headers, body }: Reply & { body: Body },
  instead: (error: Error) => Reply,
): Promise<void> | undefined {
  let isKept: boolean
  try {
    isKept = writeHead(request, status, headers, 'content-length' in headers)
  } catch (error) {
    discard(body)
    sendWhole(request, instead(error as Error))
    return undefined
  }
  const length = headers['content-length']
  return new Promise((resolve, reject) => {
    new StreamedResponse(request, body, length === undefined ? undefined : Number(length), (error) => {
      if (error !== undefined) {
        // The status is out: a cut connection is the only way left to say that the body is not whole. What was written
        // in this iteration of the event loop is sent before.
        setImmediate(() => request.outgoing.destroy())
        reject(error)
        return
      }
      if (!request.closed) end(request, isKept)
      resolve()
    }).begin()
  })
}

/** All of a body, where it is at hand. */
function wholeOf(body: Reply['body'], headers: HeaderMap): string | Uint8Array | undefined {
  if (body === undefined) return ''
  // node:http writes the head in the encoding of a text behind it, and in Latin-1 before bytes.
  if (typeof body === 'string') return isAscii(headers) ? body : Buffer.from(body)
  if (body instanceof Uint8Array) return body
  return body instanceof BodyStream ? body.takeWhole() : undefined
}

/** Closes a body that will not be read: unread it would keep its connection to OSS. */
export function discard(body: Reply['body']): void {
  if (body instanceof BodyStream) body.abandon()
  else if (body instanceof Readable) body.destroy()
  else if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)) {
    body[Symbol.asyncIterator]()
      .return?.()
      .catch(() => {})
  }
}
