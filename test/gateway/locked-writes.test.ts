import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { text } from '../../src/xml/index.ts'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { postForm, signFields } from './form.ts'
import { readObject } from './raw-oss.ts'
import { send, sign } from './wire.ts'

const KiB = 1024
const DAY = 86_400_000
/** Parts small enough that a few hundred kilobytes make several of them. */
const settings = {
  LOCAL_OSS_COPY_LIMIT: String(100 * KiB),
  GATEWAY_CONFIG: JSON.stringify({ copy: { partSize: 100 * KiB } }),
}

const until = new Date(Math.floor(Date.now() / 1000) * 1000 + 2 * DAY)
/** What a write asks for, by the names of the SDK's members. */
type Asked = {
  ObjectLockMode?: 'GOVERNANCE' | 'COMPLIANCE'
  ObjectLockRetainUntilDate?: Date
  ObjectLockLegalHoldStatus?: 'ON' | 'OFF'
}
const retained = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: until } as const
const all = { ...retained, ObjectLockLegalHoldStatus: 'ON' } as const
const headerNames = {
  ObjectLockMode: 'x-amz-object-lock-mode',
  ObjectLockRetainUntilDate: 'x-amz-object-lock-retain-until-date',
  ObjectLockLegalHoldStatus: 'x-amz-object-lock-legal-hold',
} as const
const headersOf = (asked: Asked) =>
  Object.fromEntries(
    Object.entries(asked).map(([member, value]) => [
      headerNames[member as keyof Asked],
      value instanceof Date ? value.toISOString() : value,
    ]),
  )

const denied = { kind: 'error', status: 403, code: 'AccessDenied' } as const

