import { STATUS_CODES } from 'node:http'
import type { HeaderMap } from '../ports.ts'
import { headerLines } from './header-text.ts'

/** How the body of an answer is framed: not at all, by its length, in chunks, or by the end of the connection. */
export type AnswerFraming = 'none' | 'length' | 'chunks' | 'rest'

/**
 * An answer's head as it goes over the wire, in Latin-1.
 * @param kept how many seconds the connection is kept behind it, or undefined where it is the last.
 * @param minor the request's version of HTTP/1: to 1.1 a connection is kept without a word, and some clients take the
 *   word for the object's (fog-aws).
 * @throws TypeError where a header cannot be sent.
 */
export function answerHead(
  status: number,
  headers: HeaderMap,
  framing: AnswerFraming,
  kept: number | undefined,
  minor = 1,
): string {
  const lines = headerLines(headers)
  const date = 'date' in headers ? '' : `date: ${httpDate()}\r\n`
  const coding = framing === 'chunks' ? 'transfer-encoding: chunked\r\n' : ''
  const word = kept === undefined ? 'connection: close\r\n' : minor === 0 ? 'connection: keep-alive\r\n' : ''
  const time = kept === undefined ? '' : `keep-alive: timeout=${kept}\r\n`
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}${date}${coding}${word}${time}\r\n`
}

let lastDate = { second: Number.NaN, text: '' }

/** Of this second, which all its answers share. */
function httpDate(): string {
  const now = Date.now()
  const second = Math.floor(now / 1000)
  if (second !== lastDate.second) lastDate = { second, text: new Date(now).toUTCString() }
  return lastDate.text
}
