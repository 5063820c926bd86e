import type { OssClient } from '../oss/client.ts'
import { OssError, OssUnreachable } from '../oss/error.ts'
import type { HeaderMap, Log } from '../ports.ts'
import { children, element, text } from '../xml.ts'
import { attempt, isUnheard, type Waiting } from './attempt.ts'

/** A multipart upload of the gateway's own, that must leave nothing behind. */
export type Upload = { bucket: string; key: string; uploadId: string }

export type Part = { number: number; etag: string }

export type UploadPorts = Waiting & { oss: OssClient; clock: () => number; log: Log }

/** What OSS said of an object it has written. */
export type Written = { etag: string; headers: HeaderMap }

/** An upload is never begun or ended under the client's signal: a cut call would leave its outcome unknown. */
const uncut = undefined

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
  // An upload whose id never arrives is known only by not having been there before.
  const before = await uploadsOf(ports, at).catch(() => undefined)
  return attempt(ports, uncut, async (signal) => {
    try {
      const { document } = await ports.oss.sendForXml(
        { method: 'POST', ...at, query: { uploads: null }, headers, body: new Uint8Array(0), signal },
        'InitiateMultipartUploadResult',
      )
      const uploadId = text(document, 'UploadId')
      if (!uploadId) throw new OssUnreachable('OSS initiated an upload without an id')
      return { ...at, uploadId }
    } catch (error) {
      if (isUnheard(error)) await abandonOrphan(ports, at, before)
      throw error
    }
  })
}

/** Aborts an upload whose id never arrived: the only new and empty one. With two of them, one is someone else's. */
async function abandonOrphan(
  ports: UploadPorts,
  at: Omit<Upload, 'uploadId'>,
  before: ReadonlySet<string> | undefined,
): Promise<void> {
  try {
    if (before === undefined) throw new Error('its uploads could not be listed')
    const empty: Upload[] = []
    for (const uploadId of await uploadsOf(ports, at)) {
      if (before.has(uploadId)) continue
      const upload = { ...at, uploadId }
      if ((await partCount(ports, upload)) === 0) empty.push(upload)
    }
    const [orphan, ...others] = empty
    if (orphan === undefined) return
    if (others.length > 0) throw new Error(`one of ${empty.map(({ uploadId }) => uploadId).join(', ')}`)
    await abort(ports, orphan, 'its id never arrived')
  } catch (error) {
    ports.log('upload may be left', { ...at, cause: (error as Error).message })
  }
}

const MOST_UPLOADS = 1000

/** The ids of all uploads of a key. @throws Error when there are too many to tell. */
async function uploadsOf(
  ports: UploadPorts,
  { bucket, key }: Omit<Upload, 'uploadId'>,
): Promise<ReadonlySet<string>> {
  const query = { uploads: null, prefix: key, 'max-uploads': String(MOST_UPLOADS), 'encoding-type': 'url' }
  const { document } = await attempt(ports, uncut, (signal) =>
    ports.oss.sendForXml({ method: 'GET', bucket, query, signal }, 'ListMultipartUploadsResult'),
  )
  const decode = (name = '') => decodeURIComponent(name.replaceAll('+', '%20'))
  // A prefix is its own first name in the list.
  const own = children(document, 'Upload').filter((upload) => decode(text(upload, 'Key')) === key)
  if (own.length === MOST_UPLOADS) throw new Error(`there are ${MOST_UPLOADS} uploads of one key`)
  return new Set(own.map((upload) => text(upload, 'UploadId') ?? ''))
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
 * @returns what OSS said, or undefined when an earlier, unheard attempt had completed it.
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
  let unheard = false
  try {
    return await attempt(ports, uncut, async (signal) => {
      try {
        const { document, headers } = await ports.oss.sendForXml(
          { ...call, signal },
          'CompleteMultipartUploadResult',
        )
        const etag = text(document, 'ETag')
        if (!etag) throw new OssUnreachable('OSS completed an upload without an ETag')
        return { etag, headers }
      } catch (error) {
        unheard ||= isUnheard(error)
        throw error
      }
    })
  } catch (error) {
    // Only this copy knows the upload: if it is gone, the attempt that was not heard has completed it.
    // Asked by ending it, so that no attempt still on its way completes it after the question.
    if (unheard && (await abort(ports, upload, (error as Error).message)) === 'gone') return undefined
    throw error
  }
}

/** Parts that are still on their way when an upload is aborted may outlive it: OSS advises to ask again. */
const MOST_ABORTS = 3

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
  let unheard = false
  try {
    for (let asked = 0; asked < MOST_ABORTS; asked++) {
      await attempt(ports, uncut, async (signal) => {
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
          unheard ||= isUnheard(error)
          throw error
        }
      })
    }
  } catch (error) {
    const isGone = error instanceof OssError && error.code === 'NoSuchUpload'
    if (isGone && !aborted && !unheard) return 'gone'
    if (!isGone) ports.log('upload left', { bucket, key, uploadId, cause, abort: (error as Error).message })
    if (!isGone || !aborted) return 'unknown'
  }
  ports.log('copy aborted', { bucket, key, uploadId, cause })
  return 'aborted'
}
