import { setTimeout as sleep } from 'node:timers/promises'
import { CopyObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytes, type CopyWorld, PART, startCopyWorld } from '../gateway/copy-world.ts'

const PARTS = 48
const PARALLEL = 8
/** What a part takes at OSS, in milliseconds. */
const PER_PART = 300

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
    let current = 0
    let highest = 0
    const run = async () => {
      highest = Math.max(highest, ++current)
      await sleep(PER_PART)
    }
    const remove = world.fault({ operation, times: Number.POSITIVE_INFINITY, action: { kind: 'call', run } })
    const stop = world.localOss.onRequest((request) => {
      if (request.operation === operation) current--
    })
    const began = performance.now()
    await world.client.send(new CopyObjectCommand({ Bucket: 'target', Key: operation, CopySource }))
    const took = performance.now() - began
    stop()
    remove()
    expect(highest).toBe(PARALLEL)
    expect((await world.see('target', operation))?.content).toBe((await world.see('near', 'large'))?.content)
    const ideal = (PARTS / PARALLEL) * PER_PART
    console.info(`${operation}: ${Math.round(took)} ms, ${(took / ideal).toFixed(2)} of ${ideal} ms`)
  })
})
