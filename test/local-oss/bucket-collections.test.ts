import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { codeOf, startWorld, type World } from './setup.ts'

let world: World
let bucket: string
let clock = Date.now()
beforeAll(async () => {
  world = await startWorld({ now: () => clock })
})
afterAll(() => world.stop())
beforeEach(async () => {
  bucket = (await world.bucket()).getBucket()
})

const send = (method: string, query: Record<string, string | null>, body?: string) =>
  world.send({ method, bucket, query, ...(body !== undefined && { body }) })
const all = (text: string, name: string) =>
  [...text.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'g'))].map(([, value]) => value)

describe('image styles', () => {
  const style = (content: string) => `<Style><Content>${content}</Content></Style>`
  const put = (styleName: string, content: string) => send('PUT', { style: null, styleName }, style(content))

  test('are kept, changed, listed as they were made and deleted', async () => {
    expect((await send('GET', { style: null })).text).toContain('<StyleList/>')
    for (const [name, content] of [
      ['b', 'image/resize,w_2'],
      ['a', 'anything'],
      ['b', 'image/resize,w_3'],
    ] as const) {
      clock += 1000
      expect((await put(name, content)).status).toBe(200)
    }
    const list = (await send('GET', { style: null })).text
    expect(all(list, 'Name')).toEqual(['b', 'a'])
    expect(all(list, 'Content')).toEqual(['image/resize,w_3', 'anything'])
    const one = (await send('GET', { style: null, styleName: 'b' })).text
    expect(one).toMatch(
      /<Style><Name>b<\/Name><Content>image\/resize,w_3<\/Content><Category>image<.*<CreateTime>.*GMT</,
    )
    expect((await send('DELETE', { style: null, styleName: 'b' })).status).toBe(204)
    const gone = await send('GET', { style: null, styleName: 'b' })
    expect([gone.status, codeOf(gone)]).toEqual([404, 'NoSuchStyle'])
    expect(all((await send('GET', { style: null })).text, 'Name')).toEqual(['a'])
  })

  test.each([
    ['name', ''],
    ['@%$', 'image/resize,w_2'],
    ['a'.repeat(64), 'image/resize,w_2'],
  ])('named %j cannot be %j', async (name, content) => {
    const answer = await put(name, content)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidArgument'])
    expect((await send('GET', { style: null })).text).toContain('<StyleList/>')
  })

  test('are gone with their bucket', async () => {
    await put('a', 'anything')
    await world.client().deleteBucket(bucket)
    await world.client().putBucket(bucket)
    expect((await send('GET', { style: null })).text).toContain('<StyleList/>')
  })
})

describe('inventories', () => {
  const inventory = (id: string, more = '') =>
    `<InventoryConfiguration><Id>${id}</Id><IsEnabled>True</IsEnabled><Destination><OSSBucketDestination><Format>CSV</Format><Bucket>acs:oss:::b</Bucket><Encryption><SSE-OSS/></Encryption></OSSBucketDestination></Destination><Schedule><Frequency>Daily</Frequency></Schedule><IncludedObjectVersions>All</IncludedObjectVersions>${more}</InventoryConfiguration>`
  const put = (inventoryId: string, body = inventory(inventoryId)) =>
    send('PUT', { inventory: null, inventoryId }, body)

  test('are kept and deleted', async () => {
    const query = { inventory: null, inventoryId: 'i' }
    expect(codeOf(await send('GET', query))).toBe('NoSuchInventory')
    const filter = '<Filter><Prefix>p</Prefix><StorageClass>Standard,IA</StorageClass></Filter>'
    expect((await put('i', inventory('i', filter))).status).toBe(200)
    const { text } = await send('GET', query)
    expect(text).toContain(
      inventory('i', filter).replace('True', 'true').replace('Standard,IA', 'IA,Standard'),
    )
    expect(codeOf(await put('i'))).toBe('InventoryConfigurationAlreadyExists')
    expect((await send('DELETE', query)).status).toBe(204)
    expect(codeOf(await send('GET', query))).toBe('NoSuchInventory')
  })

  test('are listed by the hundred; to list none is an error', async () => {
    const none = await send('GET', { inventory: null })
    expect([none.status, codeOf(none)]).toEqual([404, 'NoSuchInventory'])
    const ids = Array.from({ length: 120 }, (_, i) => `i${String(i).padStart(3, '0')}`)
    for (const id of ids) await put(id)
    const first = (await send('GET', { inventory: null })).text
    expect(all(first, 'Id')).toEqual(ids.slice(0, 100))
    expect([all(first, 'IsTruncated'), all(first, 'ContinuationToken')]).toEqual([['true'], []])
    const [token = ''] = all(first, 'NextContinuationToken')
    const second = (await send('GET', { inventory: null, 'continuation-token': token })).text
    expect(all(second, 'Id')).toEqual(ids.slice(100))
    expect([all(second, 'IsTruncated'), all(second, 'ContinuationToken')]).toEqual([['false'], [token]])
    expect(all(second, 'NextContinuationToken')).toEqual([])
  })

  test.each([
    ['of another name', inventory('other'), 'InvalidArgument'],
    ['without a schedule', inventory('i').replace(/<Schedule>.*<\/Schedule>/, ''), 'MalformedXML'],
    ['of yearly lists', inventory('i').replace('Daily', 'Yearly'), 'MalformedXML'],
    ['to a bucket by its bare name', inventory('i').replace('acs:oss:::b', 'b'), 'MalformedXML'],
    ['encrypted twice', inventory('i').replace('<SSE-OSS/>', '<SSE-OSS/><SSE-KMS/>'), 'MalformedXML'],
    ['to nowhere', inventory('i').replace(/<Bucket>.*<\/Bucket>/, ''), 'MalformedXML'],
    ['that is not XML', 'x', 'MalformedXML'],
  ])('are refused %s', async (_, body, code) => {
    expect(codeOf(await put('i', body))).toBe(code)
    expect(codeOf(await send('GET', { inventory: null }))).toBe('NoSuchInventory')
  })
})
