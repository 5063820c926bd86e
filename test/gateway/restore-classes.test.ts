import {
  CreateBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  type S3Client,
  type StorageClass,
  type Tier,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorld, type World } from '../harness.ts'

const Bucket = 'bucket'
let world: World
let s3: S3Client
beforeAll(async () => {
  world = await startWorld('node', { LOCAL_OSS_RESTORE_TIME: '1h' })
  s3 = world.s3()
  await s3.send(new CreateBucketCommand({ Bucket }))
})
afterAll(() => world.stop())

const archive = 'OSS restores an object of its class Archive for 1 to 7 days'
const cold = 'OSS restores one of ColdArchive or DeepColdArchive for 1 to 365 days'
const noTier = 'Retrieval option is not supported by this storage class'
const restore = (Key: string, Days: number, tier: Tier | undefined) =>
  s3.send(
    new RestoreObjectCommand({
      Bucket,
      Key,
      RestoreRequest: { Days, ...(tier && { GlacierJobParameters: { Tier: tier } }) },
    }),
  )

const rows: [StorageClass, days: number, tier: Tier | undefined, expected: 202 | string, calls: number][] = [
  ['GLACIER', 7, undefined, 202, 1],
  ['GLACIER', 7, 'Standard', 202, 1],
  ['GLACIER', 1, 'Expedited', 202, 3],
  ['GLACIER', 1, 'Bulk', 202, 3],
  ['GLACIER', 8, undefined, archive, 1],
  ['GLACIER', 8, 'Bulk', archive, 3],
  ['DEEP_ARCHIVE', 365, undefined, 202, 1],
  ['DEEP_ARCHIVE', 8, 'Expedited', 202, 1],
  ['DEEP_ARCHIVE', 366, 'Standard', cold, 1],
  ['DEEP_ARCHIVE', 1, 'Bulk', noTier, 1],
]
test.each(rows)('%s for %i days, %s: %s', async (StorageClass, days, tier, expected, calls) => {
  const Key = `${StorageClass}-${days}-${tier}`
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', StorageClass }))
  world.ossRequests()
  const answer = await restore(Key, days, tier).catch((error) => error)
  expect(world.ossRequests()).toHaveLength(calls)
  const { Restore } = await s3.send(new HeadObjectCommand({ Bucket, Key }))
  if (expected === 202) {
    expect(answer.$metadata.httpStatusCode).toBe(202)
    expect(Restore).toBe('ongoing-request="true"')
  } else {
    expect(answer).toMatchObject({ name: 'InvalidArgument', message: expected })
    expect(Restore).toBeUndefined()
  }
})

test('one in progress can be made faster, and nothing else', async () => {
  const Key = 'in-progress'
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', StorageClass: 'DEEP_ARCHIVE' }))
  await restore(Key, 1, 'Standard')
  await expect(restore(Key, 1, 'Standard')).rejects.toMatchObject({ name: 'RestoreAlreadyInProgress' })
  expect((await restore(Key, 1, 'Expedited')).$metadata.httpStatusCode).toBe(202)
  await expect(restore(Key, 1, 'Standard')).rejects.toMatchObject({ name: 'RestoreAlreadyInProgress' })
})
