import { expect, test } from 'vitest'
import { ifRangeHolds, parseIfRange } from '../../src/translate/if-range.ts'

const HEX = '9A0364B9E99BB480DD25E1F0284C8555'
const object = { etag: `"${HEX}"`, lastModified: Date.parse('2025-06-01T12:00:00.789Z') }
const parts = { ...object, etag: `"${HEX}-12"` }

test.each([
  [`"${HEX}"`, object],
  [`"${HEX.toLowerCase()}"`, object],
  [HEX.toLowerCase(), object],
  [` "${HEX}" `, object],
  [`"${HEX.toLowerCase()}-12"`, parts],
  [`${HEX.toLowerCase()}-12`, parts],
  ['Sun, 01 Jun 2025 12:00:00 GMT', object],
  ['Sun, 1 Jun 2025 12:00:00 GMT', object],
  ['Sunday, 01-Jun-25 12:00:00 GMT', object],
  ['Sun Jun  1 12:00:00 2025', object],
  ['2025-06-01T12:00:00Z', object],
])('%j holds', (header, of) => {
  expect(ifRangeHolds(parseIfRange(header), of)).toBe(true)
})

test.each([
  ['', object],
  ['*', object],
  ['"*"', object],
  ['yesterday', object],
  [`W/"${HEX}"`, object],
  [`w/"${HEX}"`, object],
  [`"W/${HEX}"`, object],
  [`"${HEX}`, object],
  [`${HEX}"`, object],
  [`"${HEX}", "${HEX}"`, object],
  [`""${HEX}""`, object],
  [`"${HEX}-12"`, object],
  [`"${HEX}"`, parts],
  [`"${HEX}-1"`, parts],
  ['Sun, 01 Jun 2025 12:00:01 GMT', object],
  ['Sun, 01 Jun 2025 11:59:59 GMT', object],
  ['"Sun, 01 Jun 2025 12:00:00 GMT"', object],
])('%j does not', (header, of) => {
  expect(ifRangeHolds(parseIfRange(header), of)).toBe(false)
})
