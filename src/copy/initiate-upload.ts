import { OssUnreachable } from '../oss/error.ts'
import { isOutcomeUnknown, isTransient } from '../oss/retry.ts'
import type { HeaderMap } from '../ports.ts'
import { text } from '../xml/index.ts'
import type { Upload, UploadPorts } from './multipart-upload.ts'
import { abortOrphanedUploads, MAX_DELAY, uploadsOf } from './orphaned-uploads.ts'
import { withRetries } from './retry.ts'

/** An upload is never begun under the client's signal: a cut call would leave its outcome unknown. */
const noAbort = undefined

/**
 * InitiateMultipartUpload.
 * @param headers content, metadata, tags, class and encryption, written out in full.
 * @throws OssError; OssUnreachable when it is unknown whether there is an upload, and none was found.
 */
export async function initiate(
  ports: UploadPorts,
  at: Omit<Upload, 'uploadId'>,
  headers: HeaderMap,
): Promise<Upload> {
  // An upload whose id never arrives can only be recognised by not having been listed before. Where OSS does not even list
  // them now, none is begun.
  const before = await uploadsOf(ports, at).catch((error) => {
    if (isTransient(error)) throw error
    return undefined
  })
  const lost: number[] = []
  const abortOrphans = (own?: string) => abortOrphanedUploads(ports, at, { before, own, lost })
  try {
    const uploadId = await withRetries(ports, noAbort, async (signal) => {
      try {
        const { document } = await ports.oss.sendForXml(
          { method: 'POST', ...at, query: { uploads: null }, headers, body: new Uint8Array(0), signal },
          'InitiateMultipartUploadResult',
        )
        const id = text(document, 'UploadId')
        if (!id) throw new OssUnreachable('OSS initiated an upload without an id')
        return id
      } catch (error) {
        if (isOutcomeUnknown(error)) {
          lost.push(ports.clock())
          await abortOrphans()
        }
        throw error
      }
    })
    return { ...at, uploadId, abortOrphans: () => abortOrphans(uploadId) }
  } catch (error) {
    if (lost.length > 0) await ports.sleep(MAX_DELAY)
    await abortOrphans()
    throw error
  }
}
