import { children, renderXml, text, type XmlNode } from '../../xml/index.ts'
import { checkAccess } from '../access/access.ts'
import { readXml } from '../body.ts'
import { type BucketCall, changeObject, type State } from '../call.ts'
import { OssError } from '../errors.ts'
import { type HeaderMap, isTrue, type Reply } from '../http.ts'
import { encodeName, parseEncoding } from '../lists/list-query.ts'
import type { BucketRecord } from '../store/records.ts'
import type { Transaction } from '../store/transaction.ts'
import { checkVersionId } from './version-id.ts'
import { addVersion, lookUpVersion, removeVersion, versionIdOf } from './versions.ts'

const MAX_KEYS = 1000

/** Whether a deletion wrote or removed a delete marker, and the id of the version concerned, in buckets with versions. */
type Deletion = { marker: boolean; affected?: string }

/** DeleteObject: 204 whether or not there was something to delete. */
export async function deleteObject(call: BucketCall): Promise<Reply> {
  const { marker, affected } = await deleteKey(call, call.key, versionIdOf(call.query))
  const headers: HeaderMap = {}
  if (marker) headers['x-oss-delete-marker'] = 'true'
  if (affected !== undefined) headers['x-oss-version-id'] = affected
  return { status: 204, headers }
}

/** DeleteMultipleObjects: up to 1000 keys; quiet, the answer is empty; it has no errors per key. */
export async function deleteMultipleObjects(call: BucketCall): Promise<Reply> {
  if (call.headers['content-md5'] === undefined) throw new OssError('MissingArgument')
  const request = await readXml(call, 'Delete')
  const objects = children(request, 'Object').map((object) => ({
    key: singleText(object, 'Key') ?? '',
    versionId: checkVersionId(singleText(object, 'VersionId')),
  }))
  if (objects.length === 0 || objects.length > MAX_KEYS || objects.some(({ key }) => key === '')) {
    throw new OssError('MalformedXML')
  }
  // One that is denied fails them all (EC 0003-00000204).
  for (const object of objects) {
    checkAccess(call, { bucket: call.bucket, ...object, action: 'DeleteObject', acl: 'write', signed: true })
  }
  // A header in OSS's document and the Java SDK, a parameter in the others.
  const encoding = parseEncoding(call.query) ?? parseEncoding(new Map(Object.entries(call.headers)))
  const deletions = await Promise.all(
    objects.map(({ key, versionId }) => deleteKey(call, key, versionId).catch(ignoreImmutable)),
  )
  if (isTrue(text(request, 'Quiet'))) return {}
  const deleted = objects.flatMap(({ key, versionId }, i) => {
    const deletion = deletions[i]
    if (deletion === undefined) return []
    const { marker, affected } = deletion
    return {
      Key: encodeName(key, encoding),
      VersionId: versionId,
      DeleteMarker: marker || undefined,
      DeleteMarkerVersionId: marker ? affected : undefined,
    }
  })
  return { body: renderXml('DeleteResult', { EncodingType: encoding, Deleted: deleted }) }
}

/**
 * The text of the only child of that name. A document with two such children, or with elements in one, does not say
 * which object is to be deleted.
 * @throws OssError MalformedXML.
 */
function singleText(object: XmlNode, name: string): string | undefined {
  const [value, another] = object[name] ?? []
  if (another !== undefined || typeof value === 'object') throw new OssError('MalformedXML')
  return value
}

function deleteKey(call: BucketCall, key: string, versionId: string | undefined): Promise<Deletion> {
  const bypass = isTrue(call.headers['x-oss-bypass-governance-retention'])
  return changeObject({ ...call, key }, async (transaction, bucket) => {
    if (versionId === undefined && bucket.versioning !== undefined)
      return addDeleteMarker(call.state, transaction, bucket, key)
    const version = lookUpVersion(call.state, bucket, key, versionId)
    if (version !== undefined) await removeVersion(call.state, transaction, bucket, key, version, bypass)
    if (versionId === undefined) return { marker: false }
    // A bucket that never had versions answers no version id (a test of the Go SDK).
    if (bucket.versioning === undefined) return { marker: false }
    return { marker: version?.deleteMarker === true, affected: versionId }
  })
}

/** Under versioning a deletion adds a delete marker; where versioning is suspended, the marker replaces the null version. */
export function addDeleteMarker(
  state: State,
  transaction: Transaction,
  bucket: BucketRecord,
  key: string,
): Deletion {
  const marker = addVersion(state, transaction, bucket, key, {
    type: 'Normal',
    size: 0,
    etag: '',
    segments: [],
    headers: {},
    meta: {},
    storageClass: 'Standard',
    acl: 'default',
    tags: [],
    lastModified: state.now(),
    deleteMarker: true,
  })
  return { marker: true, affected: marker.versionId }
}

function ignoreImmutable(cause: unknown): undefined {
  if (cause instanceof OssError && cause.code === 'FileImmutable') return undefined
  throw cause
}
