import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Client, codeOf, failure, type RawRequest, startWorld, type World } from './setup.ts'

const SECOND = '1000000000000002'
const second = { accessKeyId: 'second', accessKeySecret: 'second-secret' }
const accounts = [{ id: SECOND, keys: [second] }]
const denied = { status: 403, code: 'AccessDenied' }

const block = (blocked: boolean) =>
  `<PublicAccessBlockConfiguration><BlockPublicAccess>${blocked}</BlockPublicAccess></PublicAccessBlockConfiguration>`
const setting = { query: { publicAccessBlock: null } }

/** Whether a setting says that public access is blocked; of a bucket or, without one, of the account. */
async function blocked(world: World, bucket?: string): Promise<boolean> {
  const { status, text } = await world.send({ ...setting, ...(bucket && { bucket }) })
  expect(status).toBe(200)
  return /<BlockPublicAccess>true</.test(text)
}

const ways = {
  'in a bucket that blocks public access': {
    block: (world: World, bucket: string) =>
      world.send({ method: 'PUT', bucket, ...setting, body: block(true) }),
    open: (world: World, bucket: string) => world.send({ method: 'DELETE', bucket, ...setting }),
  },
  'in an account that blocks public access': {
    block: (world: World, _: string) => world.send({ method: 'PUT', ...setting, body: block(true) }),
    open: (world: World, _: string) => world.send({ method: 'DELETE', ...setting }),
  },
}

describe.each(Object.entries(ways))('%s', (_, way) => {
  let world: World
  let client: Client
  let bucket: string
  beforeAll(async () => {
    world = await startWorld({ accounts })
  })
  beforeEach(async () => {
    client = await world.bucket()
    bucket = client.getBucket()
    await client.put('k', Buffer.from('x'))
  })
  afterAll(() => world.stop())

  const statuses = async (request: RawRequest) => [
    (await world.send({ ...request, bucket, authorization: null })).status,
    (await world.send({ ...request, bucket, as: second })).status,
  ]
  const everyone = () => ({
    Version: '1',
    Statement: [
      { Effect: 'Allow', Principal: ['*'], Action: ['oss:GetObject'], Resource: [`acs:oss:*:*:${bucket}/*`] },
    ],
  })

  test.each<[string, RawRequest, () => Promise<unknown>]>([
    ['the bucket’s ACL', { key: 'k' }, () => client.putBucketACL(bucket, 'public-read')],
    ['the bucket’s ACL', {}, () => client.putBucketACL(bucket, 'public-read')],
    ['an object’s ACL', { key: 'k' }, () => client.putACL('k', 'public-read')],
    ['a policy for everyone', { key: 'k' }, () => client.putBucketPolicy(bucket, everyone())],
  ])('%s lets nobody in, until it is open again', async (_, request, publish) => {
    await publish()
    expect(await statuses(request)).toEqual([200, 200])
    await way.block(world, bucket)
    expect(await statuses(request)).toEqual([403, 403])
    expect((await world.send({ ...request, bucket })).status).toBe(200)
    await way.open(world, bucket)
    expect(await statuses(request)).toEqual([200, 200])
  })

  const acl = { 'x-oss-object-acl': 'public-read' }
  test.each<[string, () => Promise<unknown>]>([
    ['PutBucket', () => client.putBucket(bucket, { acl: 'public-read' } as never)],
    ['PutBucketAcl', () => client.putBucketACL(bucket, 'public-read-write')],
    ['PutObjectAcl', () => client.putACL('k', 'public-read')],
    ['PutObject', () => client.put('new', Buffer.from('x'), { headers: acl })],
    ['CopyObject', () => client.copy('new', 'k', { headers: acl })],
    ['AppendObject', () => client.append('new', Buffer.from('x'), { headers: acl })],
    ['PutSymlink', () => client.putSymlink('new', 'k', { headers: acl } as never)],
    ['InitiateMultipartUpload', () => client.initMultipartUpload('new', { headers: acl })],
    ['PutBucketPolicy', () => client.putBucketPolicy(bucket, everyone())],
  ])('%s gives it to nobody', async (_, publish) => {
    await way.block(world, bucket)
    expect(await failure(publish())).toMatchObject(denied)
    await way.open(world, bucket)
    expect(await statuses({ key: 'k' })).toEqual([403, 403])
    expect(await failure(client.head('new'))).toMatchObject({ status: 404 })
  })

  test('what is for accounts by name counts, and what is private can be said', async () => {
    const named = everyone()
    for (const statement of named.Statement) statement.Principal = [SECOND]
    await way.block(world, bucket)
    await client.putBucketPolicy(bucket, named)
    await client.putBucketACL(bucket, 'private')
    await client.put('k', Buffer.from('x'), { headers: { 'x-oss-object-acl': 'private' } })
    expect(await statuses({ key: 'k' })).toEqual([403, 200])
    await way.open(world, bucket)
  })

  test('the other accounts’ buckets are as they were', async () => {
    const theirs = world.client(`${bucket}-theirs`, second)
    await theirs.putBucket(theirs.getBucket(), { acl: 'public-read' } as never)
    await theirs.put('k', Buffer.from('x'))
    await way.block(world, bucket)
    const read = await world.send({ bucket: theirs.getBucket(), key: 'k', authorization: null })
    expect(read.status).toBe(200)
    expect((await world.send({ ...setting, as: second })).text).toContain('>false<')
    await way.open(world, bucket)
  })
})

