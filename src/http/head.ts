import { METHODS, maxHeaderSize } from 'node:http'
import { isBlank } from '../bytes/whitespace.ts'
import { decodeHeader } from '../node/header-text.ts'
import { type HeaderMap, headerMap } from '../ports.ts'

/** What is wrong with the bytes on a connection; `timeout`: they do not come. */
export type Problem = 'malformed' | 'too large' | 'incomplete' | 'timeout'

/** Bytes that are no HTTP/1.1, or more of it than is taken. */
export class HttpError extends Error {
  override name = 'HttpError'
  readonly problem: Problem

  constructor(problem: Problem, message: string) {
    super(message)
    this.problem = problem
  }
}

const malformed = (what: string) => new HttpError('malformed', what)

/** Bytes of a head, or of the lines behind a body in chunks: as many as Node takes. */
export const MAX_HEAD = maxHeaderSize

/** What a request's head says. */
export type RequestHead = {
  method: string
  /** As it was sent. */
  target: string
  /** Of HTTP/1: 0 or 1. */
  minor: number
  headers: HeaderMap
}

/** What an answer's head says. */
export type AnswerHead = { status: number; minor: number; headers: HeaderMap }

// A tunnel is nothing to open here, and what follows a CONNECT would be no HTTP.
const methods = new Set(METHODS.filter((name) => name !== 'CONNECT'))
const longestMethod = Math.max(...METHODS.map(({ length }) => length))

// The path, `*`, or the absolute form: all printable ASCII (RFC 9112, 3.2).
const requestLine = /^([A-Z-]+) ((?:\/|\*|[A-Za-z][A-Za-z\d+.-]*:\/\/)[!-~]*) HTTP\/1\.([01])\r\n/
const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t -~\x80-\xff]*)?\r\n/
const host = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d*)?$/i

/**
 * Reads a request's head.
 * @param text in Latin-1, up to and with the end of its last line.
 * @throws HttpError where it is not HTTP/1.0 or HTTP/1.1 to the letter: what two readers may take for two things
 *   is how a request hides in another.
 */
export function parseRequestHead(text: string): RequestHead {
  const [line, method, target, minor] = requestLine.exec(text) ?? []
  if (line === undefined || !methods.has(method as string)) throw malformed('the request line is none')
  const headers = parseFields(text, line.length)
  if (!host.test(headers.host ?? '')) throw malformed('there is not one Host header')
  return { method: method as string, target: target as string, minor: Number(minor), headers }
}

/**
 * Whether more bytes can make these the beginning of a request's head. A client that speaks another protocol hears so at once.
 * @param text what there is of it, in Latin-1.
 * @param from what has been looked at before.
 */
export function mayBecomeHead(text: string, from: number): boolean {
  const space = text.indexOf(' ')
  const begins = space < 0 ? text.length <= longestMethod : methods.has(text.slice(0, space))
  return begins && /^(?:[A-Z-]|$)/.test(text) && !bareLineEnd.test(text.slice(Math.max(0, from - 1)))
}
const bareLineEnd = /[^\r]\n|\r[^\n]/

/** Reads an answer's head, which must be as right as a request's. @param text as for {@link parseRequestHead}. */
export function parseAnswerHead(text: string): AnswerHead {
  const [line, minor, status] = statusLine.exec(text) ?? []
  if (line === undefined) throw malformed('the status line is none')
  return { status: Number(status), minor: Number(minor), headers: parseFields(text, line.length) }
}

