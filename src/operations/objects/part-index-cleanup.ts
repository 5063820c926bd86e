import { decodeKey } from '../../bytes/percent.ts'
import type { OssClient } from '../../oss/client.ts'
import { OssError } from '../../oss/error.ts'
import { textOf } from '../../oss/read-body.ts'
import { bareETag } from '../../s3/completion.ts'
import { parsePartIndex } from '../../translate/part-index.ts'
import { children, text, type XmlNode } from '../../xml/index.ts'
import { RECORDS_PREFIX, uploadOfRecords } from '../uploads/checksum-records.ts'
import { listOssParts } from '../uploads/oss-parts.ts'
import { INDEX_PREFIX, objectOfIndex, partIndexKey } from './part-index.ts'

/** One upload in eight looks at sixteen indexes: two each, so that there are never many more of them than objects. */
const SHARE = 8
const LOOKED_AT = 2 * SHARE

/**
 * Removes indexes whose objects are gone, deleted or replaced by whomever, by rules of the bucket, or never completed, and
 * records of checksums whose uploads are. To be called with each new index; its ETag, which is as good as random, says
 * whether it is time, and where to look.
 * @param etag of the object whose index is new.
 * @throws OssError, OssUnreachable.
 */
export async function removeSomeStale(oss: OssClient, bucket: string, etag: string): Promise<void> {
  const tag = bareETag(etag)
  if (Number.parseInt(tag.slice(24, 32), 16) % SHARE !== 0) return
  const around = async (work: typeof removeStaleIndexes, prefix: string, at: string) => {
    const looked = await work(oss, bucket, `${prefix}${at}`, LOOKED_AT)
    if (looked < LOOKED_AT) await work(oss, bucket, prefix, LOOKED_AT - looked)
  }
  await around(removeStaleIndexes, INDEX_PREFIX, tag)
  // OSS's ids are as random, in upper case.
  await around(removeStaleRecords, RECORDS_PREFIX, tag.slice(0, 32).toUpperCase())
}

/**
 * @param after where the list begins. @param most how many indexes are looked at.
 * @returns how many were.
 */
export async function removeStaleIndexes(
  oss: OssClient,
  bucket: string,
  after: string,
  most: number,
): Promise<number> {
  const indexes = await listVersions(oss, bucket, { prefix: INDEX_PREFIX, 'key-marker': after }, most)
  for (const { key, versionId, isLatest, etag } of indexes) {
    // What is no index of this version's is left alone.
    const object = objectOfIndex(key)
    if (object === undefined) continue
    const isReplaced = !isLatest || etag === undefined
    if (!isReplaced && (await isNeeded(oss, bucket, object))) continue
    await oss.send({ method: 'DELETE', bucket, key, query: { versionId } })
  }
  return indexes.length
}

/**
 * @param after where the list begins. @param most how many uploads of records are looked at.
 * @returns how many were.
 */
export async function removeStaleRecords(
  oss: OssClient,
  bucket: string,
  after: string,
  most: number,
): Promise<number> {
  const query = { uploads: null, prefix: RECORDS_PREFIX, 'key-marker': after, 'max-uploads': String(most) }
  const call = { method: 'GET', bucket, query: { ...query, 'encoding-type': 'url' } } as const
  const { document } = await oss.sendForXml(call, 'ListMultipartUploadsResult')
  const records = children(document, 'Upload')
  for (const row of records) {
    const name = decodeKey(text(row, 'Key') ?? '')
    const upload = uploadOfRecords(name)
    if (upload === undefined || (await isUploading(oss, bucket, upload))) continue
    const uploadId = text(row, 'UploadId')
    await oss.send({ method: 'DELETE', bucket, key: name, query: { uploadId } })
  }
  return records.length
}

/** Whether an index's object is there, or may still come to be. */
async function isNeeded(
  oss: OssClient,
  bucket: string,
  object: { etag: string; key: string },
): Promise<boolean> {
  if (await exists(oss, bucket, object)) return true
  if (await isToCome(oss, bucket, object)) return true
  // It may have been completed between the two.
  return exists(oss, bucket, object)
}

/** Versions of one key that are looked at. */
const MANY = 100

/** Whether any version of the key has the ETag; also where there are too many to tell. */
async function exists(
  oss: OssClient,
  bucket: string,
  { etag, key }: { etag: string; key: string },
): Promise<boolean> {
  const versions = await listVersions(oss, bucket, { prefix: key }, MANY)
  // A prefix is its own first name in the list.
  const own = versions.filter((version) => version.key === key)
  return own.length === MANY || own.some((version) => version.etag === etag)
}

/**
 * Whether the upload still exists that the index was written for. One that a rule of the bucket has archived meanwhile is of
 * no completion under way, and another would write it again.
 */
async function isToCome(
  oss: OssClient,
  bucket: string,
  { etag, key }: { etag: string; key: string },
): Promise<boolean> {
  const index = await oss.send({ method: 'GET', bucket, key: partIndexKey(etag, key) }).catch(ifUnreadable)
  const id = index && parsePartIndex(await textOf(index.body))?.uploadId
  return id ? isUploading(oss, bucket, { id, key }) : false
}

/** Whether an upload exists. */
async function isUploading(
  oss: OssClient,
  bucket: string,
  { id, key }: { id: string; key: string },
): Promise<boolean> {
  return (await listOssParts(oss, { bucket, key, id, headers: {} }, 0, 1).catch(ifMissing)) !== undefined
}

function ifUnreadable(error: unknown): undefined {
  if (!(error instanceof OssError) || error.code !== 'InvalidObjectState') return ifMissing(error)
}

function ifMissing(error: unknown): undefined {
  if (!(error instanceof OssError) || error.status !== 404) throw error
}

type Version = {
  key: string
  versionId: string | undefined
  isLatest: boolean
  /** Undefined for a delete marker. */
  etag: string | undefined
}

async function listVersions(
  oss: OssClient,
  bucket: string,
  query: Record<string, string>,
  most: number,
): Promise<Version[]> {
  const { document } = await oss.sendForXml(
    {
      method: 'GET',
      bucket,
      query: { versions: null, ...query, 'max-keys': String(most), 'encoding-type': 'url' },
    },
    'ListVersionsResult',
  )
  const rowsOf = (name: string) => children(document, name).map(toVersion)
  return [...rowsOf('Version'), ...rowsOf('DeleteMarker')]
}

function toVersion(row: XmlNode): Version {
  const etag = text(row, 'ETag')
  return {
    key: decodeKey(text(row, 'Key') ?? ''),
    versionId: text(row, 'VersionId'),
    isLatest: text(row, 'IsLatest') === 'true',
    etag: etag && bareETag(etag),
  }
}
