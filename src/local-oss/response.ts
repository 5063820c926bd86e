import { randomBytes } from 'node:crypto'
import { addAbortSignal, Readable } from 'node:stream'
import { UnreadableBody } from './body.ts'
import { OssError, renderError } from './errors.ts'
import { type HeaderMap, type OssResponse, type Reply, toReadable } from './http.ts'

/** What an answer needs to know of its request. */
export type ResponseContext = {
  method: string
  host: string
  started: number
  signal: AbortSignal | undefined
}

/**
 * What OSS says to a failure; HEAD has no body, so the document goes into a header.
 * @throws the cause itself when the request broke off, since then nobody is there to be answered.
 */
export function errorReply(cause: unknown, { method, host, signal }: ResponseContext): Reply {
  if (cause instanceof UnreadableBody) throw cause.cause
  signal?.throwIfAborted()
  const error = cause instanceof OssError ? cause : internal(cause)
  const requestId = newRequestId()
  const headers: HeaderMap = { ...error.headers, 'x-oss-request-id': requestId }
  if (error.ec !== undefined) headers['x-oss-ec'] = error.ec
  if (error.status === 304) return { status: 304, headers }
  const body = renderError(error, requestId, host)
  if (method !== 'HEAD') return { status: error.status, headers, body }
  return { status: error.status, headers: { ...headers, 'x-oss-err': Buffer.from(body).toString('base64') } }
}

function internal(cause: unknown): OssError {
  return new OssError('InternalError', { elements: { Detail: String(cause) } })
}

/** The answer with what every answer of OSS has. */
export function toResponse(
  { status = 200, headers = {}, body }: Reply,
  { method, started, signal }: ResponseContext,
): OssResponse {
  const all: HeaderMap = {
    server: 'AliyunOSS',
    date: new Date().toUTCString(),
    'x-oss-request-id': newRequestId(),
    ...headers,
    'x-oss-server-time': String(Math.round(performance.now() - started)),
  }
  if (!(body instanceof Readable)) {
    const length = Buffer.byteLength(body ?? '')
    if (status !== 204 && status !== 304) all['content-length'] ??= String(length)
    if (length > 0) all['content-type'] ??= 'application/xml'
  }
  const stream = toReadable(method === 'HEAD' ? undefined : body)
  // Who gives up need not read the rest; the bytes are let go of.
  return { status, headers: all, body: signal === undefined ? stream : addAbortSignal(signal, stream) }
}

const newRequestId = () => randomBytes(12).toString('hex').toUpperCase()
