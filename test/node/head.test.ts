import { describe, expect, test } from 'vitest'
import { framingOfRequest, parseRequestHead } from '../../src/http/head.ts'

const framing = (...lines: string[]) => {
  const text = ['PUT / HTTP/1.1', 'host: a', ...lines, ''].join('\r\n')
  return framingOfRequest(parseRequestHead(text), text)
}

describe('the framing of a request', () => {
  test.each([
    ['transfer-encoding: chunked', 'chunks'],
    ['Transfer-Encoding:chunked', 'chunks'],
    ['transfer-encoding:   CHUNKED   ', 'chunks'],
    ['transfer-encoding: gzip, chunked', 'chunks'],
    ['content-length: 5', 5],
    ['x: y', 0],
  ])('%s', (line, expected) => expect(framing(line)).toBe(expected))

  test.each([
    'transfer-encoding:',
    'transfer-encoding: gzip',
    'transfer-encoding: chunked, gzip',
    'transfer-encoding: chunked,',
    'transfer-encoding: chunked, chunked',
    'transfer-encoding: xchunked',
    'transfer-encoding: chunked\t',
    'transfer-encoding: chunked\r\ntransfer-encoding: identity',
    'transfer-encoding: identity\r\ntransfer-encoding: chunked',
    'transfer-encoding: chunked\r\ntransfer-encoding: chunked',
  ])('%j is not certain', (lines) => expect(() => framing(lines)).toThrow(/coding/))

  // With an expression that looks at each blank anew, a megabyte takes half an hour.
  test.each([
    `${' '.repeat(1 << 20)}x`,
    `${' ,'.repeat(1 << 19)}x`,
    `chunked${' '.repeat(1 << 20)}x`,
    `${' chunke'.repeat(1 << 17)}x`,
    ','.repeat(1 << 20),
  ])('takes a time in proportion to the header: case %#', (coding) => {
    expect(() => framing(`transfer-encoding: ${coding}`)).toThrow(/coding/)
  })
})
