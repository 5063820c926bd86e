import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketLoggingCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { served } from '../../src/operations/served.ts'
import { requiredActions } from '../../src/operations/session-actions.ts'
import { runtimes, startWorld } from '../harness.ts'
import { postForm, signFields } from './form.ts'
import { PREFIX, startMappedWorld } from './mapped-world.ts'
import { postSts } from './sts-wire.ts'
import {
  allow,
  type Key,
  policyOf,
  roleOf,
  type StsWorld,
  secrets,
  startStsWorld,
  withSts,
} from './sts-world.ts'
import { presign, send, sign, type WireRequest } from './wire.ts'

type Row = (typeof served)[number]

/** A request of a row's method and address, about things that are not there. */
function requestOf({ method, on, query = [], headers = [] }: Row): WireRequest {
  const path = { service: '/', bucket: '/missing', object: '/missing/k' }[on]
  return {
    method,
    target: query.length === 0 ? path : `${path}?${query.join('&')}`,
    headers: Object.fromEntries(headers.map((header) => [header, 'missing-source/k'])),
  }
}

describe.each(runtimes)('a short-lived key with a policy, on %s', (runtime) => {
  let world: StsWorld
  beforeAll(async () => {
    world = await startStsWorld(runtime, { accessPoints: { point: 'other' } })
    for (const Bucket of ['bucket', 'other']) await world.s3().send(new CreateBucketCommand({ Bucket }))
    await world.s3().send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }))
    for (const key of ['a', 'secret', 'team/a']) await world.oss('bucket').put(key, Buffer.from('x'))
    await world.oss('other').put('a', Buffer.from('x'))
  })
  afterAll(() => world.stop())

  const narrowed = async (...statements: object[]) => world.assume({ Policy: policyOf(...statements) })
  const limited = async (...statements: object[]) => world.as(await narrowed(...statements))
  const sendAs = ({ accessKeyId, secretAccessKey, sessionToken = '' }: Key, request: WireRequest) => {
    const headers = { ...request.headers, 'x-amz-security-token': sessionToken }
    const host = new URL(world.endpoint).host
    return send(world.endpoint, sign({ ...request, headers }, host, { accessKeyId, secretAccessKey }))
  }
  /** That a request is denied before OSS is asked, for want of an action. */
  async function expectDenied(ask: () => Promise<unknown>, action: string) {
    world.ossRequests()
    await expect(ask()).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining(`does not allow s3:${action} on`),
    })
    expect(world.ossRequests()).toEqual([])
  }

  const signed = served.filter(({ auth, name }) => auth === undefined && name !== 'DeleteObjects')
  test.each(signed.map((row) => [row.name, row] as const))(
    '%s is done with the actions that it needs, and with none of them missing',
    async (name, row) => {
      const { headers = {} } = requestOf(row)
      // Of a copy, what its source needs is beside it.
      const needed = [
        ...(requiredActions(name, { headers }) ?? []),
        ...('x-amz-copy-source' in headers ? ['s3:GetObject'] : []),
      ]
      const all = await narrowed({ Action: needed, Resource: '*' })
      expect((await sendAs(all, requestOf(row))).status).not.toBe(403)
      for (const action of needed) {
        const others = await narrowed({ NotAction: action, Resource: '*' })
        const denied = await narrowed(
          { Action: '*', Resource: '*' },
          { Effect: 'Deny', Action: action, Resource: '*' },
        )
        world.ossRequests()
        for (const key of [others, denied]) expect((await sendAs(key, requestOf(row))).status).toBe(403)
        expect(world.ossRequests()).toEqual([])
      }
    },
  )

  const target = { Bucket: 'bucket', Key: 'made' }
  const put = (more: object = {}) => new PutObjectCommand({ ...target, Body: 'x', ...more })
  const copy = (CopySource: string, more: object = {}) =>
    new CopyObjectCommand({ ...target, CopySource, ...more })
  const until = new Date(Date.now() + 86_400_000)
  const ALL = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'
  const etag = '"0123456789abcdef0123456789abcdef"'

  const further: [what: string, ask: (s3: S3Client) => Promise<unknown>, action: string][] = [
    ['an ACL', (s3) => s3.send(put({ ACL: 'private' })), 'PutObjectAcl'],
    ['a grant', (s3) => s3.send(put({ GrantRead: ALL })), 'PutObjectAcl'],
    ['tags', (s3) => s3.send(put({ Tagging: 'a=b' })), 'PutObjectTagging'],
    [
      'a retention',
      (s3) => s3.send(put({ ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: until })),
      'PutObjectRetention',
    ],
    ['a hold', (s3) => s3.send(put({ ObjectLockLegalHoldStatus: 'ON' })), 'PutObjectLegalHold'],
    ['the ETag that is there', (s3) => s3.send(put({ IfMatch: etag })), 'GetObject'],
    ['an ACL of a copy', (s3) => s3.send(copy('bucket/a', { ACL: 'public-read' })), 'PutObjectAcl'],
    [
      'tags of a copy',
      (s3) => s3.send(copy('bucket/a', { TaggingDirective: 'REPLACE', Tagging: 'a=b' })),
      'PutObjectTagging',
    ],
    [
      'an ACL of an upload',
      (s3) => s3.send(new CreateMultipartUploadCommand({ ...target, ACL: 'private' })),
      'PutObjectAcl',
    ],
    [
      'tags of an upload',
      (s3) => s3.send(new CreateMultipartUploadCommand({ ...target, Tagging: 'a=b' })),
      'PutObjectTagging',
    ],
    [
      'the ETag that a completion replaces',
      (s3) => s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId: 'u', IfMatch: etag })),
      'GetObject',
    ],
    [
      'the ETag that is deleted',
      (s3) => s3.send(new DeleteObjectCommand({ ...target, IfMatch: etag })),
      'GetObject',
    ],
    [
      'a retention that is passed over',
      (s3) => s3.send(new DeleteObjectCommand({ ...target, BypassGovernanceRetention: true })),
      'BypassGovernanceRetention',
    ],
    [
      'a retention that is shortened',
      (s3) =>
        s3.send(
          new PutObjectRetentionCommand({
            ...target,
            BypassGovernanceRetention: true,
            Retention: { Mode: 'GOVERNANCE', RetainUntilDate: until },
          }),
        ),
      'BypassGovernanceRetention',
    ],
    [
      'a version',
      (s3) => s3.send(new GetObjectCommand({ ...target, VersionId: 'null' })),
      'GetObjectVersion',
    ],
    [
      'the tags of a version',
      (s3) => s3.send(new GetObjectTaggingCommand({ ...target, VersionId: 'null' })),
      'GetObjectVersionTagging',
    ],
    [
      'a version to delete',
      (s3) => s3.send(new DeleteObjectCommand({ ...target, VersionId: 'null' })),
      'DeleteObjectVersion',
    ],
    ['a version to copy', (s3) => s3.send(copy('bucket/a?versionId=null')), 'GetObjectVersion'],
    [
      'an ACL of a bucket',
      (s3) => s3.send(new CreateBucketCommand({ Bucket: 'made', ACL: 'private' })),
      'PutBucketAcl',
    ],
    [
      'locks in a bucket',
      (s3) => s3.send(new CreateBucketCommand({ Bucket: 'made', ObjectLockEnabledForBucket: true })),
      'PutBucketObjectLockConfiguration',
    ],
    [
      'the ownership of a bucket',
      (s3) => s3.send(new CreateBucketCommand({ Bucket: 'made', ObjectOwnership: 'ObjectWriter' })),
      'PutBucketOwnershipControls',
    ],
    [
      'tags of a bucket',
      (s3) =>
        s3.send(
          new CreateBucketCommand({
            Bucket: 'made',
            CreateBucketConfiguration: { Tags: [{ Key: 'a', Value: 'b' }] },
          }),
        ),
      'TagResource',
    ],
  ]
  test.each(further)('%s needs an action of its own', async (_, ask, action) => {
    const s3 = await limited({ NotAction: `s3:${action}`, Resource: '*' })
    await expectDenied(() => ask(s3), action)
  })

  test('a copy reads its source only where that may be read', async () => {
    const s3 = await limited(allow('GetObject', 'bucket/a'), allow('PutObject', 'bucket/made'))
    await s3.send(copy('bucket/a'))
    await s3.send(copy('/bucket/%61'))
    const others = [
      'bucket/secret',
      'other/a',
      'bucket/a/../secret',
      'arn:aws:s3:cn:1:accesspoint/point/object/a',
    ]
    for (const source of others) await expectDenied(() => s3.send(copy(source)), 'GetObject')
    const part = (CopySource: string) =>
      new UploadPartCopyCommand({ ...target, UploadId: 'u', PartNumber: 1, CopySource })
    await expectDenied(() => s3.send(part('bucket/secret')), 'GetObject')
    await expectDenied(() => s3.send(copy('bucket/a', { Key: 'secret' })), 'PutObject')
  })

  test('a copy has the tags of its source only where they may be read and written', async () => {
    await world.oss('bucket').putObjectTagging('secret', { a: 'b' })
    const statement = (actions: string) => allow(actions, 'bucket/*')
    for (const actions of ['GetObject PutObject', 'GetObject PutObject GetObjectTagging', 'GetObject Put*']) {
      const s3 = await limited(statement(actions))
      await s3.send(copy('bucket/a'))
      await expect(s3.send(copy('bucket/secret'))).rejects.toMatchObject({
        name: 'AccessDenied',
        message: expect.stringMatching(/s3:(?:Get|Put)ObjectTagging/),
      })
      await s3.send(copy('bucket/secret', { TaggingDirective: 'REPLACE' }))
      expect((await world.oss('bucket').getObjectTagging('made')).tag).toEqual({})
    }
    await (await limited(statement('GetObject PutObject GetObjectTagging PutObjectTagging'))).send(
      copy('bucket/secret'),
    )
    expect((await world.oss('bucket').getObjectTagging('made')).tag).toEqual({ a: 'b' })
  })

  test('an answer has no count of tags that may not be read', async () => {
    await world.oss('bucket').putObjectTagging('secret', { a: 'b' })
    const read = { Bucket: 'bucket', Key: 'secret' }
    const counts = async (s3: S3Client) => {
      const got = await s3.send(new GetObjectCommand(read))
      await got.Body?.transformToString()
      return [got.TagCount, (await s3.send(new HeadObjectCommand(read))).TagCount]
    }
    expect(await counts(await limited(allow('GetObject', 'bucket/*')))).toEqual([undefined, undefined])
    expect(await counts(await limited(allow('GetObject GetObjectTagging', 'bucket/*')))).toEqual([1, 1])
  })

  test('an answer has no lock that may not be read', async () => {
    const read = { Bucket: 'locked', Key: 'k' }
    await world.s3().send(
      new PutObjectCommand({
        ...read,
        Body: 'x',
        ObjectLockLegalHoldStatus: 'ON',
        ObjectLockMode: 'GOVERNANCE',
        ObjectLockRetainUntilDate: until,
      }),
    )
    const told = async (actions: string) => {
      const s3 = await limited(allow(actions, 'locked/*'))
      const { ObjectLockLegalHoldStatus, ObjectLockMode, ObjectLockRetainUntilDate } = await s3.send(
        new HeadObjectCommand(read),
      )
      return [ObjectLockLegalHoldStatus, ObjectLockMode, ObjectLockRetainUntilDate !== undefined]
    }
    expect(await told('GetObject')).toEqual([undefined, undefined, false])
    expect(await told('GetObject GetObjectLegalHold')).toEqual(['ON', undefined, false])
    expect(await told('GetObject GetObjectRetention')).toEqual([undefined, 'GOVERNANCE', true])
  })

  test('a batch deletes what may be deleted', async () => {
    for (const key of ['tmp/a', 'tmp/kept', 'tmp/b']) await world.oss('bucket').put(key, Buffer.from('x'))
    const s3 = await limited(allow('DeleteObject', 'bucket/tmp/*'), {
      Effect: 'Deny',
      ...allow('DeleteObject', 'bucket/tmp/kept'),
    })
    const Objects = [
      { Key: 'tmp/a' },
      { Key: 'tmp/kept' },
      { Key: 'secret' },
      { Key: 'tmp/b', VersionId: 'null' },
      { Key: 'tmp/b', ETag: etag },
      { Key: '.s3-oss-gateway/tmp' },
    ]
    const { Deleted, Errors = [] } = await s3.send(
      new DeleteObjectsCommand({ Bucket: 'bucket', Delete: { Objects } }),
    )
    expect(Deleted?.map(({ Key }) => Key)).toEqual(['tmp/a'])
    expect(Errors.map(({ Key, Code }) => [Key, Code])).toEqual(
      Objects.slice(1).map(({ Key }) => [Key, 'AccessDenied']),
    )
    for (const key of ['tmp/kept', 'tmp/b', 'secret']) await world.oss('bucket').head(key)
    await expectDenied(async () => {
      const { Errors = [] } = await s3.send(
        new DeleteObjectsCommand({
          Bucket: 'bucket',
          Delete: { Objects: [{ Key: 'tmp/a' }] },
          BypassGovernanceRetention: true,
        }),
      )
      throw Object.assign(new Error(Errors[0]?.Message), { name: Errors[0]?.Code })
    }, 'BypassGovernanceRetention')
  })

  test.each([
    ['the key', { key: 'secret' }, 'PutObject'],
    ['an ACL', { key: 'made', acl: 'public-read' }, 'PutObjectAcl'],
    ['a grant', { key: 'made', 'x-amz-grant-read': ALL }, 'PutObjectAcl'],
    ['tags', { key: 'made', tagging: '<Tagging><TagSet></TagSet></Tagging>' }, 'PutObjectTagging'],
    ['tags as a header', { key: 'made', 'x-amz-tagging': 'a=b' }, 'PutObjectTagging'],
    ['a condition', { key: 'made', 'if-match': etag }, 'GetObject'],
  ])('a form needs what an upload needs for %s', async (_, fields, action) => {
    const { accessKeyId, secretAccessKey, sessionToken } = await narrowed(allow('PutObject', 'bucket/made'))
    const post = (more: Record<string, string>) => {
      const all = { ...more, 'x-amz-security-token': sessionToken }
      return send(world.endpoint, postForm(signFields(all, 'bucket', { accessKeyId, secretAccessKey }), 'x'))
    }
    expect((await post({ key: 'made' })).status).toBe(204)
    world.ossRequests()
    expect((await post(fields as Record<string, string>)).error).toMatchObject({
      Code: 'AccessDenied',
      Message: expect.stringContaining(`does not allow s3:${action} on`),
    })
    expect(world.ossRequests()).toEqual([])
  })

  test('a list is of the prefixes that may be listed', async () => {
    const s3 = await limited({
      ...allow('ListBucket ListBucketVersions ListBucketMultipartUploads', 'bucket'),
      Condition: { StringLike: { 's3:prefix': ['team/*'] }, StringEquals: { 's3:delimiter': '/' } },
    })
    const of = (Prefix?: string, Delimiter: string | undefined = '/') => ({
      Bucket: 'bucket',
      Prefix,
      Delimiter,
    })
    await s3.send(new ListObjectsV2Command(of('team/')))
    await s3.send(new ListObjectsCommand(of('team/a')))
    await s3.send(new ListObjectVersionsCommand(of('team/')))
    for (const prefix of [undefined, '', 'team', 'secret', ' team/']) {
      await expectDenied(() => s3.send(new ListObjectsV2Command(of(prefix))), 'ListBucket')
      await expectDenied(() => s3.send(new ListObjectVersionsCommand(of(prefix))), 'ListBucketVersions')
    }
    await expectDenied(
      () => s3.send(new ListObjectsV2Command({ Bucket: 'bucket', Prefix: 'team/' })),
      'ListBucket',
    )
    // S3 has no prefix to judge these by.
    await expectDenied(
      () => s3.send(new ListMultipartUploadsCommand(of('team/'))),
      'ListBucketMultipartUploads',
    )
    await expectDenied(
      () => s3.send(new ListObjectsV2Command({ ...of('team/'), Bucket: 'other' })),
      'ListBucket',
    )
  })

  test('a prefix that is there twice is no way around a condition', async () => {
    const key = await narrowed({
      ...allow('ListBucket', 'bucket'),
      Condition: { StringEquals: { 's3:prefix': 'team/' } },
    })
    for (const query of [
      'prefix=team%2F&prefix=',
      'prefix=&prefix=team%2F',
      'Prefix=team%2F',
      'prefix=team%2f&x-prefix=',
    ]) {
      const { status } = await sendAs(key, { method: 'GET', target: `/bucket?list-type=2&${query}` })
      expect([query, status]).toEqual([
        query,
        query.startsWith('prefix=team%2f') ? 200 : query.startsWith('Prefix') ? 403 : 400,
      ])
    }
  })

  test('buckets are found by who may list them, and all that its client has', async () => {
    const names = async (s3: S3Client) =>
      (await s3.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)
    expect(await names(await limited({ Action: 's3:ListAllMyBuckets', Resource: '*' }))).toEqual([
      'bucket',
      'locked',
      'other',
    ])
    expect(await names(await limited({ Action: 's3:List*', Resource: 'arn:aws:s3:::*' }))).toEqual([
      'bucket',
      'locked',
      'other',
    ])
    const s3 = await limited(allow('*', 'bucket', 'bucket/*'))
    await expectDenied(() => s3.send(new ListBucketsCommand({})), 'ListAllMyBuckets')
  })

  test('who sends it counts', async () => {
    const from = (network: string) => ({ IpAddress: { 'aws:SourceIp': network } })
    const read = { method: 'GET', target: '/bucket/a' }
    // As Cloudflare tells it; on Node it is a header like others.
    const asked = { ...read, headers: { 'cf-connecting-ip': '127.0.0.1' } }
    const statusWith = async (Condition: object, request: WireRequest = asked) =>
      (await sendAs(await narrowed({ ...allow('GetObject', 'bucket/*'), Condition }), request)).status
    expect(await statusWith(from('127.0.0.0/8'))).toBe(200)
    expect(await statusWith(from('10.0.0.0/8'))).toBe(403)
    expect(await statusWith({ NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } })).toBe(200)
    expect(await statusWith({ Bool: { 'aws:SecureTransport': 'true' } })).toBe(403)
    expect(await statusWith({ Bool: { 'aws:SecureTransport': 'false' } })).toBe(200)
    // Where nobody tells, nothing that depends on it is allowed, nor what is allowed to all others.
    const unknown = runtime === 'workerd' ? 403 : 200
    expect(await statusWith(from('127.0.0.1'), read)).toBe(unknown)
    expect(await statusWith({ NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, read)).toBe(unknown)
  })

  test('no logs are turned on, which would be written where nobody has looked', async () => {
    const s3 = await limited({ Action: 's3:*', Resource: '*' })
    const LoggingEnabled = { TargetBucket: 'bucket', TargetPrefix: 'a' }
    const log = new PutBucketLoggingCommand({ Bucket: 'bucket', BucketLoggingStatus: { LoggingEnabled } })
    await expect(s3.send(log)).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  test.each(['.s3-oss-gateway/locks/a', '.s3-oss-gateway/'])('%s stays out of reach', async (Key) => {
    const s3 = await limited({ Action: '*', Resource: '*' })
    for (const command of [
      () => s3.send(new GetObjectCommand({ Bucket: 'bucket', Key })),
      () => s3.send(copy(`bucket/${Key}`)),
    ]) {
      await expect(command()).rejects.toMatchObject({ name: 'AccessDenied' })
    }
  })

  test.each([
    '/bucket/team/../secret',
    '/bucket/team%2F..%2Fsecret',
    '/bucket//team/a',
    '/bucket/%74eam/%2e%2e/secret',
  ])('%s is no way out of a resource', async (target) => {
    const key = await narrowed(allow('PutObject', 'bucket/team/*'))
    await sendAs(key, { method: 'PUT', target, body: 'stolen' })
    expect(String((await world.oss('bucket').get('secret')).content)).toBe('x')
  })
})

