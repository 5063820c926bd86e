import type { HeaderMap } from '../ports.ts'
import { notImplemented, S3Error } from './error.ts'
import { crcHasher, type Hasher, hash, xxHasher } from './hasher.ts'

export type Algorithm = {
  /** As S3 writes it in `x-amz-checksum-algorithm` and in its error texts. */
  name: string
  /** The header, or trailer, that carries the value. */
  header: string
  /** Length of the digest. */
  bytes: number
  create(): Hasher
}

/** All the checksums that S3 clients send; the gateway verifies each. */
export const allAlgorithms = {
  CRC32: { name: 'CRC32', header: 'x-amz-checksum-crc32', bytes: 4, create: () => crcHasher('CRC32') },
  CRC32C: { name: 'CRC32C', header: 'x-amz-checksum-crc32c', bytes: 4, create: () => crcHasher('CRC32C') },
  CRC64NVME: {
    name: 'CRC64NVME',
    header: 'x-amz-checksum-crc64nvme',
    bytes: 8,
    create: () => crcHasher('CRC64NVME'),
  },
  MD5: { name: 'MD5', header: 'x-amz-checksum-md5', bytes: 16, create: () => hash('md5') },
  SHA1: { name: 'SHA1', header: 'x-amz-checksum-sha1', bytes: 20, create: () => hash('sha1') },
  SHA256: { name: 'SHA256', header: 'x-amz-checksum-sha256', bytes: 32, create: () => hash('sha256') },
  SHA512: { name: 'SHA512', header: 'x-amz-checksum-sha512', bytes: 64, create: () => hash('sha512') },
  XXHASH128: {
    name: 'XXHASH128',
    header: 'x-amz-checksum-xxhash128',
    bytes: 16,
    create: () => xxHasher('XXHASH128'),
  },
  XXHASH3: {
    name: 'XXHASH3',
    header: 'x-amz-checksum-xxhash3',
    bytes: 8,
    create: () => xxHasher('XXHASH3'),
  },
  XXHASH64: {
    name: 'XXHASH64',
    header: 'x-amz-checksum-xxhash64',
    bytes: 8,
    create: () => xxHasher('XXHASH64'),
  },
} as const satisfies Record<string, Algorithm>

export type AlgorithmName = keyof typeof allAlgorithms

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
export function checkNothing(headers: HeaderMap): void {
  for (const name in headers) {
    if (!carriesChecksum(name)) continue
    const algorithm = supported(name)
    const value = (headers[name] ?? '').trim()
    validateChecksum(algorithm, value)
    if (algorithm.create().digest() !== value) throw badChecksum(algorithm)
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
