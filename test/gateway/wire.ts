import { createHmac } from 'node:crypto'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { children, parseLenientXml, text } from '../../src/xml/index.ts'
import { basicTime, encode, sha256 } from '../encodings.ts'

/** A request as it goes over the socket: no client library between that would mend it. */
export type WireRequest = {
  method: string
  /** The request line's target, as it is sent and signed. */
  target: string
  headers?: Record<string, string>
  /** Header lines sent as they are, after `headers`; never signed. */
  lines?: readonly string[]
  body?: Uint8Array | string
  /** Closes the connection after this many bytes of the body. */
  cutAfter?: number
}

export type Answer = {
  status: number
  headers: Record<string, string>
  body: Buffer
  /** The elements of an error document. */
  error: Record<string, string>
}

export type Signing = {
  accessKeyId?: string
  secretAccessKey?: string
  /** Milliseconds since the epoch. */
  now?: number
  /** The value of x-amz-content-sha256. */
  payload?: string
  /** Headers that are sent but not signed. */
  unsigned?: readonly string[]
  /** Seconds a presigned request lives. */
  expires?: number
}

const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest()

/** A query's text; what cannot be decoded stands for itself. */
function decoded(raw: string): string {
  try {
    return decodeURIComponent(raw.replaceAll('+', ' '))
  } catch {
    return raw
  }
}

type Signed = { signature: string; key: Buffer; timestamp: string; scope: string }

function signatureOf(
  { method, target, headers = {} }: WireRequest,
  signedNames: readonly string[],
  payload: string,
  timestamp: string,
  secret: string,
): Signed {
  const [path = '', search = ''] = target.split(/\?(.*)/s)
  const query = search
    .split('&')
    .filter(Boolean)
    .map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string?])
    .map(([name, value = '']) => `${encode(decoded(name))}=${encode(decoded(value))}`)
    .sort()
    .join('&')
  const lines = signedNames.map((name) => `${name}:${headers[name]?.trim().replace(/ +/g, ' ')}\n`).join('')
  const canonical = `${method}\n${path}\n${query}\n${lines}\n${signedNames.join(';')}\n${payload}`
  const day = timestamp.slice(0, 8)
  const scope = `${day}/us-east-1/s3/aws4_request`
  const key = ['us-east-1', 's3', 'aws4_request'].reduce<Buffer>(hmac, hmac(`AWS4${secret}`, day))
  const toSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256(canonical)}`
  return { signature: hmac(key, toSign).toString('hex'), key, timestamp, scope }
}

/** The request with an Authorization header of Signature Version 4, and what chunks are signed with. */
export function sign(
  request: WireRequest,
  host: string,
  {
    accessKeyId = 'local',
    secretAccessKey = 'local-secret',
    now = Date.now(),
    payload = 'UNSIGNED-PAYLOAD',
    unsigned = [],
  }: Signing = {},
): WireRequest & { chunks: Omit<Signed, 'signature'> & { seed: string } } {
  const timestamp = basicTime(now)
  const headers: Record<string, string> = {
    host,
    'x-amz-date': timestamp,
    'x-amz-content-sha256': payload,
    ...request.headers,
  }
  const names = Object.keys(headers)
    .filter((name) => !unsigned.includes(name))
    .sort()
  const { signature, ...rest } = signatureOf(
    { ...request, headers },
    names,
    payload,
    timestamp,
    secretAccessKey,
  )
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${rest.scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...request, headers, chunks: { ...rest, seed: signature } }
}

/** The request with its signature in the query; `headers` are signed unless `unsigned` names them. */
export function presign(
  request: WireRequest,
  host: string,
  {
    accessKeyId = 'local',
    secretAccessKey = 'local-secret',
    now = Date.now(),
    unsigned = [],
    expires = 600,
  }: Signing = {},
): WireRequest {
  const timestamp = basicTime(now)
  const headers: Record<string, string> = { host, ...request.headers }
  const names = Object.keys(headers)
    .filter((name) => !unsigned.includes(name))
    .sort()
  const parameters = {
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${accessKeyId}/${timestamp.slice(0, 8)}/us-east-1/s3/aws4_request`,
    'X-Amz-Date': timestamp,
    'X-Amz-Expires': String(expires),
    'X-Amz-SignedHeaders': names.join(';'),
  }
  const search = Object.entries(parameters)
    .map(([name, value]) => `${name}=${encode(value)}`)
    .join('&')
  const target = `${request.target}${request.target.includes('?') ? '&' : '?'}${search}`
  const { signature } = signatureOf(
    { ...request, target, headers },
    names,
    'UNSIGNED-PAYLOAD',
    timestamp,
    secretAccessKey,
  )
  return { ...request, headers, target: `${target}&X-Amz-Signature=${signature}` }
}

