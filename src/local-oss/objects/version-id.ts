import { randomBytes } from 'node:crypto'
import { invalidArgument } from '../errors.ts'

// An id is base64 of a small protobuf message, as OSS's are: two numbers, a time in nanoseconds, and 32 hex digits.
// Here the time is the version's sequence number, so that the record is found without a search.
const NUMBERS = Buffer.from([0x08, 1, 0x10, 1])
const TIME = 0x18
const UNIQUE = [0x22, 32]
const TIME_BYTES = 9
const ID_BYTES = NUMBERS.length + 1 + TIME_BYTES + UNIQUE.length + 32
const NANOSECONDS = 1000n

/** Ids of OSS: 64 characters and more, in its own alphabet for URLs. */
const OSS_ID = /^CAEQ[A-Za-z0-9._-]{60,64}$/
/** Ids of this service's earlier versions. */
const EARLIER_ID = /^CAEQ([0-9a-f]{14})[0-9a-f]{32}$/

/** The id of a new version. @param sequence its sequence number: microseconds since the epoch, about. */
export function newVersionId(sequence: number): string {
  const time: number[] = []
  for (let rest = BigInt(sequence) * NANOSECONDS; time.length < TIME_BYTES; rest >>= 7n) {
    time.push(Number(rest & 0x7fn) | (time.length < TIME_BYTES - 1 ? 0x80 : 0))
  }
  const unique = Buffer.from(randomBytes(16).toString('hex'))
  const bytes = Buffer.concat([NUMBERS, Buffer.from([TIME, ...time, ...UNIQUE]), unique])
  return bytes.toString('base64').replaceAll('+', '.').replaceAll('/', '_')
}

/** The sequence number in a version's id, even if the version no longer exists; undefined for the null version. */
export function sequenceOf(versionId: string): number | undefined {
  const [, hex] = EARLIER_ID.exec(versionId) ?? []
  if (hex !== undefined) return Number.parseInt(hex, 16)
  if (!OSS_ID.test(versionId)) return undefined
  const bytes = Buffer.from(versionId.replaceAll('.', '+').replaceAll('_', '/'), 'base64')
  if (bytes.length !== ID_BYTES || bytes[NUMBERS.length] !== TIME) return undefined
  const start = NUMBERS.length + 1
  const time = bytes.subarray(start, start + TIME_BYTES)
  const nanoseconds = time.reduceRight((higher, byte) => (higher << 7n) | BigInt(byte & 0x7f), 0n)
  return Number(nanoseconds / NANOSECONDS)
}

/**
 * A version id as a request names it; undefined stays undefined.
 * @throws OssError InvalidArgument for one that OSS does not make (`versionId=234`: a test of the Python SDK).
 */
export function checkVersionId(versionId: string | undefined, argument = 'versionId'): string | undefined {
  if (versionId === undefined || versionId === 'null') return versionId
  if (versionId === '') {
    throw invalidArgument('Version id can not be the empty string.', argument, versionId, '0016-00000305')
  }
  if (OSS_ID.test(versionId) || EARLIER_ID.test(versionId)) return versionId
  throw invalidArgument('Invalid version id specified', argument, versionId)
}
