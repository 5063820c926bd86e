import { shorten } from '../bytes/shorten.ts'
import { escapeText } from '../xml/index.ts'

/** What an error document may show of a request, in bytes: an answer is never much larger than its question. */
const MAX_SHOWN = 4096

type Elements = Readonly<Record<string, string | number>>

/**
 * The elements of an error document, its texts cut so that together they take no more than 4 KiB. Short ones stay as
 * they are; the long share what is left.
 */
export function boundedElements(elements: Elements): Elements {
  const texts = Object.entries(elements).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  const sizes = texts.map(([name, text]) => ({ name, text, size: sizeOf(text) }))
  if (sizes.reduce((sum, { size }) => sum + size, 0) <= MAX_SHOWN) return elements
  const bounded: Record<string, string | number> = { ...elements }
  let left = MAX_SHOWN
  sizes.sort((a, b) => a.size - b.size)
  for (const [i, { name, text }] of sizes.entries()) {
    const shown = cut(text, Math.floor(left / (sizes.length - i)))
    bounded[name] = shown
    left -= sizeOf(shown)
  }
  return bounded
}

/** Bytes of a text in the document; of one that is too long whatever is in it, more than may be shown. */
const sizeOf = (text: string) => (text.length > MAX_SHOWN ? text.length : Buffer.byteLength(escapeText(text)))

/** The longest beginning of a text that takes no more bytes in the document. */
function cut(text: string, most: number): string {
  if (sizeOf(text) <= most) return text
  let [least, over] = [1, most + 1]
  while (over - least > 1) {
    const middle = (least + over) >> 1
    if (Buffer.byteLength(escapeText(shorten(text, middle))) <= most) least = middle
    else over = middle
  }
  return shorten(text, least)
}
