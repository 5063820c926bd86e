import { crc, crcs } from '../bytes/crc.ts'
import { digestOf } from '../bytes/digest.ts'

/**
 * OSS keeps of each part its MD5 and its CRC-64 alone. The checksum of a part, once verified, is kept until the upload ends
 * in a part of the same upload, its record, which is never made part of the object: it goes when the upload does, however
 * that ends. What a record says is read back from its own MD5 and CRC-64, since parts cannot be read.
 */
/** The highest number of a part that has a record: there are 10,000 numbers in all. */
export const MOST_RECORDED = 5000
/** Bytes: a tag, and a value. */
const TAG = 32
const VALUE = 8
export const RECORD_BYTES = TAG + VALUE

/** OSS's number of the record of a part; undefined for the parts that have none. */
export const recordNumber = (number: number): number | undefined =>
  number <= MOST_RECORDED ? number + MOST_RECORDED : undefined

/** Whether a part is a record. Parts of clients that would look like one are refused. */
export const isRecord = ({ number, size }: { number: number; size: number }): boolean =>
  number > MOST_RECORDED && size === RECORD_BYTES

/** What a record is about. */
export type Recorded = {
  uploadId: string
  number: number
  /** Of the part: bare, in lower case. */
  etag: string
  algorithm: string
}

type Mac = (text: string) => string

/** What a record of a part says of its checksum, in base64. */
export type RecordedChecksum = {
  /** Undefined for a checksum of over eight bytes, of which a record can only tell whether it is that one. */
  value: string | undefined
  is(value: string): boolean
}

/**
 * The record of a part's checksum. The tag can be made by the gateway alone, so that no part of a client's becomes a record
 * of another one, and is bound to the part's ETag, so that none is a record of other bytes.
 * @param value base64. @param mac HMAC-SHA256 of a text, hex, with a key that the gateway alone has.
 */
export function renderRecord(of: Recorded, value: string, mac: Mac): Uint8Array {
  const bytes = Buffer.from(value, 'base64')
  const isShort = bytes.length <= VALUE
  const padded = Buffer.alloc(VALUE)
  if (isShort) padded.set(bytes, VALUE - bytes.length)
  return Buffer.concat([tagOf(of, isShort ? '' : value, mac), padded])
}

/**
 * Reads a record.
 * @param record its ETag and its CRC-64 (decimal), as OSS lists them. @param size bytes of the algorithm's digest.
 * @returns undefined where it is no record of this part and algorithm.
 */
export function readRecord(
  of: Recorded,
  record: { etag: string; crc64: string },
  size: number,
  mac: Mac,
): RecordedChecksum | undefined {
  const matches = (value: string) =>
    digestOf('md5', renderRecord(of, value, mac), 'hex') === record.etag.replaceAll('"', '').toLowerCase()
  if (size > VALUE) return { value: undefined, is: matches }
  if (!/^\d{1,20}$/.test(record.crc64)) return undefined
  const value = lastBytes(tagOf(of, '', mac), BigInt(record.crc64))
    .subarray(VALUE - size)
    .toString('base64')
  return matches(value) ? { value, is: (other) => other === value } : undefined
}

const tagOf = ({ uploadId, number, etag, algorithm }: Recorded, value: string, mac: Mac): Buffer =>
  Buffer.from(mac(`checksum of a part\n${uploadId}\n${number}\n${etag}\n${algorithm}\n${value}`), 'hex')

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
