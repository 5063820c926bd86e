import { type AccessKey, type Account, type Credentials, createKeyring } from './auth/accounts.ts'
import type { State } from './call.ts'
import { type SendCallback, sendToInternet } from './callback/send-callback.ts'
import { DAY } from './document-values.ts'
import { type FaultRule, Faults, type RequestListener } from './faults.ts'
import { createHandler } from './handler.ts'
import { Cnames } from './hosts/cnames.ts'
import { checkHeaderSyntax, type OssRequest, type Transport } from './http.ts'
import { createLifecycle } from './lifecycle/schedule.ts'
import { newestReadings, type Readings } from './readings.ts'
import { type Listener, listen } from './server.ts'
import { Blobs } from './store/blobs.ts'
import { Locks } from './store/locks.ts'
import type { OnProblem } from './store/problems.ts'

export type { AccessKey, Account, Credentials } from './auth/accounts.ts'
export type { CallbackAnswer, CallbackRequest, SendCallback } from './callback/send-callback.ts'
export {
  Disconnected,
  type FaultAction,
  type FaultRule,
  type Faults,
  type ObservedRequest,
  type RequestListener,
} from './faults.ts'
export type { OssRequest, OssResponse, Transport } from './http.ts'
export type { Readings } from './readings.ts'
export { isLocalOssDirectory } from './store/directory.ts'
export type { ProblemKind, StoreProblem } from './store/problems.ts'

/** How to open an embedded OSS. */
export type LocalOssOptions = {
  /** Where the data is kept; `:memory:` keeps none. */
  directory: string
  /** The key of the first account, 1000000000000001. */
  credentials: Credentials
  /** Other accounts with their keys, and further keys of the first. Default none. */
  accounts?: readonly Account[]
  /** Bytes; CopyObject refuses larger sources. Default 1 GiB. */
  copyLimit?: number
  /**
   * Milliseconds for which the restore of an archived object is in progress: a quarter of them when Expedited, twice as many
   * in Bulk. Default 0.
   */
  restoreDelay?: number
  /**
   * Milliseconds of a day, wherever OSS counts days: in lifecycle rules, which run when one ends, in restores and in retention
   * periods. Default 24 hours.
   */
  day?: number
  /** Whether lifecycle rules run at midnight by themselves, not by {@link LocalOss.runLifecycle} alone. Default true. */
  lifecycle?: boolean
  /**
   * Custom domains, each with the bucket's name that it is bound to: OSS wants a DNS record first, here this is one. A
   * request whose host is such a domain is for that bucket. DeleteCname frees one, PutCname binds it again.
   */
  cnames?: Readonly<Record<string, string>>
  /**
   * Delivers the callbacks of uploads (`x-oss-callback`), to any address. Default: posts them to addresses of the Internet, and
   * refuses others, as OSS does.
   */
  sendCallback?: SendCallback
  /**
   * Whether a new bucket blocks public access until its owner says otherwise, as OSS's own do since October 2025 (by region; its
   * console lets one choose). Default false.
   */
  newBucketsBlockPublicAccess?: boolean
  /** Where OSS's behaviour is uncertain: what differs from {@link newestReadings}. */
  readings?: Partial<Readings>
  /**
   * The store's clock, in milliseconds since the epoch. Default the system's, by which signatures are judged whatever this one
   * says.
   */
  now?: () => number
  /** Told of a full or read-only disk, of a lost blob, and of whatever else keeps the store from what it should do. */
  onProblem?: OnProblem
  /** Rules from the start; more can be added to {@link LocalOss.faults}. */
  faults?: readonly FaultRule[]
}

/** A running OSS. */
export type LocalOss = {
  /** Answers a request in process; rejects when a fault closes the connection or the request's body ends early. */
  transport: Transport
  /** Listens on a port as well, and returns it; 0 takes a free one. Can be called more than once. */
  listen(port: number, host?: string): Promise<number>
  faults: Faults
  /** Gives an account a key, as RAM and STS do; another with its id is gone. */
  addKey(account: string, key: AccessKey): void
  /** Takes a key away, whose requests are InvalidAccessKeyId from now on. */
  removeKey(accessKeyId: string): void
  /** Calls `listener` after each request; the result stops that. */
  onRequest(listener: RequestListener): () => void
  /**
   * Carries out what lifecycle rules say is due by the store's clock, without waiting for midnight.
   * @throws StoreProblem when the store cannot be written.
   */
  runLifecycle(): Promise<void>
  /** Waits for requests in flight, then closes sockets and store. */
  close(): Promise<void>
}

/** Marks a body of unknown length as chunked, as HTTP does. */
function withTransferEncoding(request: OssRequest): OssRequest {
  const { body, headers } = request
  if (body === undefined || body instanceof Uint8Array || headers['content-length'] !== undefined)
    return request
  return { ...request, headers: { ...headers, 'transfer-encoding': 'chunked' } }
}

const DEFAULT_COPY_LIMIT = 1024 ** 3

/**
 * Opens an embedded OSS: any region, data in `directory`.
 * @throws Error when `day` is none, two keys have the same id, the directory cannot be used or has an unknown format, another process uses
 *   it, an optional package is not installed, or `cnames` has what is no domain or no bucket's name.
 */
export async function createLocalOss(options: LocalOssOptions): Promise<LocalOss> {
  const { day = DAY } = options
  if (!(day >= 1 && day <= DAY)) throw new Error(`day is ${day}: it must be from 1 to ${DAY} milliseconds`)
  const keyring = createKeyring(options.credentials, options.accounts)
  const now = options.now ?? Date.now
  const cnames = new Cnames(options.cnames ?? {}, now())
  const directory = options.directory === ':memory:' ? undefined : options.directory
  const blobs = await Blobs.open(directory, options.onProblem)
  const state: State = {
    blobs,
    store: blobs.store,
    locks: new Locks(),
    cnames,
    now,
    copyLimit: options.copyLimit ?? DEFAULT_COPY_LIMIT,
    restoreDelay: options.restoreDelay ?? 0,
    day,
    sendCallback: options.sendCallback ?? sendToInternet,
    newBucketsBlockPublicAccess: options.newBucketsBlockPublicAccess ?? false,
    readings: { ...newestReadings, ...options.readings },
  }
  const lifecycle = createLifecycle(state)
  if (options.lifecycle ?? true) lifecycle.start()
  const faults = new Faults()
  for (const rule of options.faults ?? []) faults.add(rule)
  const listeners = new Set<RequestListener>()
  const handle = createHandler({ state, keyring, faults, listeners })

  const inFlight = new Set<Promise<unknown>>()
  const serve: Transport = (request) => {
    const answer = handle(request)
    const settled = answer.catch(() => {}).finally(() => inFlight.delete(settled))
    inFlight.add(settled)
    return answer
  }
  const sockets: Listener[] = []
  return {
    async transport(request) {
      checkHeaderSyntax(request.headers)
      return serve(withTransferEncoding(request))
    },
    faults,
    async listen(port, host = '127.0.0.1') {
      const socket = await listen(serve, port, host)
      sockets.push(socket)
      return socket.port
    },
    addKey: (account, key) => void keyring.set(key.accessKeyId, { ...key, account }),
    removeKey: (accessKeyId) => void keyring.delete(accessKeyId),
    onRequest(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    runLifecycle: () => lifecycle.run(),
    async close() {
      faults.end()
      const ended = lifecycle.stop()
      await Promise.all(sockets.splice(0).map((socket) => socket.close()))
      await Promise.all(inFlight)
      await ended
      await blobs.close()
    },
  }
}
