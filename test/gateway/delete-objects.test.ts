import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  type DeleteObjectsCommandInput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { send, sign, type WireRequest } from './wire.ts'

const secretAccessKey = 'a-secret-of-its-own'
const clients = [
  { accessKeyId: 'team', secretAccessKey, buckets: ['bucket'], prefixes: ['team/'] },
  { accessKeyId: 'reader', secretAccessKey, readOnly: true },
]

describe.each(runtimes)('DeleteObjects on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let oss: OssBucket
  const Bucket = 'bucket'

  beforeAll(async () => {
    world = await startWorld(runtime, { GATEWAY_CONFIG: JSON.stringify({ clients }) })
    s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket }))
    oss = world.oss(Bucket)
  })
  afterAll(() => world.stop())

  const remove = (keys: string[], more: Partial<DeleteObjectsCommandInput['Delete']> = {}, client = s3) =>
    client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })), ...more } }),
    )
  const put = async (...keys: string[]) => {
    for (const key of keys) await oss.put(key, Buffer.from('x'))
  }
  const keysAtOss = async () =>
    ((await oss.listV2({ 'max-keys': '1000' }, {})).objects ?? []).map(({ name }) => name)
  const wire = (request: WireRequest) => send(world.endpoint, sign(request, new URL(world.endpoint).host))
  const raw = (body: string, headers: Record<string, string> = {}) =>
    wire({ method: 'POST', target: `/${Bucket}?delete`, body, headers })

  test('deletes in one OSS request, and reports keys that are not there as deleted', async () => {
    await put('a', 'b')
    world.ossRequests()
    const answer = await remove(['a', 'absent', 'b'])
    expect(answer.Deleted).toEqual([{ Key: 'a' }, { Key: 'absent' }, { Key: 'b' }])
    expect(answer.Errors).toBeUndefined()
    expect(world.ossRequests()).toEqual(['DeleteMultipleObjects'])
    expect(await keysAtOss()).toEqual([])
  })

  test('wants no Content-MD5 from the client, and gives OSS one', async () => {
    await put('a')
    const answer = await raw('<Delete><Object><Key>a</Key></Object></Delete>')
    expect(answer.status).toBe(200)
    expect(await keysAtOss()).toEqual([])
  })

  test('takes a pretty-printed document', async () => {
    await put('a')
    const pretty = '<Delete>\n  <Object>\n    <Key>a</Key>\n  </Object>\n  <Quiet>false</Quiet>\n</Delete>\n'
    expect((await raw(pretty)).status).toBe(200)
    expect(await keysAtOss()).toEqual([])
  })

  test('verifies the Content-MD5 of a client that sends one', async () => {
    await put('kept')
    const answer = await raw('<Delete><Object><Key>kept</Key></Object></Delete>', {
      'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==',
    })
    expect(answer.error.Code).toBe('BadDigest')
    expect(await keysAtOss()).toEqual(['kept'])
    await remove(['kept'])
  })

  test('quiet says only what went wrong', async () => {
    await put('a')
    const answer = await remove(['a', '/slash'], { Quiet: true })
    expect(answer.Deleted).toBeUndefined()
    expect(answer.Errors).toMatchObject([{ Key: '/slash', Code: 'InvalidURI' }])
    expect(await keysAtOss()).toEqual([])
  })

  test('a key that OSS cannot have is an error of its own', async () => {
    await put('a')
    const long = 'k'.repeat(1024)
    const answer = await remove(['/slash', 'a', long, '\\back'])
    expect(answer.Deleted).toEqual([{ Key: 'a' }])
    expect(answer.Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([
      ['/slash', 'InvalidURI'],
      [long, 'KeyTooLongError'],
      ['\\back', 'InvalidURI'],
    ])
    expect((await remove(['/only'])).Errors).toHaveLength(1)
  })

  test('keys keep every character', async () => {
    const keys = ['ä ö', 'a+b%2F&<>"\'', 'tab\tline\nreturn\r', ' blank ', '𝒳/日本', '0012', 'a//b']
    await put(...keys)
    const answer = await remove(keys)
    expect(answer.Deleted).toEqual(keys.map((Key) => ({ Key })))
    expect(await keysAtOss()).toEqual([])
  })

  test('a key asked for twice is deleted twice', async () => {
    await put('twice')
    expect((await remove(['twice', 'twice'])).Deleted).toEqual([{ Key: 'twice' }, { Key: 'twice' }])
  })

  test('a thousand keys at once, and none of a thousand and one', async () => {
    const keys = Array.from({ length: 1001 }, (_, i) => `many-${i}`)
    await put('many-0')
    await expect(remove(keys)).rejects.toMatchObject({ name: 'MalformedXML' })
    expect(await keysAtOss()).toEqual(['many-0'])
    expect((await remove(keys.slice(0, 1000))).Deleted).toHaveLength(1000)
    expect(await keysAtOss()).toEqual([])
  })

  test.each([
    ['no object', '<Delete/>', 'MalformedXML'],
    ['markup in a key', '<Delete><Object><Key><b/>a</Key></Object></Delete>', 'MalformedXML'],
    ['an empty key', '<Delete><Object><Key/></Object></Delete>', 'MalformedXML'],
    ['two keys of one object', '<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>', 'MalformedXML'],
    ['another root', '<Remove><Object><Key>a</Key></Object></Remove>', 'MalformedXML'],
    ['no XML', 'delete a', 'MalformedXML'],
    [
      'an entity',
      '<!DOCTYPE d [<!ENTITY e "a">]><Delete><Object><Key>&e;</Key></Object></Delete>',
      'MalformedXML',
    ],
    ['nothing', '', 'MissingRequestBodyError'],
    [
      'the size that S3 takes for directory buckets',
      '<Delete><Object><Key>a</Key><Size>1</Size></Object></Delete>',
      'NotImplemented',
    ],
    [
      'the time that S3 takes for directory buckets',
      '<Delete><Object><Key>a</Key><LastModifiedTime>Tue, 09 Apr 2019 03:45:32 GMT</LastModifiedTime></Object></Delete>',
      'NotImplemented',
    ],
  ])('%s is refused and deletes nothing', async (_, body, code) => {
    await put('a')
    expect((await raw(body)).error.Code).toBe(code)
    expect(await keysAtOss()).toEqual(['a'])
  })

  test('a limited client deletes what it may, and is denied each other key', async () => {
    await put('team/a', 'boss')
    const team = world.s3({ credentials: { accessKeyId: 'team', secretAccessKey } })
    const answer = await remove(['boss', 'team/a', 'teams'], {}, team)
    expect(answer.Deleted).toEqual([{ Key: 'team/a' }])
    expect(answer.Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([
      ['boss', 'AccessDenied'],
      ['teams', 'AccessDenied'],
    ])
    expect(await keysAtOss()).toEqual(expect.arrayContaining(['boss']))
    const reader = world.s3({ credentials: { accessKeyId: 'reader', secretAccessKey } })
    await expect(remove(['boss'], {}, reader)).rejects.toMatchObject({ name: 'AccessDenied' })
    await remove(['boss', 'a'])
  })

  test('under versioning it makes delete markers, and deletes versions and markers by id', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'versioned' }))
    await world.oss('versioned').putBucketVersioning('versioned', 'Enabled')
    const { VersionId } = await s3.send(new PutObjectCommand({ Bucket: 'versioned', Key: 'k', Body: 'x' }))
    const marked = await s3.send(
      new DeleteObjectsCommand({ Bucket: 'versioned', Delete: { Objects: [{ Key: 'k' }] } }),
    )
    const marker = marked.Deleted?.[0]?.DeleteMarkerVersionId
    expect(marked.Deleted).toEqual([
      { Key: 'k', DeleteMarker: true, DeleteMarkerVersionId: expect.any(String) },
    ])
    const removed = await s3.send(
      new DeleteObjectsCommand({
        Bucket: 'versioned',
        Delete: {
          Objects: [
            { Key: 'k', VersionId: marker },
            { Key: 'k', VersionId },
          ],
        },
      }),
    )
    expect(removed.Deleted).toEqual([
      { Key: 'k', VersionId: marker, DeleteMarker: true, DeleteMarkerVersionId: marker },
      { Key: 'k', VersionId },
    ])
  })
})
