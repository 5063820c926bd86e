import { OssUnreachable } from '../oss/error.ts'
import { copiedVersion, crc64Of, versionIdOf } from '../oss/headers.ts'
import type { HeaderMap } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import { storedContent } from '../translate/to-oss-headers.ts'
import type { Copy, CopyResult } from './copy.ts'
import type { UploadPorts, Written } from './multipart-upload.ts'
import { withRetries } from './retry.ts'
import { readSource, type SourceFacts } from './source.ts'

/** The destination is read even after the client has disconnected. */
const noAbort = undefined

/**
 * The result of a write that OSS has confirmed, or that is known to have happened (`written` undefined).
 * Its time is in no answer to Complete or PutObject; when it cannot be looked at, the answer's own time serves:
 * the copy is made, and must not be called a failure.
 */
export async function readResult(
  ports: UploadPorts,
  copy: Copy,
  written: Written | undefined,
): Promise<CopyResult> {
  const version = written && versionIdOf(written.headers)
  const seen = await readDestination(ports, copy, noAbort, version).catch((error) => {
    if (written === undefined) throw error
    return undefined
  })
  const origin = copiedVersion(copy.source.versionId)
  // With another ETag it has been overwritten by another client since.
  const stillThere = seen !== undefined && (written === undefined || seen.etag === written.etag)
  if (stillThere) {
    const result = resultOf(copy, seen)
    return { ...result, headers: { ...result.headers, ...written?.headers, ...origin } }
  }
  const { etag, headers } = written as Written
  const lastModified = headers.date ?? new Date(ports.clock()).toUTCString()
  return { etag, lastModified, headers: { ...headers, ...origin }, checksum: copy.checksum?.value }
}

/**
 * Compares a completed upload with its source, by the CRC-64 of all bytes.
 * @throws S3Error InternalError when they differ; then the copy is deleted, if it is certain to be this one.
 */
export async function verifiedResult(
  ports: UploadPorts,
  copy: Copy,
  facts: SourceFacts,
  completed: Written | undefined,
): Promise<CopyResult> {
  const result = await readResult(ports, copy, completed)
  const crc64 = crc64Of(result.headers)
  // Absent on either side it cannot be verified, which is no failure.
  if (crc64 === undefined || facts.crc64 === undefined || crc64 === facts.crc64) return result
  const differs = `the copy of ${facts.size} bytes has CRC-64 ${crc64}, its source ${facts.crc64}`
  // Without an answer to Complete, what is seen there may be another writer's object.
  if (completed === undefined) throw new OssUnreachable(differs)
  const { bucket, key } = copy.destination
  const versionId = versionIdOf(completed.headers)
  await withRetries(ports, noAbort, (signal) =>
    ports.oss.send({ method: 'DELETE', bucket, key, query: { versionId }, signal }),
  )
  throw new S3Error('InternalError', { cause: new Error(`${differs}; it was deleted`) })
}

/** OSS's times are whole seconds. */
const CLOCK_TOLERANCE = 2000

/**
 * The destination, if it is what a write whose answer was lost was to make of it: the source's bytes under this content,
 * written since then.
 * @param began when the write began, by the gateway's clock.
 */
export async function findLostResult(
  ports: UploadPorts,
  copy: Copy,
  source: SourceFacts,
  began: number,
): Promise<CopyResult | undefined> {
  const written = await readDestination(ports, copy, copy.signal())
  // The difference to OSS's clock, by the Date of its response.
  const ahead = Date.parse(written.headers.date ?? '') - ports.clock()
  const since = began + (Number.isNaN(ahead) ? 0 : ahead) - CLOCK_TOLERANCE
  const sameBytes =
    written.size === source.size &&
    (written.etag === source.etag || (source.crc64 !== undefined && written.crc64 === source.crc64))
  const content = copy.content === 'copy' ? storedContent(source.headers) : copy.content
  const sameContent = sorted(storedContent(written.headers)) === sorted(content)
  return sameBytes && sameContent && written.lastModified >= since ? resultOf(copy, written) : undefined
}

const sorted = (headers: HeaderMap) =>
  JSON.stringify(Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1)))

const readDestination = (
  ports: UploadPorts,
  { destination }: Copy,
  signal: AbortSignal | undefined,
  versionId?: string,
) =>
  withRetries(ports, signal, (signal) =>
    readSource(ports.oss, { source: { ...destination, versionId }, payer: {} }, signal),
  )

const resultOf = ({ checksum }: Copy, { etag, lastModified, headers }: SourceFacts): CopyResult => ({
  etag,
  lastModified: new Date(lastModified).toUTCString(),
  headers,
  checksum: checksum?.value,
})
