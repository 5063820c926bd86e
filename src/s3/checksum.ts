import { createHash, type Hash } from 'node:crypto'
import * as zlib from 'node:zlib'
import { Xxh3_64, Xxh3_128, Xxh64 } from '@aws-sdk/checksums/xxh'
import { crc64 } from '../bytes/crc64.ts'
import { digestOf } from '../bytes/digest.ts'
import type { HeaderMap } from '../ports.ts'
import { notImplemented, S3Error } from './error.ts'

/** Base64; where the algorithm's library has no digest at once, a promise of it. */
export type Digest = string | Promise<string>

/** A digest that grows with the bytes it is shown. `digest` is called once. */
export type Hasher<Given extends Digest = Digest> = {
  update(bytes: Uint8Array): void
  digest(): Given
  /** Instead of both, for bytes that are all there. */
  digestOf(bytes: Uint8Array): Given
}

export type Algorithm = {
  /** As S3 writes it in `x-amz-checksum-algorithm` and in its error texts. */
  name: string
  /** The header, or trailer, that carries the value. */
  header: string
  /** Length of the digest. */
  bytes: number
  create(): Hasher
}

/** The checksums of S3's model whose digest is there at once. */
export const algorithms = {
  CRC32: { name: 'CRC32', header: 'x-amz-checksum-crc32', bytes: 4, create: () => crc(crc32) },
  CRC32C: { name: 'CRC32C', header: 'x-amz-checksum-crc32c', bytes: 4, create: () => crc(crc32c) },
  CRC64NVME: { name: 'CRC64NVME', header: 'x-amz-checksum-crc64nvme', bytes: 8, create: crc64nvme },
  MD5: { name: 'MD5', header: 'x-amz-checksum-md5', bytes: 16, create: () => hash('md5') },
  SHA1: { name: 'SHA1', header: 'x-amz-checksum-sha1', bytes: 20, create: () => hash('sha1') },
  SHA256: { name: 'SHA256', header: 'x-amz-checksum-sha256', bytes: 32, create: () => hash('sha256') },
  SHA512: { name: 'SHA512', header: 'x-amz-checksum-sha512', bytes: 64, create: () => hash('sha512') },
} as const satisfies Record<string, Algorithm>

const xxHashes = {
  XXHASH128: {
    name: 'XXHASH128',
    header: 'x-amz-checksum-xxhash128',
    bytes: 16,
    create: () => xxHash(new Xxh3_128()),
  },
  XXHASH3: {
    name: 'XXHASH3',
    header: 'x-amz-checksum-xxhash3',
    bytes: 8,
    create: () => xxHash(new Xxh3_64()),
  },
  XXHASH64: {
    name: 'XXHASH64',
    header: 'x-amz-checksum-xxhash64',
    bytes: 8,
    create: () => xxHash(new Xxh64()),
  },
} as const satisfies Record<string, Algorithm>

export type AlgorithmName = keyof typeof algorithms | keyof typeof xxHashes

/** All the checksums that S3 clients send; the gateway verifies each. */
export const allAlgorithms: Readonly<Record<AlgorithmName, Algorithm>> = { ...algorithms, ...xxHashes }

/**
 * The algorithm of that name, in any case.
 * @throws S3Error InvalidRequest for a name that is none of S3's.
 */
export function algorithmNamed(name: string): AlgorithmName {
  const known = name.toUpperCase()
  if (Object.hasOwn(allAlgorithms, known)) return known as AlgorithmName
  throw invalid(
    `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${Object.keys(allAlgorithms).join(', ')}]`,
  )
}

const byHeader = new Map<string, Algorithm>(Object.values(allAlgorithms).map((row) => [row.header, row]))

/** A checksum the client promises for the body; without `expected` the value comes after the body, in the trailer. */
export type DeclaredChecksum = { algorithm: Algorithm; expected?: string }

/**
 * The checksum of the body that the headers declare, by value or by trailer.
 * @throws S3Error InvalidRequest for a malformed, doubled or missing value, NotImplemented for an algorithm
 * that the gateway cannot verify.
 */
export function declaredChecksum(headers: HeaderMap): DeclaredChecksum | undefined {
  const declared: DeclaredChecksum[] = []
  for (const name in headers) {
    if (!carriesChecksum(name)) continue
    const algorithm = supported(name)
    const expected = (headers[name] ?? '').trim()
    validateChecksum(algorithm, expected)
    declared.push({ algorithm, expected })
  }
  for (const name of trailerNames(headers)) {
    if (!carriesChecksum(name)) {
      throw invalid('The value specified in the x-amz-trailer header is not supported')
    }
    declared.push({ algorithm: supported(name) })
  }
  if (declared.length > 1) {
    throw invalid('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.')
  }
  const named = headers['x-amz-sdk-checksum-algorithm']
  if (named !== undefined && !isSent(algorithmNamed(named), declared[0], headers)) {
    throw invalid(
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    )
  }
  return declared[0]
}

/** Whether the checksum comes that the SDK says it has chosen: an MD5 it sends as Content-MD5. */
const isSent = (name: AlgorithmName, declared: DeclaredChecksum | undefined, headers: HeaderMap) =>
  declared?.algorithm.name === name || (name === 'MD5' && headers['content-md5'] !== undefined)

/**
 * Holds a request without a body to the checksum it was sent with.
 * @throws S3Error BadDigest, and those of {@link declaredChecksum}.
 */
export async function checkNothing(headers: HeaderMap): Promise<void> {
  for (const name in headers) {
    if (!carriesChecksum(name)) continue
    const algorithm = supported(name)
    const value = (headers[name] ?? '').trim()
    validateChecksum(algorithm, value)
    if ((await algorithm.create().digest()) !== value) throw badChecksum(algorithm)
  }
}

