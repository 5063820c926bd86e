/** What the runtimes hand to the core, and what the core hands back. The core itself calls no fetch, clock or socket. */

/**
 * A streamed body: from a socket on Node, a ReadableStream on Workers; only the runtime's folder knows which. Each piece
 * belongs to its reader, which may keep it or write over it.
 */
export type Body = AsyncIterable<Uint8Array> & {
  /** Instead of iterating: the whole body, where it has arrived in one piece or is empty; else undefined. */
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
   * Aborts when the client disconnects. For work of several calls to OSS; a single call is left to end. Created at first
   * use, since an AbortController costs as much as verifying a signature.
   */
  signal: () => AbortSignal
  /**
   * IP address of the client or its network, or of the proxy before the gateway. Absent where the platform limits
   * concurrency (Workers).
   */
  clientAddress?: (() => string) | undefined
  /** Who is at the other end of the connection. Absent where the platform does not tell. */
  peer?: (() => Peer) | undefined
  /** Bytes of bodies until now; `sent` is undefined where the platform does not tell how far it has come. */
  traffic?: (() => { received: number; sent: number | undefined }) | undefined
  /**
   * Calls back once: when the response has been sent, or can no longer be. Absent where nobody is told.
   */
  onAnswered?: ((call: () => void) => void) | undefined
  /** By which its answer names it; undefined until it is worked on. */
  requestId?: string | undefined
  /** What it was answered with instead, while it was worked on; absent: it was not. */
  refusal?: Refusal | undefined
  /** Keeps the runtime up until work has ended that must end even if the client disconnects. Its errors are handled elsewhere. */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/** An error that a request was answered with. Times are in milliseconds since the epoch. */
export type Refusal = {
  status: number
  /** S3's. */
  code: string
  time: number
  /** When the answer had been sent, or no longer could be; undefined until then. */
  answered: number | undefined
}

/** The other end of a client's connection. */
export type Peer = {
  /** IP address of the client, or of the last proxy before the gateway that is not trusted. */
  address: string
  /** Absent where the connection is not encrypted. Names as OpenSSL has them, e.g. `TLSv1.3`. */
  tls?: { version: string; cipher: string } | undefined
  /** Of HTTP, as `HTTP/1.1`. Absent where it is not known. */
  protocol?: string | undefined
}

/** What an operation answers; the runtime makes its own response of it. */
export type Reply = { status: number; headers: HeaderMap; body?: Body | Uint8Array<ArrayBuffer> | string }

export type OssRequest = {
  method: string
  /** Absolute, already percent-encoded. */
  url: string
  headers: HeaderMap
  /** Sent with the `content-length` in `headers`. */
  body?: Body | Uint8Array | undefined
  signal?: AbortSignal | undefined
  /** Nobody has signed it: it must take no connection that a signed one could use. */
  anonymous?: boolean | undefined
  /** How long OSS may take to begin its response once it has the request; absent: `timeouts.oss.headers`. */
  answerTimeout?: TimeLimit | undefined
}

/** Milliseconds, and the setting they come from. Infinity is no limit. */
export type TimeLimit = { ms: number; setting: string }

/** `body` must be consumed or cancelled (`return()` of its iterator). */
export type OssResponse = { status: number; headers: HeaderMap; body: Body }

/**
 * How a request reaches OSS: undici on Node, fetch on Workers, the embedded OSS in process. Rejects when no response
 * came; where the reason is known, the error's `failure` is a {@link Failure}, also in the error of a body that ends
 * early. A success that comes before the whole request body has been sent counts as no response.
 */
export type Transport = (request: OssRequest) => Promise<OssResponse>

/** `not-sent`: OSS received nothing of the request. `timeout`: a time limit was reached. `unsendable`: no attempt can succeed. */
export type Failure = 'not-sent' | 'timeout' | 'unsendable'

/** The gateway's own identity at OSS: a key there. */
export type OssCredentials = {
  accessKeyId: string
  accessKeySecret: string
  /** Of a temporary key, of STS. */
  securityToken?: string
  /** When a temporary key is of no more use, in milliseconds since the epoch; absent where that is not known. */
  expiration?: number
}

/** Who the gateway is at OSS: its key there, which may be renewed. */
export type Credentials = {
  /** The key to sign with now; a promise while there is none that is valid. Rejects where none can be had. */
  current(): OssCredentials | Promise<OssCredentials>
  /**
   * OSS has refused that key. Resolves when `current` gives another, rejects where none can be had. Absent where there is
   * never another.
   */
  renew?(refused: OssCredentials): Promise<void>
}

/** A request to a service that gives keys. */
export type Question = {
  method: 'GET' | 'PUT' | 'POST'
  url: string
  headers?: Record<string, string>
  body?: string
  /** Milliseconds for all of it. */
  limit: number
}

/** Its answer, whatever the status. */
export type Answered = { status: number; text: string }

/**
 * Asks a service that gives keys. No redirection is followed: it would take a key elsewhere. Rejects, where no answer
 * came, with an Error that says why, without the URL's path and query.
 */
export type Ask = (question: Question) => Promise<Answered>

/** Milliseconds since the epoch. */
export type Clock = () => number

/** Resolves after so many milliseconds; rejects when the signal aborts. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>

/** Calls back after so many milliseconds, unless what it returns is called before. For timeouts, which seldom fire. */
export type Timer = (ms: number, call: () => void) => () => void

/** What the runtime allows. */
export type Platform = {
  /** Connections to OSS that one request may use at a time. */
  connections: number
  /** Whether a request may wait for another of its process: Workers end one that waits for nothing of its own. */
  requestsWait: boolean
  /** Whether URLs lose their `.` and `..` segments on the way: another key would be asked for than was signed. */
  resolvesDots?: boolean
}

/** What the core has of its surroundings: time, chance, and a log. */
export type RuntimePorts = {
  clock: Clock
  log: Log
  sleep: Sleep
  timer: Timer
  /** From 0 up to 1. */
  random: () => number
  platform: Platform
}

/** How grave an event is; of the log, what is written: each with those before it. */
export type LogLevel = 'error' | 'warn' | 'info'

/** One structured line: an event's name and its facts. Never secrets, signatures, or object data. */
export type Log = (event: string, facts: Record<string, unknown>) => void
