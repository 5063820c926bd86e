import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Client, codeOf, failure, startWorld, type World } from './setup.ts'

type Headers = Record<string, string>
type Mode = 'GOVERNANCE' | 'COMPLIANCE'

const MINUTE = 60_000
const DAY = 86_400_000
const bypass = { 'x-oss-bypass-governance-retention': 'true' }

let world: World
let client: Client
let bucket: string
let elapsed = 0
let count = 0
let key: string
let versionId: string

const now = () => Date.now() + elapsed
const start = async (readings: object = {}) => {
  world = await startWorld({ now, readings })
  client = await world.bucket()
  bucket = client.getBucket()
  await client.putBucketVersioning(bucket, 'Enabled')
  expect(await enable()).toBe(200)
}
const send = (
  method: string,
  query: Record<string, string | null>,
  { name = key, body = '', headers = {} }: { name?: string; body?: string; headers?: Headers } = {},
) =>
  world.send({
    method,
    bucket,
    key: name,
    query,
    headers,
    ...(method === 'PUT' ? { body } : {}),
  })
const result = async (answer: ReturnType<typeof send>) => codeOf(await answer) ?? (await answer).status
const enable = (rule = '') =>
  result(
    send(
      'PUT',
      { objectWorm: null },
      {
        name: '',
        body: `<ObjectWormConfiguration><ObjectWormEnabled>Enabled</ObjectWormEnabled>${rule}</ObjectWormConfiguration>`,
      },
    ),
  )
const byDefault = (mode: Mode, days: number) =>
  enable(`<Rule><DefaultRetention><Mode>${mode}</Mode><Days>${days}</Days></DefaultRetention></Rule>`)
const until = (ms: number) => new Date(now() + ms).toISOString()
const retain = (mode: string, date: string, headers: Headers = {}) =>
  result(
    send(
      'PUT',
      { retention: null, versionId },
      {
        body: `<Retention><Mode>${mode}</Mode><RetainUntilDate>${date}</RetainUntilDate></Retention>`,
        headers,
      },
    ),
  )
const hold = (status: string) =>
  result(
    send(
      'PUT',
      { legalHold: null, versionId },
      { body: `<LegalHold><Status>${status}</Status></LegalHold>` },
    ),
  )
const remove = (headers: Headers = {}) => result(send('DELETE', { versionId }, { headers }))
const write = async (headers: Headers = {}) => {
  const answer = await send('PUT', {}, { body: 'x', headers })
  versionId = String(answer.headers['x-oss-version-id'])
  return codeOf(answer) ?? answer.status
}
const locks = (headers: object) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-oss-object-worm-')))
const told = async (method: 'HEAD' | 'GET') => locks((await send(method, { versionId })).headers)

beforeEach(() => {
  key = `key-${++count}`
  elapsed = 0
})