describe('an account’s setting', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld({ accounts })
  })
  afterAll(() => world.stop())

  test.each([
    ['True', true],
    ['false', false],
    ['true', true],
  ])('%s is kept, and gone when it is deleted', async (word, isBlocked) => {
    const body = block(true).replace('true', word)
    expect((await world.send({ method: 'PUT', ...setting, body })).status).toBe(200)
    expect(await blocked(world)).toBe(isBlocked)
    expect((await world.send({ method: 'DELETE', ...setting })).status).toBe(204)
    expect(await blocked(world)).toBe(false)
  })

  test.each([
    ['MalformedXML', { body: '<PublicAccessBlockConfiguration/>' }],
    ['MalformedXML', { body: block(true).replace('true', '1') }],
    ['AccessDenied', { body: block(true), authorization: null }],
    ['InvalidAccessKeyId', { body: block(true), as: { accessKeyId: 'no', accessKeySecret: 'one' } }],
  ])('is refused with %s: %o', async (code, request) => {
    expect(codeOf(await world.send({ method: 'PUT', ...setting, ...request }))).toBe(code)
    expect(await blocked(world)).toBe(false)
  })
})

describe('where new buckets block public access', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld({ accounts, newBucketsBlockPublicAccess: true })
  })
  afterAll(() => world.stop())

  test('they do until they are opened, and no bucket is made public', async () => {
    const client = await world.bucket()
    const bucket = client.getBucket()
    const { text } = await world.send({ bucket, query: { bucketInfo: null } })
    expect(text).toContain('<BlockPublicAccess>true</BlockPublicAccess>')
    expect(await blocked(world, bucket)).toBe(true)
    expect(await failure(client.putBucketACL(bucket, 'public-read'))).toMatchObject(denied)
    await world.send({ method: 'DELETE', bucket, ...setting })
    expect(await blocked(world, bucket)).toBe(false)
    await client.putBucketACL(bucket, 'public-read')
    // Made again it stays as it is.
    await client.putBucket(bucket)
    expect(await blocked(world, bucket)).toBe(false)
    expect((await client.getBucketACL(bucket)).acl).toBe('public-read')
    for (const query of [{}, { acl: null }]) {
      const headers = { 'x-oss-acl': 'public-read' }
      expect(codeOf(await world.send({ method: 'PUT', bucket: 'never-made', query, headers }))).toBe(
        'AccessDenied',
      )
    }
    expect(codeOf(await world.send({ bucket: 'never-made' }))).toBe('NoSuchBucket')
  })
})
