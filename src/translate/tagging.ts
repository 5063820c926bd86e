import { invalidArgument, S3Error } from '../s3/error.ts'

export type Tag = readonly [key: string, value: string]

const MAX_TAGS = 10
const MAX_KEY_LENGTH = 128
const MAX_VALUE_LENGTH = 256
// What both services take: S3 allows any letter, OSS documents these (no `@`, which S3 allows).
const allowed = /^[A-Za-z0-9 +\-=._:/]*$/

/**
 * The `x-amz-tagging` header (`k=v&k2=v2`, URL-encoded) → tags.
 * @throws S3Error InvalidArgument, BadRequest, InvalidTag with S3's texts.
 */
export function parseTagging(header: string): Tag[] {
  const malformed = () =>
    invalidArgument(
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
      'x-amz-tagging',
      header,
    )
  const decode = (text: string) => {
    try {
      return decodeURIComponent(text.replaceAll('+', ' '))
    } catch {
      throw malformed()
    }
  }
  const tags = header.split('&').flatMap((pair): Tag[] => {
    if (pair === '') return []
    const [key = '', ...rest] = pair.split('=')
    if (key === '' || rest.length > 1) throw malformed()
    return [[decode(key), decode(rest[0] ?? '')]]
  })
  if (new Set(tags.map(([key]) => key)).size < tags.length) throw malformed()
  validateTags(tags)
  return tags
}

/** S3's limits, and OSS's narrower alphabet. @throws S3Error BadRequest, InvalidTag. */
export function validateTags(tags: readonly Tag[]): void {
  if (tags.length > MAX_TAGS) {
    throw new S3Error('BadRequest', { message: `Object tags cannot be greater than ${MAX_TAGS}` })
  }
  const seen = new Set<string>()
  for (const [key, value] of tags) {
    if (seen.has(key)) {
      throw new S3Error('InvalidTag', {
        message: 'Cannot provide multiple Tags with the same key',
        elements: { TagKey: key },
      })
    }
    seen.add(key)
    if (key.startsWith('aws:')) {
      throw new S3Error('InvalidTag', {
        message: 'Your TagKey cannot be prefixed with aws:',
        elements: { TagKey: key },
      })
    }
    if (key === '' || key.length > MAX_KEY_LENGTH || !allowed.test(key)) {
      throw new S3Error('InvalidTag', {
        message: 'The TagKey you have provided is invalid',
        elements: { TagKey: key },
      })
    }
    if (value.length > MAX_VALUE_LENGTH || !allowed.test(value)) {
      throw new S3Error('InvalidTag', {
        message: 'The TagValue you have provided is invalid',
        elements: { TagKey: key, TagValue: value },
      })
    }
  }
}

/** Tags as the `x-oss-tagging` header; every reserved character percent-encoded. */
export function toOssTagging(tags: readonly Tag[]): string {
  return tags.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join('&')
}
