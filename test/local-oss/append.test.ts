import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Crc64 } from '../../src/local-oss/store/crc64.ts'
import { type Client, codeOf, failure, startWorld, type World } from './setup.ts'

type Headers = Record<string, string>

let world: World
let client: Client
let bucket: string
let clock = Date.now()
beforeAll(async () => {
  world = await startWorld({ now: () => clock })
  client = await world.bucket()
  bucket = client.getBucket()
})
afterAll(() => world.stop())

const head = async (key: string): Promise<Headers> =>
  ((await client.head(key)).res as { headers: Headers }).headers

describe('an appendable object', () => {
  test('grows from position to position', async () => {
    const pieces = [
      Buffer.from('small'),
      Buffer.alloc(40_000, 'large'),
      Buffer.from('x'),
      Buffer.from('y'),
      Buffer.alloc(16_384),
    ]
    let position = 0
    for (const piece of pieces) {
      const appended = await client.append('log', piece, {
        position: String(position),
        meta: { own: 'first' },
      } as never)
      position += piece.length
      expect(Number(appended.nextAppendPosition)).toBe(position)
    }
    const whole = Buffer.concat(pieces)
    expect((await client.get('log')).content.equals(whole)).toBe(true)
    expect(await head('log')).toMatchObject({
      'x-oss-object-type': 'Appendable',
      'x-oss-next-append-position': String(whole.length),
      'x-oss-hash-crc64ecma': String(new Crc64().update(whole).digest()),
      'x-oss-meta-own': 'first',
    })
    expect(await head('log')).not.toHaveProperty('content-md5')
  })

  test('stays readable through hundreds of tiny appends', async () => {
    let text = ''
    for (let i = 0; i < 300; i++) {
      await client.append('ticks', Buffer.from(`${i} `), { position: String(text.length) } as never)
      text += `${i} `
    }
    expect(String((await client.get('ticks')).content)).toBe(text)
  })

  test('tells the right position when asked for a wrong one', async () => {
    const length = (await head('log'))['content-length']
    const query = { append: null, position: '3' }
    const answer = await world.send({ method: 'POST', bucket, key: 'log', query, body: 'x' })
    expect([answer.status, codeOf(answer), answer.headers['x-oss-ec']]).toEqual([
      409,
      'PositionNotEqualToLength',
      '0026-00000016',
    ])
    expect(answer.headers['x-oss-next-append-position']).toBe(length)
    const fresh = await world.send({ method: 'POST', bucket, key: 'fresh', query, body: 'x' })
    expect(fresh.headers['x-oss-next-append-position']).toBe('0')
  })

  test('grows by one of many who append at the same position', async () => {
    const append = () => client.append('race', Buffer.from('x'), { position: '0' } as never)
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, append))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(String((await client.get('race')).content)).toBe('x')
  })

  test('cannot be made of another', async () => {
    await client.put('normal', Buffer.from('x'))
    expect(
      await failure(client.append('normal', Buffer.from('y'), { position: '1' } as never)),
    ).toMatchObject({
      code: 'ObjectNotAppendable',
      status: 409,
    })
  })

  test('is replaced by an ordinary object', async () => {
    await client.put('log', Buffer.from('normal'))
    expect((await head('log'))['x-oss-object-type']).toBe('Normal')
  })

  test.each<[string, Headers]>([
    [
      'tags that are too many',
      { 'x-oss-tagging': Array.from({ length: 15 }, (_, i) => `k${i}=v`).join('&') },
    ],
    ['an unknown class', { 'x-oss-storage-class': 'Warm' }],
    ['other metadata', { 'x-oss-meta-own': 'second', 'content-type': 'text/x-second' }],
  ])('once it exists, does not look at %s', async (_, headers) => {
    const append = (position: number, key: string) =>
      world.send({
        method: 'POST',
        bucket,
        key,
        query: { append: null, position: String(position) },
        headers,
        body: 'x',
      })
    await client.append('kept', Buffer.from('x'), { headers: { 'x-oss-meta-own': 'first' } } as never)
    const before = await head('kept')
    expect((await append(1, 'kept')).status).toBe(200)
    expect(await head('kept')).toMatchObject({
      'content-type': before['content-type'],
      'x-oss-meta-own': 'first',
      'content-length': '2',
    })
    await client.delete('kept')
  })

  test('takes an ACL with what is appended, and refuses one that is none', async () => {
    const append = (position: number, acl: string) =>
      world.send({
        method: 'POST',
        bucket,
        key: 'acl',
        query: { append: null, position: String(position) },
        headers: acl === '' ? {} : { 'x-oss-object-acl': acl },
        body: 'x',
      })
    const acls: string[] = []
    for (const [position, acl] of ['public-read-write', '', 'public-read'].entries()) {
      expect((await append(position, acl)).status).toBe(200)
      acls.push((await client.getACL('acl')).acl)
    }
    expect(acls).toEqual(['public-read-write', 'public-read-write', 'public-read'])
    expect(codeOf(await append(3, 'all'))).toBe('InvalidArgument')
    expect((await client.getACL('acl')).acl).toBe('public-read')
    expect(await head('acl')).toMatchObject({ 'content-length': '3' })
  })

  test('is not made of wrong headers', async () => {
    const query = { append: null, position: '0' }
    const headers = { 'x-oss-tagging': 'a=1&a=2' }
    const answer = await world.send({ method: 'POST', bucket, key: 'none', query, headers, body: 'x' })
    expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidTag'])
    expect(await failure(client.head('none'))).toMatchObject({ status: 404 })
  })
})

