import { randomBytes } from 'node:crypto'
import { addAbortSignal, Readable } from 'node:stream'
import { UnreadableBody } from './body.ts'
import { OssError, renderError } from './errors.ts'
import { type HeaderMap, type OssResponse, type Reply, toReadable } from './http.ts'

/** What an answer depends on besides the operation. */
export type ResponseContext = {
  method: string
  host: string
  started: number
  signal: AbortSignal | undefined
}

/**
 * The answer to a failure. HEAD has no body, so the error document goes into the header `x-oss-err`.
 * @throws the cause itself when the client has gone, and cannot be answered.
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

/** A reply with the headers that every answer of OSS has. */
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
  // A caller that aborts need not read the rest for its blobs to be unpinned.
  if (signal !== undefined) addAbortSignal(signal, stream)
  // An abort before anybody reads is told to whoever reads, and to nobody else.
  stream.on('error', () => {})
  return { status, headers: all, body: stream }
}

/** 24 hexadecimal digits. */
export const newRequestId = () => randomBytes(12).toString('hex').toUpperCase()
