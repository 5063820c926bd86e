import { decodeKey } from '../../bytes/percent.ts'
import { replaceCharacters } from '../../bytes/replace-characters.ts'
import { invalidArgument } from '../../s3/error.ts'
import { escapeText } from '../../xml/index.ts'
import { type Column, utf8Characters } from '../../xml/rows.ts'

/** How an answer writes keys, before they are escaped for XML. */
export type Encode = (key: string) => string

/**
 * How an answer writes keys: as they are, or with `encoding-type=url`, in S3's own form of it.
 * @throws S3Error InvalidArgument.
 */
export function keyEncoding(query: ReadonlyMap<string, string>): Encode {
  const encodingType = query.get('encoding-type')
  if (encodingType === undefined) return asItIs
  if (encodingType !== 'url') {
    throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', encodingType)
  }
  return encodeKey
}

const asItIs: Encode = (key) => key

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
export function keyColumn(name: string, encode: Encode): Column {
  const content = (text = '') => escapeText(encode(decodeKey(text)))
  let lastStem = ''
  let written = ''
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
          written = utf8Characters(content(stem))
          lastStem = stem
        }
        return written + rest
      },
    },
  }
}