/** A connection this long without a byte is given up. */
const SILENCE = 60_000

/** Bytes of a body that a server need not have taken when it answers and ends the connection. */
const LONG_BODY = 1 << 20

/**
 * Sends a request byte for byte and reads the one answer. An answer to the head of a long request may be lost when the
 * connection ends while the body still comes (RFC 9112, 9.6): then the head is sent without it, and must be answered.
 * @throws when the connection ends without one.
 */
export async function send(endpoint: string, request: WireRequest): Promise<Answer> {
  const { answer, received } = await exchange(endpoint, request)
  if (answer !== undefined) return answer
  const isLost = received === '' && (request.body?.length ?? 0) > LONG_BODY && request.cutAfter === undefined
  const again = isLost ? (await exchange(endpoint, request, false)).answer : undefined
  if (again === undefined) throw new Error(`the connection ended without a whole answer: ${received}`)
  return again
}

async function exchange(
  endpoint: string,
  request: WireRequest,
  withBody = true,
): Promise<{ answer: Answer | undefined; received: string }> {
  const { method, target, headers = {}, lines = [], body = '', cutAfter } = request
  const { host, port, protocol } = new URL(endpoint)
  const bytes = Buffer.from(body as string)
  const own = (name: string) =>
    name in headers || lines.some((line) => line.toLowerCase().startsWith(`${name}:`))
  const head = [
    `${method} ${target} HTTP/1.1`,
    ...(own('host') ? [] : [`host: ${host}`]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...lines,
    ...(own('content-length') || own('transfer-encoding') || (bytes.length === 0 && method !== 'PUT')
      ? []
      : [`content-length: ${bytes.length}`]),
    'connection: close',
    '',
    '',
  ].join('\r\n')
  const socket: Socket =
    protocol === 'https:'
      ? connectTls({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false })
      : connectTcp({ host: '127.0.0.1', port: Number(port) })
  let received: Buffer = Buffer.alloc(0)
  const answer = await new Promise<Answer | undefined>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      const whole = parseAnswer(received, method)
      // workerd keeps the connection, whatever it was asked.
      if (whole !== undefined) resolve(whole)
    })
    // An answer may come before the whole body was taken, and the connection end with it.
    socket.on('error', () => resolve(undefined))
    socket.on('close', () => resolve(undefined))
    socket.setTimeout(SILENCE, () => socket.destroy())
    socket.write(Buffer.from(head, 'utf8'))
    if (!withBody) return
    if (cutAfter === undefined) socket.write(bytes)
    else socket.write(bytes.subarray(0, cutAfter), () => setTimeout(() => socket.destroy(), 20))
  })
  socket.destroy()
  return { answer, received: received.toString('latin1', 0, 200) }
}

/** The first final answer in these bytes, or undefined as long as it is not whole. */
function parseAnswer(bytes: Buffer, method: string): Answer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const status = Number(statusLine.split(' ')[1])
  const rest = bytes.subarray(end + 4)
  if (status === 100) return parseAnswer(rest, method)
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const bodiless = method === 'HEAD' || status === 204 || status === 304
  const length = bodiless ? 0 : Number(headers['content-length'] ?? 0)
  const chunked = !bodiless && headers['transfer-encoding'] === 'chunked'
  const body = chunked ? unchunk(rest) : rest.length < length ? undefined : rest.subarray(0, length)
  return body && { status, headers, body, error: errorOf(body, method) }
}

function unchunk(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (lineEnd < 0) return undefined
    if (size === 0) return Buffer.concat(parts)
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
  return undefined
}

/** The elements of an error document, of S3's or of STS's. */
export function errorOf(body: Buffer, method: string): Record<string, string> {
  if (method === 'HEAD' || !body.includes('<Error>') || body.includes('<DeleteResult')) return {}
  const isOfSts = body.includes('<ErrorResponse')
  const root = parseLenientXml(body.toString(), isOfSts ? 'ErrorResponse' : 'Error')
  const document = isOfSts ? { ...root, ...children(root, 'Error')[0] } : root
  return Object.fromEntries(Object.keys(document).map((name) => [name, text(document, name) ?? '']))
}

/** Bytes as the chunked coding of HTTP, in pieces of `size`. */
export function httpChunked(bytes: Uint8Array, size = 7): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size)
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), Buffer.from(piece), Buffer.from('\r\n'))
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}
