import { CopyObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytes, type CopyWorld, countAtOnce, PART, startCopyWorld } from '../gateway/copy-world.ts'

const PARTS = 48
const PARALLEL = 8

describe('the parts of a copy', () => {
  let world: CopyWorld
  beforeAll(async () => {
    world = await startCopyWorld('sockets', { parallel: PARALLEL })
    for (const name of ['near', 'far']) await world.bucket(name).put('large', bytes(PARTS * PART, 1))
  })
  afterAll(() => world.stop())

  test.each([
    ['UploadPartCopy', 'near/large'],
    ['UploadPart', 'far/large'],
  ])('go on side by side, as many as are set and never more: %s', async (operation, CopySource) => {
    const highest = countAtOnce(world, operation, PARALLEL)
    await world.client.send(new CopyObjectCommand({ Bucket: 'target', Key: operation, CopySource }))
    expect(highest()).toBe(PARALLEL)
    expect((await world.see('target', operation))?.content).toBe((await world.see('near', 'large'))?.content)
  })
})
