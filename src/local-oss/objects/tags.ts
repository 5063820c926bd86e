import { children, renderXml, text, type XmlNode } from '../../xml/index.ts'
import { formDecode } from '../address.ts'
import { OssError } from '../errors.ts'
import type { Tag } from '../store/records.ts'

/** How many tags objects and buckets may have, and of which characters (tests of the Python SDK). */
const limits = {
  object: { max: 10, pattern: /^[\p{L}\p{N} +\-=._:/]*$/u },
  bucket: { max: 20, pattern: /^[\p{L}\p{N} +\-=._:/@%]*$/u },
}
type Tagged = keyof typeof limits
const MAX_KEY_LENGTH = 128
const MAX_VALUE_LENGTH = 256

/** `x-oss-tagging: a=1&b`, URL-encoded; a name alone has the empty value. @throws OssError InvalidTag. */
export function parseTagHeader(value: string | undefined): Tag[] {
  if (value === undefined || value === '') return []
  const tags = value.split('&').map((pair): Tag => {
    const equals = pair.indexOf('=')
    const [name, text] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    return [formDecode(name), formDecode(text)]
  })
  return checkTags(tags, 'object')
}

/** The tags of a `Tagging` document. @throws OssError MalformedXML, InvalidTag. */
export function parseTagging(root: XmlNode, on: Tagged = 'object'): Tag[] {
  const [set] = children(root, 'TagSet')
  if (set === undefined) throw new OssError('MalformedXML')
  const tags = children(set, 'Tag').map((tag): Tag => {
    const key = text(tag, 'Key')
    if (key === undefined) throw new OssError('MalformedXML')
    return [key, text(tag, 'Value') ?? '']
  })
  return checkTags(tags, on)
}

/** The `Tagging` document. */
export function renderTagging(tags: readonly Tag[]): string {
  return renderXml('Tagging', { TagSet: { Tag: tags.map(([Key, Value]) => ({ Key, Value })) } })
}

/** Different names, of characters that tags may have. @throws OssError InvalidTag. */
function checkTags(tags: Tag[], on: Tagged): Tag[] {
  const { max, pattern } = limits[on]
  for (const [key, value] of tags) {
    const fits = key !== '' && key.length <= MAX_KEY_LENGTH && value.length <= MAX_VALUE_LENGTH
    if (!fits || !pattern.test(key) || !pattern.test(value)) {
      throw new OssError('InvalidTag', { elements: { TagKey: key, TagValue: value } })
    }
  }
  if (tags.length > max || new Set(tags.map(([key]) => key)).size < tags.length)
    throw new OssError('InvalidTag')
  return tags
}
