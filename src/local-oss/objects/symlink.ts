import { createHash } from 'node:crypto'
import { formDecode, percentEncode } from '../address.ts'
import { type BucketCall, changeObject } from '../call.ts'
import { OssError } from '../errors.ts'
import type { Reply } from '../http.ts'
import { checkKey } from '../name-rules.ts'
import { metadataHeaders, parseObjectProperties } from './object-properties.ts'
import { checkOverwrite, writtenHeaders } from './put-object.ts'
import { addVersion, requireObject, versionHeaders, versionIdOf } from './versions.ts'

/** PutSymlink: a link to a key of the same bucket, which need not exist. */
export async function putSymlink(call: BucketCall): Promise<Reply> {
  const header = call.headers['x-oss-symlink-target']
  if (header === undefined) throw new OssError('MissingArgument')
  const target = formDecode(header)
  checkKey(target)
  const properties = parseObjectProperties(call, call.bucket)
  return changeObject(call, (transaction, bucket) => {
    checkOverwrite(call, bucket, call.headers)
    const version = addVersion(call.state, transaction, bucket, call.key, {
      ...properties,
      type: 'Symlink',
      size: 0,
      etag: createHash('md5').update(target).digest('hex').toUpperCase(),
      segments: [],
      target,
      lastModified: call.state.now(),
    })
    return { headers: writtenHeaders(bucket, version) }
  })
}

/** GetSymlink: where a link points, and its own metadata. @throws OssError NotSymlink. */
export async function getSymlink({ state, bucket, key, query }: BucketCall): Promise<Reply> {
  const version = requireObject(state, bucket, key, versionIdOf(query))
  if (version.target === undefined) throw new OssError('NotSymlink')
  return {
    headers: {
      ...metadataHeaders(version),
      etag: `"${version.etag}"`,
      'last-modified': new Date(version.lastModified).toUTCString(),
      'x-oss-symlink-target': percentEncode(version.target, '/'),
      ...versionHeaders(bucket, version),
    },
  }
}
