import { Readable } from 'node:stream'

/** Header names in lower case; values as they came off the wire (bytes above 0x7f as latin1, as Node has them). */
export type HeaderMap = Record<string, string>

/** Bytes in flight. */
export type Bytes = AsyncIterable<Uint8Array>

/** A request as the core takes it: an absolute, percent-encoded URL that nobody has normalised. */
export type OssRequest = {
  method: string
  url: string
  headers: HeaderMap
  body?: Bytes | Uint8Array
  signal?: AbortSignal
}

/** The core's answer. The body must be read or destroyed. */
export type OssResponse = { status: number; headers: HeaderMap; body: Readable }

/** How a request reaches the service; it rejects when no answer came. */
export type Transport = (request: OssRequest) => Promise<OssResponse>

/** What an operation answers; the handler adds what every answer has. */
export type Reply = { status?: number; headers?: HeaderMap; body?: string | Readable }

/** A request's body as one iterable, whatever form it was handed over in. */
export function bytesOf(body: Bytes | Uint8Array | undefined): Bytes {
  if (body === undefined) return Readable.from([])
  return body instanceof Uint8Array ? Readable.from([body], { objectMode: false }) : body
}

/** An answer's body as a byte stream. */
export function readable(body: string | Readable | undefined): Readable {
  if (body instanceof Readable) return body
  return Readable.from(body ? [Buffer.from(body)] : [], { objectMode: false })
}

/** A header's bytes: text above latin1 was never on a wire and means UTF-8. */
export function headerBytes(value: string): Buffer {
  const latin1 = Buffer.from(value, 'latin1')
  return latin1.toString('latin1') === value ? latin1 : Buffer.from(value, 'utf8')
}
