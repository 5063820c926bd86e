import type { HeaderMap } from '../ports.ts'
import {
  type AlgorithmName,
  algorithmNamed,
  allAlgorithms,
  carriesChecksum,
  declaredChecksum,
  isDigest,
  validateChecksum,
} from './checksum.ts'
import { combineCrcs } from './crc-combine.ts'
import { notImplemented, S3Error } from './error.ts'

type ChecksumType = 'COMPOSITE' | 'FULL_OBJECT'

/** How an upload's object is to be checked: by the checksum of its parts' checksums, or by that of its bytes. */
export type UploadChecksum = { algorithm: AlgorithmName; type: ChecksumType }

const ALGORITHM = 'x-amz-checksum-algorithm'
const TYPE = 'x-amz-checksum-type'
/** The first is what S3 takes when only the algorithm is named. */
const typesOf: Record<AlgorithmName, readonly ChecksumType[]> = {
  CRC32: ['COMPOSITE', 'FULL_OBJECT'],
  CRC32C: ['COMPOSITE', 'FULL_OBJECT'],
  CRC64NVME: ['FULL_OBJECT'],
  MD5: ['COMPOSITE'],
  SHA1: ['COMPOSITE'],
  SHA256: ['COMPOSITE'],
  SHA512: ['COMPOSITE'],
  XXHASH128: ['COMPOSITE'],
  XXHASH3: ['COMPOSITE'],
  XXHASH64: ['COMPOSITE'],
}

/**
 * What CreateMultipartUpload says of checksums; undefined when it says nothing.
 * @throws S3Error InvalidRequest.
 */
export function parseUploadChecksum(headers: HeaderMap): UploadChecksum | undefined {
  const asked = declaredType(headers)
  const { [ALGORITHM]: named } = headers
  if (named === undefined) {
    if (asked === undefined) return undefined
    throw invalid(`The ${TYPE} header can only be used with the ${ALGORITHM} header.`)
  }
  const name = algorithmNamed(named)
  const [usual, other] = typesOf[name]
  if (asked === undefined || asked === usual) return { algorithm: name, type: usual as ChecksumType }
  if (asked === other) return { algorithm: name, type: other }
  throw invalid(
    `The ${asked} checksum type cannot be used with the ${name.toLowerCase()} checksum algorithm.`,
  )
}

/** The upload's checksum as CreateMultipartUpload and ListParts answer it. */
export const checksumHeaders = (checksum: UploadChecksum | undefined): HeaderMap =>
  checksum === undefined ? {} : { [ALGORITHM]: checksum.algorithm, [TYPE]: checksum.type }

/**
 * Whether a part comes with the checksum that its upload was created for. With FULL_OBJECT it may come without one.
 * @throws S3Error InvalidRequest.
 */
export function checkPartChecksum(upload: UploadChecksum | undefined, headers: HeaderMap): void {
  if (upload === undefined) return
  const declared = declaredChecksum(headers)?.algorithm.name
  if (declared === upload.algorithm || (declared === undefined && upload.type === 'FULL_OBJECT')) return
  throw mismatch(upload, declared)
}

/** What is known of a part's checksum from when its bytes were verified; base64. */
export type VerifiedChecksum = {
  /** Undefined where it can only be recognised. */
  value: string | undefined
  is(value: string): boolean
}

/** A part that an object is made of. */
export type CheckedPart = {
  number: number
  /** Undefined where it is not known. */
  size: number | undefined
  /** What the client says its checksums are, by algorithm. */
  checksums: ReadonlyMap<string, string>
  /** By the upload's algorithm, or {@link DEFAULT_CHECKSUM}'s; undefined where nothing is known. */
  verified?: VerifiedChecksum | undefined
}

/** The checksum that S3 gives an object whose upload asked for none. */
export const DEFAULT_CHECKSUM: UploadChecksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT' }

export type ObjectChecksum = UploadChecksum & {
  /** Base64. */
  value: string
  /** Those of the parts, base64. */
  ofParts: readonly string[]
  /** Whether the parts' are those that their bytes were verified with; else they are the client's word. */
  isVerified: boolean
}

/**
 * The object's checksum as CompleteMultipartUpload answers it, worked out from those of its parts; nothing where too
 * little is known of them. What the client says of it in a header must agree with it.
 * @throws S3Error InvalidRequest, BadDigest; NotImplemented for a checksum that cannot be checked.
 */
export function objectChecksum(
  upload: UploadChecksum | undefined,
  headers: HeaderMap,
  parts: readonly CheckedPart[],
): ObjectChecksum | undefined {
  const asked = declaredType(headers)
  if (asked !== undefined && asked !== upload?.type) {
    throw invalid(
      `The upload was created using the ${upload?.type ?? 'null'} checksum mode. The complete request must use the same checksum mode.`,
    )
  }
  if (upload === undefined) return defaultChecksum(headers, parts)
  const promised = promisedChecksum(upload, headers)
  const ofParts = parts.map((part) => partChecksum(upload, part))
  const checksum = combined(upload, parts, ofParts, promised)
  if (checksum === undefined) refuseUnknown(headers)
  return checksum
}

