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

  test('that is asked for may have a name of former times', async () => {
    expect(codeOf(await world.send({ bucket: 'a_b', query: { acl: null } }))).toBe('NoSuchBucket')
  })

  test.each<[method: string, query: Record<string, null>, code: string]>([
    ['PUT', {}, 'BucketAlreadyExists'],
    ['PUT', { acl: null }, 'BucketAlreadyExists'],
    ['DELETE', {}, 'AccessDenied'],
    ['GET', { acl: null }, 'AccessDenied'],
    ['PUT', { logging: null }, 'AccessDenied'],
  ])('of Alibaba’s is nobody else’s: %s %j is refused', async (method, query, code) => {
    expect(codeOf(await world.send({ method, bucket: 'oss', query, body: '' }))).toBe(code)
    expect((await world.send({})).text).not.toContain('<Name>oss</Name>')
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
    expect(await failure(client.deleteBucket(name))).toMatchObject({
      code: 'BucketNotEmpty',
      status: 409,
      message: expect.stringMatching(/^The bucket has Multipart Uploads\./),
    })
    await client.abortMultipartUpload('k', uploadId)
    await client.putBucketVersioning(name, 'Enabled')
    await client.delete('k')
    expect(await failure(client.deleteBucket(name))).toMatchObject({
      code: 'BucketNotEmpty',
      message: 'The bucket has objects. Please delete them first.',
      ecCode: '0015-00000301',
    })
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

const nothingCounted = Object.fromEntries(
  `Storage ObjectCount MultipartUploadCount LiveChannelCount LastModifiedTime StandardStorage StandardObjectCount
  InfrequentAccessStorage InfrequentAccessRealStorage InfrequentAccessObjectCount ArchiveStorage ArchiveRealStorage
  ArchiveObjectCount ColdArchiveStorage ColdArchiveRealStorage ColdArchiveObjectCount DeepColdArchiveStorage
  DeepColdArchiveRealStorage DeepColdArchiveObjectCount DeleteMarkerCount`
    .split(/\s+/)
    .map((name) => [name, '0']),
)

test('a bucket can be counted', async () => {
  const client = await world.bucket()
  const name = client.getBucket()
  await client.put('a', Buffer.alloc(5))
  await client.putBucketVersioning(name, 'Enabled')
  await client.put('a', Buffer.alloc(7))
  await client.delete('a')
  await client.initMultipartUpload('b')
  expect((await client.getBucketStat(name)).stat).toEqual({
    ...nothingCounted,
    Storage: '12',
    ObjectCount: '2',
    MultipartUploadCount: '1',
    LastModifiedTime: expect.stringMatching(/^\d{10}$/),
    StandardStorage: '12',
    StandardObjectCount: '2',
    DeleteMarkerCount: '1',
  })
})

test.each([
  ['IA', 'InfrequentAccess'],
  ['Archive', 'Archive'],
  ['ColdArchive', 'ColdArchive'],
  ['DeepColdArchive', 'DeepColdArchive'],
])('objects of class %s are counted as %s, as 64 KB at least', async (storageClass, name) => {
  const client = await world.bucket()
  const bucket = client.getBucket()
  for (const size of [7, 70_000]) {
    await client.put(`k${size}`, Buffer.alloc(size), { headers: { 'x-oss-storage-class': storageClass } })
  }
  expect((await client.getBucketStat(bucket)).stat).toMatchObject({
    Storage: '70007',
    ObjectCount: '2',
    StandardStorage: '0',
    [`${name}Storage`]: String(65_536 + 70_000),
    [`${name}RealStorage`]: '70007',
    [`${name}ObjectCount`]: '2',
  })
})

test('a bucket is there or not, and somewhere', async () => {
  const name = (await world.bucket(beijing)).getBucket()
  const head = (bucket: string) => world.send({ method: 'HEAD', bucket, region: 'cn-beijing' })
  const found = await head(name)
  expect([found.status, found.headers['x-oss-bucket-region'], found.text]).toEqual([
    200,
    'oss-cn-beijing',
    '',
  ])
  expect((await head('no-such-bucket')).status).toBe(404)
})

describe('PutBucketAcl', () => {
  const put = (bucket: string, headers: Record<string, string>) =>
    world.send({ method: 'PUT', bucket, query: { acl: null }, headers })
  const aclOf = async (bucket: string) => (await world.client().getBucketACL(bucket)).acl

  test.each([
    ['public-read', 'public-read'],
    [undefined, 'private'],
    ['', 'private'],
  ])('%s makes a bucket that is missing %s', async (asked, acl) => {
    const name = `made-by-acl-${asked}-${acl}`
    const answer = await put(name, asked === undefined ? {} : { 'x-oss-acl': asked })
    expect([answer.status, answer.headers.location]).toEqual([200, `/${name}`])
    expect(await aclOf(name)).toBe(acl)
    await world.client().deleteBucket(name)
  })

  test('without one changes nothing', async () => {
    const bucket = (await world.bucket()).getBucket()
    await put(bucket, { 'x-oss-acl': 'public-read' })
    expect((await put(bucket, {})).status).toBe(200)
    expect(await aclOf(bucket)).toBe('public-read')
    expect(codeOf(await put(bucket, { 'x-oss-acl': 'all' }))).toBe('InvalidArgument')
  })

  test('of a bucket elsewhere is refused with its endpoint', async () => {
    const bucket = (await world.bucket(beijing)).getBucket()
    const answer = await put(bucket, { 'x-oss-acl': 'public-read' })
    expect([answer.status, codeOf(answer)]).toEqual([403, 'AccessDenied'])
    expect(answer.text).toContain('<Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint>')
  })
})

describe('a bucket to be made', () => {
  const put = (inner: string, headers: Record<string, string> = {}, bucket = 'to-be-made') =>
    world.send({
      method: 'PUT',
      bucket,
      headers,
      body: `<CreateBucketConfiguration>${inner}</CreateBucketConfiguration>`,
    })

  test.each([
    ['oss-cn-hangzhou', 200],
    ['', 200],
    ['oss-cn-beijing', 'InvalidLocationConstraint'],
    ['cn-hangzhou', 'InvalidLocationConstraint'],
    ['nowhere', 'InvalidLocationConstraint'],
  ])('in %j', async (location, result) => {
    const answer = await put(`<LocationConstraint>${location}</LocationConstraint>`)
    expect(codeOf(answer) ?? answer.status).toBe(result)
    if (answer.status === 200) await world.client().deleteBucket('to-be-made')
    expect(codeOf(await world.send({ bucket: 'to-be-made' }))).toBe('NoSuchBucket')
  })

  test.each([
    ['<StorageClass>IA</StorageClass>', 'storage type'],
    ['<DataRedundancyType>ZRS</DataRedundancyType>', 'data redundancy type'],
  ])('again is not changed by %s', async (inner, what) => {
    const bucket = (await world.bucket()).getBucket()
    const answer = await put(inner, {}, bucket)
    expect([answer.status, codeOf(answer)]).toEqual([409, 'BucketAlreadyExists'])
    expect(answer.text).toContain(what)
    expect((await put('<StorageClass>Standard</StorageClass>', {}, bucket)).status).toBe(200)
  })

  const prefix = 'x-oss-server-side'
  test.each([
    ['AES256', {}, '<SSEAlgorithm>AES256</SSEAlgorithm>'],
    ['SM4', {}, '<SSEAlgorithm>SM4</SSEAlgorithm>'],
    [
      'KMS',
      { [`${prefix}-data-encryption`]: 'SM4', [`${prefix}-encryption-key-id`]: 'key-1' },
      '<SSEAlgorithm>KMS</SSEAlgorithm><KMSDataEncryption>SM4</KMSDataEncryption><KMSMasterKeyID>key-1</KMSMasterKeyID>',
    ],
  ])('is encrypted by %s from the first', async (algorithm, more, rule) => {
    const bucket = `made-with-${algorithm.toLowerCase()}`
    expect((await put('', { [`${prefix}-encryption`]: algorithm, ...more }, bucket)).status).toBe(200)
    const { text } = await world.send({ bucket, query: { encryption: null } })
    expect(text).toContain(rule)
    const client = world.client(bucket)
    const { res } = await client.put('k', Buffer.from('x'))
    expect((res as { headers: Record<string, string> }).headers).toMatchObject({
      [`${prefix}-encryption`]: algorithm,
    })
    const info = (await client.getBucketInfo(bucket)) as { bucket: Record<string, object> }
    expect(info.bucket.ServerSideEncryptionRule).toMatchObject({ SSEAlgorithm: algorithm })
  })

  test('is not made with an encryption that does not exist', async () => {
    const answer = await put('', { [`${prefix}-encryption`]: 'ROT13' }, 'never-made')
    expect(codeOf(answer)).toBe('InvalidEncryptionAlgorithmError')
    expect(codeOf(await world.send({ bucket: 'never-made' }))).toBe('NoSuchBucket')
  })
})

test('what a bucket is says what it is set to', async () => {
  const client = await world.bucket()
  const bucket = client.getBucket()
  const info = async () =>
    ((await client.getBucketInfo(bucket)) as { bucket: Record<string, unknown> }).bucket
  expect(await info()).toMatchObject({
    AccessMonitor: 'Disabled',
    BlockPublicAccess: 'false',
    BucketPolicy: { LogBucket: '', LogPrefix: '' },
    Comment: '',
    CrossRegionReplication: 'Disabled',
    ResourceGroupId: expect.stringMatching(/^rg-/),
    ServerSideEncryptionRule: { SSEAlgorithm: 'None' },
    TransferAcceleration: 'Disabled',
  })
  const settings = {
    accessmonitor: '<AccessMonitorConfiguration><Status>Enabled</Status></AccessMonitorConfiguration>',
    logging: `<BucketLoggingStatus><LoggingEnabled><TargetBucket>${bucket}</TargetBucket><TargetPrefix>l/</TargetPrefix></LoggingEnabled></BucketLoggingStatus>`,
    publicAccessBlock:
      '<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess></PublicAccessBlockConfiguration>',
    transferAcceleration:
      '<TransferAccelerationConfiguration><Enabled>true</Enabled></TransferAccelerationConfiguration>',
  }
  for (const [name, body] of Object.entries(settings)) {
    expect((await world.send({ method: 'PUT', bucket, query: { [name]: null }, body })).status).toBe(200)
  }
  expect(await info()).toMatchObject({
    AccessMonitor: 'Enabled',
    BlockPublicAccess: 'true',
    BucketPolicy: { LogBucket: bucket, LogPrefix: 'l/' },
    TransferAcceleration: 'Enabled',
  })
})

describe('buckets are listed', () => {
  let fresh: World
  const tagged = { 'tag-a': { k: 'v', other: 'x' }, 'tag-b': { k: 'w' }, 'tag-c': {} }
  beforeAll(async () => {
    fresh = await startWorld()
    await fresh.client(undefined, beijing).putBucket('elsewhere')
    for (const [name, tags] of Object.entries(tagged)) {
      await fresh.client().putBucket(name)
      if (Object.keys(tags).length > 0) await fresh.client().putBucketTags(name, tags)
    }
  })
  afterAll(() => fresh.stop())

  const list = async (query: Record<string, string | null>, headers: Record<string, string> = {}) => {
    const answer = await fresh.send({ query, headers })
    return codeOf(answer) ?? [...answer.text.matchAll(/<Name>(.*?)<\/Name>/g)].map(([, name]) => name)
  }
  const all = Object.keys(tagged)
  const rows: [query: Record<string, string | null>, names: string[] | string][] = [
    [{}, ['elsewhere', ...all]],
    [{ regionList: null }, all],
    [{ regionList: null, prefix: 'elsewhere' }, []],
    [{ prefix: 'elsewhere' }, ['elsewhere']],
    [{ 'tag-key': 'k' }, ['tag-a', 'tag-b']],
    [{ 'tag-key': 'k', 'tag-value': 'v' }, ['tag-a']],
    [{ 'tag-key': 'k', 'tag-value': 'x' }, []],
    [{ 'tag-key': 'k', prefix: 'tag-b' }, ['tag-b']],
    [{ 'tag-value': 'v' }, 'InvalidArgument'],
    [{ tagging: '"k":"w"' }, ['tag-b']],
    [{ tagging: '"k":"v","other":"x"' }, ['tag-a']],
    [{ tagging: '"k":"w","other":"x"' }, []],
    [{ tagging: 'k=w' }, 'InvalidArgument'],
  ]
  test.each(rows)('by %j: %j', async (query, names) => {
    expect(await list(query)).toEqual(names)
  })

  test('with their tags where those are asked for', async () => {
    const told = async (query: Record<string, string>) =>
      (await fresh.send({ query })).text.match(/<Tagging>.*?<\/Tagging>/g)
    const tag = '<Tag><Key>k</Key><Value>w</Value></Tag>'
    expect(await told({ tagging: '"k":"w"' })).toEqual([`<Tagging><TagSet>${tag}</TagSet></Tagging>`])
    expect(await told({ 'tag-key': 'k' })).toBeNull()
  })

  test('by tags and resource group of headers', async () => {
    expect(await list({}, { 'x-oss-tagging': '"k":"w"' })).toEqual(['tag-b'])
    const { text } = await fresh.send({ bucket: 'tag-a', query: { resourceGroup: null } })
    const group = /rg-\w+/.exec(text)?.[0] ?? ''
    expect(await list({}, { 'x-oss-resource-group-id': group })).toEqual(['elsewhere', ...all])
    expect(await list({}, { 'x-oss-resource-group-id': 'rg-other' })).toEqual([])
  })
})

test.each([
  [null, 10, 'cn-hangzhou'],
  ['oss-us-west-1', 1, 'us-west-1'],
])('regions %j are described, %i at least', async (regions, least, region) => {
  const { status, text } = await world.send({ query: { regions } })
  expect(status).toBe(200)
  const found = text.match(/<RegionInfo>/g) ?? []
  expect(regions === null ? found.length >= least : found.length === least).toBe(true)
  expect(text).toContain(
    `<RegionInfo><Region>oss-${region}</Region><InternetEndpoint>oss-${region}.aliyuncs.com</InternetEndpoint><InternalEndpoint>oss-${region}-internal.aliyuncs.com</InternalEndpoint>`,
  )
})

test('a region that is none is not described', async () => {
  const answer = await world.send({ query: { regions: 'aaa' } })
  expect([answer.status, codeOf(answer)]).toEqual([404, 'NoSuchRegion'])
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
  ['referer', 405, 'MethodNotAllowed', undefined],
  ['policyStatus', 405, 'MethodNotAllowed', undefined],
  ['metaQuery', 400, 'OperationNotSupported', '0037-00000001'],
  ['accessPoint', 400, 'OperationNotSupported', '0037-00000001'],
])('what nothing does is refused, and deletes no bucket: %s', async (name, status, code, ec) => {
  const client = await world.bucket()
  const bucket = client.getBucket()
  const answer = await world.send({ method: 'DELETE', bucket, query: { [name]: null } })
  expect([answer.status, codeOf(answer)]).toEqual([status, code])
  expect(answer.headers['x-oss-ec']).toBe(ec)
  await client.getBucketInfo(bucket)
})
