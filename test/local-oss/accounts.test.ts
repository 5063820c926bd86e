import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Blobs } from '../../src/local-oss/store/blobs.ts'
import { bucketKey } from '../../src/local-oss/store/keys.ts'
import type { BucketRecord } from '../../src/local-oss/store/records.ts'
import { Transaction } from '../../src/local-oss/store/transaction.ts'
import {
  type Client,
  codeOf,
  failure,
  type RawRequest,
  startWorld,
  temporaryDirectory,
  type World,
} from './setup.ts'

const FIRST = '1000000000000001'
const SECOND = '1000000000000002'
const second = { accessKeyId: 'second', accessKeySecret: 'second-secret' }
const accounts = [{ id: SECOND, keys: [second] }]

let world: World
let owner: Client
let bucket: string
beforeAll(async () => {
  world = await startWorld({ accounts })
})
beforeEach(async () => {
  owner = await world.bucket()
  bucket = owner.getBucket()
})
afterAll(() => world.stop())

type Who = 'owner' | 'other' | 'anonymous'

/** Sends a request as the bucket's owner, another account or nobody. */
function send(who: Who, request: RawRequest) {
  const whole = { bucket, ...request }
  if (who === 'anonymous') return world.send({ ...whole, authorization: null })
  return world.send(who === 'other' ? { ...whole, as: second } : whole)
}

describe('a bucket', () => {
  test('is its maker’s: others cannot make it again, and do not see it in their lists', async () => {
    const theirs = world.client(undefined, second)
    expect(await failure(theirs.putBucket(bucket))).toMatchObject({
      code: 'BucketAlreadyExists',
      status: 409,
    })
    await theirs.putBucket(`${bucket}-theirs`)
    expect(await failure(owner.putBucket(`${bucket}-theirs`))).toMatchObject({ code: 'BucketAlreadyExists' })
    const names = async (as: Client) => {
      const { buckets } = (await as.listBuckets({ prefix: bucket })) as unknown as {
        buckets: { name: string }[]
      }
      return buckets.map(({ name }) => name)
    }
    expect(await names(owner)).toEqual([bucket])
    expect(await names(theirs)).toEqual([`${bucket}-theirs`])
    expect((await world.send({ as: second })).text).toContain(`<ID>${SECOND}</ID>`)
  })

  test('of one maker only, when several accounts make it at once', async () => {
    const makers = ['owner', 'other'] as const
    const answers = await Promise.all(
      [...makers, ...makers].map((who) => send(who, { method: 'PUT', bucket: `${bucket}-raced` })),
    )
    const statuses = answers.map(({ status }) => status)
    expect([
      [200, 409, 200, 409],
      [409, 200, 409, 200],
    ]).toContainEqual(statuses)
  })

  test('tells its owner, and objects theirs: the bucket’s, whoever wrote them', async () => {
    const name = `${bucket}-shared`
    await send('other', { method: 'PUT', bucket: name, headers: { 'x-oss-acl': 'public-read-write' } })
    expect((await send('owner', { method: 'PUT', bucket: name, key: 'k', body: 'x' })).status).toBe(200)
    const asked: [Who, Record<string, string | null>, string?][] = [
      ['other', { bucketInfo: null }],
      ['other', { acl: null }],
      ['other', { acl: null }, 'k'],
      ['owner', {}],
      ['owner', { 'list-type': '2', 'fetch-owner': 'true' }],
      ['other', { versions: null }],
    ]
    for (const [who, query, key = ''] of asked) {
      const { text } = await send(who, { bucket: name, query, key })
      expect(text).toMatch(
        new RegExp(`<Owner><ID>${SECOND}</ID><DisplayName>${SECOND}</DisplayName></Owner>`),
      )
      expect(text).not.toContain(FIRST)
    }
  })

  test('of which its record says no owner is the first account’s', async () => {
    const directory = await temporaryDirectory()
    const blobs = await Blobs.open(directory)
    const transaction = new Transaction()
    const record: BucketRecord = {
      id: '0123456789ab',
      name: 'of-before',
      region: 'cn-hangzhou',
      created: 0,
      acl: 'private',
      storageClass: 'Standard',
      redundancy: 'LRS',
    }
    transaction.put(bucketKey('of-before'), record)
    await blobs.store.commit(transaction)
    await blobs.close()
    const again = await startWorld({ directory, accounts })
    const { text } = await again.send({ bucket: 'of-before', query: { bucketInfo: null } })
    expect(text).toContain(`<Owner><ID>${FIRST}</ID>`)
    const others = await again.send({ bucket: 'of-before', query: { bucketInfo: null }, as: second })
    expect(codeOf(others)).toBe('AccessDenied')
    await again.stop()
  })

  test.each(['bucketInfo', 'acl', 'policy', 'cors', 'versioning', 'stat', 'uploads'])(
    'does not tell others its %s, whatever its ACL',
    async (name) => {
      await owner.putBucketACL(bucket, 'public-read-write')
      const { status, text } = await send('other', { query: { [name]: null } })
      expect(status).toBe(403)
      expect(text).toContain('The bucket you access does not belong to you.')
      expect(text).toContain('<EC>0003-00000001</EC>')
      const anonymous = await send('anonymous', { query: { [name]: null } })
      expect(anonymous.text).toContain('Anonymous access is forbidden for this operation.')
    },
  )
})

