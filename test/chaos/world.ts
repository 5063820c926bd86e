import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3'
import OSS from 'ali-oss'
import { md5 } from '../encodings.ts'
import type { OssBucket } from '../harness.ts'
import type { Contended } from './contended-model.ts'
import { count, type Tally } from './faults.ts'
import { Key, type Problems, type State, type Value } from './model.ts'
import { contentOf } from './random.ts'

export const KiB = 1024
export const MiB = 1024 * KiB
/** What OSS copies in one call, and the parts of what it does not. */
export const COPY_LIMIT = MiB
/** S3's least part of an upload. */
export const PART = 5 * MiB

export const regions = {
  'chaos-near': 'cn-hangzhou',
  'chaos-other': 'cn-hangzhou',
  'chaos-versions': 'cn-hangzhou',
  'chaos-far': 'cn-beijing',
  'chaos-locked': 'cn-hangzhou',
} as const
export type Bucket = keyof typeof regions
export const allBuckets = Object.keys(regions) as Bucket[]
/** With object lock: written by those alone that contend. */
export const LOCKED = 'chaos-locked'
/** Those that everybody writes. */
export const buckets = allBuckets.filter((bucket) => bucket !== LOCKED)

/** What all workers share. */
export type World = {
  endpoint: string
  clients: readonly S3Client[]
  /** Past the gateway and everything bad, by bucket. */
  oss: Record<Bucket, OssBucket>
  problems: Problems
  /** Never changed again: to copy from. */
  sources: Key[]
  /** Written again and again while others read and copy them. */
  hot: Key[]
  keys: Key[]
  contended: Contended
  /** Uploads whose end was acknowledged. */
  endedUploads: Set<string>
  nextId(): number
  operations: Tally
  /** Milliseconds the longest one took. */
  longest: Tally
  failures: Tally
  checks: Tally
  /** Requests that the SDK sent again. */
  retries: { count: number }
}

/** A client that behaves as it does by default, its retries included where no number of attempts is given. */
export const sdkClient = (endpoint: string, maxAttempts?: number) =>
  new S3Client({
    endpoint,
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local-secret' },
    requestHandler: { httpAgent: { maxSockets: 100 } },
  })

/** ali-oss for one bucket, past the gateway. */
export const ossOf = (bucket: Bucket, port: number) =>
  new OSS({
    accessKeyId: 'local',
    accessKeySecret: 'local-secret',
    endpoint: `http://127.0.0.1:${port}`,
    region: `oss-${regions[bucket]}`,
    bucket,
    authorizationV4: true,
    timeout: '120s',
  } as OSS.Options) as OssBucket

/** All versions that are no delete markers, the newest of each name first. */
export async function versionsOf(
  oss: OssBucket,
  prefix?: string,
): Promise<{ name: string; versionId: string; etag: string }[]> {
  const found: { name: string; versionId: string; etag: string }[] = []
  const asked = { 'max-keys': 1000, ...(prefix === undefined ? {} : { prefix }) }
  for (let query: Record<string, unknown> = asked; ; ) {
    const page = (await (
      oss as never as { getBucketVersions(query: object): Promise<never> }
    ).getBucketVersions(query)) as {
      objects?: { name: string; versionId: string; etag: string }[]
      isTruncated: boolean
      nextKeyMarker: string
      nextVersionIdMarker: string
    }
    found.push(...(page.objects ?? []))
    if (!page.isTruncated) return found
    query = { ...asked, keyMarker: page.nextKeyMarker, versionIdMarker: page.nextVersionIdMarker }
  }
}

/** A value of its own; its ETag is that of one put in one piece. */
export function newValue(world: World, size: number, tag?: string): Value {
  const id = world.nextId()
  const bytes = contentOf(id, size)
  const etag = `"${md5(bytes)}"`
  return { id, bytes, type: `text/x-${id % 7}`, tag, etag, versionId: undefined }
}

/** The user metadata that a value is stored with: which one it is. */
export const metadataOf = ({ id }: Value) => ({ state: String(id) })

/** What an ETag of these parts is in OSS: of their tags as text. */
export const etagOfParts = (parts: readonly Uint8Array[]) =>
  `"${md5(Buffer.from(parts.map((part) => md5(part).toUpperCase()).join('')))}-${parts.length}"`

