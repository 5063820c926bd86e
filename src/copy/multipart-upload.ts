import type { OssClient } from '../oss/client.ts'
import { OssError, OssUnreachable } from '../oss/error.ts'
import { isOutcomeUnknown } from '../oss/retry.ts'
import type { HeaderMap, RuntimePorts } from '../ports.ts'
import { element, text } from '../xml/index.ts'
import { type RetryPorts, withRetries } from './retry.ts'

/** A multipart upload of the gateway's own, that must leave nothing behind. */
export type Upload = {
  bucket: string
  key: string
  uploadId: string
  /** To be called at the copy's end: aborts uploads that attempts of `initiate` may have left. Never rejects. */
  abortOrphans?: () => Promise<void>
}

/** A part as Complete names it; its ETag as OSS gave it. */
export type Part = { number: number; etag: string }

/** What an upload of the gateway's own is made with. */
export type UploadPorts = RetryPorts &
  Pick<RuntimePorts, 'clock' | 'log'> & {
    oss: OssClient
    /** OSS where a copy's source is: the same, or at another upstream. */
    sourceOss: OssClient
  }

/** What OSS said of an object it has written. */
export type Written = { etag: string; headers: HeaderMap }

/** An upload is never ended under the client's signal: a cut call would leave its outcome unknown. */
const noAbort = undefined

/**
 * CompleteMultipartUpload. Repeated until its outcome is known.
 * @param headers ACL and forbid-overwrite, which OSS takes here.
 * @returns what OSS said, or undefined when an earlier attempt, whose answer was lost, had completed it.
 * @throws OssError, and then the upload still exists; OssUnreachable when it does, or when that cannot be known.
 */
export async function complete(
  ports: UploadPorts,
  upload: Upload,
  parts: readonly Part[],
  headers: HeaderMap,
): Promise<Written | undefined> {
  const { bucket, key, uploadId } = upload
  const body = new TextEncoder().encode(
    element('CompleteMultipartUpload', {
      Part: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })),
    }),
  )
  const call = {
    method: 'POST',
    bucket,
    key,
    query: { uploadId },
    headers: { ...headers, 'content-type': 'application/xml' },
    body,
  } as const
  let outcomeUnknown = false
  try {
    return await withRetries(ports, noAbort, async (signal) => {
      try {
        const { document, headers } = await ports.oss.sendForXml(
          { ...call, signal },
          'CompleteMultipartUploadResult',
        )
        const etag = text(document, 'ETag')
        if (!etag) throw new OssUnreachable('OSS completed an upload without an ETag')
        return { etag, headers }
      } catch (error) {
        outcomeUnknown ||= isOutcomeUnknown(error)
        throw error
      }
    })
  } catch (error) {
    // Only this copy has the upload's id: if it no longer exists, the attempt whose response was lost has completed it.
    // Found out by aborting it, so that no attempt still under way completes it afterwards.
    if (outcomeUnknown && (await abort(ports, upload, (error as Error).message)) === 'gone') return undefined
    throw error
  }
}

/** Parts that are still being sent when an upload is aborted may outlive it: OSS advises to abort again. */
const MAX_ABORTS = 3

/**
 * AbortMultipartUpload; what could not be aborted is in the log, with its id. Never rejects.
 * @returns `gone` when there was no such upload, and no attempt of this call can have been the reason.
 */
export async function abort(
  ports: UploadPorts,
  { bucket, key, uploadId }: Upload,
  cause: string,
): Promise<'aborted' | 'gone' | 'unknown'> {
  let aborted = false
  let outcomeUnknown = false
  try {
    for (let asked = 0; asked < MAX_ABORTS; asked++) {
      await withRetries(ports, noAbort, async (signal) => {
        try {
          const { status } = await ports.oss.send({
            method: 'DELETE',
            bucket,
            key,
            query: { uploadId },
            signal,
          })
          if (status !== 204) throw new OssUnreachable(`OSS answered ${status} to an abort`)
          aborted = true
        } catch (error) {
          outcomeUnknown ||= isOutcomeUnknown(error)
          throw error
        }
      })
    }
  } catch (error) {
    const isGone = error instanceof OssError && error.code === 'NoSuchUpload'
    if (isGone && !aborted && !outcomeUnknown) return 'gone'
    if (!isGone) ports.log('upload left', { bucket, key, uploadId, cause, abort: (error as Error).message })
    if (!isGone || !aborted) return 'unknown'
  }
  ports.log('copy aborted', { bucket, key, uploadId, cause })
  return 'aborted'
}
