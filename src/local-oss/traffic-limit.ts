import { setTimeout as sleep } from 'node:timers/promises'
import { invalidArgument } from './errors.ts'
import type { Bytes, HeaderMap } from './http.ts'

const NAME = 'x-oss-traffic-limit'

/** How fast a body may go, and for how many milliseconds it had to wait for that until now. */
export type TrafficLimit = { readonly bytesPerSecond: number; delayed: number }

/** Bits a second; by older documents, and the comments of the Go SDK, from 245760 on. */
const MIN = 819_200
const MAX = 838_860_800

/**
 * `x-oss-traffic-limit`, a header or a parameter, which bounds how fast a request's or an answer's body goes.
 * @throws OssError InvalidArgument when it is out of range (EC 0004-00000502), or both (EC 0004-00000501).
 */
export function parseTrafficLimit(
  headers: HeaderMap,
  query: ReadonlyMap<string, string>,
): TrafficLimit | undefined {
  const given = [headers[NAME], query.get(NAME)].filter((value) => value !== undefined)
  const [value, another] = given
  if (value === undefined) return undefined
  if (another !== undefined) {
    throw invalidArgument(`${NAME} must be a header or a parameter.`, NAME, value, '0004-00000501')
  }
  const bits = /^\d{1,9}$/.test(value) ? Number(value) : 0
  if (bits >= MIN && bits <= MAX) return { bytesPerSecond: bits / 8, delayed: 0 }
  throw invalidArgument(`${NAME} must be between ${MIN} and ${MAX}.`, NAME, value, '0004-00000502')
}

/** Waits are this long at most, so that who gives up is noticed. */
const PIECES_A_SECOND = 10
/** Milliseconds. A timer may be late by as much. */
const SHORTEST_WAIT = 5

/** The same bytes, no faster than so many a second, if there is a limit. */
export function throttled(body: Bytes, limit: TrafficLimit | undefined): Bytes {
  return limit === undefined ? body : inPieces(body, limit)
}

/** What OSS says of an upload that has a limit: for how many milliseconds it was held back (a test of the Go SDK v1). */
export function delayHeader(limit: TrafficLimit | undefined): HeaderMap {
  return limit === undefined ? {} : { 'x-oss-qos-delay-time': String(Math.round(limit.delayed)) }
}

async function* inPieces(body: Bytes, limit: TrafficLimit): Bytes {
  const { bytesPerSecond } = limit
  const piece = Math.ceil(bytesPerSecond / PIECES_A_SECOND)
  const started = performance.now()
  let count = 0
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; at += piece) {
      const bytes = chunk.subarray(at, at + piece)
      count += bytes.length
      const wait = started + (count / bytesPerSecond) * 1000 - performance.now()
      if (wait >= SHORTEST_WAIT) {
        await sleep(wait)
        limit.delayed += wait
      }
      yield bytes
    }
  }
}
