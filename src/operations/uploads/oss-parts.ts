import type { OssClient } from '../../oss/client.ts'
import { MAX_LISTED } from '../../oss/limits.ts'
import type { HeaderMap } from '../../ports.ts'
import { children, text, type XmlNode } from '../../xml/index.ts'

/** A part as OSS has it. */
export type OssPart = { number: number; etag: string; size: number; lastModified: string }

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
  const parts = new Map<number, OssPart>()
  for (let marker = 0; ; ) {
    const { document } = await listOssParts(oss, upload, marker, MAX_LISTED)
    const page = parseOssParts(document)
    for (const part of page) parts.set(part.number, part)
    const last = page.at(-1)
    if (text(document, 'IsTruncated') !== 'true' || last === undefined) return parts
    marker = last.number
  }
}

/** The parts of a ListPartsResult. */
export const parseOssParts = (document: XmlNode): OssPart[] =>
  children(document, 'Part').map((part) => ({
    number: Number(text(part, 'PartNumber')),
    etag: text(part, 'ETag') ?? '',
    size: Number(text(part, 'Size')),
    lastModified: text(part, 'LastModified') ?? '',
  }))
