import { renderXml } from '../xml/index.ts'
import { type BucketCall, changeObject } from './call.ts'
import { OWNER } from './documents.ts'
import { OssError } from './errors.ts'
import { checkPublic, parseObjectAcl } from './traits.ts'
import { requireObject, updateVersion, versionHeaders, versionIdOf } from './versions.ts'
import type { Reply } from './wire.ts'

/** GetObjectAcl; `default` means the bucket's. */
export async function getObjectAcl({ state, bucket, key, query }: BucketCall): Promise<Reply> {
  const version = requireObject(state, bucket, key, versionIdOf(query))
  return {
    headers: versionHeaders(bucket, version),
    body: renderXml('AccessControlPolicy', { Owner: OWNER, AccessControlList: { Grant: version.acl } }),
  }
}

/** PutObjectAcl, by header alone; Last-Modified stays. */
export async function putObjectAcl(call: BucketCall): Promise<Reply> {
  const acl = parseObjectAcl(call.headers['x-oss-object-acl'])
  if (acl === undefined) throw new OssError('MissingArgument')
  return changeObject(call, (change, bucket) => {
    const version = requireObject(call.state, bucket, call.key, versionIdOf(call.query))
    checkPublic(bucket, acl, 'object')
    updateVersion(call.state, change, bucket, call.key, { ...version, acl })
    return { headers: versionHeaders(bucket, version) }
  })
}
