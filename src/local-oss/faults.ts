import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { renderError } from './errors.ts'
import type { Bytes, HeaderMap, OssResponse, Reply } from './http.ts'

/** What a listener or a fault rule can know of a request. */
export type ObservedRequest = {
  /** OSS's name for it, e.g. `UploadPartCopy`; `Unknown` when there is none. */
  operation: string
  method: string
  bucket: string
  key: string
  query: ReadonlyMap<string, string>
  headers: HeaderMap
}

/** Called after each request, with the status it was answered with; 0 when no answer went out. */
export type RequestListener = (request: ObservedRequest & { status: number }) => void

/** How the service is to misbehave. */
export type FaultAction =
  /** Answers an error document instead of working. */
  | { kind: 'error'; status: number; code: string; message?: string; ec?: string }
  /** Answers these bytes instead of working, an upload before its body has been read. */
  | { kind: 'garbage'; status?: number; body: string; headers?: HeaderMap }
  /** Never answers (`start`), or stops within the answer's body after so many bytes, until the caller gives up. */
  | { kind: 'stall'; at: 'start' | 'body'; afterBytes?: number }
  /** Closes the connection without an answer, before the operation is performed or after it. */
  | { kind: 'cut'; when: 'before' | 'after' }
  /** Closes the connection within the answer's body. */
  | { kind: 'truncate'; afterBytes: number }
  /** Works, but this many milliseconds later. */
  | { kind: 'delay'; ms: number }
  /** Does something first, e.g. changes a copy's source. */
  | { kind: 'call'; run: (request: ObservedRequest) => unknown }

/** Which requests meet a fault: those that match every condition given. */
export type FaultRule = {
  operation?: string | readonly string[]
  bucket?: string
  key?: string | RegExp
  partNumber?: number
  when?: (request: ObservedRequest) => boolean
  /** Matching requests to let pass first. Default 0. */
  skip?: number
  /** How many requests it applies to. Default 1. */
  times?: number
  action: FaultAction
}

/** The connection ended without an answer. */
export class Disconnected extends Error {
  override name = 'Disconnected'
  readonly code = 'ECONNRESET'
}

/** The rules by which requests fail, to be changed at any time. */
export class Faults {
  readonly #ended = new AbortController()
  #rules: { rule: FaultRule; skip: number; left: number }[] = []

  /** Adds a rule; the result removes it again. */
  add(rule: FaultRule): () => void {
    const entry = { rule, skip: rule.skip ?? 0, left: rule.times ?? 1 }
    this.#rules.push(entry)
    return () => {
      this.#rules = this.#rules.filter((other) => other !== entry)
    }
  }

  /** Removes all rules. */
  clear(): void {
    this.#rules = []
  }

  /** Ends every stalled or delayed request: the service closes. */
  end(): void {
    this.#ended.abort(new Disconnected('the service closes'))
  }

  /** The signal that ends a stalled or delayed request: its caller's, or that the service closes. */
  cancelSignal(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#ended.signal : AbortSignal.any([signal, this.#ended.signal])
  }

  /** The actions for this request, in the order of their rules; each counts against its rule's `times`. */
  takeActions(request: ObservedRequest): FaultAction[] {
    const actions: FaultAction[] = []
    for (const entry of this.#rules) {
      if (entry.left <= 0 || !matches(entry.rule, request)) continue
      if (entry.skip > 0) entry.skip--
      else {
        entry.left--
        actions.push(entry.rule.action)
      }
    }
    return actions
  }
}

function matches({ operation, bucket, key, partNumber, when }: FaultRule, request: ObservedRequest): boolean {
  if (operation !== undefined && ![operation].flat().includes(request.operation)) return false
  if (bucket !== undefined && bucket !== request.bucket) return false
  if (typeof key === 'string' && key !== request.key) return false
  if (key instanceof RegExp && !key.test(request.key)) return false
  if (partNumber !== undefined && String(partNumber) !== request.query.get('partNumber')) return false
  return when?.(request) ?? true
}

/** Does what an action does before the work; resolves when the work may go on. @throws Disconnected. */
export async function beforeWork(
  action: FaultAction,
  request: ObservedRequest,
  signal: AbortSignal,
): Promise<void> {
  if (action.kind === 'call') await action.run(request)
  if (action.kind === 'delay') await sleep(action.ms, undefined, { signal })
  if (action.kind === 'stall' && action.at === 'start') await untilAborted(signal)
  if (action.kind === 'cut' && action.when === 'before') throw new Disconnected('cut before the work')
}

/** The answer that takes the work's place, if one of the actions has one. */
export function injectedReply(actions: readonly FaultAction[]): Reply | undefined {
  for (const action of actions) {
    if (action.kind === 'garbage') {
      return { status: action.status ?? 200, headers: action.headers ?? {}, body: action.body }
    }
    if (action.kind !== 'error') continue
    const { status, code, message = code, ec } = action
    const id = 'FA0175000000000000000000'
    return {
      status,
      headers: { 'x-oss-request-id': id, ...(ec === undefined ? {} : { 'x-oss-ec': ec }) },
      body: renderError({ code, message, ec, elements: {} }, id, 'local-oss'),
    }
  }
  return undefined
}

/** Does what an action does to the answer. @throws Disconnected. */
export function afterWork(action: FaultAction, response: OssResponse, signal: AbortSignal): OssResponse {
  if (action.kind === 'cut' && action.when === 'after') {
    response.body.destroy()
    throw new Disconnected('cut after the work')
  }
  const stalls = action.kind === 'stall' && action.at === 'body'
  if (!stalls && action.kind !== 'truncate') return response
  const rest = stalls
    ? () => untilAborted(signal)
    : () => Promise.reject(new Disconnected('cut within the body'))
  const body = Readable.from(interrupted(response.body, action.afterBytes ?? 0, rest), { objectMode: false })
  // Ending a generator that was never read runs no `finally`: the body must be destroyed here.
  body.once('close', () => response.body.destroy())
  return { ...response, body }
}

async function* interrupted(body: Bytes, afterBytes: number, rest: () => Promise<never>): Bytes {
  let left = afterBytes
  for await (const chunk of body) {
    if (chunk.length >= left) {
      if (left > 0) yield chunk.subarray(0, left)
      await rest()
    }
    left -= chunk.length
    yield chunk
  }
  await rest()
}

/** Rejects when the caller gives up. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