describe('in a bucket with object WORM', () => {
  beforeAll(() => start())
  afterAll(() => world.stop())
  beforeEach(async () => {
    expect(await write()).toBe(200)
  })

  test.each(['GOVERNANCE', 'COMPLIANCE'] as const)(
    '%s keeps a version until its time has come',
    async (mode) => {
      expect(await retain(mode, until(MINUTE))).toBe(200)
      expect((await send('GET', { retention: null })).text).toContain(`<Mode>${mode}</Mode>`)
      expect(await remove()).toBe('FileImmutable')
      const many = (await client.deleteMulti([{ key, versionId }] as never, {})) as unknown as {
        deleted: object[]
      }
      expect(many.deleted).toEqual([])
      elapsed += 2 * MINUTE
      expect(await remove()).toBe(204)
    },
  )

  test('a version is hidden by a newer one and by a delete marker all the same', async () => {
    await retain('COMPLIANCE', until(MINUTE))
    await client.put(key, Buffer.from('y'))
    await client.delete(key)
    expect((await send('GET', { versionId })).text).toBe('x')
  })

  const later = 2 * MINUTE
  const sooner = MINUTE
  test.each<[former: Mode, next: Mode, ms: number, Headers, answer: number | string]>([
    ['COMPLIANCE', 'COMPLIANCE', later, {}, 200],
    ['COMPLIANCE', 'COMPLIANCE', sooner, bypass, 'FileImmutable'],
    ['COMPLIANCE', 'GOVERNANCE', later, bypass, 'FileImmutable'],
    ['GOVERNANCE', 'GOVERNANCE', later, {}, 200],
    ['GOVERNANCE', 'GOVERNANCE', sooner, {}, 'FileImmutable'],
    ['GOVERNANCE', 'GOVERNANCE', sooner, bypass, 200],
    ['GOVERNANCE', 'COMPLIANCE', later, bypass, 'FileImmutable'],
  ])('%s for 90000 ms, then %s for %s ms with %j: %s', async (former, next, ms, headers, answer) => {
    await retain(former, until(1.5 * MINUTE))
    expect(await retain(next, until(ms), headers)).toBe(answer)
  })

  test('governance gives way to a deletion that bypasses it, compliance does not', async () => {
    await retain('COMPLIANCE', until(MINUTE))
    expect(await remove(bypass)).toBe('FileImmutable')
    await write()
    await retain('GOVERNANCE', until(MINUTE))
    expect(await remove(bypass)).toBe(204)
  })

  test('a period that is over has no mode any more', async () => {
    await retain('COMPLIANCE', until(MINUTE))
    elapsed += 2 * MINUTE
    expect(await retain('GOVERNANCE', until(MINUTE))).toBe(200)
  })

  test('a legal hold keeps a version while it is on', async () => {
    expect(await hold('MAYBE')).toBe('MalformedXML')
    expect(await hold('ON')).toBe(200)
    expect(await remove(bypass)).toBe('FileImmutable')
    expect(await hold('OFF')).toBe(200)
    expect((await send('GET', { legalHold: null })).text).toContain('<Status>OFF</Status>')
    expect(await remove()).toBe(204)
  })

  test('HeadObject and GetObject tell both', async () => {
    expect([await told('HEAD'), await told('GET')]).toEqual([{}, {}])
    const date = until(MINUTE)
    await retain('GOVERNANCE', date)
    await hold('ON')
    const both = {
      'x-oss-object-worm-mode': 'GOVERNANCE',
      'x-oss-object-worm-retain-until-date': date,
      'x-oss-object-worm-legal-hold': 'ON',
    }
    expect([await told('HEAD'), await told('GET')]).toEqual([both, both])
    await hold('OFF')
  })

  test('of a version without them there are none', async () => {
    expect(await result(send('GET', { retention: null }))).toBe('NoSuchObjectRetentionConfiguration')
    expect(await result(send('GET', { legalHold: null }))).toBe('NoSuchObjectLegalHoldConfiguration')
  })

  test.each([
    ['an unknown mode', 'FOREVER', '2090-01-01T00:00:00Z', 'MalformedXML'],
    ['no date', 'GOVERNANCE', 'tomorrow', 'MalformedXML'],
    ['a date in the past', 'GOVERNANCE', '2020-01-01T00:00:00Z', 'InvalidArgument'],
  ])('a retention with %s is refused', async (_, mode, date, code) => {
    expect(await retain(mode, date)).toBe(code)
  })

  const asked = (mode: string, date: string) => ({
    'x-oss-object-worm-mode': mode,
    'x-oss-object-worm-retain-until-date': date,
  })
  test('PutObject takes a retention in its headers', async () => {
    const headers = asked('COMPLIANCE', until(MINUTE))
    expect(await write(headers)).toBe(200)
    expect(await told('HEAD')).toEqual(headers)
    expect(await remove()).toBe('FileImmutable')
  })
  test.each<[what: string, Headers]>([
    ['no date', { 'x-oss-object-worm-mode': 'COMPLIANCE' }],
    ['no mode', { 'x-oss-object-worm-retain-until-date': until(MINUTE) }],
    ['an unknown mode', asked('FOREVER', until(MINUTE))],
    ['a date in the past', asked('COMPLIANCE', '2020-01-01T00:00:00Z')],
  ])('PutObject with %s writes nothing', async (_, headers) => {
    key = `refused-${key}`
    expect(await write(headers)).toBe('InvalidArgument')
    expect(await failure(client.head(key))).toMatchObject({ status: 404 })
  })

  test('nothing is appended', async () => {
    const appended = { name: `${key}-a`, body: 'x' }
    const answer = await world.send({
      method: 'POST',
      bucket,
      key: appended.name,
      query: { append: null, position: '0' },
      body: appended.body,
    })
    expect(codeOf(answer)).toBe('OperationNotSupported')
  })

  test('versioning is not suspended, and object WORM stays', async () => {
    const body = '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>'
    const suspended = send('PUT', { versioning: null }, { name: '', body })
    expect(await result(suspended)).toBe('InvalidWORMConfiguration')
    expect((await send('DELETE', { objectWorm: null }, { name: '' })).status).toBe(405)
  })
})

