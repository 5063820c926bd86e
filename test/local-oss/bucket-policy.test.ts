import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, failure, startWorld, type World } from './setup.ts'

const allow = {
  Effect: 'Allow',
  Principal: ['*'],
  Action: ['oss:GetObject'],
  Resource: ['acs:oss:*:*:bucket/*'],
}
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

  test('is asked for lists by their prefix, and for objects by their tags', async () => {
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
      Condition: { IpAddress: { 'acs:SourceIp': address } },
    })
    await put(at('127.0.0.0/8'))
    expect((await anonymous('/open/k')).status).toBe(200)
    await put(at('10.0.0.0/8'))
    expect((await anonymous('/open/k')).status).toBe(403)
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
