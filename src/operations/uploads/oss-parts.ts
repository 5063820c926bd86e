import type { OssClient } from '../../oss/client.ts'
import { MAX_LISTED } from '../../oss/limits.ts'
import type { HeaderMap } from '../../ports.ts'
import { children, text, type XmlNode } from '../../xml/index.ts'

/** A part as OSS has it; its CRC-64 in decimal. */
export type OssPart = { number: number; etag: string; size: number; crc64: string; lastModified: string }

/** Which upload, in OSS's words. */
export type OssUpload = { bucket: string; key: string; id: string; headers: HeaderMap }

/** One page of OSS's ListParts. @throws OssError NoSuchUpload. */
export function listOssParts(
  oss: OssClient,
  { bucket, key, id, headers }: OssUpload,
  marker: number,
  count: number,
): Promise<{ headers: HeaderMap; document: XmlNode }> {
  return oss.sendForXml(
    {
      method: 'GET',
      bucket,
      key,
      query: {
        uploadId: id,
        'part-number-marker': String(marker),
        'max-parts': String(count),
        // Some characters of keys do not survive XML.
        'encoding-type': 'url',
      },
      headers,
    },
    'ListPartsResult',
  )
}

/** All parts of an upload by number: one call to OSS for each thousand. @throws OssError NoSuchUpload. */
export async function readOssParts(oss: OssClient, upload: OssUpload): Promise<Map<number, OssPart>> {
  const { parts } = await readOssPartsBehind(oss, upload, 0, () => false)
  return parts
}

/**
 * Parts of an upload by number, in pages of a thousand.
 * @param marker a number; those above are read. @param isEnough whether no further page is needed.
 * @returns with the last page's headers and document; `isComplete`: there are no parts behind.
 * @throws OssError NoSuchUpload.
 */
export async function readOssPartsBehind(
  oss: OssClient,
  upload: OssUpload,
  marker: number,
  isEnough: (parts: ReadonlyMap<number, OssPart>) => boolean,
): Promise<{ parts: Map<number, OssPart>; isComplete: boolean; headers: HeaderMap; document: XmlNode }> {
  const parts = new Map<number, OssPart>()
  for (let behind = marker; ; ) {
    const { headers, document } = await listOssParts(oss, upload, behind, MAX_LISTED)
    const page = parseOssParts(document)
    for (const part of page) parts.set(part.number, part)
    const last = page.at(-1)
    const isComplete = text(document, 'IsTruncated') !== 'true' || last === undefined
    if (isComplete || isEnough(parts)) return { parts, isComplete, headers, document }
    behind = last.number
  }
}

/** The parts of a ListPartsResult. */
export const parseOssParts = (document: XmlNode): OssPart[] =>
  children(document, 'Part').map((part) => ({
    number: Number(text(part, 'PartNumber')),
    etag: text(part, 'ETag') ?? '',
    size: Number(text(part, 'Size')),
    crc64: text(part, 'HashCrc64ecma') ?? '',
    lastModified: text(part, 'LastModified') ?? '',
  }))
