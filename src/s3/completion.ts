import { children, text, type XmlNode } from '../xml.ts'
import { allAlgorithms } from './checksum.ts'
import { invalidArgument, S3Error } from './error.ts'

/** A part as CompleteMultipartUpload names it. */
export type WantedPart = {
  number: number
  /** Without quotes, hex in lower case. */
  etag: string
  /** By algorithm, base64. */
  checksums: ReadonlyMap<string, string>
}

const MAX_PARTS = 10_000

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
  const elements = document === undefined ? [] : children(document, 'Part')
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

function parsePart(part: XmlNode): WantedPart {
  const number = text(part, 'PartNumber')?.trim()
  const etag = text(part, 'ETag')
  if (number === undefined || !/^[+-]?\d{1,10}$/.test(number) || etag === undefined) {
    throw new S3Error('MalformedXML')
  }
  checkPartNumber(Number(number), number)
  const checksums = Object.keys(allAlgorithms).flatMap((name): [string, string][] => {
    const value = text(part, `Checksum${name}`)?.trim()
    return value === undefined ? [] : [[name, value]]
  })
  return { number: Number(number), etag: bareETag(etag), checksums: new Map(checksums) }
}

/** An ETag as parts are compared: without quotes, in lower case. */
export const bareETag = (etag: string) => etag.trim().replace(/^"|"$/g, '').toLowerCase()
