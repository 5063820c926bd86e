import {
  CreateBucketCommand,
  DeleteObjectTaggingCommand,
  GetObjectAclCommand,
  GetObjectTaggingCommand,
  PutObjectAclCommand,
  type PutObjectAclCommandInput,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { send, sign, type WireRequest } from './wire.ts'

const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'
const OWNER = '1000000000000001'

describe.each(runtimes)('what an object has besides its bytes, on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let oss: OssBucket
  const Bucket = 'bucket'
  const Key = 'a key/ä'
  const object = { Bucket, Key }

  beforeAll(async () => {
    world = await startWorld(runtime)
    s3 = world.s3()
    for (const name of [Bucket, 'versioned']) await s3.send(new CreateBucketCommand({ Bucket: name }))
    oss = world.oss(Bucket)
    await oss.put(Key, Buffer.from('x'))
    await world.oss('versioned').putBucketVersioning('versioned', 'Enabled')
  })
  afterAll(() => world.stop())

  const wire = (request: WireRequest) => send(world.endpoint, sign(request, new URL(world.endpoint).host))

  describe('tags', () => {
    const put = (tags: Record<string, string>, more: object = {}) =>
      s3.send(
        new PutObjectTaggingCommand({
          ...object,
          ...more,
          Tagging: { TagSet: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
        }),
      )

    test('are written, read and deleted', async () => {
      await put({ team: 'blue', 'a b': 'x+y=z', empty: '' })
      expect((await oss.getObjectTagging(Key)).tag).toEqual({ team: 'blue', 'a b': 'x+y=z', empty: '' })
      const { TagSet } = await s3.send(new GetObjectTaggingCommand(object))
      expect(TagSet).toEqual([
        { Key: 'team', Value: 'blue' },
        { Key: 'a b', Value: 'x+y=z' },
        { Key: 'empty', Value: '' },
      ])
      await s3.send(new DeleteObjectTaggingCommand(object))
      expect((await oss.getObjectTagging(Key)).tag).toEqual({})
      expect((await s3.send(new GetObjectTaggingCommand(object))).TagSet).toEqual([])
    })

    test('belong to a version', async () => {
      const versioned = { Bucket: 'versioned', Key: 'k' }
      const first = await s3.send(new PutObjectCommand({ ...versioned, Body: '1' }))
      await s3.send(new PutObjectCommand({ ...versioned, Body: '2' }))
      const answer = await put({ v: '1' }, { ...versioned, VersionId: first.VersionId })
      expect(answer.VersionId).toBe(first.VersionId)
      expect((await world.oss('versioned').getObjectTagging('k')).tag).toEqual({})
      const tagged = await s3.send(
        new GetObjectTaggingCommand({ ...versioned, VersionId: first.VersionId as string }),
      )
      expect(tagged).toMatchObject({ TagSet: [{ Key: 'v', Value: '1' }], VersionId: first.VersionId })
    })

    const tagging = (inner: string) => `<Tagging><TagSet>${inner}</TagSet></Tagging>`
    const tag = (key: string, value: string) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`
    test.each([
      ['eleven', tagging(Array.from({ length: 11 }, (_, i) => tag(`k${i}`, 'v')).join('')), 'BadRequest'],
      ['the same key twice', tagging(tag('a', '1') + tag('a', '2')), 'InvalidTag'],
      ['a reserved key', tagging(tag('aws:a', '1')), 'InvalidTag'],
      ['an empty key', tagging(tag('', '1')), 'InvalidTag'],
      ['a character OSS has not', tagging(tag('a', 'b@c')), 'InvalidTag'],
      ['no value', tagging('<Tag><Key>a</Key></Tag>'), 'MalformedXML'],
      ['no set', '<Tagging/>', 'MalformedXML'],
      ['two sets', '<Tagging><TagSet/><TagSet/></Tagging>', 'MalformedXML'],
      ['nothing', '', 'MissingRequestBodyError'],
    ])('%s: refused, and the tags stay', async (_, body, code) => {
      await put({ kept: 'yes' })
      const answer = await wire({ method: 'PUT', target: `/${Bucket}/a%20key/%C3%A4?tagging`, body })
      expect(answer.error.Code).toBe(code)
      expect((await oss.getObjectTagging(Key)).tag).toEqual({ kept: 'yes' })
    })

    test('of an object that is not there are NoSuchKey', async () => {
      const missing = { Bucket, Key: 'missing' }
      await expect(s3.send(new GetObjectTaggingCommand(missing))).rejects.toMatchObject({ name: 'NoSuchKey' })
      await expect(put({ a: '1' }, missing)).rejects.toMatchObject({ name: 'NoSuchKey' })
    })
  })

  describe('the ACL', () => {
    const put = (input: Partial<PutObjectAclCommandInput>) =>
      s3.send(new PutObjectAclCommand({ ...object, ...input }))
    const atOss = async () => (await oss.getACL(Key)).acl
    const owner = {
      Grantee: { Type: 'CanonicalUser' as const, ID: OWNER },
      Permission: 'FULL_CONTROL' as const,
    }
    const everyone = (Permission: 'READ' | 'WRITE' | 'READ_ACP') => ({
      Grantee: { Type: 'Group' as const, URI: ALL_USERS },
      Permission,
    })

    test.each([
      ['private', []],
      ['public-read', [everyone('READ')]],
      ['public-read-write', [everyone('READ'), everyone('WRITE')]],
    ] as const)('%s is the same in OSS, and reads back as grants', async (ACL, grants) => {
      await put({ ACL })
      expect(await atOss()).toBe(ACL)
      const { Owner, Grants } = await s3.send(new GetObjectAclCommand(object))
      expect(Owner).toEqual({ ID: OWNER })
      expect(Grants).toEqual([owner, ...grants])
    })

    test('of an object without one is its bucket’s', async () => {
      await oss.putACL(Key, 'default' as never)
      await world.oss().putBucketACL(Bucket, 'public-read')
      expect((await s3.send(new GetObjectAclCommand(object))).Grants).toEqual([owner, everyone('READ')])
      await world.oss().putBucketACL(Bucket, 'private')
      expect((await s3.send(new GetObjectAclCommand(object))).Grants).toEqual([owner])
    })

    test('can be put as it was read, as s3cmd does after a copy', async () => {
      await put({ ACL: 'public-read' })
      const { Owner, Grants } = await s3.send(new GetObjectAclCommand(object))
      await put({ ACL: 'private' })
      await put({ AccessControlPolicy: { Owner: { ...Owner, DisplayName: 'any' }, Grants } })
      expect(await atOss()).toBe('public-read')
      await put({ AccessControlPolicy: { Owner, Grants: [owner] } })
      expect(await atOss()).toBe('private')
    })

    test('may come as grants in headers', async () => {
      await put({ GrantRead: `uri="${ALL_USERS}"`, GrantFullControl: `id="${OWNER}"` })
      expect(await atOss()).toBe('public-read')
    })

    const policy = (grants: string, id = OWNER) =>
      `<AccessControlPolicy><Owner><ID>${id}</ID></Owner><AccessControlList>${grants}</AccessControlList></AccessControlPolicy>`
    const grant = (grantee: string, permission: string) =>
      `<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">${grantee}</Grantee><Permission>${permission}</Permission></Grant>`
    test.each([
      ['another account’s right', policy(grant('<ID>42</ID>', 'READ')), 'NotImplemented'],
      ['a right OSS has not', policy(grant(`<URI>${ALL_USERS}</URI>`, 'READ_ACP')), 'NotImplemented'],
      [
        'a right to write but not to read',
        policy(grant(`<URI>${ALL_USERS}</URI>`, 'WRITE')),
        'NotImplemented',
      ],
      [
        'a right of every AWS user',
        policy(grant('<URI>http://acs.amazonaws.com/groups/global/AuthenticatedUsers</URI>', 'READ')),
        'NotImplemented',
      ],
      ['an unknown group', policy(grant('<URI>http://example.com/</URI>', 'READ')), 'InvalidArgument'],
      ['a mail address', policy(grant('<EmailAddress>a@b.c</EmailAddress>', 'READ')), 'NotImplemented'],
      ['another owner', policy('', '42'), 'InvalidArgument'],
      ['an unknown right', policy(grant(`<ID>${OWNER}</ID>`, 'ALL')), 'MalformedACLError'],
      ['no owner', '<AccessControlPolicy><AccessControlList/></AccessControlPolicy>', 'MalformedACLError'],
      ['no XML', 'private', 'MalformedACLError'],
      ['nothing', '', 'MissingSecurityHeader'],
    ])('%s: refused, and the ACL stays', async (_, body, code) => {
      await put({ ACL: 'private' })
      const target = `/${Bucket}/a%20key/%C3%A4?acl`
      expect((await wire({ method: 'PUT', target, body })).error.Code).toBe(code)
      expect(await atOss()).toBe('private')
    })

    test('in two ways at once is refused', async () => {
      await put({ ACL: 'private' })
      const target = `/${Bucket}/a%20key/%C3%A4?acl`
      const both = { 'x-amz-acl': 'public-read', 'x-amz-grant-read': `uri="${ALL_USERS}"` }
      expect((await wire({ method: 'PUT', target, headers: both })).error.Code).toBe('InvalidRequest')
      const headers = { 'x-amz-acl': 'public-read' }
      expect((await wire({ method: 'PUT', target, headers, body: policy('') })).error.Code).toBe(
        'UnexpectedContent',
      )
      const unnamed = { 'x-amz-grant-full-control': 'somebody' }
      expect((await wire({ method: 'PUT', target, headers: unnamed, body: policy('') })).error.Code).toBe(
        'UnexpectedContent',
      )
      expect(await atOss()).toBe('private')
    })

    test('of a delete marker is not allowed', async () => {
      const versioned = { Bucket: 'versioned', Key: 'marked' }
      await world.oss('versioned').put('marked', Buffer.from('x'))
      const marker = await wire({ method: 'DELETE', target: '/versioned/marked' })
      const target = `/versioned/marked?acl&versionId=${marker.headers['x-amz-version-id']}`
      const answer = await wire({ method: 'PUT', target, headers: { 'x-amz-acl': 'private' } })
      expect(answer.error).toMatchObject({
        Code: 'MethodNotAllowed',
        Method: 'PUT',
        ResourceType: 'DeleteMarker',
      })
      await expect(s3.send(new GetObjectAclCommand(versioned))).rejects.toMatchObject({ name: 'NoSuchKey' })
    })
  })
})