describe('a bucket’s default retention', () => {
  beforeAll(() => start())
  afterAll(() => world.stop())

  test('keeps what is written from then on', async () => {
    await write()
    expect(await byDefault('GOVERNANCE', 1)).toBe(200)
    expect(await told('HEAD')).toEqual({})
    await write()
    expect(await told('HEAD')).toMatchObject({ 'x-oss-object-worm-mode': 'GOVERNANCE' })
    expect(await remove()).toBe('FileImmutable')
    elapsed += DAY + MINUTE
    expect(await remove()).toBe(204)
  })

  test('keeps copies and uploads in parts', async () => {
    await byDefault('COMPLIANCE', 1)
    await client.put('source', Buffer.from('x'))
    const copied = (await client.copy(`${key}-copy`, 'source')) as { res: { headers: Headers } }
    const { uploadId } = await client.initMultipartUpload(key)
    const part = await client.uploadPart(key, uploadId, 1, Buffer.from('x') as never, 0, 1)
    const parts = [{ number: 1, etag: (part as unknown as { etag: string }).etag }]
    await client.completeMultipartUpload(key, uploadId, parts)
    for (const name of [`${key}-copy`, key]) {
      const { res } = (await client.head(name)) as { res: { headers: Headers } }
      expect(res.headers['x-oss-object-worm-mode']).toBe('COMPLIANCE')
    }
    expect(copied.res.headers['x-oss-version-id']).toBeDefined()
  })

  test('gives way to a retention in PutObject’s headers', async () => {
    await byDefault('COMPLIANCE', 30)
    const headers = {
      'x-oss-object-worm-mode': 'GOVERNANCE',
      'x-oss-object-worm-retain-until-date': until(MINUTE),
    }
    await write(headers)
    expect(await told('HEAD')).toEqual(headers)
  })
})

describe('without object WORM', () => {
  beforeAll(async () => {
    world = await startWorld({ now })
    client = await world.bucket()
    bucket = client.getBucket()
  })
  afterAll(() => world.stop())

  test('no retention is taken', async () => {
    await client.put(key, Buffer.from('x'))
    versionId = 'null'
    expect(await retain('GOVERNANCE', until(MINUTE))).toBe('InvalidRequest')
    expect(await hold('ON')).toBe('InvalidRequest')
    const headers = {
      'x-oss-object-worm-mode': 'COMPLIANCE',
      'x-oss-object-worm-retain-until-date': until(MINUTE),
    }
    expect(await write(headers)).toBe('InvalidRequest')
  })

  test('it is enabled once versioning is, and told', async () => {
    const get = () => send('GET', { objectWorm: null }, { name: '' })
    expect(await result(get())).toBe('NoSuchWORMConfiguration')
    expect(await enable()).toBe('InvalidWORMConfiguration')
    await client.putBucketVersioning(bucket, 'Suspended')
    expect(await enable()).toBe('InvalidWORMConfiguration')
    await client.putBucketVersioning(bucket, 'Enabled')
    expect(await enable()).toBe(200)
    expect((await get()).text).toContain('<ObjectWormEnabled>Enabled</ObjectWormEnabled>')
    expect(await enable('<Rule><DefaultRetention><Mode>GOVERNANCE</Mode></DefaultRetention></Rule>')).toBe(
      'InvalidWORMConfiguration',
    )
  })
})

describe('where GetObject does not tell of locks, and a missing retention is an empty one', () => {
  beforeAll(() => start({ getTellsLock: false, noRetentionIsEmpty: true }))
  afterAll(() => world.stop())

  test('HeadObject tells of them, GetObject does not', async () => {
    await write()
    await retain('GOVERNANCE', until(MINUTE))
    expect(await told('HEAD')).toMatchObject({ 'x-oss-object-worm-mode': 'GOVERNANCE' })
    expect(await told('GET')).toEqual({})
  })

  test('an object without retention has one of empty elements', async () => {
    await write()
    const { status, text } = await send('GET', { retention: null })
    expect([status, text]).toEqual([200, expect.stringMatching(/<Mode\s*(\/>|><\/Mode>)/)])
  })
})
