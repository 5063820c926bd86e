import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetBucketLifecycleConfigurationCommand,
  PutBucketLifecycleConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { refusedAcls, refusedPolicies, refusedSettings, unsayableAcls } from '../data/refused-documents.ts'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { readBucket } from './raw-oss.ts'
import { send, sign } from './wire.ts'

const Bucket = 'bucket'
const OWNER = '1000000000000001'

describe.each(runtimes)('a document that is refused on %s', (runtime) => {
  let world: World
  let host: string
  let s3: S3Client

  beforeAll(async () => {
    world = await startWorld(runtime)
    host = new URL(world.endpoint).host
    s3 = world.s3()
    await s3.send(new CreateBucketCommand({ Bucket }))
    await world.oss(Bucket).put('key', Buffer.from('x'))
  })
  afterAll(() => world.stop())
  beforeEach(() => void world.ossRequests())

  const codeOf = async (method: string, target: string, body: string, headers = {}) =>
    (await send(world.endpoint, sign({ method, target, body, headers }, host))).error.Code
  const changes = () => world.ossRequests().filter((name) => !name.startsWith('Get'))

  test.each(refusedSettings.map(([name, query, body, code]) => [query, name, body, code] as const))(
    '?%s with %s: OSS hears nothing of it',
    async (query, _, body, code) => {
      expect(await codeOf('PUT', `/${Bucket}?${query}`, body)).toBe(code)
      expect(world.ossRequests()).toEqual([])
    },
  )

  test.each(refusedPolicies)('a policy with %s: OSS hears nothing of it', async (_, body) => {
    expect(await codeOf('PUT', `/${Bucket}?policy`, body.replaceAll('BUCKET', Bucket))).toBe(
      'MalformedPolicy',
    )
    expect(world.ossRequests()).toEqual([])
  })

  test.each([
    ...refusedAcls.map(([name, body, code]) => [name, body, code] as const),
    ...unsayableAcls.map(([name, body]) => [name, body, 'NotImplemented'] as const),
  ])('an ACL with %s: nothing is changed', async (_, body, code) => {
    for (const target of [`/${Bucket}?acl`, `/${Bucket}/key?acl`]) {
      expect(await codeOf('PUT', target, body.replaceAll('OWNER', OWNER))).toBe(code)
    }
    expect(changes()).toEqual([])
  })

  const within = (root: string, inner: string) => `<${root}>${inner}</${root}>`
  const key = '<Key>key</Key>'
  const restore = (inner: string) => within('RestoreRequest', inner)
  const retention = (date: string) => within('Retention', `<Mode>GOVERNANCE</Mode>${date}`)
  test.each([
    ['POST', '?delete', 'no object', within('Delete', ''), 'MalformedXML'],
    [
      'POST',
      '?delete',
      '1001 objects',
      within('Delete', `<Object>${key}</Object>`.repeat(1001)),
      'MalformedXML',
    ],
    ['POST', '?delete', 'an object of text', within('Delete', '<Object>key</Object>'), 'MalformedXML'],
    ['POST', '?delete', 'an empty key', within('Delete', '<Object><Key/></Object>'), 'MalformedXML'],
    ['POST', '?delete', 'two keys', within('Delete', `<Object>${key}<Key>b</Key></Object>`), 'MalformedXML'],
    [
      'POST',
      '?delete',
      'a key with markup',
      within('Delete', '<Object><Key>k<b/>ey</Key></Object>'),
      'MalformedXML',
    ],
    [
      'POST',
      '?delete',
      'a quiet that is yes',
      within('Delete', `<Object>${key}</Object><Quiet>yes</Quiet>`),
      'MalformedXML',
    ],
    ...['LastModifiedTime', 'Size', 'Condition'].map(
      (name) =>
        [
          'POST',
          '?delete',
          `a condition on ${name}`,
          within('Delete', `<Object>${key}<${name}>1</${name}></Object>`),
          'NotImplemented',
        ] as const,
    ),
    ['POST', '/key?restore', 'no days', restore(''), 'MalformedXML'],
    ['POST', '/key?restore', 'less than a day', restore('<Days>0</Days>'), 'MalformedXML'],
    ['POST', '/key?restore', 'half a day', restore('<Days>0.5</Days>'), 'MalformedXML'],
    ['POST', '/key?restore', 'an unknown tier', restore('<Days>1</Days><Tier>Fast</Tier>'), 'MalformedXML'],
    [
      'POST',
      '/key?restore',
      'two tiers',
      restore(
        '<Days>1</Days><Tier>Bulk</Tier><GlacierJobParameters><Tier>Standard</Tier></GlacierJobParameters>',
      ),
      'MalformedXML',
    ],
    [
      'POST',
      '/key?restore',
      'parameters of text',
      restore('<Days>1</Days><GlacierJobParameters>Bulk</GlacierJobParameters>'),
      'MalformedXML',
    ],
    ['POST', '/key?restore', 'a selection', restore('<Type>SELECT</Type>'), 'NotImplemented'],
    [
      'PUT',
      '/key?retention',
      'a time without a zone',
      retention('<RetainUntilDate>2090-01-01T00:00:00</RetainUntilDate>'),
      'MalformedXML',
    ],
    [
      'PUT',
      '/key?retention',
      'a time as HTTP has it',
      retention('<RetainUntilDate>Sun, 01 Jan 2090 00:00:00 GMT</RetainUntilDate>'),
      'MalformedXML',
    ],
    [
      'PUT',
      '/key?retention',
      'a day in no calendar',
      retention('<RetainUntilDate>2090-02-30T00:00:00Z</RetainUntilDate>'),
      'MalformedXML',
    ],
    [
      'PUT',
      '/key?retention',
      'a time in the past',
      retention('<RetainUntilDate>2020-01-01T00:00:00Z</RetainUntilDate>'),
      'InvalidArgument',
    ],
    [
      'PUT',
      '/key?legal-hold',
      'a word in small letters',
      within('LegalHold', '<Status>on</Status>'),
      'MalformedXML',
    ],
    [
      'PUT',
      '/key?legal-hold',
      'two words',
      within('LegalHold', '<Status>ON</Status><Status>OFF</Status>'),
      'MalformedXML',
    ],
    [
      'PUT',
      '/key?tagging',
      'eleven tags',
      within(
        'Tagging',
        within(
          'TagSet',
          Array.from({ length: 11 }, (_, at) => `<Tag><Key>${at}</Key><Value/></Tag>`).join(''),
        ),
      ),
      'BadRequest',
    ],
    ['PUT', '/key?tagging', 'a set of text', within('Tagging', '<TagSet>a=b</TagSet>'), 'MalformedXML'],
    ['PUT', '/key?tagging', 'two sets', within('Tagging', '<TagSet/><TagSet/>'), 'MalformedXML'],
    [
      'PUT',
      '?notification',
      'a queue',
      within('NotificationConfiguration', '<QueueConfiguration/>'),
      'NotImplemented',
    ],
    ['PUT', '?notification', 'text', within('NotificationConfiguration', 'none'), 'MalformedXML'],
  ] as const)('%s %s with %s: OSS hears nothing of it', async (method, where, _, body, code) => {
    expect(await codeOf(method, `/${Bucket}${where}`, body)).toBe(code)
    expect(world.ossRequests()).toEqual([])
  })

  const configured = (inner: string) => within('CreateBucketConfiguration', inner)
  test.each([
    ['a place in a zone', configured('<Location><Name>a</Name></Location>'), {}, 'NotImplemented'],
    ['a kind of bucket', configured('<Bucket><Type>Directory</Type></Bucket>'), {}, 'NotImplemented'],
    [
      'two regions',
      configured('<LocationConstraint>cn-beijing</LocationConstraint>'.repeat(2)),
      {},
      'MalformedXML',
    ],
    [
      'a region with markup',
      configured('<LocationConstraint>cn-<b/>beijing</LocationConstraint>'),
      {},
      'MalformedXML',
    ],
    ['tags of text', configured('<Tags>a=b</Tags>'), {}, 'MalformedXML'],
    ['a lock that is maybe', '', { 'x-amz-bucket-object-lock-enabled': 'maybe' }, 'InvalidArgument'],
    ['an unknown owner', '', { 'x-amz-object-ownership': 'Me' }, 'InvalidArgument'],
    ['a namespace of one account', '', { 'x-amz-bucket-namespace': 'account-regional' }, 'NotImplemented'],
    ['an unknown namespace', '', { 'x-amz-bucket-namespace': 'mine' }, 'InvalidArgument'],
    ['an unknown ACL', '', { 'x-amz-acl': 'everyone' }, 'InvalidArgument'],
    ['a header that OSS has nothing for', '', { 'x-amz-mfa': '1 2' }, 'NotImplemented'],
  ])('a new bucket with %s: OSS hears nothing of it', async (_, body, headers, code) => {
    expect(await codeOf('PUT', '/new-bucket', body, headers)).toBe(code)
    expect(world.ossRequests()).toEqual([])
  })

  test('a version id that is none is no version, and the object stays', async () => {
    const Objects = ['', 'no such!'].map((VersionId) => ({ Key: 'key', VersionId }))
    const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
    expect(Deleted).toBeUndefined()
    expect(Errors?.map(({ Code }) => Code)).toEqual(['NoSuchVersion', 'NoSuchVersion'])
    expect(world.ossRequests()).toEqual([])
  })

  describe('while a rule of lifecycle', () => {
    const rules = (scope: object) => [
      { ID: 'a', Status: 'Enabled' as const, Expiration: { Days: 3 }, ...scope },
    ]
    const put = (scope: object) =>
      s3.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket,
          LifecycleConfiguration: { Rules: rules(scope) },
        }),
      )
    const back = async () => (await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules
    const atOss = () => readBucket(world.oss() as OssBucket, Bucket, 'lifecycle', 'LifecycleConfiguration')

    test.each([
      [{ Prefix: 'logs/' }],
      [{ Prefix: '' }],
      [{ Filter: { Prefix: 'logs/' } }],
      [{ Filter: { Prefix: '' } }],
      [{ Filter: { And: { Prefix: 'logs/', Tags: [{ Key: '团队', Value: '' }] } } }],
    ])('on %j comes back as it was written', async (scope) => {
      await put(scope)
      expect(await back()).toEqual(rules(scope))
      expect(await atOss()).toMatchObject({ Rule: [{ ID: ['a'], Expiration: [{ Days: ['3'] }] }] })
    })

    test('on an older prefix is put plainly where OSS takes no filter without conditions', async () => {
      world.localOss.faults.add({
        operation: 'PutBucketLifecycle',
        times: 1,
        action: { kind: 'error', status: 400, code: 'MalformedXML' },
      })
      await put({ Prefix: 'plain/' })
      world.localOss.faults.clear()
      expect(await back()).toEqual(rules({ Filter: { Prefix: 'plain/' } }))
      expect(await atOss()).not.toMatchObject({ Rule: [{ Filter: expect.anything() }] })
    })
  })
})
