import { decodeKey } from '../bytes/percent.ts'
import { MAX_LISTED } from '../oss/limits.ts'
import { children, text } from '../xml/index.ts'
import { abort, type Upload, type UploadPorts } from './multipart-upload.ts'
import { withRetries } from './retry.ts'

/** What is found out is needed also when the client has gone. */
const noAbort = undefined

/** Milliseconds a request that was given up may still take to arrive at OSS. */
export const MAX_DELAY = 1000
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
export async function abortOrphanedUploads(
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

/** The uploads of a key. @throws Error when there are more than one page of the list. */
export async function uploadsOf(
  ports: UploadPorts,
  { bucket, key }: Omit<Upload, 'uploadId'>,
): Promise<Uploads> {
  const query = { uploads: null, prefix: key, 'max-uploads': String(MAX_LISTED), 'encoding-type': 'url' }
  const { document, headers } = await withRetries(ports, noAbort, (signal) =>
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
  const { document } = await withRetries(ports, noAbort, (signal) =>
    ports.oss.sendForXml(
      { method: 'GET', bucket, key, query: { uploadId, 'max-parts': '1' }, signal },
      'ListPartsResult',
    ),
  )
  return children(document, 'Part').length
}
