import { decodeKey } from '../bytes/percent.ts'
import type { OssClient } from '../oss/client.ts'
import { OssError, OssUnreachable } from '../oss/error.ts'
import { MAX_LISTED } from '../oss/limits.ts'
import type { HeaderMap, RuntimePorts } from '../ports.ts'
import { children, element, text } from '../xml/index.ts'
import { attempt, isOutcomeUnknown, isTransient, type RetryPorts } from './attempt.ts'

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

/** An upload is never begun or ended under the client's signal: a cut call would leave its outcome unknown. */
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
    const uploadId = await attempt(ports, noAbort, async (signal) => {
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

/** Milliseconds a request that was given up may still take to arrive at OSS. */
const MAX_DELAY = 1000
/** OSS's times are whole seconds, and its clocks are several. */
const CLOCK_TOLERANCE = 2000

type Lost = {
  /** The key's uploads before; undefined where they are too many, or may not be listed. */
  before: Uploads | undefined
  /** The one whose id did arrive. */
  own: string | undefined
  /** When each attempt was given up whose answer never came; one less for each upload found. */
  lost: number[]
}

/**
 * Aborts uploads whose ids never arrived: new, empty, of the right time, and no more of them than were lost. Otherwise
 * one may be another client's, and they are only named in the log. Never rejects.
 */
async function abortOrphanedUploads(
  ports: UploadPorts,
  at: Omit<Upload, 'uploadId'>,
  { before, own, lost }: Lost,
): Promise<void> {
  if (lost.length === 0) return
  try {
    if (before === undefined) throw new Error('its uploads could not be listed')
    const { ids, now } = await uploadsOf(ports, at)
    const latest = Math.max(...lost) + MAX_DELAY + CLOCK_TOLERANCE + (now - ports.clock())
    const orphans: Upload[] = []
    for (const [uploadId, initiated] of ids) {
      if (before.ids.has(uploadId) || uploadId === own || initiated > latest) continue
      const upload = { ...at, uploadId }
      if ((await partCount(ports, upload)) === 0) orphans.push(upload)
    }
    if (orphans.length > lost.length) {
      throw new Error(`it is among ${orphans.map(({ uploadId }) => uploadId).join(', ')}`)
    }
    for (const orphan of orphans) {
      lost.pop()
      await abort(ports, orphan, 'its id never arrived')
    }
  } catch (error) {
    ports.log('upload may be left', { ...at, cause: (error as Error).message })
  }
}

/** The uploads of a key by their ids, with the time they began, and OSS's present time; in milliseconds. */
type Uploads = { ids: ReadonlyMap<string, number>; now: number }

/** @throws Error when there are more than one page of the list. */
async function uploadsOf(ports: UploadPorts, { bucket, key }: Omit<Upload, 'uploadId'>): Promise<Uploads> {
  const query = { uploads: null, prefix: key, 'max-uploads': String(MAX_LISTED), 'encoding-type': 'url' }
  const { document, headers } = await attempt(ports, noAbort, (signal) =>
    ports.oss.sendForXml({ method: 'GET', bucket, query, signal }, 'ListMultipartUploadsResult'),
  )
  // A prefix is its own first name in the list.
  const own = children(document, 'Upload').filter((upload) => decodeKey(text(upload, 'Key') ?? '') === key)
  if (own.length === MAX_LISTED) throw new Error(`there are ${MAX_LISTED} uploads of one key`)
  const ids = own.map(
    (upload) => [text(upload, 'UploadId') ?? '', Date.parse(text(upload, 'Initiated') ?? '')] as const,
  )
  const now = Date.parse(headers.date ?? '')
  return { ids: new Map(ids), now: Number.isNaN(now) ? ports.clock() : now }
}

async function partCount(ports: UploadPorts, { bucket, key, uploadId }: Upload): Promise<number> {
  const { document } = await attempt(ports, noAbort, (signal) =>
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
    return await attempt(ports, noAbort, async (signal) => {
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
      await attempt(ports, noAbort, async (signal) => {
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
