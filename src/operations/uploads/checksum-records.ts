import type { OssClient } from '../../oss/client.ts'
import { OssError } from '../../oss/error.ts'
import type { HeaderMap } from '../../ports.ts'
import { type AlgorithmName, allAlgorithms } from '../../s3/checksum.ts'
import { bareETag } from '../../s3/completion.ts'
import { MAX_KEY_BYTES } from '../../s3/limits.ts'
import { DEFAULT_CHECKSUM, type UploadChecksum, type VerifiedChecksum } from '../../s3/upload-checksum.ts'
import type { Upload } from '../../s3/upload-id.ts'
import { readRecord, renderRecord } from '../../translate/checksum-record.ts'
import { text } from '../../xml/index.ts'
import { ownUploadHeaders, RESERVED_PREFIX } from '../reserved-keys.ts'
import { type OssPart, type OssUpload, readOssPartsBehind } from './oss-parts.ts'

/**
 * Below it an upload beside each upload whose checksums are kept, which holds a record for each part, by the part's number.
 * It is never completed; it ends with the other one.
 */
export const RECORDS_PREFIX = `${RESERVED_PREFIX}uploads/`

/** @param id OSS's of the upload that the records are of. @returns undefined where the name would be too long for OSS. */
function recordsKey(id: string, key: string): string | undefined {
  const name = `${RECORDS_PREFIX}${id}/${key}`
  return Buffer.byteLength(name) > MAX_KEY_BYTES ? undefined : name
}

/** The upload whose records are below that name. */
export function uploadOfRecords(name: string): { id: string; key: string } | undefined {
  const [, id, key] = /^([0-9A-Za-z]{1,128})\/(.+)$/s.exec(name.slice(RECORDS_PREFIX.length)) ?? []
  return id === undefined || key === undefined ? undefined : { id, key }
}

/** The algorithm by which an upload's parts are recorded: its own, or the one that S3 takes where there is none. */
export const recordedAlgorithm = ({ checksum }: Pick<Upload, 'checksum'>): AlgorithmName =>
  (checksum ?? DEFAULT_CHECKSUM).algorithm

type At = { bucket: string; key: string; payer: HeaderMap }

/**
 * Begins the records of an upload. An MD5 needs none: it is OSS's own ETag of a part.
 * @param id OSS's of the upload.
 * @returns OSS's id of the records; undefined where none are kept: of a key that is too long, and without the right to.
 * @throws OssError, OssUnreachable.
 */
export async function beginRecords(
  oss: OssClient,
  { bucket, key, payer }: At,
  id: string,
  checksum: UploadChecksum | undefined,
): Promise<string | undefined> {
  const name = recordsKey(id, key)
  if (name === undefined || recordedAlgorithm({ checksum }) === 'MD5') return undefined
  const headers = { ...ownUploadHeaders, ...payer }
  const query = { uploads: null, 'encoding-type': 'url' }
  try {
    const call = { method: 'POST', bucket, key: name, query, headers, body: new Uint8Array(0) } as const
    const { document } = await oss.sendForXml(call, 'InitiateMultipartUploadResult')
    return text(document, 'UploadId')
  } catch (error) {
    if (error instanceof OssError && error.code === 'AccessDenied') return undefined
    throw error
  }
}

/**
 * Records the checksum that a part was verified with.
 * @param part its ETag as OSS has it. @param value base64.
 * @throws OssError, OssUnreachable.
 */
export async function recordChecksum(
  oss: OssClient,
  { bucket, key, payer }: At,
  upload: Upload,
  { number, etag }: { number: number; etag: string },
  value: string,
): Promise<void> {
  const of = { etag: bareETag(etag), algorithm: recordedAlgorithm(upload) }
  const at = recordsOf(upload, { bucket, key, payer })
  if (at === undefined) return
  const query = { partNumber: String(number), uploadId: at.id }
  const body = renderRecord(of, value)
  await oss.send({ method: 'PUT', bucket, key: at.key, query, headers: payer, body }).catch(ifEnded)
}

/**
 * The records of an upload by the numbers of its parts.
 * @param from the first number, and @param to the last one, that are wanted.
 * @returns none where there are none any more. @throws OssError, OssUnreachable.
 */
export async function readRecords(
  oss: OssClient,
  at: At,
  upload: Upload,
  from = 1,
  to = Number.POSITIVE_INFINITY,
): Promise<ReadonlyMap<number, OssPart>> {
  const records = recordsOf(upload, at)
  const none = new Map<number, OssPart>()
  if (records === undefined) return none
  const isEnough = (parts: ReadonlyMap<number, OssPart>) => ([...parts.keys()].at(-1) ?? 0) >= to
  const read = await readOssPartsBehind(oss, records, from - 1, isEnough).catch(ifEnded)
  return read?.parts ?? none
}

/** Ends the records of an upload that has ended. What prevents it is no error: they are removed with stale indexes. */
export async function endRecords(oss: OssClient, at: At, upload: Upload): Promise<void> {
  const records = recordsOf(upload, at)
  if (records === undefined) return
  const { bucket, key, id, headers } = records
  await oss.send({ method: 'DELETE', bucket, key, query: { uploadId: id }, headers }).catch(() => {})
}

/**
 * What is known of the checksum of a part.
 * @param part as OSS has it; undefined is a part that it does not have. @param record its record, if there is one.
 */
export function verifiedChecksum(
  upload: Upload,
  part: OssPart | undefined,
  record: OssPart | undefined,
): VerifiedChecksum | undefined {
  if (part === undefined) return undefined
  const algorithm = recordedAlgorithm(upload)
  const etag = bareETag(part.etag)
  if (algorithm === 'MD5') {
    const value = Buffer.from(etag, 'hex').toString('base64')
    return { value, is: (other) => other === value }
  }
  return record && readRecord({ etag, algorithm }, record, allAlgorithms[algorithm].bytes)
}

/** An upload's records as OSS has them. */
function recordsOf(upload: Upload, { bucket, key, payer }: At): OssUpload | undefined {
  const name = recordsKey(upload.id, key)
  if (upload.records === undefined || name === undefined) return undefined
  return { bucket, key: name, id: upload.records, headers: payer }
}

/** A rule of the bucket may have ended them, or somebody past this gateway. @throws any other error. */
function ifEnded(error: unknown): undefined {
  if (!(error instanceof OssError) || error.code !== 'NoSuchUpload') throw error
}
