import type { XmlNode, XmlValue } from '../xml/index.ts'
import { allAlgorithms } from './checksum.ts'
import { invalidArgument, S3Error } from './error.ts'
import { MAX_PARTS } from './limits.ts'

/** A part as CompleteMultipartUpload names it. */
export type WantedPart = {
  number: number
  /** Without quotes, hex in lower case. */
  etag: string
  /** By algorithm, base64. */
  checksums: ReadonlyMap<string, string>
}

/** @param text as it was given. @throws S3Error InvalidArgument for a part's number that none can have. */
export function checkPartNumber(number: number, text: string | undefined): void {
  if (number >= 1 && number <= MAX_PARTS) return
  throw invalidArgument(
    `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`,
    'partNumber',
    text,
  )
}

/**
 * The document of CompleteMultipartUpload.
 * @param document undefined for an empty body.
 * @throws S3Error InvalidRequest, MalformedXML, InvalidArgument, InvalidPartOrder.
 */
export function parseCompletion(document: XmlNode | undefined, uploadId: string): WantedPart[] {
  if (document !== undefined) checkNames(document, ['Part'])
  const elements = document?.Part ?? []
  if (elements.length === 0) {
    throw new S3Error('InvalidRequest', { message: 'You must specify at least one part' })
  }
  if (elements.length > MAX_PARTS) throw new S3Error('MalformedXML')
  const parts = elements.map(parsePart)
  if (parts.some(({ number }, at) => at > 0 && number <= (parts[at - 1]?.number ?? 0))) {
    throw new S3Error('InvalidPartOrder', { elements: { UploadId: uploadId } })
  }
  return parts
}

function parsePart(part: XmlValue): WantedPart {
  if (typeof part === 'string') throw new S3Error('MalformedXML')
  checkNames(part, partNames)
  const number = textOf(part, 'PartNumber')?.trim()
  const etag = textOf(part, 'ETag')
  if (number === undefined || !/^[+-]?\d{1,10}$/.test(number) || etag === undefined) {
    throw new S3Error('MalformedXML')
  }
  checkPartNumber(Number(number), number)
  const checksums = new Map<string, string>()
  for (const element in part) {
    const algorithm = algorithmOf.get(element)
    const value = algorithm === undefined ? undefined : textOf(part, element)?.trim()
    if (algorithm !== undefined && value !== undefined) checksums.set(algorithm, value)
  }
  return { number: Number(number), etag: bareETag(etag), checksums }
}

/** By the element that holds its value. */
const algorithmOf = new Map(Object.keys(allAlgorithms).map((name) => [`Checksum${name}`, name]))
const partNames = ['PartNumber', 'ETag', ...algorithmOf.keys()]

/** @throws S3Error MalformedXML for text between elements, and for elements of other names. */
function checkNames(node: XmlNode, names: readonly string[]): void {
  if (Object.keys(node).some((name) => (name === '#text' ? !isBlank(node[name]) : !names.includes(name)))) {
    throw new S3Error('MalformedXML')
  }
}

const isBlank = (texts: XmlValue[] | undefined) => /^[ \t\r\n]*$/.test(String(texts ?? ''))

/** The text of the one child of that name. @throws S3Error MalformedXML for two, and for elements within. */
function textOf(node: XmlNode, name: string): string | undefined {
  const [value, another] = node[name] ?? []
  if (another !== undefined || typeof value === 'object') throw new S3Error('MalformedXML')
  return value
}

/** An ETag as parts are compared: without quotes, in lower case. */
export function bareETag(etag: string): string {
  const tag = etag.trim()
  const start = tag.startsWith('"') ? 1 : 0
  const end = tag.length > start && tag.endsWith('"') ? -1 : undefined
  return tag.slice(start, end).toLowerCase()
}
