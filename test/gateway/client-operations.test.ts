import { createHmac } from 'node:crypto'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetBucketCorsCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  PutBucketLoggingCommand,
  PutBucketTaggingCommand,
  PutObjectAclCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isChange, kindsOf } from '../../src/operations/kinds.ts'
import { served } from '../../src/operations/served.ts'
import { runtimes, startWorld, type World } from '../harness.ts'
import { postForm, signFields } from './form.ts'
import { presign, send, sign, type WireRequest } from './wire.ts'

const secretAccessKey = 'a-secret-of-its-own'
const kinds = ['objects', 'buckets', 'bucketSettings', 'acls', 'policies']
const clients = [
  ...kinds.flatMap((kind) => [
    { accessKeyId: `only-${kind}`, secretAccessKey, operations: [kind] },
    { accessKeyId: `no-${kind}`, secretAccessKey, operations: kinds.filter((one) => one !== kind) },
  ]),
  { accessKeyId: 'team', secretAccessKey, prefixes: ['team/'] },
  { accessKeyId: 'team-acls', secretAccessKey, prefixes: ['team/'], operations: ['objects', 'acls'] },
  { accessKeyId: 'team-settings', secretAccessKey, prefixes: ['team/'], operations: ['bucketSettings'] },
]

type Row = (typeof served)[number]

const isSigned = ({ name, auth }: Row) => auth === undefined && name !== 'ListBuckets'
const rows = served.filter(isSigned)

/** A request of a row's method and address, to a bucket that is not there. */
function requestOf({ name, method, on, query = [], headers = [] }: Row): WireRequest {
  const path = `/missing-${name.toLowerCase()}${on === 'object' ? '/team/k' : ''}`
  // What begins a listing is the prefix that it is of.
  const search = [...query, ...(name.startsWith('List') && on === 'bucket' ? ['prefix=team%2F'] : [])]
  const target = search.length === 0 ? path : `${path}?${search.join('&')}`
  return {
    method,
    target,
    headers: Object.fromEntries(headers.map((header) => [header, 'missing-source/team/k'])),
  }
}

const put = (headers: Record<string, string>) => ({
  method: 'PUT',
  target: '/bucket/team/k',
  body: 'x',
  headers,
})

