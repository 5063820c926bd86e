import { setTimeout as sleep } from 'node:timers/promises'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { LocalOss } from '../../src/local-oss/index.ts'
import { reservedVersions } from '../reserved.ts'
import type { Contended, Counter, Lock } from './contended-model.ts'
import { count } from './faults.ts'
import { lockFor } from './locked.ts'
import { Key } from './model.ts'
import { contentOf } from './random.ts'
import type { Options, Outcome, Worker } from './worker.ts'
import { allBuckets, type Bucket, LOCKED, MiB, sdkClient, versionsOf, type World } from './world.ts'

/**
 * What many clients write at once through two gateways, each under the condition of what it has seen. Nothing else
 * writes it.
 */
export const CONTENDED = 'contended/'

/** By these, a write under a condition is certain not to have been made. */
const REFUSED = ['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey']
/** A gateway that was killed. */
const KILLED = ['ECONNREFUSED']
const LEFT_UNLOCKED = 'LeftUnlocked'
const NOTHING = 'nothing'
/** Milliseconds within which every lock has been given back when nobody writes any more. */
const GIVEN_BACK = 30_000

/** A client that makes each request once. */
export const contenderOf = (endpoint: string) => sdkClient(endpoint, 1)

/** @param hasLocks whether conditions are held by locks, for which there is no place in a bucket with object lock. */
export function contended(endpoints: readonly string[], hasLocks: boolean): Contended {
  const keys = (name: string, ...more: string[]) =>
    ['chaos-near', 'chaos-versions', ...more].map((bucket) => new Key(bucket, `${CONTENDED}${name}`))
  return {
    counters: keys('counter', ...(hasLocks ? [] : [LOCKED])).map((key) => ({
      key,
      after: new Map(),
      acknowledged: new Set(),
      refused: new Set(),
      seen: new Set(),
    })),
    claims: keys('claim').map((key) => ({ key, holder: undefined, orphans: new Set() })),
    locked: new Map(),
    left: new Set(),
    clients: endpoints.map(contenderOf),
  }
}

const at = ({ bucket, name }: Key) => ({ Bucket: bucket, Key: name })
const isRefused = (outcome: Outcome<unknown>) => 'refusal' in outcome && REFUSED.includes(outcome.refusal)

type Found = { id: string; etag: string | undefined }

/** What there is; undefined where that was not to be learnt. */
async function look(worker: Worker, s3: S3Client, key: Key): Promise<Found | undefined> {
  const outcome = await worker.ask(
    'look before a conditional write',
    key,
    async (options) => {
      const found = await s3.send(new GetObjectCommand({ ...at(key), Range: 'bytes=0-0' }), options)
      await found.Body?.transformToByteArray()
      return found
    },
    ['NoSuchKey', ...KILLED],
  )
  if ('value' in outcome) return { id: outcome.value.Metadata?.id ?? '', etag: outcome.value.ETag }
  return outcome.refusal === 'NoSuchKey' ? { id: NOTHING, etag: undefined } : undefined
}

type Condition = { IfMatch: string } | { IfNoneMatch: string } | Record<never, string>
/** @param asked the value's metadata, and what is to keep it. */
type Write = (
  worker: Worker,
  s3: S3Client,
  key: Key,
  asked: { Metadata: Record<string, string> } & Lock,
  condition: Condition,
) => Promise<Outcome<object> | undefined>

/** That an object was written, and could be neither locked nor removed. */
const LEFT = /^The object was written, but is not locked as asked/

const ask = <T>(worker: Worker, kind: string, key: Key, send: (options: Options) => Promise<T>) =>
  worker.ask(
    kind,
    key,
    (options) =>
      send(options).catch((error: Error & { VersionId?: string }) => {
        if (!LEFT.test(error.message)) throw error
        worker.world.contended.left.add(error.VersionId ?? '')
        throw Object.assign(error, { name: LEFT_UNLOCKED })
      }),
    [...REFUSED, ...KILLED, LEFT_UNLOCKED],
  )

const putOf =
  (kind: string, size: number): Write =>
  (worker, s3, key, asked, condition) => {
    const Body = contentOf(Number(asked.Metadata.id), size + worker.random.below(1000))
    return ask(worker, kind, key, (options) =>
      s3.send(new PutObjectCommand({ ...at(key), ...asked, Body, ...condition }), options),
    )
  }

