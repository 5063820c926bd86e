import { crc, crcs } from '../bytes/crc.ts'
import { digestOf } from '../bytes/digest.ts'

/** Bytes that can be read back. */
const VALUE = 8

/** What a record is about. */
export type Recorded = {
  /** Of the part: bare, in lower case. */
  etag: string
  algorithm: string
}

/** What a record of a part says of its checksum, in base64. */
export type RecordedChecksum = {
  /** Undefined for a checksum of over eight bytes, of which a record can only tell whether it is that one. */
  value: string | undefined
  is(value: string): boolean
}

/**
 * The record of a part's checksum: a part itself, of an upload that is never completed. Parts cannot be read; OSS tells the
 * MD5 and the CRC-64 of each. So a record is a tag that is known, and eight bytes that its CRC-64 then tells. The tag is
 * made of the part's ETag, so that no record is ever one of other bytes, and of a longer checksum, which can be recognised.
 * @param value base64.
 */
export function renderRecord(of: Recorded, value: string): Uint8Array {
  const bytes = Buffer.from(value, 'base64')
  const isShort = bytes.length <= VALUE
  const padded = Buffer.alloc(VALUE)
  if (isShort) padded.set(bytes, VALUE - bytes.length)
  return Buffer.concat([tagOf(of, isShort ? '' : value), padded])
}

/**
 * Reads a record.
 * @param record its ETag and its CRC-64 (decimal), as OSS lists them. @param size bytes of the algorithm's digest.
 * @returns undefined where it is no record of such a part and algorithm.
 */
export function readRecord(
  of: Recorded,
  record: { etag: string; crc64: string },
  size: number,
): RecordedChecksum | undefined {
  const matches = (value: string) =>
    digestOf('md5', renderRecord(of, value), 'hex') === record.etag.replaceAll('"', '').toLowerCase()
  if (size > VALUE) return { value: undefined, is: matches }
  if (!/^\d{1,20}$/.test(record.crc64)) return undefined
  const bytes = lastBytes(tagOf(of, ''), BigInt(record.crc64))
  const value = bytes.subarray(VALUE - size).toString('base64')
  return matches(value) ? { value, is: (other) => other === value } : undefined
}

const tagOf = ({ etag, algorithm }: Recorded, value: string): Buffer =>
  Buffer.from(digestOf('sha256', `${etag}\n${algorithm}\n${value}`, 'hex'), 'hex')

/**
 * The eight bytes that follow known ones, by the CRC-64 of all: each step of a CRC can be taken back, and 64 of them from
 * the end lead to the register at which those bytes were added.
 */
function lastBytes(before: Uint8Array, crc64: bigint): Buffer {
  const ones = (1n << 64n) - 1n
  const { polynomial } = crcs.CRC64XZ
  let register = crc64 ^ ones
  for (let bit = 0; bit < 64; bit++) {
    const carried = register >> 63n
    register = BigInt.asUintN(64, (carried ? register ^ polynomial : register) << 1n) | carried
  }
  const known = crc('CRC64XZ')
  known.update(before)
  const bytes = Buffer.alloc(VALUE)
  bytes.writeBigUInt64LE(register ^ known.digest() ^ ones)
  return bytes
}
