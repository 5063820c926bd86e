import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startWorld, type World } from '../harness.ts'
import { send, sign } from './wire.ts'

let world: World
let host: string
beforeAll(async () => {
  world = await startWorld('node')
  host = new URL(world.endpoint).host
  await world.s3().send(new CreateBucketCommand({ Bucket: 'bucket' }))
  await world.oss('bucket').put('key', Buffer.from('x'))
})
afterAll(() => world.stop())
beforeEach(() => void world.ossRequests())

const KiB = 1024
const documents: [method: string, target: string, limit: number][] = [
  ['POST', '/bucket?delete', 2048 * KiB],
  ['POST', '/bucket/key?uploadId=0123456789ABCDEF0123456789ABCDEF', 2048 * KiB],
  ['PUT', '/bucket?lifecycle', 1024 * KiB],
  ['PUT', '/bucket?website', 128 * KiB],
  ['PUT', '/bucket?cors', 64 * KiB],
  ['PUT', '/bucket?policy', 64 * KiB],
  ['PUT', '/bucket?tagging', 64 * KiB],
  ['PUT', '/bucket?acl', 64 * KiB],
  ['PUT', '/bucket?versioning', 64 * KiB],
  ['PUT', '/bucket/key?tagging', 64 * KiB],
  ['PUT', '/bucket/key?acl', 64 * KiB],
  ['PUT', '/bucket/key?retention', 64 * KiB],
  ['PUT', '/new-bucket', 64 * KiB],
  ['POST', '/bucket/key?restore', 64 * KiB],
]

test.each(documents)(
  'the document of %s %s has its limit, and is not read beyond it',
  async (method, target, limit) => {
    const codeOf = async (size: number) => {
      const answer = await send(world.endpoint, sign({ method, target, body: Buffer.alloc(size, ' ') }, host))
      return [answer.status, answer.error.Code, answer.error.MaxMessageLengthBytes]
    }
    expect(await codeOf(limit + 1)).toEqual([400, 'MaxMessageLengthExceeded', String(limit)])
    expect(world.ossRequests()).toEqual([])
    expect((await codeOf(limit))[1]).not.toBe('MaxMessageLengthExceeded')
  },
)

/** The largest there may be, in the forms that take the longest to parse. */
const long: [name: string, target: string, body: string][] = [
  [
    'keys of references',
    '/bucket?delete',
    `<Delete>${`<Object><Key>${'&amp;'.repeat(400)}</Key></Object>`.repeat(1000)}</Delete>`,
  ],
  ['empty elements', '/bucket?delete', `<Delete>\r${'<a/>'.repeat(199_000)}</Delete>`],
  ['attributes', '/bucket?delete', `<Delete>${'<a b="c" d="e"/>'.repeat(130_000)}</Delete>`],
  ['one text', '/bucket?delete', `<Delete>${'&#65;'.repeat(400_000)}</Delete>`],
  [
    'parts',
    '/bucket/key?uploadId=0123456789ABCDEF0123456789ABCDEF',
    `<CompleteMultipartUpload>${Array.from({ length: 10_000 }, (_, i) => `<Part><ETag>&quot;${'a'.repeat(32)}&quot;</ETag><PartNumber>${i + 1}</PartNumber></Part>`).join('')}</CompleteMultipartUpload>`,
  ],
]
test.each(long)('others have their turn while a long document of %s is parsed', async (_, target, body) => {
  const signed = sign({ method: 'POST', target, body }, host)
  let turns = 0
  let isOver = false
  const count = () => {
    turns++
    if (!isOver) setTimeout(count, 1)
  }
  const answer = send(world.endpoint, signed)
  count()
  await answer
  isOver = true
  // Each of its pieces is followed by a turn; the bytes themselves come in as many.
  expect(turns).toBeGreaterThan(body.length / (64 * KiB) / 2)
})
