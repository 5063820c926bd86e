import { invalidArgument, invalidRequest } from '../../s3/error.ts'
import type { XmlNode } from '../../xml/index.ts'
import {
  checkElements,
  child,
  childElements,
  childText,
  malformedXml,
  optionalInteger,
  requiredText,
} from '../elements.ts'
import { type Tag, validateTag } from '../tags.ts'

/** Conditions on an object's size, called alike in both services. */
export const SIZES = ['ObjectSizeGreaterThan', 'ObjectSizeLessThan'] as const

/** Which objects a rule is about. */
export type Scope = {
  /** How the rule says it: in a `Filter`, or by the `Prefix` of older documents. */
  form: 'Filter' | 'Prefix'
  prefix: string
  tags: Tag[]
  sizes: Partial<Record<(typeof SIZES)[number], number>>
}

const FILTER = 'LifecycleConfiguration/Rule/Filter'
const MAX_PREFIX_BYTES = 1024

/**
 * What a rule is about: one condition of its own, or several in `And`.
 * @throws S3Error MalformedXML, InvalidRequest, InvalidTag; NotImplemented for conditions that OSS has not.
 */
export function parseScope(rule: XmlNode): Scope {
  const filter = child(rule, 'Filter')
  const top = childText(rule, 'Prefix')
  if ((filter === undefined) === (top === undefined)) throw malformedXml()
  if (filter === undefined) return { form: 'Prefix', prefix: checkedPrefix(top), tags: [], sizes: {} }
  checkElements(filter, FILTER, ['Prefix', 'Tag', 'And', ...SIZES])
  const names = Object.keys(filter).filter((name) => name !== '#text')
  if (names.length > 1) throw malformedXml()
  const all = child(filter, 'And')
  if (all !== undefined) checkElements(all, `${FILTER}/And`, ['Prefix', ...SIZES], ['Tag'])
  const scope = all ?? filter
  const conditions = ['Prefix', 'Tag', ...SIZES].flatMap((name) => scope[name] ?? [])
  if (all !== undefined && conditions.length < 2) throw malformedXml()
  return {
    form: 'Filter',
    prefix: checkedPrefix(childText(scope, 'Prefix')),
    tags: tagsOf(scope),
    sizes: sizesOf(scope),
  }
}

function checkedPrefix(prefix = ''): string {
  if (Buffer.byteLength(prefix) > MAX_PREFIX_BYTES) {
    throw invalidRequest(`The maximum size of a prefix is ${MAX_PREFIX_BYTES}.`)
  }
  return prefix
}

function tagsOf(scope: XmlNode): Tag[] {
  const tags = childElements(scope, 'Tag')
  for (const tag of tags) checkElements(tag, `${FILTER}/Tag`, ['Key', 'Value'])
  const keys = tags.map((tag) => requiredText(tag, 'Key'))
  if (new Set(keys).size < keys.length) throw invalidRequest('Duplicate Tag Keys are not allowed.')
  return tags.map((tag, at): Tag => {
    const [key = '', value] = [keys[at], childText(tag, 'Value')]
    if (value === undefined) throw malformedXml()
    validateTag([key, value])
    return [key, value]
  })
}

function sizesOf(scope: XmlNode): Scope['sizes'] {
  const [over, under] = SIZES.map((name) => optionalInteger(scope, name, Number.MAX_SAFE_INTEGER))
  for (const [at, size] of [over, under].entries()) {
    const name = SIZES[at] ?? ''
    if (size !== undefined && size < at) {
      throw invalidArgument(`'${name}' must be ${at === 0 ? 'nonnegative' : 'a positive integer'}`, name)
    }
  }
  if (over !== undefined && under !== undefined && under <= over) {
    throw invalidRequest("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.")
  }
  return {
    ...(over === undefined ? {} : { ObjectSizeGreaterThan: over }),
    ...(under === undefined ? {} : { ObjectSizeLessThan: under }),
  }
}
