import * as S3 from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { postForm, signFields } from './form.ts'
import { send, sign } from './wire.ts'

const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'
const toEveryone = `uri="${ALL_USERS}"`
const controls = (ownership: string) =>
  `<OwnershipControls><Rule><ObjectOwnership>${ownership}</ObjectOwnership></Rule></OwnershipControls>`

/** A gateway whose buckets have this ownership, with a bucket and an object in it. */
function startedWith(runtime: 'node' | 'workerd', ownership: string) {
  const started = {} as { world: World; s3: S3.S3Client; oss: OssBucket; owner: string }
  beforeAll(async () => {
    const world = await startWorld(runtime, { GATEWAY_CONFIG: JSON.stringify({ acl: { ownership } }) })
    const s3 = world.s3()
    await s3.send(new S3.CreateBucketCommand({ Bucket: 'bucket' }))
    await s3.send(new S3.CreateBucketCommand({ Bucket: 'public' }))
    await world.oss().putBucketACL('public', 'public-read')
    await s3.send(new S3.PutObjectCommand({ Bucket: 'bucket', Key: 'source', Body: 'x' }))
    const { Owner } = await s3.send(new S3.GetBucketAclCommand({ Bucket: 'bucket' }))
    Object.assign(started, { world, s3, oss: world.oss('bucket'), owner: Owner?.ID ?? '' })
  })
  afterAll(() => started.world.stop())
  return started
}