/** Buckets, sources and hot keys; before anything misbehaves. */
export async function furnish(world: World): Promise<void> {
  const [s3] = world.clients as [S3Client]
  for (const bucket of allBuckets) {
    const CreateBucketConfiguration = { LocationConstraint: regions[bucket] as never }
    const ObjectLockEnabledForBucket = bucket === LOCKED
    await s3.send(
      new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration, ObjectLockEnabledForBucket }),
    )
  }
  await s3.send(
    new PutBucketVersioningCommand({
      Bucket: 'chaos-versions',
      VersioningConfiguration: { Status: 'Enabled' },
    }),
  )
  const put = async (bucket: Bucket, name: string, size: number) => {
    const key = new Key(bucket, name)
    const value = newValue(world, size, 'source')
    const headers = { ...ossHeaders(value), 'x-oss-tagging': 't=source' }
    const { res } = await world.oss[bucket].put(name, value.bytes, { headers } as never)
    value.versionId = (res.headers as Record<string, string>)['x-oss-version-id']
    const write = key.begin([value])
    write.done()
    world.keys.push(key)
    return key
  }
  for (const bucket of buckets) {
    world.sources.push(await put(bucket, 'source/small', 10_000))
    world.sources.push(await put(bucket, 'source/large', PART + 300_000))
    world.hot.push(await put(bucket, 'hot/small', 5000))
    world.hot.push(await put(bucket, 'hot/large', 2 * MiB))
  }
  for (const bucket of ['chaos-near', 'chaos-far'] as const) {
    const name = 'source/appended'
    const key = new Key(bucket, name)
    const value: Value = { ...newValue(world, 400_000), etag: undefined }
    await world.oss[bucket].append(name, value.bytes.subarray(0, 100_000), {
      headers: ossHeaders(value),
    } as never)
    await world.oss[bucket].append(name, value.bytes.subarray(100_000), { position: '100000' } as never)
    const { headers } = (await world.oss[bucket].head(name)).res as { headers: { etag?: string } }
    value.appendedETag = headers.etag?.toLowerCase() ?? ''
    key.begin([value]).done()
    world.keys.push(key)
    world.sources.push(key)
  }
}

const ossHeaders = ({ id, type }: Value) => ({ 'content-type': type, 'x-oss-meta-state': String(id) })

/** What a reader has seen of an object. */
export type Seen = {
  id: string | undefined
  type: string | undefined
  etag: string | undefined
  size: number
  /** Its bytes from there on, where they were read. */
  bytes?: { from: number; content: Buffer }
  tag?: string | undefined
}

const isPartsETag = (etag: string | undefined) => /^"[0-9a-f]{32}-\d+"$/.test(etag ?? '')

/** The value that was seen, of those that may be; undefined is none of them. */
export function recognise(states: Iterable<State>, seen: Seen): Value | undefined {
  for (const state of states) if (state !== undefined && differences(state, seen).length === 0) return state
  return undefined
}

/** What of a value is not what was seen. */
export function differences(value: Value, seen: Seen): string[] {
  const { bytes } = seen
  const found: string[] = []
  if (seen.id !== String(value.id)) found.push(`is value ${seen.id}, not ${value.id}`)
  if (seen.type !== value.type) found.push(`has type ${seen.type}, not ${value.type}`)
  if (seen.size !== value.bytes.length) found.push(`has ${seen.size} bytes, not ${value.bytes.length}`)
  if (value.etag !== undefined && seen.etag !== value.etag)
    found.push(`has ETag ${seen.etag}, not ${value.etag}`)
  if ('tag' in seen && seen.tag !== value.tag) found.push(`has tag ${seen.tag}, not ${value.tag}`)
  if (bytes && !bytes.content.equals(value.bytes.subarray(bytes.from, bytes.from + bytes.content.length)))
    found.push(`has other bytes than ${value.id}`)
  return found
}

/** Holds what a reader saw against everything that may be there. */
export function judge(world: World, what: string, key: Key, states: ReadonlySet<State>, seen: Seen): void {
  count(world.checks, what)
  if (recognise(states, seen)) return
  const why = [...states].map((state) =>
    state ? differences(state, seen).join(', ') : 'there should be nothing',
  )
  world.problems.add(`${what} gave what cannot be there: ${why.join('; or it ')}`, key)
}

/** The values a copy gives, of what its source may be. @param replaced type and tag where they are not copied. */
export function copiesOf(
  states: Iterable<State>,
  replaced: Pick<Value, 'id' | 'type' | 'tag'> | undefined,
): Value[] {
  const values = [...states].filter((state) => state !== undefined)
  return values.flatMap((value) => {
    const copy = { ...value, etag: undefined, versionId: undefined, ...replaced }
    if (replaced !== undefined) return [copy]
    // Tags are no part of an object's ETag: the source's may be changed under a copy.
    const tags = new Set(values.filter(({ bytes }) => bytes === value.bytes).map(({ tag }) => tag))
    return [...tags].map((tag) => ({ ...copy, tag }))
  })
}

/** Whether a copy of that value can have that ETag. */
export const mayHaveETag = (value: Value, etag: string | undefined) =>
  isPartsETag(etag) || etag === `"${md5(value.bytes)}"` || (etag !== undefined && etag === value.appendedETag)
