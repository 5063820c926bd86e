import { children, renderXml, text, type XmlNode } from '../xml.ts'
import { percentDecode } from './address.ts'
import { OssError } from './errors.ts'
import type { Tag } from './records.ts'

const MAX_OBJECT_TAGS = 10
const MAX_KEY_BYTES = 128
const MAX_VALUE_BYTES = 256

/** `x-oss-tagging: a=1&b`, URL-encoded; a name alone has the empty value. @throws OssError InvalidTag. */
export function parseTagHeader(value: string | undefined): Tag[] {
  if (value === undefined || value === '') return []
  const decode = (raw: string) => percentDecode(raw.replaceAll('+', ' ')).toString('utf8')
  const tags = value.split('&').map((pair): Tag => {
    const equals = pair.indexOf('=')
    return equals < 0 ? [decode(pair), ''] : [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))]
  })
  return checkTags(tags)
}

/** The tags of a `Tagging` document. @throws OssError MalformedXML, InvalidTag. */
export function parseTagging(root: XmlNode, max = MAX_OBJECT_TAGS): Tag[] {
  const [set] = children(root, 'TagSet')
  if (set === undefined) throw new OssError('MalformedXML')
  const tags = children(set, 'Tag').map((tag): Tag => {
    const key = text(tag, 'Key')
    if (key === undefined) throw new OssError('MalformedXML')
    return [key, text(tag, 'Value') ?? '']
  })
  return checkTags(tags, max)
}

export function renderTagging(tags: readonly Tag[]): string {
  return renderXml('Tagging', { TagSet: { Tag: tags.map(([Key, Value]) => ({ Key, Value })) } })
}

/** Facts 4: at most ten, different names, letters, digits, blanks and `+-=._:/`. */
function checkTags(tags: Tag[], max = MAX_OBJECT_TAGS): Tag[] {
  const legal = /^[A-Za-z0-9 +\-=._:/]*$/
  for (const [key, value] of tags) {
    const fits = key !== '' && key.length <= MAX_KEY_BYTES && value.length <= MAX_VALUE_BYTES
    if (!fits || !legal.test(key) || !legal.test(value)) {
      throw new OssError('InvalidTag', { elements: { TagKey: key, TagValue: value } })
    }
  }
  if (tags.length > max || new Set(tags.map(([key]) => key)).size < tags.length)
    throw new OssError('InvalidTag')
  return tags
}
