import { describe, expect, test } from 'vitest'
import {
  type FailedCondition,
  failedCondition,
  parsePreconditions,
  toOssPreconditions,
} from '../../src/translate/preconditions.ts'

const SOURCE = 'x-amz-copy-source-'
const now = Date.parse('2026-01-01T00:00:00Z')
const object = {
  etag: '"9A0364B9E99BB480DD25E1F0284C8555"',
  lastModified: Date.parse('2025-06-01T12:00:00Z'),
}
const match = '"9a0364b9e99bb480dd25e1f0284c8555"'
const other = '"00000000000000000000000000000000"'
const before = 'Sun, 01 Jun 2025 11:59:59 GMT'
const equal = 'Sun, 01 Jun 2025 12:00:00 GMT'
const after = 'Sun, 01 Jun 2025 12:00:01 GMT'

type Row = [
  match?: string | undefined,
  unmodified?: string | undefined,
  noneMatch?: string | undefined,
  modified?: string,
]
const rows: [Row, FailedCondition | undefined][] = [
  [[match], undefined],
  [[other], 'If-Match'],
  [['9a0364b9e99bb480dd25e1f0284c8555'], undefined],
  [['*'], undefined],
  [[undefined, before], 'If-Unmodified-Since'],
  [[undefined, equal], undefined],
  [[undefined, after], undefined],
  [[match, before], undefined],
  [[other, after], 'If-Match'],
  [[undefined, undefined, match], 'If-None-Match'],
  [[undefined, undefined, other], undefined],
  [[undefined, undefined, '*'], 'If-None-Match'],
  [[undefined, undefined, undefined, before], undefined],
  [[undefined, undefined, undefined, equal], 'If-Modified-Since'],
  [[undefined, undefined, undefined, after], 'If-Modified-Since'],
  [[undefined, undefined, match, before], 'If-None-Match'],
  [[undefined, undefined, other, after], undefined],
  [[undefined, undefined, undefined, 'Fri, 01 Jan 2027 00:00:00 GMT'], undefined],
  [[undefined, 'not a date'], undefined],
  [[undefined, '1'], undefined],
  [[undefined, undefined, undefined, 'garbage'], undefined],
  [[undefined, '2025-06-01T11:59:59Z'], 'If-Unmodified-Since'],
  [[other, before, match, after], 'If-Match'],
  [[match, undefined, match], 'If-None-Match'],
  [[undefined, before, match], 'If-Unmodified-Since'],
]

const headersOf = ([ifMatch, unmodified, noneMatch, modified]: Row) =>
  Object.fromEntries(
    [
      ['if-match', ifMatch],
      ['if-unmodified-since', unmodified],
      ['if-none-match', noneMatch],
      ['if-modified-since', modified],
    ].flatMap(([name, value]) => (value === undefined ? [] : [[`${SOURCE}${name}`, value]])),
  )

describe('the four conditions', () => {
  test.each(rows)('match %j → %s', (row, failed) => {
    expect(failedCondition(parsePreconditions(headersOf(row), SOURCE, now), object)).toBe(failed)
  })

  test('a date that does not count is not sent to OSS, which would count it', () => {
    const conditions = parsePreconditions(headersOf([match, before, other, after]), SOURCE, now)
    expect(toOssPreconditions(conditions, 'x-oss-copy-source-')).toEqual({
      'x-oss-copy-source-if-match': '"9A0364B9E99BB480DD25E1F0284C8555"',
      'x-oss-copy-source-if-none-match': other,
    })
  })

  test('an ETag is sent as OSS writes it, a date as RFC 1123', () => {
    const unquoted = parsePreconditions({ 'if-none-match': '9a0364b9e99bb480dd25e1f0284c8555-12' }, '', now)
    expect(toOssPreconditions(unquoted, '')).toEqual({
      'if-none-match': '"9A0364B9E99BB480DD25E1F0284C8555-12"',
    })
    const iso = parsePreconditions({ 'if-modified-since': '2025-06-01T12:00:00.000Z' }, '', now)
    expect(toOssPreconditions(iso, '')).toEqual({ 'if-modified-since': equal })
  })
})
