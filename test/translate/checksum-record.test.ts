import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { crc } from '../../src/bytes/crc.ts'
import { hmacWith } from '../../src/bytes/digest.ts'
import {
  isRecord,
  RECORD_BYTES,
  type Recorded,
  readRecord,
  recordNumber,
  renderRecord,
} from '../../src/translate/checksum-record.ts'

const macOf = (secret: string) => hmacWith(Buffer.from(secret))
const MAC = macOf('secret')
const of: Recorded = { uploadId: 'U', number: 7, etag: 'e'.repeat(32), algorithm: 'CRC64NVME' }
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
    const record = renderRecord(of, value, MAC)
    expect(record).toHaveLength(RECORD_BYTES)
    const read = readRecord(of, listed(record), size, MAC)
    expect(read?.value).toBe(value)
    expect(read?.is(value)).toBe(true)
    expect(read?.is(base64(size))).toBe(false)
  }
})

test.each([16, 20, 32, 64])('one of %i bytes is recognised', (size) => {
  const value = base64(size)
  const record = renderRecord(of, value, MAC)
  expect(record).toHaveLength(RECORD_BYTES)
  const read = readRecord(of, listed(record), size, MAC)
  expect(read?.value).toBeUndefined()
  expect(read?.is(value)).toBe(true)
  expect(read?.is(base64(size))).toBe(false)
})

test.each([
  ['another upload', { uploadId: 'V' }, MAC],
  ['another part', { number: 8 }, MAC],
  ['other bytes', { etag: 'f'.repeat(32) }, MAC],
  ['another algorithm', { algorithm: 'CRC32' }, MAC],
  ['the same, but not of this gateway', {}, macOf('another secret')],
])('it is no record of %s', (_, other, mac) => {
  for (const size of [8, 32]) {
    const value = base64(size)
    const record = listed(renderRecord(of, value, MAC))
    const read = readRecord({ ...of, ...other }, record, size, mac)
    expect(read?.value).toBeUndefined()
    expect(read?.is(value) ?? false).toBe(false)
  }
})

test.each([
  ['of chance', () => randomBytes(RECORD_BYTES)],
  ['without bytes', () => Buffer.alloc(0)],
  ['that a client has made of a record', () => renderRecord(of, base64(8), MAC).fill(0, 32)],
])('a part %s is none, unless it is of the one value that has its bytes', (_, bytes) => {
  const part = listed(bytes())
  const read = readRecord(of, part, 8, MAC)
  // Only the gateway can make the tag.
  if (read !== undefined) expect(listed(renderRecord(of, read.value ?? '', MAC))).toEqual(part)
  else expect(readRecord(of, { ...part, crc64: 'x' }, 8, MAC)).toBeUndefined()
})

test('parts have records up to number 5000, and their records no part of that number', () => {
  expect([1, 5000, 5001, 10_000].map(recordNumber)).toEqual([5001, 10_000, undefined, undefined])
  expect(isRecord({ number: 5001, size: RECORD_BYTES })).toBe(true)
  expect(isRecord({ number: 5000, size: RECORD_BYTES })).toBe(false)
  expect(isRecord({ number: 5001, size: RECORD_BYTES + 1 })).toBe(false)
})