describe.each(runtimes)('a write with a lock, on %s', (runtime) => {
  let world: World
  let s3: S3Client
  let oss: OssBucket
  let count = 0
  let Key: string

  beforeAll(async () => {
    world = await startWorld(runtime, settings)
    s3 = world.s3()
    for (const Bucket of ['locked', 'default-governance', 'default-compliance'])
      await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }))
    for (const [Bucket, Mode] of [
      ['default-governance', 'GOVERNANCE'],
      ['default-compliance', 'COMPLIANCE'],
    ] as const) {
      const Rule = { DefaultRetention: { Mode, Days: 1 } }
      const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule } as const
      await s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }))
    }
    await s3.send(new CreateBucketCommand({ Bucket: 'near' }))
    const far = { LocationConstraint: 'cn-beijing' as 'eu-west-1' }
    await s3.send(new CreateBucketCommand({ Bucket: 'far', CreateBucketConfiguration: far }))
    for (const Bucket of ['near', 'far']) {
      await s3.send(new PutObjectCommand({ Bucket, Key: 'small', Body: 'x'.repeat(KiB) }))
      await s3.send(new PutObjectCommand({ Bucket, Key: 'large', Body: 'x'.repeat(250 * KiB) }))
    }
    oss = world.oss('locked')
  })
  beforeEach(() => {
    Key = `key-${count++}`
    world.localOss.faults.clear()
    world.ossRequests()
  })
  afterAll(() => world.stop())

  const upload = async (Bucket: string, asked: Asked, idOf: (id: string) => string | Promise<string>) => {
    const created = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...asked }))
    const given = { Bucket, Key, UploadId: created.UploadId }
    const { ETag } = await s3.send(new UploadPartCommand({ ...given, PartNumber: 1, Body: 'x' }))
    const UploadId = await idOf(created.UploadId ?? '')
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    return s3.send(new CompleteMultipartUploadCommand({ ...given, UploadId, MultipartUpload }))
  }
  const copy = (from: string) => (Bucket: string, asked: Asked) =>
    s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: from, ...asked }))
  /** Every way to write an object. */
  const writes: Record<string, (Bucket: string, asked: Asked) => Promise<unknown>> = {
    PutObject: (Bucket, asked) => s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...asked })),
    'a form': async (Bucket, asked) => {
      const md5 = { 'Content-MD5': 'ndTkYSaMgDT1yFZOFVxnpg==' }
      const fields = signFields({ key: Key, ...md5, ...headersOf(asked) }, Bucket)
      const answer = await send(world.endpoint, postForm(fields, 'x', { target: `/${Bucket}` }))
      if (answer.status !== 204) {
        throw Object.assign(new Error(answer.error.Message), { name: answer.error.Code, ...answer.error })
      }
    },
    'a native copy': copy('near/small'),
    'a copy in parts': copy('near/large'),
    'a relayed copy': copy('far/small'),
    'a copy relayed in parts': copy('far/large'),
    'an upload in parts': (Bucket, asked) => upload(Bucket, asked, (id) => id),
    'an upload completed by the id that a list names': (Bucket, asked) =>
      upload(Bucket, asked, async () => {
        const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }))
        return Uploads?.find((upload) => upload.Key === Key)?.UploadId ?? ''
      }),
  }
  const kinds = Object.keys(writes)
  const write = (kind: string, asked: Asked, Bucket = 'locked') => writes[kind]?.(Bucket, asked)

  /** Of the versions at OSS, what keeps each from being deleted. */
  const versions = async (Bucket = 'locked') => {
    const { objects } = (await (world.oss(Bucket) as never as VersionLists).listObjectVersions({
      prefix: Key,
    })) as { objects: { name: string; versionId: string }[] }
    const own = objects.filter(({ name }) => name === Key)
    return Promise.all(
      own.map(async ({ versionId }) => {
        const { res } = await world.oss(Bucket).head(Key, { versionId } as never)
        const told = res.headers as Record<string, string>
        return Object.entries(told)
          .filter(([name]) => name.startsWith('x-oss-object-worm-'))
          .map(([, value]) => value)
          .sort()
      }),
    )
  }
  type VersionLists = { listObjectVersions(query: object): Promise<unknown> }
  const failure = (work: Promise<unknown> | undefined) =>
    Promise.resolve(work).then(
      () => undefined,
      (error) => error as Error & Record<string, string>,
    )

  describe.each(kinds)('%s', (kind) => {
    test('is kept by OSS’s own retention and hold, and reads tell so', async () => {
      await write(kind, all)
      expect(await versions()).toEqual([[until.toISOString(), 'GOVERNANCE', 'ON']])
      expect(text(await readObject(oss, Key, 'legalHold', 'LegalHold'), 'Status')).toBe('ON')
      const at = { Bucket: 'locked', Key }
      const head = await s3.send(new HeadObjectCommand(at))
      const get = await s3.send(new GetObjectCommand(at))
      await get.Body?.transformToByteArray()
      for (const read of [head, get]) {
        expect(read).toMatchObject(all)
        expect(read.Metadata).toEqual({})
      }
    })

    test('has what it asks for, and no more', async () => {
      await write(kind, { ObjectLockLegalHoldStatus: 'OFF' })
      expect(await versions()).toEqual([['OFF']])
      await write(kind, {})
      await write(kind, { ...retained, ObjectLockMode: 'COMPLIANCE' })
      expect((await versions()).sort()).toEqual([[], [until.toISOString(), 'COMPLIANCE'], ['OFF']].sort())
    })

    test.each(['PutObjectLegalHold', 'PutObjectRetention'])(
      'is taken back where OSS refuses %s, and what was there stays',
      async (operation) => {
        await s3.send(new PutObjectCommand({ Bucket: 'locked', Key, Body: 'former' }))
        world.localOss.faults.add({ operation, times: 2, action: denied })
        expect(await failure(write(kind, all))).toMatchObject({ name: 'AccessDenied' })
        expect(await versions()).toEqual([[]])
        expect(String((await oss.get(Key)).content)).toBe('former')
      },
    )

    test.each(['PutObjectLegalHold', 'PutObjectRetention'])(
      'is locked once where the answer to %s is lost',
      async (operation) => {
        world.localOss.faults.add({ operation, action: { kind: 'cut', when: 'after' } })
        await write(kind, all)
        expect(await versions()).toEqual([[until.toISOString(), 'GOVERNANCE', 'ON']])
      },
    )

    test('that is neither locked nor removed is an error that says so', async () => {
      world.localOss.faults.add({ operation: 'PutObjectRetention', action: denied })
      world.localOss.faults.add({ operation: 'DeleteObject', action: denied })
      const error = await failure(write(kind, retained))
      expect(error).toMatchObject({
        name: 'InternalError',
        message: expect.stringMatching(/was written, but is not locked as asked .*could not be removed/),
        Key,
      })
      expect(error?.VersionId).toMatch(/\w/)
      expect(await versions()).toEqual([[]])
    })

    test('is retained for longer than its bucket’s default, in the same mode', async () => {
      await write(kind, retained, 'default-governance')
      expect(await versions('default-governance')).toEqual([[until.toISOString(), 'GOVERNANCE']])
    })

    test('that governance retains by default is taken back all the same', async () => {
      world.localOss.faults.add({ operation: 'PutObjectRetention', action: denied })
      expect(await failure(write(kind, retained, 'default-governance'))).toMatchObject({
        name: 'AccessDenied',
      })
      expect(await versions('default-governance')).toEqual([])
    })

    const sooner = { ...retained, ObjectLockRetainUntilDate: new Date(Date.now() + DAY / 2) }
    test.each<[what: string, bucket: string, Asked, header: string]>([
      ['another mode than', 'default-compliance', retained, headerNames.ObjectLockMode],
      ['less than', 'default-governance', sooner, headerNames.ObjectLockRetainUntilDate],
    ])('asking for %s the default of %s is refused', async (_, bucket, asked, header) => {
      const error = await failure(write(kind, asked, bucket))
      expect(error).toMatchObject({ name: 'NotImplemented', Header: header })
      expect(await versions(bucket)).toEqual([])
    })

    test('is refused in a bucket without object lock', async () => {
      for (const asked of [retained, { ObjectLockLegalHoldStatus: 'OFF' as const }]) {
        expect(await failure(write(kind, asked, 'near'))).toMatchObject({
          name: 'InvalidRequest',
          message: 'Bucket is missing ObjectLockConfiguration',
        })
      }
      expect(await failure(world.oss('near').head(Key))).toMatchObject({ status: 404 })
    })
  })

  test('of COMPLIANCE by default that cannot be locked further is an error that names the version', async () => {
    world.localOss.faults.add({ operation: 'PutObjectLegalHold', action: denied })
    const error = await failure(write('PutObject', { ObjectLockLegalHoldStatus: 'ON' }, 'default-compliance'))
    expect(error).toMatchObject({ name: 'InternalError', message: expect.stringContaining('FileImmutable') })
    expect(await versions('default-compliance')).toEqual([[expect.any(String), 'COMPLIANCE', 'OFF']])
  })

  test('costs a call for each of the two, and none without them', async () => {
    await write('PutObject', {})
    world.ossRequests()
    await write('PutObject', all)
    expect(world.ossRequests()).toEqual(['PutObject', 'PutObjectLegalHold', 'PutObjectRetention'])
    await write('PutObject', {})
    expect(world.ossRequests()).toEqual(['PutObject'])
  })

  describe('an upload in parts', () => {
    const begin = async (headers: object) => {
      const { uploadId } = await oss.initMultipartUpload(Key, { headers } as never)
      const part = await oss.uploadPart(Key, uploadId, 1, Buffer.from('x') as never, 0, 1)
      const { etag: ETag } = part as unknown as { etag: string }
      const Parts = [{ PartNumber: 1, ETag }]
      return () =>
        s3.send(
          new CompleteMultipartUploadCommand({
            Bucket: 'locked',
            Key,
            UploadId: uploadId,
            MultipartUpload: { Parts },
          }),
        )
    }
    const reserved = (date: Date) => ({
      'x-oss-meta-s3gw-lock-mode': 'COMPLIANCE',
      'x-oss-meta-s3gw-lock-until': date.toISOString(),
    })

    test('whose retention is over when it is completed is kept by nothing', async () => {
      const complete = await begin(reserved(new Date(Date.now() - 1000)))
      await complete()
      expect(await versions()).toEqual([[]])
    })

    test('of which it cannot be known whether it wants a lock stays, and is locked when completed again', async () => {
      const complete = await begin(reserved(until))
      world.localOss.faults.add({ operation: 'HeadObject', action: denied })
      expect(await failure(complete())).toMatchObject({ name: 'AccessDenied' })
      expect(await versions()).toEqual([[]])
      await complete()
      expect(await versions()).toEqual([[until.toISOString(), 'COMPLIANCE']])
      await complete()
      expect(await versions()).toEqual([[until.toISOString(), 'COMPLIANCE']])
    })

    test('is not locked by metadata of its client', async () => {
      const Metadata = { 's3gw-lock-mode': 'COMPLIANCE', 's3gw-lock-until': until.toISOString() }
      await upload('locked', { Metadata } as Asked, (id) => id)
      expect(await versions()).toEqual([[]])
      const { Metadata: kept } = await s3.send(new HeadObjectCommand({ Bucket: 'locked', Key }))
      expect(kept).toEqual(Metadata)
    })

    test('asks for its lock with one HEAD in a bucket with versions, and with none in others', async () => {
      await upload('near', {}, (id) => id)
      expect(world.ossRequests()).not.toContain('HeadObject')
      await upload('locked', {}, (id) => id)
      expect(world.ossRequests().filter((name) => name === 'HeadObject')).toHaveLength(1)
    })
  })

  const both = 'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied'
  const {
    ObjectLockMode: MODE,
    ObjectLockRetainUntilDate: UNTIL,
    ObjectLockLegalHoldStatus: HOLD,
  } = headerNames
  const date = until.toISOString()
  type Operation = { method: string; query: string; headers: Record<string, string>; body: string }
  const operations: Record<'PutObject' | 'CopyObject' | 'CreateMultipartUpload', Operation> = {
    PutObject: {
      method: 'PUT',
      query: '',
      headers: { 'content-md5': 'ndTkYSaMgDT1yFZOFVxnpg==' },
      body: 'x',
    },
    CopyObject: { method: 'PUT', query: '', headers: { 'x-amz-copy-source': 'near/small' }, body: '' },
    CreateMultipartUpload: { method: 'POST', query: '?uploads', headers: {}, body: '' },
  }
  const ask = ({ method, query, headers, body }: Operation, more: Record<string, string>) => {
    const target = `/locked/${Key}${query}`
    const request = { method, target, headers: { ...headers, ...more }, body }
    return send(world.endpoint, sign(request, new URL(world.endpoint).host))
  }
  describe.each(Object.keys(operations) as (keyof typeof operations)[])('%s', (name) => {
    test.each<[what: string, Record<string, string>, argument: string, message: string]>([
      ['a mode without a date', { [MODE]: 'GOVERNANCE' }, UNTIL, both],
      ['a date without a mode', { [UNTIL]: date }, MODE, both],
      ['an unknown mode', { [MODE]: 'governance', [UNTIL]: date }, MODE, 'Unknown wormMode directive.'],
      ['an empty mode', { [MODE]: '', [UNTIL]: date }, MODE, 'Unknown wormMode directive.'],
      [
        'a date in the past',
        { [MODE]: 'GOVERNANCE', [UNTIL]: '2020-01-01T00:00:00Z' },
        UNTIL,
        'The retain until date must be in the future!',
      ],
      [
        'a date in words',
        { [MODE]: 'GOVERNANCE', [UNTIL]: 'Tue, 01 Jan 2080 00:00:00 GMT' },
        UNTIL,
        'The retain until date must be provided in ISO 8601 format',
      ],
      ['an unknown hold', { [HOLD]: 'on' }, HOLD, "Legal Hold must be either of 'ON' or 'OFF'"],
    ])('with %s is refused in S3’s words, and writes nothing', async (_, headers, argument, message) => {
      const { status, error } = await ask(operations[name], headers)
      expect([status, error.Code, error.Message]).toEqual([400, 'InvalidArgument', message])
      expect(error.ArgumentName).toBe(argument)
      expect(world.ossRequests()).toEqual([])
    })
  })

  test.each<[what: string, Record<string, string>, status: number]>([
    ['nothing', {}, 400],
    ['a checksum', { 'x-amz-checksum-crc32': 'jNwWgw==' }, 200],
    ['an MD5', { 'content-md5': 'ndTkYSaMgDT1yFZOFVxnpg==' }, 200],
  ])('PutObject needs something to verify its body by: %s', async (_, headers, status) => {
    const answer = await ask({ ...operations.PutObject, headers }, { [HOLD]: 'ON' })
    expect(answer.status).toBe(status)
    if (status === 200) return
    expect([answer.error.Code, answer.error.Message]).toEqual([
      'InvalidRequest',
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
    ])
    expect(await failure(oss.head(Key))).toMatchObject({ status: 404 })
  })

  test('PutObject may have its checksum in a trailer', async () => {
    async function* body() {
      yield Buffer.from('x'.repeat(KiB))
    }
    const { Readable } = await import('node:stream')
    await s3.send(
      new PutObjectCommand({
        Bucket: 'locked',
        Key,
        Body: Readable.from(body()),
        ContentLength: KiB,
        ...retained,
      }),
    )
    expect(await versions()).toEqual([[until.toISOString(), 'GOVERNANCE']])
  })

  test.each(['UploadPart', 'CompleteMultipartUpload'])('%s takes no lock', async (name) => {
    const target = `/locked/${Key}?uploadId=${'A'.repeat(32)}${name === 'UploadPart' ? '&partNumber=1' : ''}`
    const method = name === 'UploadPart' ? 'PUT' : 'POST'
    const request = { method, target, headers: { [HOLD]: 'ON' }, body: 'x' }
    const { error } = await send(world.endpoint, sign(request, new URL(world.endpoint).host))
    expect([error.Code, error.ArgumentName]).toEqual(['InvalidArgument', HOLD])
  })
})
