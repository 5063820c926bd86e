import { Readable } from 'node:stream'

/** Header names in lower case; values as received (bytes above 0x7f as latin1, as node:http has them). */
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
  /** The caller's IP address; in process it has none. */
  remoteAddress?: string
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
export function toReadable(body: string | Readable | undefined): Readable {
  if (body instanceof Readable) return body
  return Readable.from(body ? [Buffer.from(body)] : [], { objectMode: false })
}

/** Whether a header or a parameter says `true`, in any case. */
export const isTrue = (value: string | undefined): boolean => value?.toLowerCase() === 'true'

/** A header's bytes, which Node holds as latin1. */
export function headerBytes(value: string): Buffer {
  return Buffer.from(value, 'latin1')
}

/** A header's bytes without the spaces and tabs around them. Not `trim()`: a byte of a UTF-8 character may be 0xA0. */
export function trimmedBytes(value = ''): Buffer {
  const isBlank = (at: number) => value[at] === ' ' || value[at] === '\t'
  let start = 0
  let end = value.length
  while (start < end && isBlank(start)) start++
  while (end > start && isBlank(end - 1)) end--
  return headerBytes(value.slice(start, end))
}

/** @throws TypeError for a header that no HTTP client could send: in process nothing else checks that. */
export function checkHeaderSyntax(headers: HeaderMap): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[a-z0-9!#$%&'*+\-.^_`|~]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new TypeError(`the header ${name} cannot be sent`)
    }
  }
}