const copy: Write = async (worker, s3, key, asked, condition) => {
  const { id } = asked.Metadata
  // Of its own content, since a value is known by its ETag.
  const source = { Bucket: key.bucket, Key: `${CONTENDED}source/${id}` }
  const Body = contentOf(Number(id), 1000)
  const staged = await ask(worker, 'put of what is copied under a condition', key, (options) =>
    s3.send(new PutObjectCommand({ ...source, Body }), options),
  )
  if (!('value' in staged)) return undefined
  return ask(worker, 'conditional copy', key, (options) =>
    s3.send(
      new CopyObjectCommand({
        ...at(key),
        CopySource: `${source.Bucket}/${source.Key}`,
        MetadataDirective: 'REPLACE',
        ...asked,
        ...condition,
      }),
      options,
    ),
  )
}

const complete: Write = async (worker, s3, key, asked, condition) => {
  const Body = contentOf(Number(asked.Metadata.id), 1000)
  const begun = await ask(worker, 'upload to complete under a condition', key, async (options) => {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...at(key), ...asked }), options)
    const part = { ...at(key), UploadId, PartNumber: 1, Body }
    const { ETag } = await s3.send(new UploadPartCommand(part), options)
    return { UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }
  })
  if (!('value' in begun)) return undefined
  return ask(worker, 'conditional completion', key, (options) =>
    s3.send(new CompleteMultipartUploadCommand({ ...at(key), ...begun.value, ...condition }), options),
  )
}

const writes: readonly Write[] = [
  putOf('conditional put', 10),
  putOf('conditional put', 10),
  putOf('conditional put, large', MiB),
  copy,
  complete,
]

/** One write, in a bucket with object lock with a lock of its own. */
async function writeKept(
  worker: Worker,
  s3: S3Client,
  key: Key,
  Metadata: Record<string, string>,
  condition: Condition,
): Promise<Outcome<object> | undefined> {
  const { random, world } = worker
  const lock = lockFor(key.bucket, random)
  const outcome = await random.pick(writes)(worker, s3, key, { Metadata, ...lock }, condition)
  if (key.bucket === LOCKED && outcome !== undefined && 'value' in outcome)
    world.contended.locked.set(Metadata.id ?? '', lock)
  return outcome
}

/** Writes what is to be kept. */
async function keep(worker: Worker): Promise<void> {
  const { world, random } = worker
  const id = String(world.nextId())
  await writeKept(
    worker,
    random.pick(world.contended.clients),
    new Key(LOCKED, `${CONTENDED}kept`),
    { id },
    {},
  )
}

/** Replaces what there is with a value that names it. */
async function commit(worker: Worker): Promise<void> {
  const { world, random } = worker
  const { counters, clients } = world.contended
  const counter = random.pick(counters)
  const { key, seen } = counter
  const s3 = random.pick(clients)
  const found = await look(worker, s3, key)
  if (found === undefined) return
  if (found.id !== NOTHING) seen.add(found.id)
  const id = String(world.nextId())
  counter.after.set(id, found.id)
  key.note(`${id} after ${found.id} …`)
  const condition = found.etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: found.etag }
  const outcome = await writeKept(worker, s3, key, { id, after: found.id }, condition)
  if (outcome === undefined || isRefused(outcome)) counter.refused.add(id)
  else if ('value' in outcome) counter.acknowledged.add(id)
  key.note(`${id} after ${found.id}: ${outcome && ('value' in outcome ? 'done' : outcome.refusal)}`)
}

/** Creates what is not there, and deletes it again; of those who are told that they have, there is one at a time. */
async function hold(worker: Worker): Promise<void> {
  const { world, random } = worker
  const { claims, clients } = world.contended
  const claim = random.pick(claims)
  const { key, orphans } = claim
  const id = String(world.nextId())
  const put = putOf('conditional creation', 10)
  const created = await put(worker, random.pick(clients), key, { Metadata: { id } }, { IfNoneMatch: '*' })
  key.note(`creation by ${id}: ${created && ('value' in created ? 'done' : created.refusal)}`)
  if (created === undefined) return
  if ('value' in created) {
    if (claim.holder !== undefined)
      world.problems.add(`${id} has created what ${claim.holder} had created`, key)
    claim.holder = id
    const found = await look(worker, random.pick(clients), key)
    if (found !== undefined && found.id !== id)
      world.problems.add(`${id} has created it, and it is ${found.id}`, key)
    claim.holder = undefined
    const deleted = await remove(worker, key, id, (created.value as { ETag?: string }).ETag)
    if (isRefused(deleted)) world.problems.add(`${id} has created it, and cannot delete it`, key)
    else if (!('value' in deleted)) orphans.add(id)
    return
  }
  if (!isRefused(created)) {
    orphans.add(id)
    return
  }
  const found = await look(worker, random.pick(clients), key)
  if (found === undefined) return
  if (found.id === id) world.problems.add(`${id} was refused, and has created it`, key)
  if (orphans.has(found.id)) await remove(worker, key, found.id, found.etag)
}