describe('a sealed object', () => {
  const seal = (key: string, position?: number) =>
    world.send({
      method: 'POST',
      bucket,
      key,
      query: { seal: null, ...(position === undefined ? {} : { position: String(position) }) },
    })

  test('is read as before, tells since when, and grows no more', async () => {
    await client.append('sealed', Buffer.from('line'))
    expect(await head('sealed')).not.toHaveProperty('x-oss-sealed-time')
    const time = new Date(clock).toUTCString()
    const answer = await seal('sealed', 4)
    expect([answer.status, answer.headers['x-oss-sealed-time']]).toEqual([200, time])
    expect(await head('sealed')).toMatchObject({
      'x-oss-sealed-time': time,
      'x-oss-object-type': 'Appendable',
    })
    const got = await client.get('sealed')
    expect(String(got.content)).toBe('line')
    expect((got.res as { headers: Headers }).headers['x-oss-sealed-time']).toBe(time)
    expect(
      await failure(client.append('sealed', Buffer.from('more'), { position: '4' } as never)),
    ).toMatchObject({ code: 'ObjectNotAppendable', status: 409 })
  })

  test('keeps its time when it is sealed again, copied onto itself or tagged', async () => {
    await client.append('twice', Buffer.from('line'))
    const time = (await seal('twice', 4)).headers['x-oss-sealed-time']
    clock += 5000
    expect((await seal('twice', 4)).headers['x-oss-sealed-time']).toBe(time)
    await client.copy('twice', 'twice', { meta: { own: 'x' } } as never)
    await client.putObjectTagging('twice', { a: 'b' })
    expect((await head('twice'))['x-oss-sealed-time']).toBe(time)
    await client.copy('elsewhere', 'twice')
    expect(await head('elsewhere')).not.toHaveProperty('x-oss-sealed-time')
  })

  test('must be appendable, and as long as is said', async () => {
    await client.append('open', Buffer.from('line'))
    await client.put('normal', Buffer.from('line'))
    const rows: [key: string, position: number | undefined, status: number, code: string][] = [
      ['open', 3, 409, 'PositionNotEqualToLength'],
      ['open', undefined, 400, 'MissingArgument'],
      ['sealed', 0, 409, 'PositionNotEqualToLength'],
      ['normal', 4, 409, 'ObjectNotAppendable'],
      ['nothing', 0, 404, 'NoSuchKey'],
    ]
    for (const [key, position, status, code] of rows) {
      const answer = await seal(key, position)
      expect([answer.status, codeOf(answer)], `${key} ${position}`).toEqual([status, code])
    }
    expect(await head('open')).not.toHaveProperty('x-oss-sealed-time')
  })
})
