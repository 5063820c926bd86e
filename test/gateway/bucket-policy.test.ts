import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  GetBucketAclCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FaultAction } from '../../src/local-oss/index.ts'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { readBucketText } from './raw-oss.ts'
import { send, sign } from './wire.ts'

const Bucket = 'bucket'
const publicRead = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'PublicReadGetObject',
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::bucket/*',
    },
  ],
}

describe.each(runtimes)('a bucket policy on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let oss: OssBucket

  beforeAll(async () => {
    world = await startWorld(runtime)
    s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket }))
    oss = world.oss()
  })
  afterAll(() => world.stop())

  const put = (policy: unknown) =>
    s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(policy) }))
  const atOss = async () => JSON.parse(await readBucketText(oss, Bucket, 'policy'))

  test('is kept in OSS’s grammar, read back in S3’s, and deleted', async () => {
    expect((await put(publicRead)).$metadata.httpStatusCode).toBe(204)
    expect(await atOss()).toEqual({
      Version: '1',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['oss:GetObject'],
          Principal: ['*'],
          Resource: ['acs:oss:*:*:bucket/*'],
        },
      ],
    })
    const { Policy } = await s3.send(new GetBucketPolicyCommand({ Bucket }))
    expect(JSON.parse(Policy ?? '')).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: '*',
          Action: ['s3:GetObject'],
          Resource: ['arn:aws:s3:::bucket/*'],
        },
      ],
    })
    expect((await s3.send(new GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus).toEqual({
      IsPublic: true,
    })
    await s3.send(new DeleteBucketPolicyCommand({ Bucket }))
    await expect(s3.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchBucketPolicy',
      BucketName: Bucket,
    })
  })

  test('that cannot be said is refused, and the former stays', async () => {
    await put(publicRead)
    const before = await atOss()
    const account = { AWS: 'arn:aws:iam::111122223333:root' }
    const statement = { ...publicRead.Statement[0], Principal: account }
    await expect(put({ ...publicRead, Statement: [statement] })).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('Statement PublicReadGetObject'),
    })
    await expect(put([])).rejects.toMatchObject({
      name: 'MalformedPolicy',
      message: "Policies must be valid JSON and the first byte must be '{'",
    })
    expect(await atOss()).toEqual(before)
    const host = new URL(world.endpoint).host
    const empty = await send(world.endpoint, sign({ method: 'PUT', target: `/${Bucket}?policy` }, host))
    expect(empty.error.Code).toBe('MissingRequestBodyError')
  })

  const putAtOss = (statement: object) =>
    (oss as unknown as { putBucketPolicy(bucket: string, policy: object): Promise<void> }).putBucketPolicy(
      Bucket,
      { Version: '1', Statement: [{ Effect: 'Allow', Action: ['oss:GetObject'], ...statement }] },
    )

  test('of OSS is shown where its resources are of the bucket’s owner', async () => {
    const { Owner } = await s3.send(new GetBucketAclCommand({ Bucket }))
    await putAtOss({ Principal: ['*'], Resource: [`acs:oss:*:${Owner?.ID}:bucket/*`] })
    const { Policy } = await s3.send(new GetBucketPolicyCommand({ Bucket }))
    expect(JSON.parse(Policy ?? '')).toMatchObject({ Statement: [{ Resource: ['arn:aws:s3:::bucket/*'] }] })
    await putAtOss({ Principal: ['*'], Resource: ['acs:oss:*:1234567890:bucket/*'] })
    await expect(s3.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NotImplemented',
    })
  })

  test('of OSS that S3 cannot say is not shown as another', async () => {
    await putAtOss({ Principal: ['1234567890'], Resource: ['acs:oss:*:*:bucket/*'] })
    await expect(s3.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('Statement 1'),
    })
    expect((await s3.send(new GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus).toEqual({
      IsPublic: false,
    })
  })

  test.each<[string, object, boolean]>([
    ['everyone', {}, true],
    ['everyone by HTTPS', { Condition: { Bool: { 'aws:SecureTransport': 'true' } } }, true],
    [
      'some addresses',
      { Condition: { IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '2001:db8::/32'] } } },
      false,
    ],
    ['half of all addresses', { Condition: { IpAddress: { 'aws:SourceIp': '0.0.0.0/1' } } }, true],
    ['all addresses but some', { Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }, true],
    ['a client', { Principal: { AWS: 'local' } }, false],
    ['nobody', { Effect: 'Deny' }, false],
  ])('that lets in %s is public as S3 has it', async (_, change, IsPublic) => {
    await put({ Statement: [{ ...publicRead.Statement[0], ...change }] })
    const { PolicyStatus } = await s3.send(new GetBucketPolicyStatusCommand({ Bucket }))
    expect(PolicyStatus).toEqual({ IsPublic })
  })

  const notPublic: FaultAction = {
    kind: 'garbage',
    status: 200,
    body: '<PolicyStatus><IsPublic>false</IsPublic></PolicyStatus>',
    headers: { 'content-type': 'application/xml', 'x-oss-request-id': '1' },
  }
  const noPolicy: FaultAction = { kind: 'error', status: 404, code: 'NoSuchBucketPolicy' }
  const denied: FaultAction = { kind: 'error', status: 403, code: 'AccessDenied' }
  test.each<[_: string, faults: Record<string, FaultAction>, expected: object]>([
    ['says that it is not public', { GetBucketPolicyStatus: notPublic }, { name: 'NoSuchBucketPolicy' }],
    ['says that there is none', { GetBucketPolicyStatus: noPolicy }, { name: 'NoSuchBucketPolicy' }],
    [
      'does not show the policy to the gateway',
      { GetBucketPolicyStatus: notPublic, GetBucketPolicy: denied },
      { PolicyStatus: { IsPublic: false } },
    ],
  ])('that is not there has no status, where OSS %s', async (_, faults, expected) => {
    await s3.send(new DeleteBucketPolicyCommand({ Bucket }))
    for (const [operation, action] of Object.entries(faults)) world.localOss.faults.add({ operation, action })
    const answer = await s3.send(new GetBucketPolicyStatusCommand({ Bucket })).catch((error) => error)
    world.localOss.faults.clear()
    expect(answer).toMatchObject(expected)
  })
})

describe('a policy of a gateway that serves TLS', () => {
  const ca = 'test/data/localhost-cert.pem'
  test('may deny plain HTTP, and still may be taken back', async () => {
    const world = await startWorld('node', { TLS_CERT_FILE: ca, TLS_KEY_FILE: 'test/data/localhost-key.pem' })
    const s3 = world.s3({ requestHandler: { httpsAgent: new Agent({ ca: readFileSync(ca) }) } })
    await s3.send(new CreateBucketCommand({ Bucket }))
    const statement = {
      Effect: 'Deny',
      Principal: '*',
      Action: ['s3:*'],
      Resource: ['arn:aws:s3:::bucket', 'arn:aws:s3:::bucket/*'],
      Condition: { Bool: { 'aws:SecureTransport': ['false'] } },
    }
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Statement: [statement] }) }))
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }))
    const { Policy } = await s3.send(new GetBucketPolicyCommand({ Bucket }))
    expect(JSON.parse(Policy ?? '').Statement).toEqual([statement])
    // ali-oss comes by HTTP here.
    await expect(world.oss(Bucket).get('k')).rejects.toMatchObject({ status: 403 })
    await s3.send(new DeleteBucketPolicyCommand({ Bucket }))
    await world.oss(Bucket).get('k')
    await world.stop()
  })
})

describe('a policy that names clients', () => {
  test('may not be about one that the settings limit', async () => {
    const secretAccessKey = 'a-secret-of-sixteen-or-more'
    const clients = [
      { accessKeyId: 'reader', secretAccessKey, readOnly: true },
      { accessKeyId: 'elsewhere', secretAccessKey, buckets: ['other'] },
      { accessKeyId: 'below', secretAccessKey, prefixes: ['a/'] },
      { accessKeyId: 'settings', secretAccessKey, operations: ['bucketSettings'] },
      { accessKeyId: 'free', secretAccessKey, buckets: [Bucket] },
    ]
    const world = await startWorld('node', { GATEWAY_CONFIG: JSON.stringify({ clients }) })
    const s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket }))
    const put = (...names: string[]) =>
      s3.send(
        new PutBucketPolicyCommand({
          Bucket,
          Policy: JSON.stringify({ Statement: [{ ...publicRead.Statement[0], Principal: { AWS: names } }] }),
        }),
      )
    await put('free', 'local')
    const { Policy } = await s3.send(new GetBucketPolicyCommand({ Bucket }))
    expect(JSON.parse(Policy ?? '').Statement[0].Principal).toEqual({ AWS: ['free', 'local'] })
    for (const name of ['reader', 'elsewhere', 'below', 'settings']) {
      await expect(put('free', name)).rejects.toMatchObject({
        name: 'NotImplemented',
        message: expect.stringContaining(`limit the access key ${name}`),
      })
    }
    await expect(put('stranger')).rejects.toMatchObject({ name: 'MalformedPolicy' })
    await world.stop()
  })
})

describe.each(runtimes)('a policy of a bucket whose unsigned requests are forwarded, on %s', (runtime) => {
  let world: World
  let s3: S3Client
  beforeAll(async () => {
    world = await startWorld(runtime, { GATEWAY_CONFIG: JSON.stringify({ anonymous: 'forward' }) })
    s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket }))
    for (const Key of ['public/k', 'public/secret/k', 'private/k']) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
    }
  })
  afterAll(() => world.stop())
  const Resource = (path: string) => `arn:aws:s3:::${Bucket}${path}`
  const put = (...Statement: object[]) =>
    s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Statement }) }))
  const statusOf = async (path: string, headers: Record<string, string> = {}) => {
    const { status } = await fetch(`${world.endpoint}/${Bucket}${path}`, { headers })
    return status
  }

  test('lets in by prefix, and keeps out what it denies', async () => {
    await put(
      { ...publicRead.Statement[0], Resource: Resource('/public/*') },
      { Effect: 'Deny', Principal: '*', Action: 's3:GetObject', Resource: Resource('/public/secret/*') },
      {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:ListBucket',
        Resource: Resource(''),
        Condition: { StringLike: { 's3:prefix': 'public/*' } },
      },
    )
    expect(await statusOf('/public/k')).toBe(200)
    expect(await statusOf('/public/secret/k')).toBe(403)
    expect(await statusOf('/private/k')).toBe(403)
    expect(await statusOf('/?list-type=2&prefix=public/')).toBe(200)
    expect(await statusOf('/?list-type=2&prefix=p')).toBe(403)
    expect(await statusOf('/?list-type=2')).toBe(403)
  })

  test('lets in by the client’s user agent, but not by its address, which OSS does not see', async () => {
    const allow = { ...publicRead.Statement[0], Resource: Resource('/*') }
    await put({ ...allow, Condition: { StringLike: { 'aws:UserAgent': 'reader/*' } } })
    expect(await statusOf('/private/k', { 'user-agent': 'reader/1' })).toBe(200)
    expect(await statusOf('/private/k', { 'user-agent': 'other' })).toBe(403)
    const byAddress = put({ ...allow, Condition: { IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } } })
    await expect(byAddress).rejects.toMatchObject({ name: 'NotImplemented' })
  })
})
