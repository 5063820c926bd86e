import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { parseConfig } from '../../src/config/parse-config.ts'
import { nodePorts } from '../../src/node/ports.ts'
import { openUpstream } from '../../src/node/upstream.ts'
import { INDEX_PREFIX, objectOfIndex } from '../../src/operations/objects/part-index.ts'
import { removeStaleIndexes, removeStaleRecords } from '../../src/operations/objects/part-index-cleanup.ts'
import { RECORDS_PREFIX, uploadOfRecords } from '../../src/operations/uploads/checksum-records.ts'
import { createOssClient } from '../../src/oss/client.ts'
import { credentialsOf } from '../credentials-of.ts'
import { count } from './faults.ts'
import { ABSENT } from './model.ts'
import { type Bucket, buckets, PART, regions, versionsOf, type World } from './world.ts'

/**
 * Every object that was uploaded in parts has its index, and once the gateway has looked at all indexes, none is left
 * without its object, or an upload that can still become it.
 * @param port of OSS, past everything bad.
 */
export async function compareIndexes(world: World, port: number): Promise<void> {
  for (const bucket of buckets) {
    await requireIndexes(world, bucket)
    const before = await namesOf(world, bucket)
    await clean(bucket, port)
    const after = await namesOf(world, bucket)
    count(world.checks, 'indexes', before.length)
    count(world.checks, 'indexes that were stale', before.length - after.length)
    await requireObjects(world, bucket, after)
  }
}

async function clean(bucket: Bucket, port: number): Promise<void> {
  const config = parseConfig({
    OSS_REGION: regions[bucket],
    OSS_ENDPOINT: `http://127.0.0.1:${port}`,
    OSS_ACCESS_KEY_ID: 'local',
    OSS_ACCESS_KEY_SECRET: 'local-secret',
  })
  const upstream = await openUpstream(config)
  const oss = createOssClient({
    ...nodePorts,
    ...config,
    credentials: credentialsOf(config),
    transport: upstream.transport,
  })
  await removeStaleIndexes(oss, bucket, INDEX_PREFIX, 1000)
  await removeStaleRecords(oss, bucket, RECORDS_PREFIX, 1000)
  await upstream.close()
}

async function requireIndexes(world: World, bucket: Bucket): Promise<void> {
  const [s3] = world.clients as [S3Client]
  for (const key of world.keys) {
    const state = key.only
    if (key.bucket !== bucket || state === ABSENT || state === undefined) continue
    if (!/^w\d+\/parts\//.test(key.name)) continue
    count(world.checks, 'parts of uploads')
    const part = { Bucket: bucket, Key: key.name, PartNumber: 2 }
    const { PartsCount, ContentLength } = await s3.send(new HeadObjectCommand(part))
    const size = state.bytes.length - PART
    if (PartsCount !== 2 || ContentLength !== size)
      world.problems.add(`its part 2 of ${PartsCount} has ${ContentLength} bytes, not ${size}`, key)
  }
}

async function requireObjects(world: World, bucket: Bucket, names: readonly string[]): Promise<void> {
  const { uploads = [] } = (await world.oss[bucket].listUploads({ 'max-uploads': 1000 }, {})) as {
    uploads?: { name: string }[]
  }
  for (const { name } of uploads) {
    const { key } = uploadOfRecords(name) ?? {}
    if (name.startsWith(RECORDS_PREFIX) && !uploads.some((upload) => upload.name === key))
      world.problems.add(`the records ${name} are left in ${bucket}`)
  }
  // Unacknowledged versions too, and those below a delete marker.
  const objects = new Set(
    (await versionsOf(world.oss[bucket])).map(({ name, etag }) => `${etag.toLowerCase()} ${name}`),
  )
  for (const name of names) {
    const { etag, key } = objectOfIndex(name) ?? {}
    if (!objects.has(`"${etag}" ${key}`) && !uploads.some((upload) => upload.name === key))
      world.problems.add(`the index ${name} is left in ${bucket}`)
  }
}

/** The names of all indexes, of each version of one. */
async function namesOf(world: World, bucket: Bucket): Promise<string[]> {
  const objects = await versionsOf(world.oss[bucket], INDEX_PREFIX)
  return objects.map(({ name }) => name)
}
