import { decodeKey } from '../../bytes/percent.ts'
import { keyName } from '../../operations/mapping.ts'
import { children, text, type XmlNode } from '../../xml/index.ts'
import type { Bucket, Request, Result } from './check.ts'
import { aboutBucket } from './checks/names.ts'
import {
  documentOf,
  errorOf,
  isSilent,
  type Response,
  type Silence,
  said,
  uploadIdOf,
} from './http-response.ts'

/** Asks OSS, or the gateway. */
type Ask = (request: Request) => Promise<Response | Silence>

/** The keys that doctor has written, or may have: an answer can be lost. By bucket. */
export class Written {
  readonly #keys = new Map<string, Map<string, 'maybe' | 'written'>>()
  /** Uploads that were begun, by id. */
  readonly #uploads = new Map<string, { bucket: string; key: string }>()

  /** To be told of every request before it is sent, and of what has come of it. */
  async during<A extends Response | Silence>(request: Request, answered: () => Promise<A>): Promise<A> {
    const { method, bucket, key } = request
    if (bucket === undefined || key === undefined || method === 'GET' || method === 'HEAD') return answered()
    const keys = this.#keys.get(bucket) ?? new Map<string, 'maybe' | 'written'>()
    this.#keys.set(bucket, keys)
    keys.set(key, keys.get(key) ?? 'maybe')
    const answer = await answered()
    if (!isSilent(answer) && answer.status < 300) {
      keys.set(key, 'written')
      const id = uploadIdOf(answer)
      if (id !== undefined) this.#uploads.set(id, { bucket, key })
    }
    const isRefused = !isSilent(answer) && answer.status >= 400 && answer.status < 500
    if (isRefused && keys.get(key) === 'maybe') keys.delete(key)
    return answer
  }

  /** What of it is a bucket's own, and not of another name of the same. */
  of = ({ bucket, scratch, reservedScratch }: Bucket): readonly string[] =>
    [...(this.#keys.get(bucket)?.keys() ?? [])].filter(
      (key) => key.startsWith(scratch) || key.startsWith(reservedScratch),
    )

  /** The uploads that were begun in it, whatever has become of them. */
  uploadsOf = ({ bucket, scratch }: Bucket): readonly Entry[] =>
    [...this.#uploads]
      .filter(([, upload]) => upload.bucket === bucket && upload.key.startsWith(scratch))
      .map(([id, { key }]) => ({ key, id }))
}

/** More pages than doctor writes. */
const MOST_ROUNDS = 5

/**
 * Removes what doctor has written to a bucket, its uploads and versions included. Where the gateway has written to another
 * place than its settings name here, it is asked to remove that.
 * @returns undefined where it has written nothing.
 */
export async function removeScratch(
  bucket: Bucket,
  written: Written,
  ask: { oss: Ask; gateway: Ask },
): Promise<Result | undefined> {
  const keys = written.of(bucket)
  if (keys.length === 0) return undefined
  const { scratch, reservedScratch, versioning } = bucket
  const uploads = written.uploadsOf(bucket)
  const inOss: Place = {
    url: `oss://${bucket.bucket}`,
    bucket: bucket.bucket,
    prefixes: [scratch, reservedScratch],
    keys,
    hasVersions: versioning !== undefined,
    uploads,
  }
  const left = await removeFrom(inOss, ask.oss)
  if (bucket.isElsewhere) {
    const named = (key: string) => keyName({ mapped: bucket }, key)
    const byClients: Place = {
      url: `s3://${bucket.name}`,
      bucket: bucket.name,
      prefixes: [named(scratch)],
      keys: keys.filter((key) => key.startsWith(scratch)).map(named),
      hasVersions: undefined,
      uploads: uploads.map(({ key, id }) => ({ key: named(key), id })),
    }
    left.push(...(await removeFrom(byClients, ask.gateway)))
  }
  const about = aboutBucket(bucket.name)
  const at = bucket.upstream === undefined ? {} : { upstream: bucket.upstream }
  if (left.length === 0)
    return { about, ...at, check: 'removal', outcome: 'ok', said: 'all that was written is gone' }
  return {
    about,
    ...at,
    check: 'removal',
    outcome: 'wrong',
    said: `left behind: ${left.join(', ')}`,
    means: 'what doctor has written is still there',
    advice: `remove what begins with ${scratch} and ${reservedScratch}`,
  }
}

type Entry = { key: string; id: string }

/** Where something was written, by the names of whoever is asked to remove it. */
type Place = {
  url: string
  bucket: string
  prefixes: readonly string[]
  keys: readonly string[]
  /** undefined: nobody says. */
  hasVersions: boolean | undefined
  /** Those that are known. */
  uploads: readonly Entry[]
}

/** @returns what is left. */
async function removeFrom(place: Place, ask: Ask): Promise<string[]> {
  const { url, bucket, keys, hasVersions } = place
  const left: string[] = []
  const remove = async (key: string, query: Record<string, string> = {}) => {
    const answer = await ask({ method: 'DELETE', bucket, key, query })
    const isGone = !isSilent(answer) && (answer.status < 300 || answer.status === 404)
    if (!isGone) left.push(`${url}/${key} (${said(answer)})`)
  }

  for (const { key, id } of await uploadsOf(place, ask)) await remove(key, { uploadId: id })
  if (!hasVersions) for (const key of keys) await remove(key)
  if (hasVersions === false) return left
  for (let round = 0; round < MOST_ROUNDS && left.length === 0; round++) {
    const versions = await versionsOf(place, ask)
    if ('unknown' in versions) {
      if (hasVersions) left.push(`versions in ${url}, which cannot be listed (${said(versions.unknown)})`)
      break
    }
    if (versions.length === 0) break
    for (const { key, id } of versions) await remove(key, { versionId: id })
  }
  return left
}

/** Begun uploads below the scratch prefix; where they cannot be listed, those that are known. */
async function uploadsOf({ bucket, prefixes, uploads }: Place, ask: Ask): Promise<readonly Entry[]> {
  const query = { uploads: '', prefix: prefixes[0] ?? '', 'encoding-type': 'url' }
  const answer = await ask({ method: 'GET', bucket, query })
  if (isSilent(answer) || errorOf(answer) !== undefined) return uploads
  return entries(documentOf(answer, 'ListMultipartUploadsResult'), ['Upload'], 'UploadId')
}

/** @returns what they are, or the answer that does not say so. */
async function versionsOf(
  { bucket, prefixes }: Place,
  ask: Ask,
): Promise<Entry[] | { unknown: Response | Silence }> {
  const found: Entry[] = []
  for (const prefix of prefixes) {
    const query = { versions: '', prefix, 'encoding-type': 'url' }
    const answer = await ask({ method: 'GET', bucket, query })
    if (isSilent(answer) || errorOf(answer) !== undefined) return { unknown: answer }
    found.push(...entries(documentOf(answer, 'ListVersionsResult'), ['Version', 'DeleteMarker'], 'VersionId'))
  }
  return found
}

const entries = (document: XmlNode | undefined, names: readonly string[], id: string): Entry[] =>
  names.flatMap((name) =>
    children(document ?? {}, name).map((node) => ({
      key: decodeKey(text(node, 'Key') ?? ''),
      id: text(node, id) ?? '',
    })),
  )
