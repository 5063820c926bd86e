import { type HeaderMap, headerMap } from '../ports.ts'

/** Where a checksum is kept with its object: OSS has no place of its own for S3's. */
const KEPT = 'x-oss-meta-s3gw-checksum-'
const HEADER = 'x-amz-checksum-'

/** Says that there is a checksum, which comes behind the bytes and is kept elsewhere, and by which mark it is this object's. */
const LATER = `${KEPT}later`

/** The algorithms whose values are kept, as in header names. */
const kept: ReadonlySet<string> = new Set([
  'crc32',
  'crc32c',
  'crc64nvme',
  'md5',
  'sha1',
  'sha256',
  'sha512',
  'xxhash128',
  'xxhash3',
  'xxhash64',
])

/** A verified checksum (`x-amz-checksum-crc32: …`) as reserved metadata of the object. */
export function toStoredChecksum(checksums: HeaderMap): HeaderMap {
  const metadata = headerMap()
  for (const header in checksums) {
    const algorithm = header.startsWith(HEADER) ? header.slice(HEADER.length) : ''
    if (kept.has(algorithm)) metadata[KEPT + algorithm] = checksums[header] as string
  }
  return metadata
}

/** Reserved metadata of an object whose checksum comes behind its bytes. @param mark like no other's. */
export const laterChecksum = (mark: string): HeaderMap => ({ [LATER]: mark })

/** A mark for {@link laterChecksum}. @param random from 0 up to 1. */
export const newMark = (random: () => number): string =>
  Math.floor(random() * 2 ** 48)
    .toString(16)
    .padStart(12, '0')

/** The mark of {@link laterChecksum} that an OSS object has. */
export const markOf = (oss: HeaderMap): string | undefined => oss[LATER]

/** Whether an OSS object has a checksum that came behind its bytes. */
export const comesLater = (oss: HeaderMap): boolean => markOf(oss) !== undefined

/**
 * The checksums kept with an OSS object, as S3 answers them under `x-amz-checksum-mode: ENABLED`:
 * with their type, which a composite one shows by its number of parts.
 */
export function storedChecksums(oss: HeaderMap): HeaderMap {
  const checksums: HeaderMap = {}
  for (const algorithm of kept) {
    const value = oss[KEPT + algorithm]
    if (value === undefined) continue
    checksums[HEADER + algorithm] = value
    checksums['x-amz-checksum-type'] = isComposite(value) ? 'COMPOSITE' : 'FULL_OBJECT'
  }
  return checksums
}

/** The kept checksum of the whole object by one algorithm, or undefined. @param header `x-amz-checksum-sha256`. */
export function storedFullChecksum(oss: HeaderMap, header: string): string | undefined {
  const value = oss[KEPT + header.slice(HEADER.length)]
  return value === undefined || isComposite(value) ? undefined : value
}

/** Whether a header of OSS keeps a checksum. */
export const isStoredChecksum = (name: string): boolean => name.startsWith(KEPT)

/** The metadata in which an object's checksums are kept. */
export function storedChecksumsOf(content: HeaderMap): HeaderMap {
  return Object.fromEntries(Object.entries(content).filter(([name]) => isStoredChecksum(name)))
}

/** An object's metadata without the checksums kept in it. */
export function withoutStoredChecksums(content: HeaderMap): HeaderMap {
  return Object.fromEntries(Object.entries(content).filter(([name]) => !isStoredChecksum(name)))
}

const isComposite = (value: string) => /-\d+$/.test(value)