/** Without an algorithm the parts may have come with any checksum, and the object gets S3's own. */
function defaultChecksum(headers: HeaderMap, parts: readonly CheckedPart[]): ObjectChecksum | undefined {
  const ofParts = parts.map(({ verified }) => verified?.value)
  const { header } = allAlgorithms[DEFAULT_CHECKSUM.algorithm]
  const isOther = Object.keys(headers).some((name) => carriesChecksum(name) && name !== header)
  const promised = isOther ? undefined : promisedChecksum(DEFAULT_CHECKSUM, headers)
  const checksum = combined(DEFAULT_CHECKSUM, parts, ofParts, promised)
  if (checksum === undefined || isOther) refuseUnknown(headers)
  return checksum
}

/** @throws S3Error BadDigest where it is not the one promised. */
function combined(
  { algorithm, type }: UploadChecksum,
  parts: readonly CheckedPart[],
  checksums: readonly (string | undefined)[],
  promised: string | undefined,
): ObjectChecksum | undefined {
  const ofParts = checksums.filter((value) => value !== undefined)
  const sizes = parts.map(({ size }) => size).filter((size) => size !== undefined)
  if (ofParts.length < parts.length || (type === 'FULL_OBJECT' && sizes.length < parts.length))
    return undefined
  const digests = ofParts.map((value) => Buffer.from(value, 'base64'))
  const isVerified = parts.every(({ verified }, at) => verified?.is(ofParts[at] as string))
  const agreeing = (value: string) => {
    if (promised === undefined || promised === value || `${promised}-${parts.length}` === value) return value
    throw new S3Error('BadDigest', {
      message: `The ${algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
    })
  }
  const known = (value: string): ObjectChecksum => ({ algorithm, type, value, ofParts, isVerified })
  if (type === 'FULL_OBJECT') {
    const crcs = digests.map((crc, at) => ({ crc, size: sizes[at] as number }))
    return known(agreeing(combineCrcs(algorithm, crcs)))
  }
  const hasher = allAlgorithms[algorithm].create()
  for (const digest of digests) hasher.update(digest)
  return known(agreeing(`${hasher.digest()}-${parts.length}`))
}

/** A checksum that cannot be compared with the object's is refused: success would look as if it had been. */
function refuseUnknown(headers: HeaderMap): void {
  const name = Object.keys(headers).find(carriesChecksum)
  if (name !== undefined) {
    throw notImplemented(name, 'The checksum of the object is not known without those of its parts')
  }
}

/** The object's checksum that the client names. */
function promisedChecksum(upload: UploadChecksum, headers: HeaderMap): string | undefined {
  const names = Object.keys(headers).filter(carriesChecksum)
  if (names.length > 1) {
    throw invalid('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.')
  }
  const [name] = names
  if (name === undefined) return undefined
  const algorithm = allAlgorithms[upload.algorithm]
  if (name !== algorithm.header) throw mismatch(upload, name.replace('x-amz-checksum-', ''))
  const value = (headers[name] ?? '').trim()
  validateChecksum(algorithm, upload.type === 'COMPOSITE' ? value.replace(/-\d+$/, '') : value)
  return value
}

/**
 * A part's checksum, base64, or undefined where nobody says it.
 * @throws S3Error InvalidRequest for one of another algorithm, which would not be verified; BadDigest for a malformed one,
 * and for another one than the part's bytes have.
 */
function partChecksum(
  upload: UploadChecksum,
  { number, checksums, verified }: CheckedPart,
): string | undefined {
  const { algorithm, type } = upload
  const other = [...checksums.keys()].find((one) => one !== algorithm)
  if (other !== undefined) throw mismatch(upload, other)
  const value = checksums.get(algorithm)
  const name = algorithm.toLowerCase()
  if (value === undefined) {
    if (type === 'FULL_OBJECT') return verified?.value
    throw invalid(
      `The upload was created using a ${name} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
    )
  }
  if (!isDigest(value, allAlgorithms[algorithm].bytes) || verified?.is(value) === false) {
    throw new S3Error('BadDigest', {
      message: `The ${name} you specified for part ${number} did not match what we received.`,
    })
  }
  return value
}

function declaredType(headers: HeaderMap): ChecksumType | undefined {
  const type = headers[TYPE]?.toUpperCase()
  if (type === undefined || type === 'COMPOSITE' || type === 'FULL_OBJECT') return type
  throw invalid(`Value for ${TYPE} header is invalid.`)
}

const mismatch = ({ algorithm }: UploadChecksum, actual = 'null') =>
  invalid(
    `Checksum Type mismatch occurred, expected checksum Type: ${algorithm.toLowerCase()}, actual checksum Type: ${actual.toLowerCase()}`,
  )

const invalid = (message: string) => new S3Error('InvalidRequest', { message })
