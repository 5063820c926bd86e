import { isRedirection, OssError } from '../../oss/error.ts'
import { addRange } from '../../oss/headers.ts'
import { textOf } from '../../oss/read-body.ts'
import type { HeaderMap } from '../../ports.ts'
import type { ByteRange } from '../../s3/range.ts'
import { partsOfETag } from '../../translate/etag.ts'
import {
  INDEX_HEAD,
  indexOfMarked,
  isIndexOf,
  type PartIndex,
  parseIndexHead,
  parsePartChecksum,
  parsePartIndex,
} from '../../translate/part-index.ts'
import { markOf } from '../../translate/stored-checksum.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import type { Context, ObjectRequest } from '../operation.ts'
import { partIndexKey } from './part-index.ts'

/** Of which parts the checksums are wanted: of all, of one by its number from 1, or of none. */
export type WantedChecksums = 'all' | 'none' | number

/**
 * What is kept of an object's parts. Of a long index no more is read than is wanted of it.
 * @param object its headers, as OSS has them.
 * @returns undefined where nothing is kept, or it cannot be read now: of an object uploaded whole, or past this gateway.
 * @throws OssError, OssUnreachable where OSS does not say which.
 */
export async function readPartIndex(
  { bucket, key, headers }: ObjectRequest,
  { oss }: Context,
  object: HeaderMap,
  wanted: WantedChecksums,
): Promise<PartIndex | undefined> {
  const { etag = '', 'content-length': size } = object
  // An object uploaded whole is as one of one part.
  const parts = partsOfETag(etag) ?? 1
  const name = partIndexKey(etag, key)
  if (name === undefined) return undefined
  const read: ReadIndex = async (range, more) => {
    const asked: HeaderMap = { ...requestPayer(headers), ...more }
    if (range !== undefined) addRange(asked, `bytes=${range.first}-${range.last}`)
    const answer = await oss.send({ method: 'GET', bucket, key: name, headers: asked })
    return { text: await textOf(answer.body), etag: answer.headers.etag ?? '' }
  }
  try {
    const index = wanted === 'all' ? parsePartIndex((await read()).text) : await readAsWanted(read, wanted)
    if (index === undefined || !isIndexOf(index, { size: Number(size), parts })) return undefined
    return indexOfMarked(index, markOf(object))
  } catch (error) {
    // 403 also where a rule of the bucket has archived it, 416 where it is empty; a website may redirect what is missing.
    const isUnreadable = error instanceof OssError && [403, 404, 416].includes(error.status)
    if (isUnreadable || isRedirection(error)) return undefined
    throw error
  }
}

/** Reads the document of an index, or some of its bytes. */
type ReadIndex = (range?: ByteRange, headers?: HeaderMap) => Promise<{ text: string; etag: string }>

async function readAsWanted(read: ReadIndex, wanted: number | 'none'): Promise<PartIndex | undefined> {
  const { text, etag } = await read({ first: 0, last: INDEX_HEAD - 1 })
  const short = parsePartIndex(text)
  if (short !== undefined || text.length < INDEX_HEAD) return short
  const head = parseIndexHead(text)
  if (head === undefined) return parsePartIndex((await read()).text)
  if (wanted === 'none') return head.index
  const at = head.placeOf(wanted)
  const there = at.last < text.length ? text.slice(at.first, at.last + 1) : await pinned(read, at, etag)
  // Another upload of the same parts has written it again, perhaps with other checksums.
  if (there === undefined) return parsePartIndex((await read()).text)
  const checksum = parsePartChecksum(there)
  return {
    ...head.index,
    parts: head.index.parts.with(wanted - 1, { size: sizeOf(head.index, wanted), checksum }),
  }
}

const sizeOf = ({ parts }: PartIndex, number: number) => parts[number - 1]?.size ?? 0

/** Some bytes of the document that has this ETag; undefined where it is another by now. */
async function pinned(read: ReadIndex, range: ByteRange, etag: string): Promise<string | undefined> {
  try {
    return (await read(range, { 'if-match': etag })).text
  } catch (error) {
    if (error instanceof OssError && error.status === 412) return undefined
    throw error
  }
}
