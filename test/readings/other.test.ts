import { expect, test } from 'vitest'
import { startWorld } from '../harness.ts'

test('the embedded OSS of this suite has the other readings', async () => {
  const world = await startWorld()
  try {
    await world.oss().putBucket('bucket')
    const client = world.oss('bucket')
    await client.put('key', Buffer.from('x'), { mime: 'text/x-former' })
    await client.copy('key', 'key')
    const { res } = await client.head('key')
    expect(res.headers).toMatchObject({ 'content-type': 'application/octet-stream' })
  } finally {
    await world.stop()
  }
})
