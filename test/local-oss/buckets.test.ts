import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, failure, startWorld, type World } from './setup.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const beijing = { region: 'oss-cn-beijing' }

describe('a bucket', () => {
  test('lives in the region it was made through', async () => {
    const client = await world.bucket(beijing)
    const name = client.getBucket()
    const { bucket } = (await client.getBucketInfo(name)) as { bucket: Record<string, unknown> }
    expect(bucket).toMatchObject({
      Name: name,
      Location: 'oss-cn-beijing',
      ExtranetEndpoint: 'oss-cn-beijing.aliyuncs.com',
      IntranetEndpoint: 'oss-cn-beijing-internal.aliyuncs.com',
      StorageClass: 'Standard',
      DataRedundancyType: 'LRS',
      AccessControlList: { Grant: 'private' },
    })
    expect(((await client.getBucketLocation(name)) as { location: string }).location).toBe('oss-cn-beijing')
  })

  test('asked through another region is refused with its endpoint', async () => {
    const name = (await world.bucket(beijing)).getBucket()
    const answer = await world.send({ bucket: name, key: 'k' })
    expect([answer.status, codeOf(answer)]).toEqual([403, 'AccessDenied'])
    expect(answer.text).toContain(`<Bucket>${name}</Bucket>`)
    expect(answer.text).toContain('<Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint>')
    expect(answer.text).toContain('must be addressed using the specified endpoint')
  })

  test.each([
    [undefined, 'public-read'],
    ['private', 'private'],
    ['public-read-write', 'public-read-write'],
  ])('made again by its owner with the ACL %s keeps its objects and is %s', async (asked, acl) => {
    const client = await world.bucket()
    const bucket = client.getBucket()
    await client.putBucketACL(bucket, 'public-read')
    await client.put('k', Buffer.from('kept'))
    const headers = asked === undefined ? {} : { 'x-oss-acl': asked }
    expect((await world.send({ method: 'PUT', bucket, headers })).status).toBe(200)
    expect((await client.getBucketACL(bucket)).acl).toBe(acl)
    expect(String((await client.get('k')).content)).toBe('kept')
  })

  test('name is taken in all regions', async () => {
    const name = (await world.bucket()).getBucket()
    expect(await failure(world.client(name, beijing).putBucket(name))).toMatchObject({
      code: 'BucketAlreadyExists',
      status: 409,
    })
  })

  test.each(['ab', '-ab', 'ab-', 'a.b', 'a_b', 'a'.repeat(64)])('named %s is refused', async (name) => {
    const answer = await world.send({ method: 'PUT', bucket: name })
    expect([answer.status, codeOf(answer)]).toEqual([400, 'InvalidBucketName'])
  })

  test('takes its class and redundancy from the body, and passes the class on', async () => {
    const client = world.client('classy-bucket')
    await client.putBucket('classy-bucket', { storageClass: 'IA', dataRedundancyType: 'ZRS' } as never)
    const { bucket } = (await client.getBucketInfo('classy-bucket')) as { bucket: Record<string, unknown> }
    expect(bucket).toMatchObject({ StorageClass: 'IA', DataRedundancyType: 'ZRS' })
    const { res } = await client.put('k', Buffer.from('x')).then(() => client.head('k'))
    expect((res as { headers: Record<string, string> }).headers['x-oss-storage-class']).toBe('IA')
    const wrong =
      '<CreateBucketConfiguration><StorageClass>GLACIER</StorageClass></CreateBucketConfiguration>'
    expect(codeOf(await world.send({ method: 'PUT', bucket: 'classy-2', body: wrong }))).toBe(
      'InvalidArgument',
    )
    expect(codeOf(await world.send({ method: 'PUT', bucket: 'classy-2', body: '<No/>' }))).toBe(
      'MalformedXML',
    )
  })

  test('can be deleted only when nothing is in it, not even an upload or an old version', async () => {
    const client = await world.bucket()
    const name = client.getBucket()
    const { uploadId } = await client.initMultipartUpload('k')
    expect(await failure(client.deleteBucket(name))).toMatchObject({ code: 'BucketNotEmpty', status: 409 })
    await client.abortMultipartUpload('k', uploadId)
    await client.putBucketVersioning(name, 'Enabled')
    await client.delete('k')
    expect(await failure(client.deleteBucket(name))).toMatchObject({ code: 'BucketNotEmpty' })
    const { deleteMarker } = await client.listObjectVersions()
    await client.delete('k', { versionId: deleteMarker[0]?.versionId ?? '' } as never)
    await client.deleteBucket(name)
    expect(await failure(client.getBucketInfo(name))).toMatchObject({ code: 'NoSuchBucket', status: 404 })
  })

  test('made after its namesake was deleted knows nothing of it', async () => {
    const client = await world.bucket()
    const name = client.getBucket()
    await client.putBucketCORS(name, [{ allowedOrigin: '*', allowedMethod: 'GET' }] as never)
    await client.putBucketVersioning(name, 'Enabled')
    await client.deleteBucket(name)
    await client.putBucket(name)
    expect(await failure(client.getBucketCORS(name))).toMatchObject({ code: 'NoSuchCORSConfiguration' })
    expect((await client.getBucketVersioning(name)).versionStatus).toBeUndefined()
  })
})

test('a bucket can be counted', async () => {
  const client = await world.bucket()
  const name = client.getBucket()
  await client.put('a', Buffer.alloc(5))
  await client.putBucketVersioning(name, 'Enabled')
  await client.put('a', Buffer.alloc(7))
  await client.delete('a')
  await client.initMultipartUpload('b')
  expect((await client.getBucketStat(name)).stat).toEqual({
    Storage: '12',
    ObjectCount: '2',
    MultipartUploadCount: '1',
    DeleteMarkerCount: '1',
  })
})

test('buckets of all regions are listed by page', async () => {
  const fresh = await startWorld()
  for (const name of ['list-a', 'list-b', 'list-c', 'other']) {
    await fresh.client(name, name === 'list-b' ? beijing : {}).putBucket(name)
  }
  const client = fresh.client()
  const list = async (query: Record<string, string | number>) => {
    const { buckets, isTruncated, nextMarker } = (await client.listBuckets(query as never)) as unknown as {
      buckets: { name: string; region: string }[]
      isTruncated: boolean
      nextMarker: string | null
    }
    return { names: buckets.map(({ name, region }) => `${name}@${region}`), isTruncated, nextMarker }
  }
  expect(await list({ prefix: 'list-' })).toEqual({
    names: ['list-a@oss-cn-hangzhou', 'list-b@oss-cn-beijing', 'list-c@oss-cn-hangzhou'],
    isTruncated: false,
    nextMarker: null,
  })
  expect(await list({ 'max-keys': 2 })).toMatchObject({ isTruncated: true, nextMarker: 'list-b' })
  expect((await list({ marker: 'list-b' })).names).toEqual([
    'list-c@oss-cn-hangzhou',
    'other@oss-cn-hangzhou',
  ])
  await fresh.stop()
})

test.each([
  ['referer', 405, 'MethodNotAllowed'],
  ['policyStatus', 405, 'MethodNotAllowed'],
  ['metaQuery', 400, 'OperationNotSupported'],
  ['accessPoint', 400, 'OperationNotSupported'],
])('what nothing does is refused, and deletes no bucket: %s', async (name, status, code) => {
  const client = await world.bucket()
  const bucket = client.getBucket()
  const answer = await world.send({ method: 'DELETE', bucket, query: { [name]: null } })
  expect([answer.status, codeOf(answer)]).toEqual([status, code])
  await client.getBucketInfo(bucket)
})