describe.each(runtimes)('whose objects are, on %s', (runtime) => {
  describe.each([
    ['ObjectWriter', ['ObjectWriter', 'BucketOwnerPreferred'], ['BucketOwnerEnforced']],
    ['BucketOwnerEnforced', ['BucketOwnerEnforced'], ['ObjectWriter', 'BucketOwnerPreferred']],
  ])('with acl.ownership: %s', (ownership, taken, refused) => {
    const it = startedWith(runtime, ownership)
    const put = (body: string, bucket = 'bucket') => {
      const request = { method: 'PUT', target: `/${bucket}?ownershipControls`, body }
      return send(it.world.endpoint, sign(request, new URL(it.world.endpoint).host))
    }
    const read = (Bucket = 'bucket') => it.s3.send(new S3.GetBucketOwnershipControlsCommand({ Bucket }))

    test.each(taken)('%s is taken, and it reads as the setting', async (one) => {
      expect((await put(controls(one))).status).toBe(200)
      expect((await read()).OwnershipControls).toEqual({ Rules: [{ ObjectOwnership: ownership }] })
    })

    test.each(refused)('%s is refused by the name of the setting', async (one) => {
      const { status, error } = await put(controls(one))
      expect({ status, error }).toMatchObject({
        status: 501,
        error: {
          Code: 'NotImplemented',
          Message: expect.stringContaining(`acl.ownership: ${ownership}`),
          Element: 'OwnershipControls/Rule/ObjectOwnership',
        },
      })
      expect((await read()).OwnershipControls).toEqual({ Rules: [{ ObjectOwnership: ownership }] })
    })

    test.each([
      ['no rule', '<OwnershipControls/>', 'MalformedXML'],
      ['an empty rule', '<OwnershipControls><Rule/></OwnershipControls>', 'MalformedXML'],
      ['an unknown ownership', controls('Everybody'), 'MalformedXML'],
      ['two rules', controls(ownership).replace(/<Rule>.*<\/Rule>/, '$&$&'), 'MalformedXML'],
      ['what S3 has not', controls(ownership).replace('<Rule>', '<Rule><Id>1</Id>'), 'NotImplemented'],
      ['nothing', '', 'MissingRequestBodyError'],
    ])('%s is refused', async (_, body, code) => {
      expect((await put(body)).error.Code).toBe(code)
    })

    test('of a missing bucket is not found', async () => {
      expect((await put(controls(ownership), 'missing')).error.Code).toBe('NoSuchBucket')
      await expect(read('missing')).rejects.toMatchObject({ name: 'NoSuchBucket' })
      await expect(
        it.s3.send(new S3.DeleteBucketOwnershipControlsCommand({ Bucket: 'missing' })),
      ).rejects.toMatchObject({ name: 'NoSuchBucket' })
    })

    test.each(taken)('a bucket is made with %s', async (ObjectOwnership) => {
      const Bucket = `made-${ObjectOwnership.toLowerCase()}`
      await it.s3.send(new S3.CreateBucketCommand({ Bucket, ObjectOwnership } as S3.CreateBucketCommandInput))
      await it.world.oss().getBucketInfo(Bucket)
    })

    test.each(refused)('none is made with %s', async (ObjectOwnership) => {
      const input = { Bucket: 'never', ObjectOwnership } as S3.CreateBucketCommandInput
      await expect(it.s3.send(new S3.CreateBucketCommand(input))).rejects.toMatchObject({
        name: 'NotImplemented',
        additionalMessage: expect.stringContaining(`acl.ownership: ${ownership}`),
      })
      await expect(it.world.oss().getBucketInfo('never')).rejects.toMatchObject({ code: 'NoSuchBucket' })
    })

    test('none is made public without ACLs', async () => {
      const input = { Bucket: 'never', ACL: 'public-read', ObjectOwnership: 'BucketOwnerEnforced' } as const
      await expect(it.s3.send(new S3.CreateBucketCommand(input))).rejects.toMatchObject({
        name: 'InvalidBucketAclWithObjectOwnership',
      })
      await expect(it.world.oss().getBucketInfo('never')).rejects.toMatchObject({ code: 'NoSuchBucket' })
    })

    test('a bucket is made with all rights for who makes it', async () => {
      const GrantFullControl = `id="${it.owner}"`
      await it.s3.send(new S3.CreateBucketCommand({ Bucket: 'granted', GrantFullControl }))
      expect((await it.world.oss().getBucketACL('granted')).acl).toBe('private')
      const another = { Bucket: 'never', GrantFullControl: 'id="42"' }
      await expect(it.s3.send(new S3.CreateBucketCommand(another))).rejects.toMatchObject({
        name: 'NotImplemented',
      })
      await expect(it.world.oss().getBucketInfo('never')).rejects.toMatchObject({ code: 'NoSuchBucket' })
    })
  })

  describe('where ACLs count', () => {
    const it = startedWith(runtime, 'ObjectWriter')

    test('a public bucket has the same ownership', async () => {
      const { OwnershipControls } = await it.s3.send(
        new S3.GetBucketOwnershipControlsCommand({ Bucket: 'public' }),
      )
      expect(OwnershipControls?.Rules).toEqual([{ ObjectOwnership: 'ObjectWriter' }])
    })

    test('ownership that is deleted leaves it so', async () => {
      await it.s3.send(new S3.DeleteBucketOwnershipControlsCommand({ Bucket: 'bucket' }))
      await it.s3.send(new S3.PutBucketAclCommand({ Bucket: 'bucket', ACL: 'public-read' }))
      expect((await it.world.oss().getBucketACL('bucket')).acl).toBe('public-read')
      const ACL = 'bucket-owner-full-control' as S3.BucketCannedACL
      await it.s3.send(new S3.PutBucketAclCommand({ Bucket: 'bucket', ACL }))
      expect((await it.world.oss().getBucketACL('bucket')).acl).toBe('private')
    })

    test('an ACL of a missing bucket is that bucket’s error, whatever it says', async () => {
      await expect(it.s3.send(new S3.PutBucketAclCommand({ Bucket: 'missing' }))).rejects.toMatchObject({
        name: 'NoSuchBucket',
      })
      it.world.ossRequests()
      await it.s3.send(new S3.PutBucketAclCommand({ Bucket: 'bucket', GrantFullControl: `id=${it.owner}` }))
      expect(it.world.ossRequests()).toEqual(['GetBucketAcl', 'PutBucketAcl'])
    })
  })

  describe('where they are off', () => {
    const it = startedWith(runtime, 'BucketOwnerEnforced')
    const off = { name: 'AccessControlListNotSupported', message: 'The bucket does not allow ACLs' }
    let object: { Bucket: string; Key: string }
    let count = 0
    beforeEach(() => {
      object = { Bucket: 'bucket', Key: `key-${count++}` }
    })

    /** Each kind of write, with an ACL. */
    const writes: Record<string, (acl: object) => Promise<unknown>> = {
      PutObject: (acl) => it.s3.send(new S3.PutObjectCommand({ ...object, Body: 'x', ...acl })),
      CopyObject: (acl) =>
        it.s3.send(new S3.CopyObjectCommand({ ...object, CopySource: 'bucket/source', ...acl })),
      CreateMultipartUpload: async (acl) => {
        const { UploadId } = await it.s3.send(new S3.CreateMultipartUploadCommand({ ...object, ...acl }))
        const part = { ...object, UploadId, PartNumber: 1 }
        const { ETag } = await it.s3.send(new S3.UploadPartCommand({ ...part, Body: 'x' }))
        const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
        await it.s3.send(new S3.CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload }))
      },
    }
    const kinds = Object.keys(writes)
    const write = (kind: string, acl: object) => (writes[kind] as (acl: object) => Promise<unknown>)(acl)

    describe.each(kinds)('%s', (kind) => {
      test.each([
        { ACL: 'private' },
        { ACL: 'public-read' },
        { ACL: 'bucket-owner-read' },
        { ACL: 'authenticated-read' },
        { GrantRead: toEveryone },
        { GrantFullControl: 'id=42' },
      ])('with %j is refused, and nothing is written', async (acl) => {
        await expect(write(kind, acl)).rejects.toMatchObject(off)
        await expect(it.oss.head(object.Key)).rejects.toMatchObject({ status: 404 })
        const { uploads } = await it.oss.listUploads({ prefix: object.Key } as never, {})
        expect(uploads ?? []).toEqual([])
      })

      test('without one, or with all rights for the bucket’s owner, is private', async () => {
        const acls = [{}, { ACL: 'bucket-owner-full-control' }, { GrantFullControl: `id="${it.owner}"` }]
        for (const acl of acls) {
          await write(kind, acl)
          expect((await it.oss.getACL(object.Key)).acl).toBe('private')
        }
      })
    })

    test('a form is as any other write', async () => {
      const form = (acl: string) =>
        send(it.world.endpoint, postForm(signFields({ key: object.Key, acl }, 'bucket'), 'x'))
      expect((await form('public-read')).error).toMatchObject({ Code: off.name, Message: off.message })
      await expect(it.oss.head(object.Key)).rejects.toMatchObject({ status: 404 })
      expect(await form('bucket-owner-full-control')).toMatchObject({ status: 204 })
      expect((await it.oss.getACL(object.Key)).acl).toBe('private')
    })

    test('no ACL is put, not even of what is public already; they are told as OSS has them', async () => {
      await it.oss.put(object.Key, Buffer.from('x'), { headers: { 'x-oss-object-acl': 'public-read' } })
      for (const ACL of ['private', 'bucket-owner-full-control', 'public-read-write'] as const) {
        await expect(it.s3.send(new S3.PutObjectAclCommand({ ...object, ACL }))).rejects.toMatchObject(off)
        const bucket = { Bucket: 'public', ACL: ACL as S3.BucketCannedACL }
        await expect(it.s3.send(new S3.PutBucketAclCommand(bucket))).rejects.toMatchObject(off)
      }
      const everyone = { Grantee: { Type: 'Group', URI: ALL_USERS }, Permission: 'READ' }
      const ofObject = await it.s3.send(new S3.GetObjectAclCommand(object))
      const ofBucket = await it.s3.send(new S3.GetBucketAclCommand({ Bucket: 'public' }))
      for (const { Grants } of [ofObject, ofBucket]) expect(Grants?.[1]).toEqual(everyone)
      // What S3 says of a missing one comes first.
      const missing = { ...object, Key: 'missing', ACL: 'private' as const }
      await expect(it.s3.send(new S3.PutObjectAclCommand(missing))).rejects.toMatchObject({
        name: 'NoSuchKey',
      })
    })

    test('a bucket that OSS has made public has no such ownership, and gets none', async () => {
      const Bucket = 'public'
      await expect(it.s3.send(new S3.GetBucketOwnershipControlsCommand({ Bucket }))).rejects.toMatchObject({
        name: 'OwnershipControlsNotFoundError',
      })
      const OwnershipControls = { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' as const }] }
      await expect(
        it.s3.send(new S3.PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls })),
      ).rejects.toMatchObject({
        name: 'InvalidBucketAclWithObjectOwnership',
        message: "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
      })
    })

    test('no bucket is made public, and none is made to have ACLs', async () => {
      for (const acl of [{ ACL: 'public-read' as const }, { GrantRead: toEveryone }]) {
        await expect(
          it.s3.send(new S3.CreateBucketCommand({ Bucket: 'never', ...acl })),
        ).rejects.toMatchObject({ name: 'InvalidBucketAclWithObjectOwnership' })
      }
      await expect(it.world.oss().getBucketInfo('never')).rejects.toMatchObject({ code: 'NoSuchBucket' })
      await it.s3.send(new S3.CreateBucketCommand({ Bucket: 'made-private', ACL: 'private' }))
      await expect(
        it.s3.send(new S3.DeleteBucketOwnershipControlsCommand({ Bucket: 'bucket' })),
      ).rejects.toMatchObject({ name: 'NotImplemented', message: expect.stringContaining('ACLs are off') })
    })
  })
})
