import { OssUnreachable } from '../oss/error.ts'
import { copySource, copySourceRange } from '../oss/headers.ts'
import { text } from '../xml/index.ts'
import type { Copy } from './copy.ts'
import type { Upload, UploadPorts } from './multipart-upload.ts'
import type { ByteRange } from './plan.ts'
import { withRetries } from './retry.ts'
import type { SourceFacts } from './source.ts'

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
  const range = last < first ? {} : copySourceRange(`bytes=${first}-${last}`)
  return withRetries(ports, signal(), async (signal) => {
    const { document } = await ports.oss.sendForXml(
      {
        method: 'PUT',
        bucket,
        key,
        query: { partNumber: String(number), uploadId },
        headers: {
          ...copySource(source, facts.versionId),
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
