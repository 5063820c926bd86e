import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, codeOf, failure, startWorld, type World } from './setup.ts'

type Headers = Record<string, string>

let world: World
let client: Client
let bucket: string
beforeAll(async () => {
  world = await startWorld()
  client = await world.bucket()
  bucket = client.getBucket()
})
afterAll(() => world.stop())

const head = async (key: string, from = client): Promise<Headers> =>
  ((await from.head(key)).res as { headers: Headers }).headers

describe('a symbolic link', () => {
  test('reads as its target, with a type and metadata of its own', async () => {
    await client.put('target/ä', Buffer.from('content'), { headers: { 'x-oss-meta-of': 'target' } })
    await client.putSymlink('link', 'target/ä', { meta: { of: 'link' }, headers: {} } as never)
    expect((await client.getSymlink('link')).targetName).toBe('target/ä')
    expect(String((await client.get('link')).content)).toBe('content')
    const target = await head('target/ä')
    expect(await head('link')).toMatchObject({
      'x-oss-object-type': 'Symlink',
      'x-oss-meta-of': 'link',
      'content-length': '7',
      etag: target.etag,
      'x-oss-hash-crc64ecma': target['x-oss-hash-crc64ecma'],
    })
    expect((await client.getObjectMeta('link')).res.headers.etag).not.toBe(target.etag)
  })

  test('tells its own metadata with its target', async () => {
    const headers = { 'content-type': 'text/x-link', 'x-oss-meta-of': 'link' }
    await client.putSymlink('told', 'target/ä', { headers } as never)
    const told = (await client.getSymlink('told')) as unknown as { res: { headers: Headers } }
    expect(told.res.headers).toMatchObject(headers)
  })

  test.each([
    ['a b', 'a b'],
    ['a+b', 'a b'],
    ['a%20b', 'a b'],
    ['a%2Bb', 'a+b'],
    ['a/%E4%B8%AD', 'a/中'],
  ])('has the target %j decoded as forms are', async (written, target) => {
    const headers = { 'x-oss-symlink-target': written }
    const made = await world.send({ method: 'PUT', bucket, key: 'form', query: { symlink: null }, headers })
    expect(made.status).toBe(200)
    expect((await client.getSymlink('form')).targetName).toBe(target)
  })

  test('is deleted itself, by either name', async () => {
    await client.put('kept', Buffer.from('kept'))
    for (const query of [{}, { symlink: null }] as Record<string, null>[]) {
      await client.putSymlink('passing', 'kept', {} as never)
      expect((await world.send({ method: 'DELETE', bucket, key: 'passing', query })).status).toBe(204)
      expect(await failure(client.get('passing'))).toMatchObject({ code: 'NoSuchKey' })
    }
    expect(String((await client.get('kept')).content)).toBe('kept')
  })

  test('needs a target that is there and no link', async () => {
    await client.putSymlink('dangling', 'nowhere', {} as never)
    expect(await failure(client.get('dangling'))).toMatchObject({
      code: 'SymlinkTargetNotExist',
      status: 404,
    })
    await client.putSymlink('chain', 'link', {} as never)
    expect(await failure(client.get('chain'))).toMatchObject({ code: 'InvalidTargetType', status: 400 })
    expect(await failure(client.getSymlink('target/ä'))).toMatchObject({ code: 'NotSymlink', status: 400 })
    const query = { symlink: null }
    expect(codeOf(await world.send({ method: 'PUT', bucket, key: 'none', query }))).toBe('MissingArgument')
  })
})