/** A policy of the size that just fits, of characters that take as much room in a token as any. */
function fullPolicy(): string {
  const of = (Sid: string) => policyOf({ Sid, ...allow('GetObject', 'bucket/*') })
  return of('\\'.repeat(Math.floor((2048 - of('').length) / 2)))
}

test.each(runtimes)('a policy that fills its room is carried by headers and URLs on %s', async (runtime) => {
  const world = await startStsWorld(runtime)
  await world.s3().send(new CreateBucketCommand({ Bucket: 'bucket' }))
  await world.oss('bucket').put('k', Buffer.from('x'))
  const key = await world.assume({ Policy: fullPolicy() })
  expect(key.sessionToken.length).toBeGreaterThan(5000)
  await world.as(key).send(new GetObjectCommand({ Bucket: 'bucket', Key: 'k' }))
  const { sessionToken, ...signing } = key
  const target = `/bucket/k?X-Amz-Security-Token=${encodeURIComponent(sessionToken)}`
  const request = presign({ method: 'GET', target }, new URL(world.endpoint).host, signing)
  expect((await send(world.endpoint, request)).status).toBe(200)
  await world.stop()
})

test('over TLS a request has aws:SecureTransport', async () => {
  const world = await startWorld('node', {
    TLS_CERT_FILE: 'test/data/localhost-cert.pem',
    TLS_KEY_FILE: 'test/data/localhost-key.pem',
    GATEWAY_CONFIG: JSON.stringify({ sts: { secrets: [secrets[0]] } }),
  })
  const { host } = new URL(world.endpoint)
  for (const [value, status] of [
    ['true', 200],
    ['false', 403],
  ] as const) {
    const Policy = policyOf({
      Action: 's3:ListAllMyBuckets',
      Resource: '*',
      Condition: { Bool: { 'aws:SecureTransport': value } },
    })
    const form = new URLSearchParams({
      Action: 'AssumeRole',
      Version: '2011-06-15',
      RoleArn: roleOf('local'),
      RoleSessionName: 'ab',
      Policy,
    })
    const { body } = await send(world.endpoint, postSts(String(form), host))
    const of = (name: string) => new RegExp(`<${name}>([^<]*)`).exec(String(body))?.[1] ?? ''
    const headers = { 'x-amz-security-token': of('SessionToken') }
    const signing = { accessKeyId: of('AccessKeyId'), secretAccessKey: of('SecretAccessKey') }
    expect(
      (await send(world.endpoint, sign({ method: 'GET', target: '/', headers }, host, signing))).status,
    ).toBe(status)
  }
  await world.stop()
})

