import { createHash } from 'node:crypto'
import { keeping, MAX_UPLOAD, type Received, receiveBody } from './body.ts'
import { type BucketCall, changeObject } from './call.ts'
import type { Change } from './change.ts'
import { combineCrc64 } from './crc64.ts'
import { invalidArgument, OssError } from './errors.ts'
import { writtenHeaders } from './put-object.ts'
import type { Content, VersionRecord } from './records.ts'
import { parseTraits } from './traits.ts'
import { addVersion, checkMutable, currentVersion, updateVersion } from './versions.ts'
import type { Reply } from './wire.ts'

/** AppendObject: makes an appendable object, or lengthens one in place; the position must be its length. */
export async function appendObject(call: BucketCall): Promise<Reply> {
  const { state, key, query, headers } = call
  const position = query.get('position')
  if (position === undefined) throw new OssError('MissingArgument')
  if (!/^\d+$/.test(position)) throw invalidArgument('The append position is invalid.', 'position', position)
  const traits = parseTraits(headers, call.bucket)
  checkAppendable(appendedTo(call), Number(position))
  const received = await receiveBody(call)
  return keeping(call, received, () =>
    changeObject(call, (change, bucket) => {
      const former = appendedTo(call)
      checkAppendable(former, Number(position))
      const content = lengthen(call, change, former, received)
      const lastModified = state.now()
      let version: VersionRecord
      if (former === undefined) {
        version = addVersion(state, change, bucket, key, { ...traits, ...content, lastModified })
      } else {
        checkMutable(state, former)
        version = { ...former, ...content, lastModified }
        updateVersion(state, change, bucket, key, version)
      }
      const next = { 'x-oss-next-append-position': String(version.size) }
      return { headers: { ...writtenHeaders(bucket, version), ...next } }
    }),
  )
}

function appendedTo({ state, bucket, key }: BucketCall): VersionRecord | undefined {
  const current = currentVersion(state, bucket, key)
  return current?.deleteMarker ? undefined : current
}

/** @throws OssError ObjectNotAppendable, PositionNotEqualToLength with the right one. */
function checkAppendable(former: VersionRecord | undefined, position: number): void {
  // The code is 409 on the operation's page and 411 on the list of codes.
  if (former !== undefined && former.type !== 'Appendable') throw new OssError('ObjectNotAppendable')
  const length = former?.size ?? 0
  if (position !== length) {
    const headers = { 'x-oss-next-append-position': String(length) }
    throw new OssError('PositionNotEqualToLength', { headers })
  }
}

function lengthen(
  { state }: BucketCall,
  change: Change,
  former: VersionRecord | undefined,
  { staged, md5, crc64 }: Received,
): Content {
  const size = (former?.size ?? 0) + staged.size
  if (size > MAX_UPLOAD) throw new OssError('EntityTooLarge')
  const segments = former?.segments ?? []
  const tail = segments.at(-1)
  // Many small appends would make a long list of tiny blobs, so the last two are joined while they are small.
  const joined = tail && state.blobs.join(tail, staged)
  if (tail && joined) change.release([tail])
  return {
    type: 'Appendable',
    size,
    etag: createHash('md5')
      .update(`${former?.etag ?? ''}`)
      .update(md5)
      .digest('hex')
      .toUpperCase(),
    crc64: String(combineCrc64(BigInt(former?.crc64 ?? 0), crc64, staged.size)),
    segments: [...(joined ? segments.slice(0, -1) : segments), ...change.adopt(joined ?? staged)],
  }
}
