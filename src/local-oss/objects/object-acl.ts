import { renderXml } from '../../xml/index.ts'
import { checkPublic } from '../access/public-access.ts'
import { type BucketCall, changeObject } from '../call.ts'
import { ownerElements, ownerOf } from '../document-values.ts'
import { OssError } from '../errors.ts'
import type { Reply } from '../http.ts'
import { parseObjectAcl } from './object-properties.ts'
import { requireObject, updateVersion, versionHeaders, versionIdOf } from './versions.ts'

/** GetObjectAcl; `default` means the bucket's. */
export async function getObjectAcl({ state, bucket, key, query }: BucketCall): Promise<Reply> {
  const version = requireObject(state, bucket, key, versionIdOf(query))
  return {
    headers: versionHeaders(bucket, version),
    body: renderXml('AccessControlPolicy', {
      Owner: ownerElements(ownerOf(bucket)),
      AccessControlList: { Grant: version.acl },
    }),
  }
}

/** PutObjectAcl, by header alone; Last-Modified stays. */
export async function putObjectAcl(call: BucketCall): Promise<Reply> {
  const acl = parseObjectAcl(call.headers['x-oss-object-acl'])
  if (acl === undefined) throw new OssError('MissingArgument')
  return changeObject(call, (transaction, bucket) => {
    const version = requireObject(call.state, bucket, call.key, versionIdOf(call.query))
    checkPublic(call.state, bucket, acl, 'object')
    updateVersion(call.state, transaction, bucket, call.key, { ...version, acl })
    return { headers: versionHeaders(bucket, version) }
  })
}
