import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  PutBucketPolicyCommand,
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

  test('of OSS that S3 cannot say is not shown as another', async () => {
    const statement = {
      Effect: 'Allow',
      Action: ['oss:GetObject'],
      Principal: ['1234567890'],
      Resource: ['acs:oss:*:1234567890:bucket/*'],
    }
    await (
      oss as unknown as { putBucketPolicy(bucket: string, policy: object): Promise<void> }
    ).putBucketPolicy(Bucket, { Version: '1', Statement: [statement] })
    await expect(s3.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('Statement 1'),
    })
    expect((await s3.send(new GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus).toEqual({
      IsPublic: false,
    })
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
