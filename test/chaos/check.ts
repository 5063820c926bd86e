import { RESERVED_PREFIX } from '../../src/operations/reserved-keys.ts'
import type { OssBucket } from '../harness.ts'
import { CONTENDED } from './contended.ts'
import { count } from './faults.ts'
import { ABSENT, type Key } from './model.ts'
import { type Bucket, buckets, differences, recognise, type Seen, versionsOf, type World } from './world.ts'

/** What is compared by itself. */
const isApart = (name: string) => name.startsWith(RESERVED_PREFIX) || name.startsWith(CONTENDED)

/** Runs `work` over all items, sixteen at a time. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const next = async () => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) await work(item)
  }
  await Promise.all(Array.from({ length: 16 }, next))
}

/** An object as OSS has it, past the gateway; undefined where there is none. */
async function see(oss: OssBucket, key: Key, versionId?: string): Promise<Seen | undefined> {
  const of = versionId === undefined ? {} : { versionId }
  try {
    const { content, res } = await oss.get(key.name, of as never)
    const headers = res.headers as Record<string, string>
    const { tag } = await oss.getObjectTagging(key.name, of)
    return {
      id: headers['x-oss-meta-state'],
      type: headers['content-type'],
      // As S3 writes it; an appendable object's is no MD5 in either.
      etag: headers.etag?.toLowerCase(),
      size: Number(headers['content-length']),
      bytes: { from: 0, content },
      tag: tag.t,
    }
  } catch (error) {
    if ((error as { status?: number }).status === 404) return undefined
    throw error
  }
}

/** Looks what became of the keys whose state is not known; nothing may be under way. */
export async function settle(world: World): Promise<number> {
  const open = world.keys.filter((key) => !key.certain)
  await each(open, (key) => compare(world, key, 'settled'))
  return open.length
}

/** Holds a key against OSS, and lets it be what it is from then on. */
async function compare(world: World, key: Key, what: string): Promise<void> {
  count(world.checks, what)
  const seen = await see(world.oss[key.bucket as Bucket], key)
  const states = [...key.possible]
  const found = seen === undefined ? ABSENT : recognise(states, seen)
  if (found === ABSENT && (seen !== undefined || !key.possible.has(ABSENT))) {
    const why = states.map((state) =>
      state === ABSENT
        ? 'there should be nothing'
        : seen === undefined
          ? `${state.id} is missing`
          : differences(state, seen).join(', '),
    )
    world.problems.add(`OSS has what cannot be there: it ${why.join('; or it ')}`, key)
  }
  key.settle(found === ABSENT ? ABSENT : { ...found, etag: seen?.etag })
  key.note(`${what}: it is ${found?.id ?? 'nothing'}`)
}

/** Everything that there is against everything that there should be, both ways. */
export async function compareAll(world: World): Promise<void> {
  await each(world.keys, (key) => compare(world, key, 'compared at the end'))
  for (const bucket of buckets) {
    await compareListing(world, bucket)
    await compareUploads(world, bucket)
  }
  await compareVersions(world)
}

async function compareListing(world: World, bucket: Bucket): Promise<void> {
  const present = new Map(
    world.keys.flatMap((key) =>
      key.bucket === bucket && key.only !== ABSENT ? [[key.name, key] as const] : [],
    ),
  )
  let token: string | undefined
  do {
    const page = (await world.oss[bucket].listV2(
      { 'max-keys': '1000', ...(token === undefined ? {} : { 'continuation-token': token }) } as never,
      {} as never,
    )) as unknown as {
      objects?: { name: string; size: number; etag: string }[]
      nextContinuationToken?: string
    }
    for (const { name, size, etag } of page.objects ?? []) {
      if (isApart(name)) continue
      count(world.checks, 'listed at the end')
      const key = present.get(name)
      const state = key?.only
      present.delete(name)
      if (state === undefined) world.problems.add(`OSS lists ${bucket}/${name}, which should not be there`)
      else if (size !== state.bytes.length || etag.toLowerCase() !== state.etag)
        world.problems.add(`OSS lists it with ${size} bytes and ETag ${etag}`, key)
    }
    token = page.nextContinuationToken ?? undefined
  } while (token)
  for (const key of present.values()) world.problems.add('OSS does not list it', key)
}

/** Uploads of clients may be left where clients left them; of copies none. */
async function compareUploads(world: World, bucket: Bucket): Promise<void> {
  const { uploads = [] } = (await world.oss[bucket].listUploads({ 'max-uploads': 1000 }, {})) as {
    uploads?: { name: string; uploadId: string }[]
  }
  for (const { name, uploadId } of uploads) {
    if (name.startsWith(RESERVED_PREFIX)) continue
    count(world.checks, 'uploads left by clients')
    if (!/^(w\d+\/parts|contended)\//.test(name))
      world.problems.add(`a copy to ${bucket}/${name} left the upload ${uploadId}`)
    if (world.endedUploads.has(uploadId))
      world.problems.add(`the upload ${uploadId} of ${bucket}/${name} was ended`)
  }
}

/** Every acknowledged version is there, and no other than was written. */
async function compareVersions(world: World): Promise<void> {
  const bucket = 'chaos-versions'
  const keys = new Map(world.keys.filter((key) => key.bucket === bucket).map((key) => [key.name, key]))
  const missing = new Map(
    [...keys.values()].flatMap((key) => [...key.versions.keys()].map((id) => [id, key])),
  )
  const found = await versionsOf(world.oss[bucket])
  await each(found, async ({ name, versionId }) => {
    if (isApart(name)) return
    count(world.checks, 'versions')
    missing.delete(versionId)
    const key = keys.get(name)
    const seen = key && (await see(world.oss[bucket], key, versionId))
    if (key === undefined || seen === undefined) {
      world.problems.add(`there is a version ${versionId} of ${name}, which nobody wrote`)
      return
    }
    const acknowledged = key.versions.get(versionId)
    // Tags are changed without a new version.
    const { tag: _, ...untagged } = seen
    if (!recognise(acknowledged ? [acknowledged] : key.attempted, untagged))
      world.problems.add(
        `its version ${versionId} is ${seen.id} of ${seen.size} bytes, not ${acknowledged?.id}`,
        key,
      )
  })
  for (const [id, key] of missing) world.problems.add(`its version ${id} is gone`, key)
}
