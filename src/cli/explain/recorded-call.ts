import { isReserved } from '../../operations/reserved-keys.ts'
import { LOCKS } from '../../operations/writes/lock-object.ts'
import { isCopy } from '../../oss/headers.ts'
import { type Endpoint, isPathStyle } from '../../oss/regions.ts'
import type { OssRequest } from '../../ports.ts'
import type { Side } from './facts.ts'

/** A request to OSS, by what it addresses. */
export type Target = { bucket: string; key: string; query: ReadonlyMap<string, string> }

/** A call to OSS that the copy makes. */
export type RecordedCall = Target & {
  method: string
  /** As it is sent. */
  url: string
  /** Without signature, time and length. */
  headers: Record<string, string>
  /** Why it is made. */
  why: string
  /** Whether the call was made; else the status is the one that is expected. */
  made: boolean
  status: number
  /** OSS's, of a refusal. */
  code?: string
  /** The object that a refusal is about. */
  of?: Side
}

/**
 * What a URL made for OSS addresses.
 * @param buckets that may be in the host's name. @param domains the custom domains, which each stand for a bucket.
 */
export function targetOf(url: string, buckets: readonly string[], domains: Endpoint['domains']): Target {
  const begin = url.indexOf('//') + 2
  const slash = url.indexOf('/', begin)
  const mark = url.indexOf('?')
  const host = url.slice(begin, slash)
  const path = decodeURIComponent(url.slice(slash + 1, mark < 0 ? undefined : mark))
  const query = new Map(
    (mark < 0 ? [] : url.slice(mark + 1).split('&')).map((parameter): [string, string] => {
      const [name = '', value = ''] = parameter.split('=')
      return [decodeURIComponent(name), decodeURIComponent(value)]
    }),
  )
  if (isPathStyle(host)) {
    const end = path.indexOf('/')
    return {
      bucket: path.slice(0, end < 0 ? undefined : end),
      key: end < 0 ? '' : path.slice(end + 1),
      query,
    }
  }
  const bound = buckets.find((name) => domains?.get(name)?.host === host)
  const bucket = bound ?? buckets.find((name) => host.startsWith(`${name}.`)) ?? buckets[0] ?? ''
  return { bucket, key: path, query }
}

const omittedHeaders = new Set([
  'authorization',
  'x-oss-date',
  'x-oss-content-sha256',
  'x-oss-security-token',
  'content-length',
])

/** The headers of a call without signature, time and length. */
export const reportedHeaders = ({ headers }: OssRequest): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !omittedHeaders.has(name)))

/** Whether a call asks for an object's bytes. */
export const asksForBytes = (method: string, { key, query }: Target) =>
  method === 'GET' && key !== '' && [...query.keys()].every((name) => name === 'versionId')

/**
 * Why a call is made.
 * @param of which of the copy's objects it addresses. @param written whether the destination has been written.
 */
export function purposeOf(
  method: string,
  { key, query }: Target,
  headers: Record<string, string>,
  of: Side | undefined,
  written: boolean,
): string {
  if (key.startsWith(LOCKS)) {
    return method === 'POST' ? "locks the destination's key for all gateways" : 'gives the lock back'
  }
  const part = query.get('partNumber')
  const copies = isCopy(headers)
  if (method === 'HEAD') {
    if (of === 'source') return 'what the source is: size, metadata, the ETag to pin the copy to'
    return written ? "the result's time and ETag" : 'whether the destination exists, and what it is'
  }
  if (method === 'DELETE') return query.has('uploadId') ? 'aborts the upload' : 'takes back what was written'
  if (method === 'POST' && query.has('uploads')) return 'begins an upload with all that the copy is to have'
  if (method === 'POST') return 'completes the upload'
  if (method === 'PUT') {
    if (part !== undefined)
      return copies ? `part ${part}, moved by OSS` : `part ${part}, streamed by the gateway`
    if (isReserved(key)) return "what is kept of the source's parts, where something is"
    if (copies) return 'the whole copy in one call'
    const [subresource] = query.keys()
    if (subresource !== undefined) return `sets the destination's ${subresource}`
    return of === 'destination' ? 'the whole object, streamed by the gateway' : `writes ${key}`
  }
  if (asksForBytes(method, { bucket: '', key, query })) return "the source's bytes, pinned to its ETag"
  if (query.has('tagging')) return "the source's tags, which only a CopyObject takes along"
  if (query.has('bucketInfo')) return 'what the bucket is: its owner, its versioning'
  if (query.has('worm')) return 'whether the bucket has a retention policy, which would keep a lock'
  if (query.has('objectWorm')) return 'whether the bucket has object lock, and what it retains by default'
  if (query.has('uploads'))
    return 'the uploads there are, so that one whose id got lost can be told and aborted'
  return `reads ${[...query.keys()].join(', ')}`
}
