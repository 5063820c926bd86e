import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, credentials, failure, startWorld, type World } from './setup.ts'

const allow = {
  Effect: 'Allow',
  Principal: ['*'],
  Action: ['oss:GetObject'],
  Resource: ['acs:oss:*:*:bucket/*'],
}
const always = { DateGreaterThan: { 'acs:CurrentTime': '1970-01-01T00:00:00Z' } }
const policy = (...statements: object[]) => JSON.stringify({ Version: '1', Statement: statements })

describe('a bucket’s policy', () => {
  let world: World
  let client: Client
  let bucket: string
  beforeAll(async () => {
    world = await startWorld()
    client = await world.bucket()
    bucket = client.getBucket()
    await client.put('open/k', Buffer.from('x'))
    await client.put('closed/k', Buffer.from('x'))
    await client.putObjectTagging('closed/k', { secret: 'yes' })
  })
  afterAll(() => world.stop())

  const put = (...statements: object[]) => client.putBucketPolicy(bucket, JSON.parse(policy(...statements)))
  const anonymous = (path: string, method = 'GET') =>
    world.fetch(`http://${bucket}.oss-cn-hangzhou.aliyuncs.com${path}`, { method })
  const on = (path: string) => [`acs:oss:*:*:${bucket}${path}`]

  test('lets in who does not sign, where it allows it', async () => {
    await put({ ...allow, Resource: on('/open/*') })
    expect((await anonymous('/open/k')).status).toBe(200)
    expect((await anonymous('/open/k', 'HEAD')).status).toBe(200)
    expect((await anonymous('/closed/k')).status).toBe(403)
    expect((await anonymous('/open/k', 'PUT')).status).toBe(403)
    expect((await anonymous('/')).status).toBe(403)
    await put({ ...allow, Action: ['oss:ListObjects'], Resource: on('') })
    expect((await anonymous('/?list-type=2')).status).toBe(200)
    expect((await anonymous('/?versions')).status).toBe(403)
  })

  test('is asked for lists by their prefix, and for objects by the tags they have', async () => {
    const prefix = { StringLike: { 'oss:Prefix': 'open/*' } }
    const tag = { StringEquals: { 'oss:ExistingObjectTag/secret': 'yes' } }
    await put(
      { ...allow, Action: ['oss:ListObjects'], Resource: on(''), Condition: prefix },
      { ...allow, Resource: on('/*'), Condition: tag },
    )
    expect((await anonymous('/?prefix=open/a')).status).toBe(200)
    expect((await anonymous('/')).status).toBe(403)
    expect((await anonymous('/closed/k')).status).toBe(200)
    expect((await anonymous('/open/k')).status).toBe(403)
  })

  test('knows where the caller is', async () => {
    const at = (address: string) => ({
      ...allow,
      Resource: on('/*'),
      Condition: { IpAddress: { 'acs:SourceIp': address }, StringLike: { 'acs:SourceVpc': '*' } },
    })
    await put(at('127.0.0.0/8'))
    expect((await anonymous('/open/k')).status).toBe(200)
    await put(at('10.0.0.0/8'))
    expect((await anonymous('/open/k')).status).toBe(403)
  })

  test('is asked for writes by the tags that they give, in headers, documents and forms', async () => {
    const tagged = { StringEquals: { 'oss:RequestObjectTag/level': 'low' } }
    const denied = { status: 403, code: 'AccessDenied', ecCode: '0003-00000101' }
    await put({
      ...allow,
      Effect: 'Deny',
      Action: ['oss:PutObject', 'oss:PutObjectTagging'],
      Resource: on('/*'),
      Condition: tagged,
    })
    const write = (tagging: string) =>
      client.put('tagged/k', Buffer.from('x'), { headers: { 'x-oss-tagging': tagging } })
    expect(await failure(write('level=low&a=b'))).toMatchObject(denied)
    expect((await write('level=high')).res.status).toBe(200)
    expect(await failure(client.putObjectTagging('tagged/k', { level: 'low' }))).toMatchObject(denied)
    expect((await client.putObjectTagging('tagged/k', { level: 'none' })).res.status).toBe(200)
    await put({
      ...allow,
      Effect: 'Deny',
      Action: ['oss:PutObjectTagging'],
      Resource: on('/*'),
      Condition: always,
    })
    expect(await failure(write('level=high'))).toMatchObject(denied)
    expect((await client.put('tagged/k', Buffer.from('x'))).res.status).toBe(200)
  })

  test('knows whose key signed', async () => {
    const keyed = (id: string) => ({ StringEquals: { 'acs:AccessId': [id] } })
    const closed = { ...allow, Effect: 'Deny', Resource: on('/*') }
    await put({ ...closed, Condition: keyed('another') })
    expect((await client.get('open/k')).res.status).toBe(200)
    await put({ ...closed, Condition: keyed(credentials.accessKeyId) })
    expect(await failure(client.get('open/k'))).toMatchObject({ status: 403 })
    await put({ ...allow, Resource: on('/*'), Condition: keyed(credentials.accessKeyId) })
    expect((await anonymous('/open/k')).status).toBe(403)
  })

  test.each<[what: string, ec: string, statement: object]>([
    [
      'an address and no network',
      '0030-00000008',
      { Condition: { IpAddress: { 'acs:SourceIp': '10.0.0.1' } } },
    ],
    ['two stars in a row', '0030-00000007', { Resource: on('/a**') }],
    ['two stars in a value', '0030-00000007', { Condition: { StringLike: { 'acs:UserAgent': 'a**' } } }],
    [
      'a list of more than 4095 bytes',
      '0030-00000003',
      { Resource: Array(99).fill(on(`/${'a'.repeat(40)}`)[0]) },
    ],
    ['an action of no service', '0030-00000005', { Action: ['s3:GetObject'] }],
  ])('with %s is not taken', async (_, ec, statement) => {
    expect(await failure(put({ ...allow, ...statement }))).toMatchObject({
      code: 'InvalidPolicyDocument',
      ecCode: ec,
    })
  })

  test('of 16 KB is not taken, nor one of another version', async () => {
    const many = Array.from({ length: 130 }, (_, i) => ({ ...allow, Resource: on(`/${i}${'a'.repeat(60)}`) }))
    expect(await failure(put(...many))).toMatchObject({
      code: 'InvalidPolicyDocument',
      ecCode: '0030-00000001',
    })
    const other = client.putBucketPolicy(bucket, { Version: '2', Statement: [allow] })
    expect(await failure(other)).toMatchObject({ code: 'InvalidPolicyDocument', ecCode: '0030-00000002' })
  })

  test('denies it to the owner, too: whole requests, sources of copies and each of many keys', async () => {
    const insecure = { Bool: { 'acs:SecureTransport': false } }
    const denied = { status: 403, code: 'AccessDenied' }
    const closed = { Effect: 'Deny', Principal: ['*'], Resource: on('/closed/*'), Condition: insecure }
    await put({ ...closed, Action: ['oss:GetObject', 'oss:DeleteObject'] })
    expect(await failure(client.get('closed/k'))).toMatchObject(denied)
    expect(await failure(client.copy('open/copy', 'closed/k'))).toMatchObject(denied)
    expect(await failure(client.deleteMulti(['open/k', 'closed/k']))).toMatchObject(denied)
    expect((await client.get('open/k')).res.status).toBe(200)
    await put({ ...closed, Condition: undefined, Action: ['oss:GetObject'] })
    expect((await client.get('closed/k')).res.status).toBe(200)
  })
})
