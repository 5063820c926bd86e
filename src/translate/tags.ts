import type { HeaderMap } from '../ports.ts'
import { invalidArgument, S3Error } from '../s3/error.ts'
import { children, text, type XmlNode, type XmlTree } from '../xml/index.ts'
import { checkElements, child, childElements, childText, malformedXml } from './elements.ts'

/** A tag, decoded. */
export type Tag = readonly [key: string, value: string]

/** Whether OSS's headers of an object say that it has tags. */
export const hasTags = (headers: HeaderMap): boolean => Number(headers['x-oss-tagging-count'] ?? 0) !== 0

const MAX_TAGS = 10
// OSS's; S3 takes 50.
const MAX_BUCKET_TAGS = 20
const MAX_KEY_LENGTH = 128
const MAX_VALUE_LENGTH = 256
// What S3 takes, of any script. OSS documents Latin letters, and takes those of any (tests of the Python SDK); it documents
// `@` for buckets alone, and no blank but U+0020: what it does not take it refuses as InvalidTag itself.
const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

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

/** The tags a write asks for (`x-amz-tagging`) as OSS's header; undefined: none are asked for. @throws S3Error as {@link parseTagging}. */
export function requestedTagging(headers: HeaderMap): string | undefined {
  const tagging = headers['x-amz-tagging']
  return tagging === undefined ? undefined : toOssTagging(parseTagging(tagging))
}

/** The tags of a `Tagging` document. @throws S3Error MalformedXML. */
export function parseTagSet(document: XmlNode): Tag[] {
  checkElements(document, 'Tagging', ['TagSet'])
  const set = child(document, 'TagSet')
  if (set === undefined) throw malformedXml()
  return parseTags(set, 'Tagging/TagSet')
}

/** The `Tag` elements of a list. @param path the list's own, for errors. @throws S3Error MalformedXML. */
export function parseTags(list: XmlNode, path: string): Tag[] {
  checkElements(list, path, [], ['Tag'])
  return childElements(list, 'Tag').map((tag) => {
    checkElements(tag, `${path}/Tag`, ['Key', 'Value'])
    const [key, value] = [childText(tag, 'Key'), childText(tag, 'Value')]
    if (key === undefined || value === undefined) throw malformedXml()
    return [key, value]
  })
}

/** What tags are put on: each has its own limit, in S3 and in OSS, and its own text for reserved keys. */
const limits = {
  object: {
    max: MAX_TAGS,
    tooMany: `Object tags cannot be greater than ${MAX_TAGS}`,
    reserved: 'Your TagKey cannot be prefixed with aws:',
  },
  bucket: {
    max: MAX_BUCKET_TAGS,
    tooMany: `Bucket tag count cannot be greater than ${MAX_BUCKET_TAGS}`,
    reserved: 'System tags cannot be added/updated by requester',
  },
  'new bucket': {
    max: MAX_BUCKET_TAGS,
    tooMany: `Bucket tag count cannot be greater than ${MAX_BUCKET_TAGS}`,
    reserved:
      'User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. Remove "aws:" from your tag keys and try again.',
  },
} as const

/** S3's limits, and OSS's on their number. @throws S3Error BadRequest, InvalidTag. */
export function validateTags(tags: readonly Tag[], on: keyof typeof limits = 'object'): void {
  const { max, tooMany, reserved } = limits[on]
  if (tags.length > max) throw new S3Error('BadRequest', { message: tooMany })
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
        message: reserved,
        elements: { TagKey: key },
      })
    }
    validateTag([key, value])
  }
}

/** A tag by itself, wherever it is named. @throws S3Error InvalidTag. */
export function validateTag([key, value]: Tag): void {
  if (key === '' || lengthOf(key) > MAX_KEY_LENGTH || !allowed.test(key)) {
    throw new S3Error('InvalidTag', {
      message: 'The TagKey you have provided is invalid',
      elements: { TagKey: key },
    })
  }
  if (lengthOf(value) > MAX_VALUE_LENGTH || !allowed.test(value)) {
    throw new S3Error('InvalidTag', {
      message: 'The TagValue you have provided is invalid',
      elements: { TagKey: key, TagValue: value },
    })
  }
}

/** In characters, of which those outside the first plane are two of JavaScript's. */
const lengthOf = (text: string) => [...text].length

/** The tags of OSS's own `Tagging` document, of an object or of a bucket. */
export const readTags = (document: XmlNode): Tag[] =>
  children(document, 'TagSet')
    .flatMap((set) => children(set, 'Tag'))
    .map((tag) => [text(tag, 'Key') ?? '', text(tag, 'Value') ?? ''])

/** The content of a `Tagging` document, which both services write alike. */
export const renderTags = (tags: readonly Tag[]): XmlTree => ({
  TagSet: { Tag: tags.map(([Key, Value]) => ({ Key, Value })) },
})

/** Tags as the `x-oss-tagging` header; every reserved character percent-encoded. */
export function toOssTagging(tags: readonly Tag[]): string {
  return tags.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join('&')
}