const deeds = {
  get: { key: 'k' },
  put: { method: 'PUT', key: 'k', body: 'x' },
  delete: { method: 'DELETE', key: 'k' },
  list: { query: { 'list-type': '2' } },
  copy: { method: 'PUT', key: 'k' },
  deleteMany: {
    method: 'POST',
    query: { delete: null },
    body: '<Delete><Object><Key>k</Key></Object></Delete>',
  },
} satisfies Record<string, RawRequest>
type Deed = keyof typeof deeds

/** What ACLs allow to other accounts; to who does not sign the same, but for copies and deletions of many. */
test.each<[bucketAcl: string, objectAcl: string, allowed: Deed[]]>([
  ['private', 'default', []],
  ['private', 'private', []],
  ['private', 'public-read', ['get']],
  ['private', 'public-read-write', ['get', 'put', 'delete', 'copy', 'deleteMany']],
  ['public-read', 'default', ['get', 'list']],
  ['public-read', 'private', ['list']],
  ['public-read-write', 'default', ['get', 'put', 'delete', 'list', 'copy', 'deleteMany']],
  ['public-read-write', 'private', ['list']],
  ['public-read-write', 'public-read', ['get', 'list']],
])('in a %s bucket others have of a %s object: %s', async (bucketAcl, objectAcl, allowed) => {
  const theirs = `${bucket}-source`
  await send('other', { method: 'PUT', bucket: theirs, headers: { 'x-oss-acl': 'public-read' } })
  await send('other', { method: 'PUT', bucket: theirs, key: 'k', body: 'x' })
  await owner.putBucketACL(bucket, bucketAcl as never)
  const md5 = createHash('md5').update(deeds.deleteMany.body).digest('base64')
  const headersOf: Partial<Record<Deed, Record<string, string>>> = {
    copy: { 'x-oss-copy-source': `/${theirs}/k` },
    deleteMany: { 'content-md5': md5 },
  }
  const had = async (who: Who) => {
    const those: Deed[] = []
    for (const [name, request] of Object.entries(deeds) as [Deed, RawRequest][]) {
      await owner.put('k', Buffer.from('x'), { headers: { 'x-oss-object-acl': objectAcl } })
      const { status, text } = await send(who, { ...request, headers: headersOf[name] ?? {} })
      if (status < 300) those.push(name)
      else expect([status, /<Code>(.*?)</.exec(text)?.[1]]).toEqual([403, 'AccessDenied'])
    }
    return those
  }
  expect(await had('owner')).toEqual(Object.keys(deeds))
  expect(await had('other')).toEqual(Object.keys(deeds).filter((name) => allowed.includes(name as Deed)))
  const unsigned = allowed.filter((name) => !['copy', 'deleteMany'].includes(name))
  expect(await had('anonymous')).toEqual(Object.keys(deeds).filter((name) => unsigned.includes(name as Deed)))
})

