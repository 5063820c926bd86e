import { checkAccess } from '../access/access.ts'
import { readXml } from '../body.ts'
import { type BucketCall, changeObject } from '../call.ts'
import { unexpectedValue } from '../errors.ts'
import type { Reply } from '../http.ts'
import type { Tag } from '../store/records.ts'
import { parseTagging, renderTagging } from './tags.ts'
import { requireObject, updateVersion, versionHeaders, versionIdOf } from './versions.ts'

/** GetObjectTagging. */
export async function getObjectTagging({ state, bucket, key, query }: BucketCall): Promise<Reply> {
  const version = requireObject(state, bucket, key, versionIdOf(query))
  return { headers: versionHeaders(bucket, version), body: renderTagging(version.tags) }
}

/** PutObjectTagging; Last-Modified stays. A policy may ask which tags they are. @throws OssError AccessDenied. */
export async function putObjectTagging(call: BucketCall): Promise<Reply> {
  const { bucket, key, query } = call
  const tags = parseTagging(await readXml(call, 'Tagging'))
  checkAccess(call, { bucket, key, versionId: query.get('versionId'), action: 'PutObjectTagging', tags })
  return setTags(call, tags)
}

/** DeleteObjectTagging: all tags, never some. */
export async function deleteObjectTagging(call: BucketCall): Promise<Reply> {
  const names = call.query.get('tagging') ?? ''
  if (names !== '') throw unexpectedValue('tagging', names)
  return { ...(await setTags(call, [])), status: 204 }
}

function setTags(call: BucketCall, tags: Tag[]): Promise<Reply> {
  return changeObject(call, (transaction, bucket) => {
    const version = requireObject(call.state, bucket, call.key, versionIdOf(call.query))
    updateVersion(call.state, transaction, bucket, call.key, { ...version, tags })
    return { headers: versionHeaders(bucket, version) }
  })
}