test.each(runtimes)('a policy is about the names that clients use, on %s', async (runtime) => {
  const world = withSts(await startMappedWorld(runtime, { sts: { secrets: [secrets[0]] } }))
  const oss = world.oss('whole')
  for (const key of [`${PREFIX}open/a`, `${PREFIX}closed`, 'open/a']) await oss.put(key, Buffer.from('x'))
  await oss.putObjectTagging(`${PREFIX}open/a`, { a: 'b' })
  const Policy = policyOf(allow('GetObject PutObject DeleteObject', 'part/open/*'), {
    ...allow('ListBucket', 'part'),
    Condition: { StringLike: { 's3:prefix': 'open/*' } },
  })
  const s3 = world.as(await world.assume({ Policy }))
  const read = (Bucket: string, Key: string) => s3.send(new GetObjectCommand({ Bucket, Key }))
  const copy = (CopySource: string, Key = 'open/b') =>
    s3.send(new CopyObjectCommand({ Bucket: 'part', Key, CopySource, TaggingDirective: 'REPLACE' }))

  expect((await read('part', 'open/a')).TagCount).toBeUndefined()
  await copy('part/open/a')
  const list = await s3.send(new ListObjectsV2Command({ Bucket: 'part', Prefix: 'open/' }))
  expect(list.Contents?.map(({ Key }) => Key)).toEqual(['open/a', 'open/b'])
  const Delete = { Objects: [{ Key: 'open/b' }, { Key: 'closed' }] }
  const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket: 'part', Delete }))
  expect([Deleted?.map(({ Key }) => Key), Errors?.map(({ Key }) => Key)]).toEqual([['open/b'], ['closed']])

  const denied = [
    () => read('part', 'closed'),
    () => read('whole', `${PREFIX}open/a`),
    () => read('whole', 'open/a'),
    () => read('alias', 'open/a'),
    () => read('far-part', 'open/a'),
    () => copy('part/closed'),
    () => copy(encodeURI(`whole/${PREFIX}open/a`)),
    () => copy('alias/open/a'),
    () => copy('part/open/a', 'closed'),
    () => s3.send(new CopyObjectCommand({ Bucket: 'part', Key: 'open/b', CopySource: 'part/open/a' })),
    () => s3.send(new ListObjectsV2Command({ Bucket: 'part', Prefix: `${PREFIX}open/` })),
    () => s3.send(new ListObjectsV2Command({ Bucket: 'whole', Prefix: 'open/' })),
  ]
  for (const ask of denied) await expect(ask()).rejects.toMatchObject({ name: 'AccessDenied' })
  await world.stop()
})