describe.each(runtimes)('a client limited to kinds of operations, on %s', (runtime) => {
  let world: World
  const s3 = (accessKeyId: string) => world.s3({ credentials: { accessKeyId, secretAccessKey } })
  const sendAs = (accessKeyId: string, request: WireRequest) =>
    send(world.endpoint, sign(request, new URL(world.endpoint).host, { accessKeyId, secretAccessKey }))

  beforeAll(async () => {
    world = await startWorld(runtime, { GATEWAY_CONFIG: JSON.stringify({ clients }) })
    await world.s3().send(new CreateBucketCommand({ Bucket: 'bucket' }))
    for (const key of ['team/a', 'other']) await world.oss('bucket').put(key, Buffer.from('x'))
  })
  afterAll(() => world.stop())
  beforeEach(() => void world.ossRequests())

  const kindOf = ({ name, access }: Row) => kindsOf({ name, access }, {})[0] ?? 'unknown'
  const ofAKind = rows.filter((row) => kinds.includes(kindOf(row)))

  test.each(ofAKind.map((row) => [row.name, kindOf(row), row] as const))(
    '%s is for who has %s, and refused to who has all else before OSS is asked',
    async (_, kind, row) => {
      const refusal = await sendAs(`no-${kind}`, requestOf(row))
      expect(refusal.status).toBe(403)
      expect(world.ossRequests()).toEqual([])
      const { status } = await sendAs(`only-${kind}`, requestOf(row))
      expect(status).not.toBe(403)
    },
  )

  test.each(rows.map((row) => [row.name, row] as const))(
    '%s: a client with prefixes that says no more changes objects alone',
    async (_, row) => {
      const { status } = await sendAs('team', requestOf(row))
      const isRefused = isChange(row.access) && kindOf(row) !== 'objects'
      expect(status === 403).toBe(isRefused)
    },
  )

  test('with prefixes it does what it says it does', async () => {
    await s3('team-acls').send(
      new PutObjectAclCommand({ Bucket: 'bucket', Key: 'team/a', ACL: 'public-read' }),
    )
    const beside = new PutObjectAclCommand({ Bucket: 'bucket', Key: 'other', ACL: 'public-read' })
    await expect(s3('team-acls').send(beside)).rejects.toMatchObject({ name: 'AccessDenied' })
    const TagSet = [{ Key: 'a', Value: 'b' }]
    const tag = new PutBucketTaggingCommand({ Bucket: 'bucket', Tagging: { TagSet } })
    await s3('team-settings').send(tag)
    await expect(s3('team-acls').send(tag)).rejects.toMatchObject({ name: 'AccessDenied' })
    const read = new GetObjectCommand({ Bucket: 'bucket', Key: 'team/a' })
    await expect(s3('team-settings').send(read)).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  test('with prefixes and no more it still reads ACLs and settings', async () => {
    await s3('team').send(new GetObjectAclCommand({ Bucket: 'bucket', Key: 'team/a' }))
    const cors = new GetBucketCorsCommand({ Bucket: 'bucket' })
    await expect(s3('team').send(cors)).rejects.toMatchObject({ name: 'NoSuchCORSConfiguration' })
  })

  const target = { Bucket: 'bucket', Key: 'team/k' }
  const CopySource = 'bucket/team/a'
  const publishing: [what: string, publish: (id: string) => Promise<unknown>][] = [
    ['x-amz-acl', (id) => s3(id).send(new PutObjectCommand({ ...target, ACL: 'public-read' }))],
    ['a grant', (id) => s3(id).send(new PutObjectCommand({ ...target, GrantRead: ALL }))],
    ['a copy', (id) => s3(id).send(new CopyObjectCommand({ ...target, CopySource, ACL: 'public-read' }))],
    ['an upload', (id) => s3(id).send(new CreateMultipartUploadCommand({ ...target, ACL: 'public-read' }))],
    [
      'a grant of an upload',
      (id) => s3(id).send(new CreateMultipartUploadCommand({ ...target, GrantRead: ALL })),
    ],
    ['x-amz-acl in capitals', (id) => refusalOf(sendAs(id, put({ 'x-amz-acl': 'PUBLIC-READ' })))],
    ['x-amz-acl twice', (id) => refusalOf(sendAs(id, put({ 'x-amz-acl': 'private,public-read' })))],
    ['x-amz-acl in a presigned query', (id) => refusalOf(presigned(id))],
    ...['acl', 'ACL', 'x-amz-acl', 'X-Amz-Acl', 'x-amz-grant-read'].map(
      (field): [string, (id: string) => Promise<unknown>] => [
        `the form's field ${field}`,
        (id) =>
          refusalOf(form(id, { key: 'team/k', [field]: field.includes('grant') ? ALL : 'public-read' })),
      ],
    ),
  ]
  const ALL = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'
  const form = (accessKeyId: string, fields: Record<string, string>) =>
    send(world.endpoint, postForm(signFields(fields, 'bucket', { accessKeyId, secretAccessKey }), 'x'))
  const presigned = (accessKeyId: string) => {
    const host = new URL(world.endpoint).host
    const request = { method: 'PUT', target: '/bucket/team/k?x-amz-acl=public-read', body: 'x' }
    return send(world.endpoint, presign(request, host, { accessKeyId, secretAccessKey }))
  }
  async function refusalOf(sending: ReturnType<typeof send>): Promise<void> {
    const { error } = await sending
    if (error.Code !== undefined) throw Object.assign(new Error(error.Message), { name: error.Code })
  }

  test.each(publishing)('%s is no way to publish for who has no ACLs', async (_, publish) => {
    for (const id of ['team', 'no-acls', 'only-objects']) {
      await expect(publish(id)).rejects.toMatchObject({ name: 'AccessDenied' })
    }
    expect(world.ossRequests()).toEqual([])
  })

  test.each(publishing.filter(([what]) => !/capitals|twice/.test(what)))(
    '%s publishes for who has objects and ACLs',
    async (_, publish) => {
      await publish('team-acls')
    },
  )

  test('a form needs objects, and a key of its prefixes', async () => {
    for (const id of ['no-objects', 'only-acls', 'team-settings']) {
      expect((await form(id, { key: 'team/k' })).error.Code).toBe('AccessDenied')
    }
    expect((await form('team-acls', { key: 'other/k', acl: 'public-read' })).error.Code).toBe('AccessDenied')
    expect(world.ossRequests()).toEqual([])
    expect((await form('only-objects', { key: 'team/k' })).status).toBe(204)
  })

  test('a batch needs objects, and deletes below the prefixes alone', async () => {
    await world.oss('bucket').put('team/gone', Buffer.from('x'))
    const Delete = { Objects: ['team/gone', 'other', 'team%2Fgone', '/team/gone'].map((Key) => ({ Key })) }
    const batch = new DeleteObjectsCommand({ Bucket: 'bucket', Delete })
    await expect(s3('no-objects').send(batch)).rejects.toMatchObject({ name: 'AccessDenied' })
    const { Deleted, Errors = [] } = await s3('team-acls').send(batch)
    expect(Deleted?.map(({ Key }) => Key)).toEqual(['team/gone'])
    expect(Errors.map(({ Key, Code }) => [Key, Code])).toEqual([
      ['other', 'AccessDenied'],
      ['team%2Fgone', 'AccessDenied'],
      ['/team/gone', 'AccessDenied'],
    ])
    await world.oss('bucket').head('other')
  })

  test('an ACL that an old presigned URL has in its query is one', async () => {
    const expires = Math.floor(Date.now() / 1000) + 600
    const text = `PUT\n\n\n${expires}\nx-amz-acl:public-read\n/bucket/team/k`
    const statusOf = async (id: string) => {
      const signature = createHmac('sha1', secretAccessKey).update(text).digest('base64')
      const query = `AWSAccessKeyId=${id}&Expires=${expires}&x-amz-acl=public-read&Signature=${encodeURIComponent(signature)}`
      return (await send(world.endpoint, { method: 'PUT', target: `/bucket/team/k?${query}`, body: 'x' }))
        .status
    }
    expect([await statusOf('team'), await statusOf('only-objects'), await statusOf('team-acls')]).toEqual([
      403, 403, 200,
    ])
  })

  test('logs go only where the client may write', async () => {
    const log = (TargetPrefix: string) =>
      new PutBucketLoggingCommand({
        Bucket: 'bucket',
        BucketLoggingStatus: { LoggingEnabled: { TargetBucket: 'bucket', TargetPrefix } },
      })
    await expect(s3('team-settings').send(log('other/'))).rejects.toMatchObject({ name: 'AccessDenied' })
    await s3('team-settings').send(log('team/'))
  })

  test.each([
    '/bucket/team/../other',
    '/bucket/team%2F..%2Fother',
    '/bucket//team/k',
    '/bucket/%74eam/%2e%2e/other',
  ])('%s is no way out of a prefix', async (target) => {
    await sendAs('team-acls', { method: 'PUT', target, body: 'stolen' })
    const { content } = await world.oss('bucket').get('other')
    expect(String(content)).toBe('x')
  })

  test('a bucket is created with an ACL only by who has both', async () => {
    const create = (Bucket: string) => new CreateBucketCommand({ Bucket, ACL: 'public-read' })
    await expect(s3('only-buckets').send(create('made-1'))).rejects.toMatchObject({ name: 'AccessDenied' })
    expect(world.ossRequests()).toEqual([])
    await s3('no-objects').send(create('made-1'))
  })

  test.each(['private', 'bucket-owner-read', 'bucket-owner-full-control'] as const)(
    '%s, which gives nobody anything, needs no ACLs',
    async (ACL) => {
      await s3('team').send(new PutObjectCommand({ ...target, ACL }))
      expect((await form('team', { key: 'team/k', acl: ACL })).status).toBe(204)
      expect((await world.oss('bucket').getACL('team/k')).acl).toBe('private')
    },
  )

  test('every client finds its buckets', async () => {
    for (const { accessKeyId } of clients) {
      expect((await sendAs(accessKeyId, { method: 'GET', target: '/' })).status).toBe(200)
      expect((await sendAs(accessKeyId, { method: 'HEAD', target: '/bucket' })).status).toBe(200)
      expect((await sendAs(accessKeyId, { method: 'GET', target: '/bucket?location' })).status).toBe(200)
    }
  })
})
