/** What the runtimes hand to the core, and what the core hands back. The core itself calls no fetch, clock or socket. */

/**
 * Bytes in flight: sockets' on Node, a ReadableStream on Workers. Only the entry knows which. The memory of each piece
 * is its reader's own, to keep and to write over.
 */
export type Body = AsyncIterable<Uint8Array> & {
  /** Instead of reading it: all of it, where it has come whole and in one piece, or is empty. */
  takeWhole?(): Uint8Array | undefined
}

/** Header names in lower case; a repeated header's values are joined with `,`. Made by {@link headerMap}. */
export type HeaderMap = Record<string, string>

/** `Object.create(null)` gives what V8 keeps as a hash table, several times slower to copy and to walk than an object. */
class Bare {
  [name: string]: string
}
Object.setPrototypeOf(Bare.prototype, null)
Reflect.deleteProperty(Bare.prototype, 'constructor')

/** An empty header map without names of its own, so that a header named `constructor` is only a header. */
export function headerMap(from?: HeaderMap): HeaderMap {
  const headers = new Bare()
  return from === undefined ? headers : Object.assign(headers, from)
}

/** A client's request as it came off the wire; nothing in it is decoded or normalised. */
export type Incoming = {
  method: string
  /** Path and query exactly as received, e.g. `/bucket/a%20b?acl`. */
  target: string
  headers: HeaderMap
  body: Body
  /**
   * Aborts when the client goes away. For what takes long: one call to OSS just comes to its end. Made when it is first
   * asked for, since an AbortController costs as much as verifying a signature.
   */
  signal: () => AbortSignal
  /** Of the client, or of the proxy before the gateway. Absent where the platform bounds what is worked on at a time. */
  clientAddress?: (() => string | undefined) | undefined
  /**
   * Calls back once: when the answer is out, or can no more be brought out. Absent where the platform bounds what is
   * worked on at a time.
   */
  onAnswered?: ((call: () => void) => void) | undefined
  /** Keeps the runtime up until work has come to its end that has to, whatever the client does. That it fails is told elsewhere. */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/** What an operation answers; the entry turns it into the runtime's own response. */
export type Reply = { status: number; headers: HeaderMap; body?: Body | Uint8Array<ArrayBuffer> | string }

export type OssRequest = {
  method: string
  /** Absolute, already percent-encoded. */
  url: string
  headers: HeaderMap
  /** Sent with the `content-length` in `headers`. */
  body?: Body | Uint8Array | undefined
  signal?: AbortSignal | undefined
  /** How long OSS may say nothing once it has the request; absent: as for any other. */
  answerTimeout?: TimeLimit | undefined
}

/** Milliseconds, and the setting they come from. Infinity is no limit. */
export type TimeLimit = { ms: number; setting: string }

/** `body` must be consumed or cancelled (`return()` of its iterator). */
export type OssResponse = { status: number; headers: HeaderMap; body: Body }

/**
 * How a request reaches OSS: undici on Node, fetch on Workers, the local OSS in process. Rejects when no answer came,
 * where it is known with why: the error's `failure` is a {@link Failure}, as it is that of a body that ends early. A
 * success that comes before the request's body is out is no answer either.
 */
export type Transport = (request: OssRequest) => Promise<OssResponse>

/** `not-sent`: OSS got nothing of the request. `timeout`: a time limit struck. `unsendable`: it can never be sent. */
export type Failure = 'not-sent' | 'timeout' | 'unsendable'

/** Milliseconds since the epoch. */
export type Clock = () => number

/** Resolves after so many milliseconds; rejects when the signal aborts. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>

/** Calls back after so many milliseconds, unless what it returns is called before. For waits that seldom come to their end. */
export type Timer = (ms: number, call: () => void) => () => void

/** What the runtime allows. */
export type Platform = {
  /** Connections to OSS that one request may use at a time. */
  connections: number
}

/** One structured line: an event's name and its facts. Never secrets, signatures, or object data. */
export type Log = (event: string, facts: Record<string, unknown>) => void