/** Lines of headers, each with its end: printable ASCII, */
const plainLines = /(?:[!#$%&'*+\-.^`|~\w]+:[\t -~]*\r\n)*$/y
/** or with bytes beyond it in their values. */
const lines = /(?:[!#$%&'*+\-.^`|~\w]+:[\t -~\x80-\xff]*\r\n)*$/y
/** Names as they were sent, and in lower case. Clients choose them, so there is an end to it. */
const knownNames = new Map<string, string>()
const MAX_KNOWN_NAMES = 500

/**
 * Reads lines of headers.
 * @param text in Latin-1, each line with its end.
 * @returns values decoded, and joined with `,` where a name is repeated.
 * @throws HttpError for a folded line, a blank before a colon, half a line end, a control character, or no header at all.
 */
export function parseFields(text: string, from: number): HeaderMap {
  const isPlain = matchesFrom(plainLines, text, from)
  if (!isPlain && !matchesFrom(lines, text, from)) throw malformed('there are lines that are no headers')
  const headers = headerMap()
  for (let at = from; at < text.length; ) {
    // Half a line end there is none: to look for one character is faster.
    const end = text.indexOf('\r', at)
    const colon = text.indexOf(':', at)
    const name = lowerCase(text.slice(at, colon))
    const sent = withoutBlanksAround(text, colon + 1, end)
    const value = isPlain ? sent : decodeHeader(sent)
    const before = headers[name]
    headers[name] = before === undefined ? value : `${before},${value}`
    at = end + 2
  }
  return headers
}

/** @param pattern a sticky one. */
function matchesFrom(pattern: RegExp, text: string, from: number): boolean {
  pattern.lastIndex = from
  return pattern.test(text)
}

function lowerCase(sent: string): string {
  const known = knownNames.get(sent)
  if (known !== undefined) return known
  const name = sent.toLowerCase()
  if (knownNames.size < MAX_KNOWN_NAMES) knownNames.set(sent, name)
  return name
}

function withoutBlanksAround(text: string, from: number, to: number): string {
  let first = from
  let last = to
  while (first < last && isBlank(text.charCodeAt(first))) first++
  while (first < last && isBlank(text.charCodeAt(last - 1))) last--
  return text.slice(first, last)
}

/** How the body of a message is framed: so many bytes, in chunks, or to the end of the connection. */
export type Framing = number | 'chunks' | 'rest'

/**
 * How a request's body is framed; 0 where there is none.
 * @param text its head: a coding counts in one spelling only.
 * @throws HttpError where it is not certain.
 */
export function framingOfRequest({ minor, headers }: RequestHead, text: string): Framing {
  const framing = framingOf(headers, text)
  // HTTP/1.0 has no chunks: where the next request begins is not sure.
  if (framing === 'chunks' && minor === 0) throw malformed('HTTP/1.0 has no chunks')
  return framing ?? 0
}

/** How an answer's body is framed. @param method of the request. @throws HttpError where it is not certain. */
export function framingOfAnswer({ status, headers }: AnswerHead, text: string, method: string): Framing {
  const framing = framingOf(headers, text)
  return method === 'HEAD' || status === 204 || status === 304 ? 0 : (framing ?? 'rest')
}

const codings = /\r\ntransfer-encoding:([^\r]*)/gi
/** Of one line's codings the last, anchored: a search for it would try each blank of a stranger's anew. */
const endsInChunks = (codings: string) => /^ *chunked *$/i.test(codings.slice(codings.lastIndexOf(',') + 1))

function framingOf(headers: HeaderMap, text: string): Framing | undefined {
  const length = headers['content-length']
  if (headers['transfer-encoding'] !== undefined) {
    if (length !== undefined) throw malformed('there are a length and a transfer coding')
    const lines = Array.from(text.matchAll(codings), ([, line = '']) => line)
    if (!lines.every(endsInChunks) || /chunked.*chunked/i.test(headers['transfer-encoding'])) {
      throw malformed('the transfer coding does not end in chunks')
    }
    return 'chunks'
  }
  if (length === undefined) return undefined
  if (!/^\d{1,15}$/.test(length)) throw malformed('the length is none')
  return Number(length)
}

/** Whether the connection is kept behind a message. */
export function isKept({ minor, headers: { connection } }: Pick<RequestHead, 'minor' | 'headers'>): boolean {
  if (connection === undefined) return minor === 1
  return !closeOption.test(connection) && (minor === 1 || keepOption.test(connection))
}

const closeOption = /(?:^|,)\s*close\s*(?:,|$)/i
const keepOption = /(?:^|,)\s*keep-alive\s*(?:,|$)/i
