import { expect, test } from 'vitest'
import {
  INDEX_HEAD,
  indexOfMarked,
  isIndexOf,
  type PartIndex,
  parseIndexHead,
  parsePartChecksum,
  parsePartIndex,
  renderPartIndex,
} from '../../src/translate/part-index.ts'

const uploadId = '0123456789ABCDEF0123456789ABCDEF'
const sized = (...sizes: number[]) => sizes.map((size) => ({ size }))
const checksum = { algorithm: 'CRC32', type: 'COMPOSITE', value: 'AAAAAA==-2' }
const summed = [
  { size: 5, checksum: 'NhCmhg==' },
  { size: 0, checksum: 'AAAAAA==' },
]

test.each([
  ['one part', { uploadId, parts: sized(7) }],
  ['equal parts', { uploadId, parts: sized(5, 5, 5) }],
  ['different parts', { uploadId, parts: sized(5, 6, 5, 5, 0) }],
  ['checksums', { uploadId, parts: summed, checksum, mark: '0123456789ab' }],
] as [string, PartIndex][])('%s are read as they were written', (_, index) => {
  expect(parsePartIndex(renderPartIndex(index))).toEqual(index)
})

test('equal parts are written once', () => {
  const many = { uploadId, parts: Array.from({ length: 10_000 }, () => ({ size: 5 * 1024 ** 2 })) }
  expect(renderPartIndex(many).length).toBeLessThan(200)
  expect(parsePartIndex(renderPartIndex(many))).toEqual(many)
})

/** Of so many parts, whose checksums are told apart by their numbers. */
function longIndex(count: number, sizeOf: (number: number) => number): PartIndex {
  const parts = Array.from({ length: count }, (_, at) => ({
    size: sizeOf(at + 1),
    checksum: Buffer.alloc(64, at + 1).toString('base64'),
  }))
  return { uploadId, parts, checksum: { algorithm: 'SHA512', type: 'COMPOSITE', value: `AAAA-${count}` } }
}

test('the beginning of a long one has all but the checksums of the parts, and says where those are', () => {
  const index = longIndex(10_000, () => 5)
  const text = renderPartIndex(index)
  const head = parseIndexHead(text.slice(0, INDEX_HEAD))
  expect(head?.index).toEqual({ ...index, parts: index.parts.map(({ size }) => ({ size })) })
  for (const number of [1, 2, 100, 9999, 10_000]) {
    const { first, last } = head?.placeOf(number) ?? { first: 0, last: 0 }
    expect(parsePartChecksum(text.slice(first, last + 1))).toBe(index.parts[number - 1]?.checksum)
  }
})

test.each([
  ['that goes no further than the sizes', renderPartIndex(longIndex(5000, (number) => number))],
  ['without checksums', renderPartIndex({ uploadId, parts: sized(...Array(5000).keys()) })],
  ['of another version', renderPartIndex(longIndex(500, () => 5)).replace('"version":1', '"version":2')],
  ['with a line end in a value', renderPartIndex(longIndex(500, () => 5)).replace('AAAA-', 'AA\\r\\n')],
  ['of something else', 'x'.repeat(INDEX_HEAD)],
])('a beginning %s is none', (_, text) => {
  expect(parseIndexHead(text.slice(0, INDEX_HEAD))).toBeUndefined()
})

test.each(['', '"', 'AAAA', '"AAAA', '"AAAA","', '"AA\r\n"', '"AAAA"x'])(
  '%j is no checksum of a part',
  (text) => {
    expect(parsePartChecksum(text)).toBeUndefined()
  },
)

const written = JSON.parse(renderPartIndex({ uploadId, parts: summed, checksum })) as Record<string, object>
const changed = (change: object) => JSON.stringify({ ...written, ...change })
const withChecksum = (change: object) => changed({ checksum: { ...written.checksum, ...change } })
test.each([
  ['no JSON', '{'],
  ['null', 'null'],
  ['a number', '1'],
  ['another version', changed({ version: 2 })],
  ['no upload', changed({ uploadId: 1 })],
  ['no sizes', changed({ sizes: null })],
  ['sizes that are none', changed({ sizes: [['5', 1]] })],
  ['too many parts', changed({ sizes: [[1, 10_001]] })],
  ['a checksum that is none', changed({ checksum: 'x' })],
  ['null for a checksum', changed({ checksum: null })],
  ['checksums of fewer parts', withChecksum({ ofParts: ['AAAAAA=='] })],
  ['a line end in a value', withChecksum({ value: 'AAAA\r\nx-amz-other: 1' })],
  ['a line end in a part’s', withChecksum({ ofParts: ['AAAAAA==', 'AAAA\n'] })],
  ['another name in an algorithm', withChecksum({ algorithm: 'CRC32: 1\r\nX' })],
  ['another type', withChecksum({ type: 'FULL' })],
])('%s is no index', (_, text) => {
  expect(parsePartIndex(text)).toBeUndefined()
})

test.each([
  ['its own mark', '0123456789ab', true],
  ['another mark', '0123456789ac', false],
  ['no mark', undefined, false],
])('its checksums are those of an object with %s: %s', (_, mark, isTold) => {
  const index = { uploadId, parts: summed, checksum, mark: '0123456789ab' }
  expect(indexOfMarked(index, mark)).toEqual(isTold ? index : { uploadId, parts: sized(5, 0) })
  expect(indexOfMarked({ ...index, mark: undefined }, mark)).toEqual({ uploadId, parts: sized(5, 0) })
})

test('it is that of an object of its size and its number of parts', () => {
  const index = { uploadId, parts: sized(5, 6) }
  expect(isIndexOf(index, { size: 11, parts: 2 })).toBe(true)
  expect(isIndexOf(index, { size: 12, parts: 2 })).toBe(false)
  expect(isIndexOf(index, { size: 11, parts: 1 })).toBe(false)
})
