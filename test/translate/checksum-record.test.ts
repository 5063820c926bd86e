import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { crc } from '../../src/bytes/crc.ts'
import { readRecord, renderRecord } from '../../src/translate/checksum-record.ts'

const of = { etag: 'e'.repeat(32), algorithm: 'CRC64NVME' }
/** What OSS lists of a part with these bytes. */
function listed(bytes: Uint8Array) {
  const sum = crc('CRC64XZ')
  sum.update(bytes)
  const etag = `"${createHash('md5').update(bytes).digest('hex').toUpperCase()}"`
  return { etag, crc64: String(sum.digest()) }
}
const base64 = (bytes: number) => randomBytes(bytes).toString('base64')

test.each([4, 8])('a checksum of %i bytes is read back from what OSS lists', (size) => {
  const values = [Buffer.alloc(size), Buffer.alloc(size, 255), Buffer.alloc(size, 1)].map((value) =>
    value.toString('base64'),
  )
  for (const value of [...values, ...Array.from({ length: 200 }, () => base64(size))]) {
    const read = readRecord(of, listed(renderRecord(of, value)), size)
    expect(read?.value).toBe(value)
    expect(read?.is(value)).toBe(true)
    expect(read?.is(base64(size))).toBe(false)
  }
})

test.each([16, 20, 32, 64])('one of %i bytes is recognised', (size) => {
  const value = base64(size)
  const read = readRecord(of, listed(renderRecord(of, value)), size)
  expect(read?.value).toBeUndefined()
  expect(read?.is(value)).toBe(true)
  expect(read?.is(base64(size))).toBe(false)
})

test.each([
  ['of other bytes', { etag: 'f'.repeat(32) }],
  ['by another algorithm', { algorithm: 'CRC32' }],
])('it is no record of a part %s', (_, other) => {
  for (const size of [8, 32]) {
    const value = base64(size)
    const read = readRecord({ ...of, ...other }, listed(renderRecord(of, value)), size)
    expect(read?.value).toBeUndefined()
    expect(read?.is(value) ?? false).toBe(false)
  }
})

test.each([
  ['of chance', () => randomBytes(40)],
  ['without bytes', () => Buffer.alloc(0)],
  ['cut short', () => renderRecord(of, base64(8)).subarray(1)],
  ['with another tag', () => renderRecord(of, base64(8)).fill(1, 0, 32)],
])('a part %s is no record', (_, bytes) => {
  expect(readRecord(of, listed(bytes()), 8)).toBeUndefined()
})

test.each(['', 'x', '-1', '1e3', '9'.repeat(21)])('one whose CRC-64 is told as %j is no record', (crc64) => {
  expect(readRecord(of, { ...listed(renderRecord(of, base64(8))), crc64 }, 8)).toBeUndefined()
})
