import type { OssClient } from '../oss/client.ts'
import { OssError, OssUnreachable } from '../oss/error.ts'
import type { HeaderMap, Log } from '../ports.ts'
import { children, element, text } from '../xml.ts'
import { attempt, isPassing, type Waiting } from './attempt.ts'

/** A multipart upload of the gateway's own, that must leave nothing behind. */
export type Upload = { bucket: string; key: string; uploadId: string }

export type Part = { number: number; etag: string }

export type UploadPorts = Waiting & { oss: OssClient; clock: () => number; log: Log }

/** An upload is never begun or ended under the client's signal: a cut call would leave its outcome unknown. */
const uncut = undefined

/**
 * InitiateMultipartUpload.
 * @param headers content, metadata, tags, class and encryption, written out in full.
 * @throws OssError; OssUnreachable when it is unknown whether there is an upload, and none was found.
 */
export async function initiate(
  ports: UploadPorts,
  { bucket, key }: Omit<Upload, 'uploadId'>,
  headers: HeaderMap,
): Promise<Upload> {
  return attempt(ports, uncut, async (signal) => {
    const began = ports.clock()
    try {
      const { document } = await ports.oss.sendForXml(
        { method: 'POST', bucket, key, query: { uploads: null }, headers, body: new Uint8Array(0), signal },
        'InitiateMultipartUploadResult',
      )
      const uploadId = text(document, 'UploadId')
      if (!uploadId) throw new OssUnreachable('OSS initiated an upload without an id')
      return { bucket, key, uploadId }
    } catch (error) {
      if (error instanceof OssUnreachable) await abandonOrphan(ports, { bucket, key }, began)
      throw error
    }
  })
}

/** OSS's times have a resolution of one second, and its clock is not ours. */
const CLOCK_TOLERANCE = 5000

/** An upload whose id never arrived: found by its key, its age, and that it is empty; aborted if it is the only one. */
async function abandonOrphan(
  ports: UploadPorts,
  { bucket, key }: Omit<Upload, 'uploadId'>,
  began: number,
): Promise<void> {
  try {
    const { document } = await attempt(ports, uncut, (signal) =>
      ports.oss.sendForXml(
        {
          method: 'GET',
          bucket,
          query: { uploads: null, prefix: key, 'max-uploads': '1000', 'encoding-type': 'url' },
          signal,
        },
        'ListMultipartUploadsResult',
      ),
    )
    const candidates: Upload[] = []
    for (const upload of children(document, 'Upload')) {
      const sameKey = decodeURIComponent((text(upload, 'Key') ?? '').replaceAll('+', '%20')) === key
      const initiated = Date.parse(text(upload, 'Initiated') ?? '')
      if (!sameKey || !(initiated >= began - CLOCK_TOLERANCE)) continue
      const candidate = { bucket, key, uploadId: text(upload, 'UploadId') ?? '' }
      if ((await partCount(ports, candidate)) === 0) candidates.push(candidate)
    }
    const [orphan, ...others] = candidates
    // With two of them, one is someone else's.
    if (orphan !== undefined && others.length === 0) await abort(ports, orphan, 'its id never arrived')
    else if (orphan !== undefined)
      ports.log('upload may be left', { bucket, key, uploadIds: candidates.map(({ uploadId }) => uploadId) })
  } catch (error) {
    ports.log('upload may be left', { bucket, key, cause: (error as Error).message })
  }
}

async function partCount(ports: UploadPorts, { bucket, key, uploadId }: Upload): Promise<number> {
  const { document } = await attempt(ports, uncut, (signal) =>
    ports.oss.sendForXml(
      { method: 'GET', bucket, key, query: { uploadId, 'max-parts': '1' }, signal },
      'ListPartsResult',
    ),
  )
  return children(document, 'Part').length
}

/**
 * CompleteMultipartUpload. Repeated until its outcome is known.
 * @param headers ACL and forbid-overwrite, which OSS takes here.
 * @returns OSS's headers, or undefined when an earlier, unheard attempt had completed it.
 * @throws OssError, and then the upload still exists.
 */
export async function complete(
  ports: UploadPorts,
  { bucket, key, uploadId }: Upload,
  parts: readonly Part[],
  headers: HeaderMap,
): Promise<HeaderMap | undefined> {
  const body = new TextEncoder().encode(
    element('CompleteMultipartUpload', {
      Part: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })),
    }),
  )
  let unheard = false
  return attempt(ports, uncut, async (signal) => {
    try {
      const answer = await ports.oss.sendForXml(
        {
          method: 'POST',
          bucket,
          key,
          query: { uploadId },
          headers: { ...headers, 'content-type': 'application/xml' },
          body,
          signal,
        },
        'CompleteMultipartUploadResult',
      )
      return answer.headers
    } catch (error) {
      // Only this copy knows the upload: if it is gone, the attempt that was not heard has completed it.
      if (unheard && error instanceof OssError && (await isGone(ports, { bucket, key, uploadId })))
        return undefined
      unheard ||= isPassing(error)
      throw error
    }
  })
}

async function isGone(ports: UploadPorts, upload: Upload): Promise<boolean> {
  try {
    await partCount(ports, upload)
    return false
  } catch (error) {
    if (error instanceof OssError && error.code === 'NoSuchUpload') return true
    throw error
  }
}

/** AbortMultipartUpload; what could not be aborted is in the log, with its id. Never rejects. */
export async function abort(
  ports: UploadPorts,
  { bucket, key, uploadId }: Upload,
  cause: string,
): Promise<void> {
  try {
    await attempt(ports, uncut, (signal) =>
      ports.oss.send({ method: 'DELETE', bucket, key, query: { uploadId }, signal }),
    )
    ports.log('copy aborted', { bucket, key, uploadId, cause })
  } catch (error) {
    if (error instanceof OssError && error.code === 'NoSuchUpload') return
    ports.log('upload left', { bucket, key, uploadId, cause, abort: (error as Error).message })
  }
}
