import { decodeKey } from '../../bytes/percent.ts'
import { replaceCharacters } from '../../bytes/replace-characters.ts'
import type { BucketMapping } from '../../config/index.ts'
import { invalidArgument } from '../../s3/error.ts'
import { escapeText } from '../../xml/index.ts'
import { type Column, utf8Characters } from '../../xml/rows.ts'
import type { BucketRequest } from '../operation.ts'

/** How an answer writes keys. */
export type KeyForm = {
  /** A key that the client names, before it is escaped for XML. */
  encode: (key: string) => string
  /** What OSS's keys have in front of the client's. */
  prefix: string
}

/**
 * How an answer writes keys: as they are, or with `encoding-type=url`, in S3's own form of it; in a part of a bucket
 * without what leads there. The same object for the same form.
 * @throws S3Error InvalidArgument.
 */
export function keyForm({ query, mapped }: Pick<BucketRequest, 'query' | 'mapped'>): KeyForm {
  const encodingType = query.get('encoding-type')
  if (encodingType !== undefined && encodingType !== 'url') {
    throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', encodingType)
  }
  const forms = mapped === undefined || mapped.prefix === '' ? ofWholeBuckets : formsOf(mapped)
  return encodingType === undefined ? forms.plain : forms.url
}

type Forms = { plain: KeyForm; url: KeyForm }
const formsIn = (prefix: string): Forms => ({
  plain: { encode: (key) => key, prefix },
  url: { encode: encodeKey, prefix },
})
const ofWholeBuckets = formsIn('')
const ofParts = new WeakMap<BucketMapping, Forms>()

function formsOf(mapped: BucketMapping): Forms {
  const forms = ofParts.get(mapped) ?? formsIn(mapped.prefix)
  ofParts.set(mapped, forms)
  return forms
}

/** S3's form: a space is `+`, and `/ - _ . *` stay. */
function encodeKey(key: string): string {
  if (/^[\w./*-]*$/.test(key)) return key
  return /^\p{ASCII}*$/u.test(key) ? replaceCharacters(key, encodedAscii) : encodeAny(key)
}

const encodeAny = (key: string) =>
  encodeURIComponent(key)
    .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
    .replaceAll('%20', '+')

/** By code, the characters that do not stay. */
const encodedAscii = Array.from({ length: 0x80 }, (_, code) => {
  const character = String.fromCharCode(code)
  const encoded = encodeAny(character)
  return encoded === character ? undefined : encoded
})

/** An element for a key, which OSS lists with `encoding-type=url`. @throws URIError where it is not encoded so. */
export function keyColumn(name: string, { encode, prefix }: KeyForm): Column {
  const content = (text = '') => escapeText(encode(decodeKey(text).slice(prefix.length)))
  let lastStem = ''
  /** Undefined where the stem ends within the prefix. */
  let written: string | undefined = prefix === '' ? '' : undefined
  return {
    from: name,
    to: name,
    content,
    usual: {
      // Most keys of a page begin as the one before does, up to the last character that may be written in another way:
      // that is worked out once.
      pattern: /^((?:[^<&]*(?:%[\dA-F]{2}|[^\w./%<&-]))?)([\w./-]*)$/,
      content: (stem, rest) => {
        if (stem !== lastStem) {
          const isWithin = decodeKey(stem).length < prefix.length
          written = isWithin ? undefined : utf8Characters(content(stem))
          lastStem = stem
        }
        return written === undefined ? utf8Characters(content(stem + rest)) : written + rest
      },
    },
  }
}