test('a copy needs its source to be readable by who copies', async () => {
  const theirs = world.client(`${bucket}-theirs`, second)
  await theirs.putBucket(theirs.getBucket())
  await owner.put('k', Buffer.from('x'))
  const copy = () => theirs.copy('copied', `/${bucket}/k`)
  expect(await failure(copy())).toMatchObject({ code: 'AccessDenied', status: 403 })
  const { uploadId } = await theirs.initMultipartUpload('parts')
  const source = { sourceKey: 'k', sourceBucketName: bucket }
  const part = () => theirs.uploadPartCopy('parts', uploadId, 1, '0-0', source, {})
  expect(await failure(part())).toMatchObject({ code: 'AccessDenied', status: 403 })
  await owner.putACL('k', 'public-read')
  await copy()
  await part()
})

test('a policy opens a bucket to the account that it names, and to no other', async () => {
  const third = { accessKeyId: 'third', accessKeySecret: 'third-secret' }
  const three = await startWorld({ accounts: [...accounts, { id: '1000000000000003', keys: [third] }] })
  const client = await three.bucket()
  const name = client.getBucket()
  await client.put('k', Buffer.from('content'))
  const Resource = [`acs:oss:*:*:${name}`, `acs:oss:*:*:${name}/*`]
  const allow = { Effect: 'Allow', Principal: [SECOND], Action: ['oss:*'], Resource }
  await client.putBucketPolicy(name, { Version: '1', Statement: [allow] })
  for (const query of [{}, { bucketInfo: null }, { versions: null }, { policy: null }]) {
    expect((await three.send({ bucket: name, query, as: second })).status).toBe(200)
    expect((await three.send({ bucket: name, query, as: third })).status).toBe(403)
  }
  const headers = { 'x-oss-acl': 'public-read' }
  const publish = { method: 'PUT', bucket: name, query: { acl: null }, headers }
  expect(codeOf(await three.send({ ...publish, as: third }))).toBe('BucketAlreadyExists')
  expect((await three.send({ ...publish, as: second })).status).toBe(200)
  const { text } = await three.send({ bucket: name, query: { acl: null } })
  expect(text).toContain('<Grant>public-read</Grant>')
  expect(text).toContain(`<ID>${FIRST}</ID>`)
  await three.stop()
})

describe('where requesters pay', () => {
  const pays = { 'x-oss-request-payer': 'requester' }
  beforeEach(async () => {
    await owner.putBucketACL(bucket, 'public-read-write')
    await owner.put('k', Buffer.from('content'))
    await owner.putBucketRequestPayment(bucket, 'Requester')
  })

  test.each(Object.entries({ get: deeds.get, put: deeds.put, delete: deeds.delete, list: deeds.list }))(
    'others must say that they do, and the owner need not: %s',
    async (_, request: RawRequest) => {
      for (const headers of [{}, { 'x-oss-request-payer': 'bucketOwner' }]) {
        const { status, text } = await send('other', { ...request, headers })
        expect(status).toBe(403)
        expect(text).toContain(
          '<Code>AccessDenied</Code><Message>Access denied for requester pay bucket</Message>',
        )
        expect(text).toContain('<EC>0003-00000703</EC>')
      }
      expect((await send('owner', request)).status).toBeLessThan(300)
      await owner.put('k', Buffer.from('content'))
      expect((await send('other', { ...request, headers: pays })).status).toBeLessThan(300)
      await owner.put('k', Buffer.from('content'))
      for (const headers of [{}, pays])
        expect((await send('anonymous', { ...request, headers })).status).toBe(403)
      await owner.putBucketRequestPayment(bucket, 'BucketOwner')
      expect((await send('other', request)).status).toBeLessThan(300)
    },
  )

  test('they say so in the query of a signed URL', async () => {
    const named = world.client(bucket, { ...second, endpoint: 'http://oss-cn-hangzhou.aliyuncs.com' })
    const bare = await world.fetch(named.signatureUrl('k'))
    expect([bare.status, bare.headers['x-oss-ec']]).toEqual([403, '0003-00000702'])
    const subResource = { 'x-oss-request-payer': 'requester' }
    expect((await world.fetch(named.signatureUrl('k', { subResource } as never))).text).toBe('content')
  })

  test('they do for sources of copies, too', async () => {
    const theirs = world.client(`${bucket}-theirs`, second)
    await theirs.putBucket(theirs.getBucket())
    const copy = (headers = {}) => theirs.copy('copied', `/${bucket}/k`, { headers })
    expect(await failure(copy())).toMatchObject({ status: 403, ecCode: '0003-00000703' })
    await copy(pays)
  })
})
