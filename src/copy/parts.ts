import { encodeStrictly } from '../bytes/percent.ts'
import { OssUnreachable } from '../oss/error.ts'
import { encodePath } from '../oss/sign.ts'
import type { HeaderMap } from '../ports.ts'
import { text } from '../xml/index.ts'
import { attempt } from './attempt.ts'
import type { Copy } from './copy.ts'
import type { Upload, UploadPorts } from './multipart-upload.ts'
import type { ByteRange } from './plan.ts'
import type { SourceFacts } from './source.ts'

/** `x-oss-copy-source`: the key percent-encoded once, the version behind it. */
export function copySourceHeader({ bucket, key }: Copy['source'], versionId: string | undefined): string {
  return `/${bucket}/${encodePath(key)}${versionId === undefined ? '' : `?versionId=${encodeStrictly(versionId)}`}`
}

/**
 * UploadPartCopy of one range, pinned to the source that was looked at.
 * @returns the part's ETag.
 * @throws OssError, 412 when the source is another one by now.
 */
export async function copyPart(
  ports: UploadPorts,
  { source, payer, signal }: Copy,
  facts: SourceFacts,
  { bucket, key, uploadId }: Upload,
  number: number,
  { first, last }: ByteRange,
): Promise<string> {
  const range: HeaderMap = last < first ? {} : { 'x-oss-copy-source-range': `bytes=${first}-${last}` }
  return attempt(ports, signal(), async (signal) => {
    const { document } = await ports.oss.sendForXml(
      {
        method: 'PUT',
        bucket,
        key,
        query: { partNumber: String(number), uploadId },
        headers: {
          'x-oss-copy-source': copySourceHeader(source, facts.versionId),
          'x-oss-copy-source-if-match': facts.etag,
          ...range,
          ...payer,
        },
        body: new Uint8Array(0),
        signal,
      },
      'CopyPartResult',
    )
    const etag = text(document, 'ETag')
    if (!etag) throw new OssUnreachable('OSS copied a part without an ETag')
    return etag
  })
}
