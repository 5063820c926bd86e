import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Client, codeOf, failure, startWorld, type World } from './setup.ts'

let world: World
let client: Client
let bucket: string
beforeAll(async () => {
  world = await startWorld()
})
beforeEach(async () => {
  client = await world.bucket()
  bucket = client.getBucket()
})
afterAll(() => world.stop())

const send = (method: string, name: string, body?: string) =>
  world.send({ method, bucket, query: { [name]: null }, ...(body !== undefined && { body }) })
const quota = (bytes: number | string, mode = 'Strict') =>
  `<QuotaConfiguration><StorageQuota>${bytes}</StorageQuota><Mode>${mode}</Mode></QuotaConfiguration>`
const capacity = (gigabytes: number | string) =>
  `<BucketUserQos><StorageCapacity>${gigabytes}</StorageCapacity></BucketUserQos>`
const inner = ({ text }: { text: string }) => text.replace(/^<\?xml.*\?>\n/, '')

test('a quota is kept, told with what is stored, and deleted', async () => {
  expect(codeOf(await send('GET', 'quota'))).toBe('NoSuchStorageQuota')
  expect((await send('PUT', 'quota', quota(1000))).status).toBe(200)
  const told = (usage: number) =>
    quota(1000).replace('</Mode>', `</Mode><CurrentUsage>${usage}</CurrentUsage>`)
  expect(inner(await send('GET', 'quota'))).toBe(told(0))
  await client.put('k', Buffer.alloc(100))
  await client.putBucketVersioning(bucket, 'Enabled')
  await client.put('k', Buffer.alloc(50))
  await client.delete('k')
  expect(inner(await send('GET', 'quota'))).toBe(told(150))
  expect((await send('DELETE', 'quota')).status).toBe(204)
  expect(codeOf(await send('GET', 'quota'))).toBe('NoSuchStorageQuota')
})

test.each([
  ['quota', quota(-1), 'MalformedXML'],
  ['quota', quota('1e3'), 'MalformedXML'],
  ['quota', quota(1, 'Lax'), 'MalformedXML'],
  ['quota', '<QuotaConfiguration/>', 'MalformedXML'],
  ['qos', capacity(-2), 'InvalidArgument'],
  ['qos', capacity('1.5'), 'InvalidArgument'],
  ['qos', '<BucketUserQos/>', 'InvalidArgument'],
])('%s cannot be %s', async (name, document, code) => {
  const before = await send('GET', name)
  expect(codeOf(await send('PUT', name, document))).toBe(code)
  expect(inner(await send('GET', name)).replace(/<RequestId>.*?</, '')).toBe(
    inner(before).replace(/<RequestId>.*?</, ''),
  )
})

test('a capacity is any by default, and only changes', async () => {
  expect(inner(await send('GET', 'qos'))).toBe(capacity(-1))
  for (const gigabytes of [100, 0, -1]) {
    expect((await send('PUT', 'qos', capacity(gigabytes))).status).toBe(200)
    expect(inner(await send('GET', 'qos'))).toBe(capacity(gigabytes))
  }
  expect((await send('DELETE', 'qos')).status).toBe(405)
})

describe('a bucket that holds more than it may', () => {
  const exceeded = { status: 403, code: 'QuotaExceeded' }
  let uploadId: string
  beforeEach(async () => {
    await client.put('k', Buffer.from('content'))
    uploadId = (await client.initMultipartUpload('parts')).uploadId
  })

  const writes: [name: string, () => Promise<unknown>][] = [
    ['PutObject', () => client.put('new', Buffer.from('x'))],
    ['CopyObject', () => client.copy('new', 'k')],
    ['AppendObject', () => client.append('new', Buffer.from('x'))],
    ['PutSymlink', () => client.putSymlink('new', 'k', {} as never)],
    ['InitiateMultipartUpload', () => client.initMultipartUpload('new')],
    ['UploadPart', () => client.uploadPart('parts', uploadId, 1, Buffer.from('x') as never, 0, 1)],
    ['CompleteMultipartUpload', () => client.completeMultipartUpload('parts', uploadId, [])],
  ]
  test.each(writes)('takes no %s', async (_, write) => {
    await send('PUT', 'quota', quota(6))
    expect(await failure(write())).toMatchObject(exceeded)
    expect(await failure(client.head('new'))).toMatchObject({ status: 404 })
    await send('PUT', 'quota', quota(7))
    await write()
  })

  test('by either setting, and is read and emptied', async () => {
    await send('PUT', 'qos', capacity(0))
    expect(await failure(client.put('new', Buffer.from('x')))).toMatchObject(exceeded)
    expect((await client.get('k')).content.toString()).toBe('content')
    await client.putObjectTagging('k', { a: 'b' })
    const body = '<Delete><Object><Key>k</Key></Object></Delete>'
    const md5 = createHash('md5').update(body).digest('base64')
    const headers = { 'content-md5': md5 }
    await world.send({ method: 'POST', bucket, query: { delete: null }, headers, body })
    await client.put('new', Buffer.from('x'))
  })

  test('takes all where its quota only warns, or is deleted', async () => {
    await send('PUT', 'quota', quota(0))
    expect(await failure(client.put('new', Buffer.from('x')))).toMatchObject(exceeded)
    await send('PUT', 'quota', quota(0, 'Warning'))
    await client.put('new', Buffer.from('x'))
    await send('PUT', 'quota', quota(0))
    await send('DELETE', 'quota')
    await client.put('new', Buffer.from('x'))
  })
})