/** A checksum of other bytes. */
export const badChecksum = ({ name }: Algorithm) =>
  new S3Error('BadDigest', { message: `The ${name} you specified did not match the calculated checksum.` })

/** The trailers announced in `x-amz-trailer`, in lower case. */
export function trailerNames(headers: HeaderMap): string[] {
  const text = headers['x-amz-trailer']
  if (text === undefined) return []
  const names = text.split(',')
  return names.map((name) => name.trim().toLowerCase()).filter((name) => name !== '')
}

/** Whether a header holds a checksum's value: the other three `x-amz-checksum-` headers only talk about one. */
export function carriesChecksum(name: string): boolean {
  return name.startsWith('x-amz-checksum-') && !/^x-amz-checksum-(?:algorithm|mode|type)$/.test(name)
}

/** @throws S3Error InvalidRequest unless `value` is base64 of the algorithm's digest length. */
export function validateChecksum({ header, bytes }: Algorithm, value: string): void {
  if (!isDigest(value, bytes)) throw invalid(`Value for ${header} header is invalid.`)
}

/**
 * The Content-MD5 of the body, base64.
 * @throws S3Error InvalidDigest when it is no MD5.
 */
export function declaredMd5(headers: HeaderMap): string | undefined {
  const value = headers['content-md5']?.trim()
  if (value !== undefined && !isDigest(value, 16)) {
    throw new S3Error('InvalidDigest', { elements: { 'Content-MD5': value } })
  }
  return value
}

/** A hasher of node:crypto; base64 unless told otherwise. */
export function hash(
  name: 'md5' | 'sha1' | 'sha256' | 'sha512',
  encoding: 'base64' | 'hex' = 'base64',
): Hasher<string> {
  let state: Hash | undefined
  return {
    update: (bytes) => {
      state ??= createHash(name)
      state.update(bytes)
    },
    digest: () => (state ?? createHash(name)).digest(encoding),
    digestOf: (bytes) => digestOf(name, bytes, encoding),
  }
}

function supported(header: string): Algorithm {
  const algorithm = byHeader.get(header)
  // What AWS may add: an unverified checksum must not be echoed as verified.
  if (algorithm === undefined) throw notImplemented(header, 'This checksum algorithm cannot be verified.')
  return algorithm
}

/** Whether a text is base64 of so many bytes, and nothing else. */
export function isDigest(value: string, bytes: number): boolean {
  const decoded = Buffer.from(value, 'base64')
  return decoded.length === bytes && decoded.toString('base64') === value
}

const invalid = (message: string) => new S3Error('InvalidRequest', { message })

/** A 32-bit CRC step: the checksum of what came before, then of these bytes too. */
export type Crc = (bytes: Uint8Array, before: number) => number

/** The SDK's own xxHash, which is JavaScript and so runs on Workers as well. */
const xxHash = (state: Pick<Xxh64, 'update' | 'digest'>) =>
  growing({
    update: (bytes) => state.update(bytes),
    digest: () => state.digest().then((digest) => Buffer.from(digest).toString('base64')),
  })

function crc(step: Crc) {
  let value = 0
  return growing({
    update: (bytes) => {
      // zlib.crc32 of no bytes is 0, whatever came before.
      if (bytes.length > 0) value = step(bytes, value)
    },
    digest: () => bigEndian(value >>> 0, 4),
  })
}

/** A hasher to which it makes no difference whether all bytes are there. */
const growing = <Given extends Digest>({
  update,
  digest,
}: Pick<Hasher<Given>, 'update' | 'digest'>): Hasher<Given> => ({
  update,
  digest,
  digestOf: (bytes) => {
    update(bytes)
    return digest()
  },
})

/** The number in so many bytes, most significant first, as base64. */
const bigEndian = (value: number | bigint, bytes: number) =>
  Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex').toString('base64')

const look = (table: Int32Array, at: number) => table[at] as number

// Eight tables take eight bytes a step: table k, at 256k, is the effect of a byte that k zero bytes follow.

const crc32c = slicedCrc(0x82f63b78)
// Node 20 has zlib.crc32 from 20.15.
const crc32: Crc = zlib.crc32 ?? slicedCrc(0xedb88320)

/** A 32-bit CRC in JavaScript, for those that zlib does not have. @param polynomial bit-reversed. */
export function slicedCrc(polynomial: number): Crc {
  const table = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1
    table[byte] = value
  }
  for (let at = 256; at < table.length; at++)
    table[at] = (look(table, at - 256) >>> 8) ^ look(table, look(table, at - 256) & 255)

  return (bytes, before) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let value = ~before
    let at = 0
    for (const end = bytes.length - 7; at < end; at += 8) {
      const a = view.getInt32(at, true) ^ value
      const b = view.getInt32(at + 4, true)
      value =
        look(table, 1792 + (a & 255)) ^
        look(table, 1536 + ((a >>> 8) & 255)) ^
        look(table, 1280 + ((a >>> 16) & 255)) ^
        look(table, 1024 + (a >>> 24)) ^
        look(table, 768 + (b & 255)) ^
        look(table, 512 + ((b >>> 8) & 255)) ^
        look(table, 256 + ((b >>> 16) & 255)) ^
        look(table, b >>> 24)
    }
    for (; at < bytes.length; at++) value = (value >>> 8) ^ look(table, (value ^ (bytes[at] as number)) & 255)
    return ~value
  }
}

/** CRC-64/NVME, which is not OSS's CRC-64. */
function crc64nvme() {
  const state = crc64(0x9a6c9329ac4bc9b5n)
  return growing({ update: state.update, digest: () => bigEndian(state.digest(), 8) })
}
