import { createHash } from 'node:crypto'
import { checkPublic } from '../access/public-access.ts'
import { discardOnRefusal, MAX_UPLOAD, type ReceivedBody, receiveBody } from '../body.ts'
import { type BucketCall, changeObject } from '../call.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { HeaderMap, Reply } from '../http.ts'
import { combineCrc64 } from '../store/crc64.ts'
import type { Content, VersionRecord } from '../store/records.ts'
import type { Transaction } from '../store/transaction.ts'
import { parseObjectAcl, parseObjectProperties } from './object-properties.ts'
import { writtenHeaders } from './put-object.ts'
import {
  addVersion,
  checkMutable,
  currentObject,
  requireObject,
  updateVersion,
  versionHeaders,
} from './versions.ts'

/**
 * AppendObject: makes an appendable object, or lengthens one in place; the position must be its length. Of what the
 * headers say about an object that exists its ACL counts alone (tests of the Go SDK v1 and of the Python SDK). A bucket
 * with object WORM takes none (its documents; the code is not documented).
 */
export async function appendObject(call: BucketCall): Promise<Reply> {
  const { state, key } = call
  if (call.bucket.objectWorm !== undefined) throw new OssError('OperationNotSupported')
  const position = positionOf(call)
  const existing = currentObject(state, call.bucket, key)
  checkAppendable(existing, position)
  if (existing === undefined) parseObjectProperties(call, call.bucket)
  else parseObjectAcl(call.headers['x-oss-object-acl'])
  const received = await receiveBody(call)
  return discardOnRefusal(call, received, () =>
    changeObject(call, (transaction, bucket) => {
      const former = currentObject(state, bucket, key)
      checkAppendable(former, position)
      const content = appendedContent(call, transaction, former, received)
      const lastModified = state.now()
      let version: VersionRecord
      if (former === undefined) {
        const properties = parseObjectProperties(call, bucket)
        version = addVersion(state, transaction, bucket, key, { ...properties, ...content, lastModified })
      } else {
        checkMutable(state, bucket, former)
        const acl = parseObjectAcl(call.headers['x-oss-object-acl']) ?? former.acl
        checkPublic(state, bucket, acl, 'object')
        version = { ...former, ...content, acl, lastModified }
        updateVersion(state, transaction, bucket, key, version)
      }
      const next = { 'x-oss-next-append-position': String(version.size) }
      return { headers: { ...writtenHeaders(bucket, version), ...next } }
    }),
  )
}

/**
 * SealAppendObject: an appendable object, whose length the position must be, is lengthened no more. Sealed again, it
 * keeps its time. (https://help.aliyun.com/en/oss/developer-reference/sealappendobject)
 */
export async function sealAppendObject(call: BucketCall): Promise<Reply> {
  const position = positionOf(call)
  return changeObject(call, (transaction, bucket) => {
    const former = requireObject(call.state, bucket, call.key, undefined)
    if (former.sealed === undefined) checkAppendable(former, position)
    else checkPosition(former.size, position)
    const sealed = former.sealed ?? call.state.now()
    updateVersion(call.state, transaction, bucket, call.key, { ...former, sealed })
    return { headers: { ...sealedHeaders({ sealed }), ...versionHeaders(bucket, former) } }
  })
}

/** `x-oss-sealed-time` of an object that was sealed. */
export function sealedHeaders({ sealed }: Pick<Content, 'sealed'>): HeaderMap {
  return sealed === undefined ? {} : { 'x-oss-sealed-time': new Date(sealed).toUTCString() }
}

/** `?position=`. @throws OssError MissingArgument, InvalidArgument. */
function positionOf({ query }: BucketCall): number {
  const position = query.get('position')
  if (position === undefined) throw new OssError('MissingArgument')
  if (!/^\d+$/.test(position)) throw invalidArgument('The append position is invalid.', 'position', position)
  return Number(position)
}

/** @throws OssError ObjectNotAppendable, PositionNotEqualToLength with the right one. */
function checkAppendable(former: VersionRecord | undefined, position: number): void {
  // The code is 409 on the operation's page and 411 on the list of codes.
  if (former !== undefined && (former.type !== 'Appendable' || former.sealed !== undefined)) {
    throw new OssError('ObjectNotAppendable')
  }
  checkPosition(former?.size ?? 0, position)
}

/** @throws OssError PositionNotEqualToLength with the right one. */
function checkPosition(length: number, position: number): void {
  if (position === length) return
  const headers = { 'x-oss-next-append-position': String(length) }
  throw new OssError('PositionNotEqualToLength', { headers })
}

function appendedContent(
  { state }: BucketCall,
  transaction: Transaction,
  former: VersionRecord | undefined,
  { staged, md5, crc64 }: ReceivedBody,
): Content {
  const size = (former?.size ?? 0) + staged.size
  if (size > MAX_UPLOAD) throw new OssError('EntityTooLarge')
  const segments = former?.segments ?? []
  const tail = segments.at(-1)
  // The last two blobs are joined while they are small, or many small appends would make a long list of them.
  const joined = tail && state.blobs.join(tail, staged)
  if (tail && joined) transaction.release([tail])
  return {
    type: 'Appendable',
    size,
    etag: createHash('md5')
      .update(`${former?.etag ?? ''}`)
      .update(md5)
      .digest('hex')
      .toUpperCase(),
    crc64: String(combineCrc64(BigInt(former?.crc64 ?? 0), crc64, staged.size)),
    segments: [...(joined ? segments.slice(0, -1) : segments), ...transaction.adopt(joined ?? staged)],
  }
}