async function remove(
  worker: Worker,
  key: Key,
  id: string,
  IfMatch: string | undefined,
): Promise<Outcome<unknown>> {
  const s3 = worker.random.pick(worker.world.contended.clients)
  const outcome = await ask(worker, 'conditional deletion', key, (options) =>
    s3.send(new DeleteObjectCommand({ ...at(key), IfMatch }), options),
  )
  key.note(`deletion of ${id}: ${'value' in outcome ? 'done' : outcome.refusal}`)
  return outcome
}

/** What those do that contend, and how often. */
export const contendedOperations = [
  [commit, 3],
  [hold, 1],
  [keep, 1],
] as const

/** Nothing that was acknowledged is lost, nothing that was refused is there, and no lock is left. */
export async function compareContended(world: World, oss: LocalOss): Promise<void> {
  for (const counter of world.contended.counters) await compareCounter(world, counter)
  await takeOver(world)
  await compareLocks(world, oss)
}

async function compareCounter(world: World, counter: Counter): Promise<void> {
  const { key, after, acknowledged, refused, seen } = counter
  const last = await idOf(world, key)
  const chain = new Set<string>()
  for (let id = last; id !== NOTHING && !chain.has(id); id = after.get(id) ?? NOTHING) chain.add(id)
  count(world.checks, 'conditional writes acknowledged', acknowledged.size)
  count(world.checks, 'conditional writes refused', refused.size)
  const problem = (what: string) => world.problems.add(what, key)
  for (const id of acknowledged) if (!chain.has(id)) problem(`${id} is lost: it is not before ${last}`)
  // What could not be locked is taken back, and may have been seen.
  if (key.bucket !== LOCKED)
    for (const id of seen) if (!chain.has(id)) problem(`${id} was seen and is lost: it is not before ${last}`)
  for (const id of refused) if (chain.has(id)) problem(`${id} was refused, and was written`)
  if (key.bucket === 'chaos-near') return
  const versions = (await versionsOf(world.oss[key.bucket as Bucket], key.name)).filter(
    ({ name }) => name === key.name,
  )
  const ids: string[] = []
  for (const { versionId } of versions) ids.push(await idOf(world, key, versionId))
  for (const [i, id] of ids.entries()) {
    count(world.checks, 'versions written under a condition')
    const before = ids[i + 1] ?? NOTHING
    if (after.get(id) !== before) problem(`${id} was written after ${before}, not ${after.get(id)}`)
  }
}

/** The value that there is, past the gateways. */
async function idOf(world: World, key: Key, versionId?: string): Promise<string> {
  const of = versionId === undefined ? {} : { versionId }
  try {
    const { res } = await world.oss[key.bucket as Bucket].head(key.name, of as never)
    return (res.headers as Record<string, string>)['x-oss-meta-id'] ?? ''
  } catch (error) {
    if ((error as { status?: number }).status === 404) return NOTHING
    throw error
  }
}

/** A gateway that was killed leaves its locks to the next who writes. */
async function takeOver(world: World): Promise<void> {
  const { counters, claims, clients } = world.contended
  const [s3] = clients as [S3Client]
  await Promise.all(
    [...counters, ...claims].map(async ({ key }) => {
      for (let tried = 1; ; tried++) {
        const { ETag } = await s3
          .send(new HeadObjectCommand(at(key)))
          .catch(() => ({ ETag: undefined as string | undefined }))
        const condition = ETag === undefined ? { IfNoneMatch: '*' } : { IfMatch: ETag }
        try {
          return await s3.send(new PutObjectCommand({ ...at(key), Body: 'last', ...condition }))
        } catch (error) {
          if (tried === 3) return world.problems.add(`it cannot be written: ${(error as Error).name}`, key)
        }
      }
    }),
  )
}

async function compareLocks(world: World, oss: LocalOss): Promise<void> {
  for (const bucket of allBuckets) {
    const until = Date.now() + GIVEN_BACK
    let left = await reservedVersions(oss, bucket)
    for (; left.length > 0 && Date.now() < until; left = await reservedVersions(oss, bucket)) await sleep(500)
    count(world.checks, 'buckets without locks')
    for (const lock of left) world.problems.add(`${lock} is left in ${bucket}`)
  }
}
