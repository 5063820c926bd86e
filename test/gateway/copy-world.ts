import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { FaultRule } from '../../src/local-oss/index.ts'
import { sha256 } from '../encodings.ts'
import { type OssBucket, type Setup, startWorld, type World } from '../harness.ts'

const KiB = 1024
/** OSS's smallest part. */
export const PART = 100 * KiB

/** How a copy goes: the source's bucket decides the way, its size the number of pieces. */
export const ways = {
  native: { bucket: 'near', size: 10 * KiB },
  parts: { bucket: 'near', size: 3 * PART + 17 },
  'relay in one': { bucket: 'far', size: 50 * KiB },
  'relay in parts': { bucket: 'far', size: 3 * PART + 17 },
} as const
export type Way = keyof typeof ways

/** Bytes of their own for each seed. */
export const bytes = (size: number, seed: number) =>
  Buffer.from(
    Uint32Array.from({ length: Math.ceil(size / 4) }, (_, i) => Math.imul(i + seed, 0x9e3779b1)).buffer,
    0,
    size,
  )

/** What a client can see of an object; undefined where there is none. */
export type Seen =
  | { content: string; headers: Record<string, string>; tags: Record<string, string> }
  | undefined

/** A gateway whose OSS copies natively up to one part's size, with a bucket in each of two regions and one to copy to. */
export type CopyWorld = World & {
  client: S3Client
  bucket(name: string): OssBucket
  putSource(way: Way, key: string, seed: number): Promise<void>
  /** Through ali-oss, past the gateway. */
  see(bucket: string, key: string): Promise<Seen>
  uploads(key: string): Promise<string[]>
  /** Adds a fault; the result takes it away. */
  fault(rule: FaultRule): () => void
}

/** A gateway with buckets to copy between. @param copy the settings of copies. @param settings of the environment. */
export async function startCopyWorld(
  runtime: Setup,
  copy: Record<string, unknown>,
  settings: Record<string, string> = {},
): Promise<CopyWorld> {
  const world = await startWorld(runtime, {
    LOCAL_OSS_COPY_LIMIT: String(PART),
    GATEWAY_CONFIG: JSON.stringify({ copy: { partSize: PART, ...copy } }),
    ...settings,
  })
  const client = world.s3()
  const regions = { near: 'cn-hangzhou', far: 'cn-beijing', target: 'cn-hangzhou' } as const
  const buckets = new Map<string, OssBucket>()
  for (const [Bucket, region] of Object.entries(regions)) {
    const CreateBucketConfiguration = { LocationConstraint: region as never }
    await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }))
    buckets.set(Bucket, world.oss(Bucket, region))
  }
  const bucket = (name: string) => buckets.get(name) as OssBucket
  return {
    ...world,
    client,
    bucket,
    fault: (rule) => world.localOss.faults.add(rule),
    putSource: async (way, Key, seed) => {
      await client.send(
        new PutObjectCommand({
          Bucket: ways[way].bucket,
          Key,
          Body: bytes(ways[way].size, seed),
          ContentType: 'text/x-source',
          Metadata: { seed: String(seed) },
          Tagging: `seed=${seed}`,
        }),
      )
    },
    see: async (name, key) => {
      const object = await bucket(name)
        .get(key)
        .catch((error: { status?: number }) => {
          if (error.status === 404) return undefined
          throw error
        })
      if (object === undefined) return undefined
      const {
        etag,
        'last-modified': time,
        'content-type': type,
        'x-oss-meta-seed': seed,
      } = object.res.headers as unknown as Record<string, string>
      const headers = { etag, time, type, seed } as Record<string, string>
      return {
        content: sha256(object.content),
        headers,
        tags: (await bucket(name).getObjectTagging(key)).tag,
      }
    },
    uploads: async (key) => {
      const { uploads = [] } = (await bucket('target').listUploads(
        { prefix: key, 'max-uploads': 1000 },
        {},
      )) as {
        uploads?: { name: string; uploadId: string }[]
      }
      return uploads.filter(({ name }) => name === key).map(({ uploadId }) => uploadId)
    },
  }
}

/** Something to wait for, and what makes it happen. */
export function event(): [promise: Promise<void>, happen: () => void] {
  let happen = () => {}
  const promise = new Promise<void>((resolve) => {
    happen = resolve
  })
  return [promise, happen]
}

/** Holds requests at OSS until they are released. `reached` resolves with the first of them. */
export function hold(world: World, rule: Omit<FaultRule, 'action'>) {
  const [reached, reach] = event()
  const [released, release] = event()
  const run = () => {
    reach()
    return released
  }
  const remove = world.localOss.faults.add({ ...rule, action: { kind: 'call', run } })
  return { reached, release, remove }
}

/** Calls back when the head of an answer has come, whatever its body is still waiting for. */
export function onAnswerBegun(s3: S3Client, call: () => void): void {
  s3.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args)
      call()
      return answer
    },
    { step: 'deserialize', priority: 'low' },
  )
}

/**
 * Answers no request of an operation before `expected` of them are there at once, and then none without a moment in
 * which one too many could come.
 * @returns how many were there at once at most, to be asked when all is over.
 */
export function countAtOnce(world: CopyWorld, operation: string, expected: number): () => number {
  let current = 0
  let highest = 0
  const [reached, reach] = event()
  const run = async () => {
    highest = Math.max(highest, ++current)
    if (current === expected) reach()
    await reached
    await sleep(20)
  }
  const remove = world.fault({ operation, times: Number.POSITIVE_INFINITY, action: { kind: 'call', run } })
  const stop = world.localOss.onRequest((request) => {
    if (request.operation === operation) current--
  })
  return () => {
    remove()
    stop()
    return highest
  }
}

/** Runs `work` over all items, so many at a time. */
export async function inParallel<T>(items: readonly T[], most: number, work: (item: T) => Promise<void>) {
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: most }, worker))
}
