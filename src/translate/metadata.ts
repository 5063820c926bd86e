import { type HeaderMap, headerMap } from '../ports.ts'
import { S3Error } from '../s3/error.ts'

// OSS allows letters, digits and hyphens in a metadata name; S3 any HTTP token.
const plainName = /^[a-z0-9-]+$/
/** Names the gateway keeps for itself: clients neither see nor set them. */
const RESERVED = 's3gw-'
/** `my_key` is stored as `x-oss-meta-s3gw-name-my-5fkey`: a hyphen and two hex digits stand for a byte. */
const ESCAPED = `${RESERVED}name-`
const MAX_METADATA_BYTES = 2048
const encoder = new TextEncoder()

/**
 * `x-amz-meta-*` → `x-oss-meta-*`, reversibly: no two names or values become one.
 * @throws S3Error MetadataTooLarge over S3's 2 KB (names and values, in UTF-8).
 */
export function toOssMetadata(headers: HeaderMap): HeaderMap {
  const own: [name: string, value: string][] = []
  for (const header in headers) {
    if (header.startsWith('x-amz-meta-'))
      own.push([header.slice('x-amz-meta-'.length), headers[header] as string])
  }
  const size = own.reduce((sum, pair) => sum + encoder.encode(pair.join('')).length, 0)
  if (size > MAX_METADATA_BYTES) {
    throw new S3Error('MetadataTooLarge', { elements: { Size: size, MaxSizeAllowed: MAX_METADATA_BYTES } })
  }
  const metadata = headerMap()
  for (const [name, value] of own) metadata[`x-oss-meta-${escapeName(name)}`] = asciiValue(value)
  return metadata
}

/** `x-oss-meta-*` → `x-amz-meta-*`; reserved names are left out. */
export function toS3Metadata(headers: HeaderMap): HeaderMap {
  const metadata = headerMap()
  for (const header in headers) {
    if (!header.startsWith('x-oss-meta-')) continue
    const name = unescapeName(header.slice('x-oss-meta-'.length))
    if (name !== undefined) metadata[`x-amz-meta-${name}`] = asciiValue(headers[header] as string)
  }
  return metadata
}

function escapeName(name: string): string {
  if (plainName.test(name) && !name.startsWith(RESERVED)) return name
  const escaped = [...encoder.encode(name)].map((byte) => {
    const char = String.fromCharCode(byte)
    return /[a-z0-9]/.test(char) ? char : `-${byte.toString(16).padStart(2, '0')}`
  })
  return ESCAPED + escaped.join('')
}

/** The client's name, or undefined for a reserved one. */
function unescapeName(name: string): string | undefined {
  if (!name.startsWith(RESERVED)) return name
  if (!name.startsWith(ESCAPED)) return undefined
  const escaped = name.slice(ESCAPED.length)
  if (!/^([a-z0-9]|-[0-9a-f]{2})+$/.test(escaped)) return undefined
  // Written past the gateway it may say anything, also what no header's name may be.
  const unescaped = decode(escaped.replaceAll('-', '%'))
  return unescaped !== undefined && /^[\w!#$%&'*+.^`|~-]+$/.test(unescaped) ? unescaped : undefined
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/**
 * A value as RFC 2047 words where it is not ASCII: how S3 returns it, and a form OSS keeps.
 * S3 also decodes such words on the way in, so storing the encoded form is the same to a client.
 */
function asciiValue(value: string): string {
  if (/^[\t\x20-\x7e]*$/.test(value)) return value
  return encodedWord(value)
}

function encodedWord(value: string): string {
  const bytes = encoder.encode(value)
  return `=?UTF-8?B?${btoa(String.fromCharCode(...bytes))}?=`
}
