import * as S3 from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OssBucket, runtimes, startWorld, type World } from '../harness.ts'
import { readBucket, writeBucket } from './raw-oss.ts'
import { send, sign } from './wire.ts'

const Bucket = 'bucket'
type Command = Parameters<S3.S3Client['send']>[0]

/** A setting: how it is put, what OSS then has, how it reads back, and how it is taken away. */
type Row = {
  name: string
  put: () => object
  oss: [subresource: string, root: string, document: object]
  get: () => object
  answer: object
  remove?: [command: () => object, get: object]
}

const lifecycleRule = {
  ID: 'logs',
  Status: 'Enabled' as const,
  Filter: { And: { Prefix: 'logs/', Tags: [{ Key: 'a', Value: 'b' }], ObjectSizeGreaterThan: 1000 } },
  Transitions: [
    { Days: 30, StorageClass: 'STANDARD_IA' as const },
    { Days: 90, StorageClass: 'DEEP_ARCHIVE' as const },
  ],
  Expiration: { Days: 365 },
  NoncurrentVersionTransitions: [{ NoncurrentDays: 7, StorageClass: 'GLACIER' as const }],
  NoncurrentVersionExpiration: { NoncurrentDays: 60 },
}
const uploadsRule = {
  ID: 'uploads',
  Status: 'Enabled' as const,
  Filter: { Prefix: '' },
  AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 },
}
const corsRule = {
  AllowedOrigins: ['https://example.com', 'http://*.example.org'],
  AllowedMethods: ['GET', 'PUT'],
  AllowedHeaders: ['*'],
  ExposeHeaders: ['ETag', 'x-amz-meta-a'],
  MaxAgeSeconds: 3000,
}

const rows: Row[] = [
  {
    name: 'versioning',
    put: () =>
      new S3.PutBucketVersioningCommand({
        Bucket,
        VersioningConfiguration: { Status: 'Enabled', MFADelete: 'Disabled' },
      }),
    oss: ['versioning', 'VersioningConfiguration', { Status: ['Enabled'] }],
    get: () => new S3.GetBucketVersioningCommand({ Bucket }),
    answer: { Status: 'Enabled' },
  },
  {
    name: 'CORS',
    put: () =>
      new S3.PutBucketCorsCommand({
        Bucket,
        CORSConfiguration: { CORSRules: [corsRule, { AllowedOrigins: ['*'], AllowedMethods: ['HEAD'] }] },
      }),
    oss: [
      'cors',
      'CORSConfiguration',
      {
        CORSRule: [
          {
            AllowedOrigin: ['https://example.com', 'http://*.example.org'],
            AllowedMethod: ['GET', 'PUT'],
            AllowedHeader: ['*'],
            ExposeHeader: ['ETag', 'x-amz-meta-a'],
            MaxAgeSeconds: ['3000'],
          },
          { AllowedOrigin: ['*'], AllowedMethod: ['HEAD'] },
        ],
        // OSS tells it always; S3 has none.
        ResponseVary: ['false'],
      },
    ],
    get: () => new S3.GetBucketCorsCommand({ Bucket }),
    answer: { CORSRules: [corsRule, { AllowedOrigins: ['*'], AllowedMethods: ['HEAD'] }] },
    remove: [
      () => new S3.DeleteBucketCorsCommand({ Bucket }),
      { name: 'NoSuchCORSConfiguration', BucketName: Bucket },
    ],
  },
  {
    name: 'lifecycle',
    put: () =>
      new S3.PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: { Rules: [lifecycleRule, uploadsRule] },
      }),
    oss: [
      'lifecycle',
      'LifecycleConfiguration',
      {
        Rule: [
          {
            ID: ['logs'],
            Prefix: ['logs/'],
            Status: ['Enabled'],
            Tag: [{ Key: ['a'], Value: ['b'] }],
            Filter: [{ ObjectSizeGreaterThan: ['1000'] }],
            Expiration: [{ Days: ['365'] }],
            Transition: [
              { Days: ['30'], StorageClass: ['IA'] },
              { Days: ['90'], StorageClass: ['DeepColdArchive'] },
            ],
            NoncurrentVersionExpiration: [{ NoncurrentDays: ['60'] }],
            NoncurrentVersionTransition: [{ NoncurrentDays: ['7'], StorageClass: ['Archive'] }],
          },
          {
            ID: ['uploads'],
            Prefix: [''],
            Status: ['Enabled'],
            AbortMultipartUpload: [{ Days: ['3'] }],
          },
        ],
      },
    ],
    get: () => new S3.GetBucketLifecycleConfigurationCommand({ Bucket }),
    answer: { Rules: [lifecycleRule, uploadsRule] },
    remove: [
      () => new S3.DeleteBucketLifecycleCommand({ Bucket }),
      { name: 'NoSuchLifecycleConfiguration', message: 'The lifecycle configuration does not exist' },
    ],
  },
  {
    name: 'tags',
    put: () =>
      new S3.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'team', Value: 'blau@büro' }] } }),
    oss: ['tagging', 'Tagging', { TagSet: [{ Tag: [{ Key: ['team'], Value: ['blau@büro'] }] }] }],
    get: () => new S3.GetBucketTaggingCommand({ Bucket }),
    answer: { TagSet: [{ Key: 'team', Value: 'blau@büro' }] },
    remove: [
      () => new S3.DeleteBucketTaggingCommand({ Bucket }),
      { name: 'NoSuchTagSet', BucketName: Bucket },
    ],
  },
  {
    name: 'encryption',
    put: () =>
      new S3.PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: {
                SSEAlgorithm: 'aws:kms',
                KMSMasterKeyID: 'arn:aws:kms:us-east-1:111122223333:key/1234',
              },
              BucketKeyEnabled: true,
            },
          ],
        },
      }),
    oss: [
      'encryption',
      'ServerSideEncryptionRule',
      { ApplyServerSideEncryptionByDefault: [{ SSEAlgorithm: ['KMS'], KMSMasterKeyID: ['1234'] }] },
    ],
    get: () => new S3.GetBucketEncryptionCommand({ Bucket }),
    answer: {
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: '1234' },
            BucketKeyEnabled: false,
          },
        ],
      },
    },
    remove: [
      () => new S3.DeleteBucketEncryptionCommand({ Bucket }),
      { name: 'ServerSideEncryptionConfigurationNotFoundError' },
    ],
  },
  {
    name: 'public access block',
    put: () =>
      new S3.PutPublicAccessBlockCommand({
        Bucket,
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          IgnorePublicAcls: true,
          BlockPublicPolicy: true,
          RestrictPublicBuckets: true,
        },
      }),
    oss: ['publicAccessBlock', 'PublicAccessBlockConfiguration', { BlockPublicAccess: ['true'] }],
    get: () => new S3.GetPublicAccessBlockCommand({ Bucket }),
    answer: {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        IgnorePublicAcls: true,
        BlockPublicPolicy: true,
        RestrictPublicBuckets: true,
      },
    },
    remove: [
      () => new S3.DeletePublicAccessBlockCommand({ Bucket }),
      { name: 'NoSuchPublicAccessBlockConfiguration', BucketName: Bucket },
    ],
  },
  {
    name: 'logging',
    put: () =>
      new S3.PutBucketLoggingCommand({
        Bucket,
        BucketLoggingStatus: { LoggingEnabled: { TargetBucket: Bucket, TargetPrefix: 'logs/' } },
      }),
    oss: [
      'logging',
      'BucketLoggingStatus',
      { LoggingEnabled: [{ TargetBucket: [Bucket], TargetPrefix: ['logs/'] }] },
    ],
    get: () => new S3.GetBucketLoggingCommand({ Bucket }),
    answer: { LoggingEnabled: { TargetBucket: Bucket, TargetPrefix: 'logs/' } },
  },
  {
    name: 'website',
    put: () =>
      new S3.PutBucketWebsiteCommand({
        Bucket,
        WebsiteConfiguration: {
          IndexDocument: { Suffix: 'index.html' },
          ErrorDocument: { Key: 'error.html' },
          RoutingRules: [
            {
              Condition: { KeyPrefixEquals: 'docs/' },
              Redirect: { HostName: 'example.com', ReplaceKeyPrefixWith: 'documents/' },
            },
          ],
        },
      }),
    oss: [
      'website',
      'WebsiteConfiguration',
      {
        IndexDocument: [{ Suffix: ['index.html'], SupportSubDir: ['true'], Type: ['0'] }],
        ErrorDocument: [{ Key: ['error.html'] }],
        RoutingRules: [
          {
            RoutingRule: [
              {
                RuleNumber: ['1'],
                Condition: [{ KeyPrefixEquals: ['docs/'] }],
                Redirect: [
                  {
                    RedirectType: ['External'],
                    HostName: ['example.com'],
                    ReplaceKeyPrefixWith: ['documents/'],
                    HttpRedirectCode: ['301'],
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
    get: () => new S3.GetBucketWebsiteCommand({ Bucket }),
    answer: {
      IndexDocument: { Suffix: 'index.html' },
      ErrorDocument: { Key: 'error.html' },
      RoutingRules: [
        {
          Condition: { KeyPrefixEquals: 'docs/' },
          Redirect: { HostName: 'example.com', ReplaceKeyPrefixWith: 'documents/', HttpRedirectCode: '301' },
        },
      ],
    },
    remove: [() => new S3.DeleteBucketWebsiteCommand({ Bucket }), { name: 'NoSuchWebsiteConfiguration' }],
  },
  {
    name: 'request payment',
    put: () =>
      new S3.PutBucketRequestPaymentCommand({ Bucket, RequestPaymentConfiguration: { Payer: 'Requester' } }),
    oss: ['requestPayment', 'RequestPaymentConfiguration', { Payer: ['Requester'] }],
    get: () => new S3.GetBucketRequestPaymentCommand({ Bucket }),
    answer: { Payer: 'Requester' },
  },
  {
    name: 'acceleration',
    put: () =>
      new S3.PutBucketAccelerateConfigurationCommand({
        Bucket,
        AccelerateConfiguration: { Status: 'Enabled' },
      }),
    oss: ['transferAcceleration', 'TransferAccelerationConfiguration', { Enabled: ['true'] }],
    get: () => new S3.GetBucketAccelerateConfigurationCommand({ Bucket }),
    answer: { Status: 'Enabled' },
  },
  {
    name: 'object lock',
    put: () =>
      new S3.PutObjectLockConfigurationCommand({
        Bucket,
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } },
        },
      }),
    oss: [
      'objectWorm',
      'ObjectWormConfiguration',
      {
        ObjectWormEnabled: ['Enabled'],
        Rule: [{ DefaultRetention: [{ Mode: ['GOVERNANCE'], Days: ['1'] }] }],
      },
    ],
    get: () => new S3.GetObjectLockConfigurationCommand({ Bucket }),
    answer: {
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } },
      },
    },
  },
]

const secretAccessKey = 'a-secret-of-its-own'
const clients = [{ accessKeyId: 'tenant', secretAccessKey, buckets: [Bucket] }]

describe.each(runtimes)('settings of a bucket on %s', (runtime) => {
  let world: World
  let s3: S3.S3Client
  let oss: OssBucket

  beforeAll(async () => {
    world = await startWorld(runtime, { GATEWAY_CONFIG: JSON.stringify({ clients }) })
    s3 = world.s3()
    for (const name of [Bucket, 'fresh']) await s3.send(new S3.CreateBucketCommand({ Bucket: name }))
    oss = world.oss()
  })
  afterAll(() => world.stop())

  const ask = (command: object, client = s3) => client.send(command as Command) as Promise<object>
  const put = (subresource: string, body: string, headers: Record<string, string> = {}, bucket = Bucket) =>
    send(
      world.endpoint,
      sign(
        { method: 'PUT', target: `/${bucket}?${subresource}`, headers, body },
        new URL(world.endpoint).host,
      ),
    )

  test.each(rows)(
    '$name are OSS’s own',
    async ({ put, oss: [subresource, root, document], get, answer, remove }) => {
      await ask(put())
      expect(await readBucket(oss, Bucket, subresource, root)).toEqual(document)
      const { $metadata: _, ...read } = (await ask(get())) as S3.GetBucketCorsCommandOutput
      expect(read).toEqual(answer)
      if (remove === undefined) return
      await ask(remove[0]())
      await expect(ask(get())).rejects.toMatchObject(remove[1])
    },
  )

  test.each([
    [new S3.GetBucketVersioningCommand({ Bucket: 'fresh' }), {}],
    [new S3.GetBucketLoggingCommand({ Bucket: 'fresh' }), {}],
    [new S3.GetBucketRequestPaymentCommand({ Bucket: 'fresh' }), { Payer: 'BucketOwner' }],
    [new S3.GetBucketAccelerateConfigurationCommand({ Bucket: 'fresh' }), {}],
    [new S3.GetBucketNotificationConfigurationCommand({ Bucket: 'fresh' }), {}],
  ])('what was never set reads as in S3: $constructor.name', async (command, answer) => {
    const { $metadata: _, ...read } = (await ask(command)) as S3.GetBucketCorsCommandOutput
    expect(read).toEqual(answer)
  })

  test.each([
    [new S3.GetBucketTaggingCommand({ Bucket: 'fresh' }), 'NoSuchTagSet'],
    [new S3.GetPublicAccessBlockCommand({ Bucket: 'fresh' }), 'NoSuchPublicAccessBlockConfiguration'],
    [new S3.GetObjectLockConfigurationCommand({ Bucket: 'fresh' }), 'ObjectLockConfigurationNotFoundError'],
    [new S3.GetBucketPolicyCommand({ Bucket: 'fresh' }), 'NoSuchBucketPolicy'],
    [new S3.GetBucketPolicyStatusCommand({ Bucket: 'fresh' }), 'NoSuchBucketPolicy'],
    [new S3.GetBucketNotificationConfigurationCommand({ Bucket: 'absent' }), 'NoSuchBucket'],
    [new S3.GetBucketLifecycleConfigurationCommand({ Bucket: 'absent' }), 'NoSuchBucket'],
    [new S3.GetBucketOwnershipControlsCommand({ Bucket: 'absent' }), 'NoSuchBucket'],
  ])('what is not there is S3’s error: $constructor.name → %s', async (command, name) => {
    await expect(ask(command)).rejects.toMatchObject({ name })
  })

  test('an empty document of logging, of tags or of notifications clears them', async () => {
    await ask(rows.find(({ name }) => name === 'logging')?.put() ?? {})
    expect((await put('logging', '<BucketLoggingStatus/>')).status).toBe(200)
    expect(await readBucket(oss, Bucket, 'logging', 'BucketLoggingStatus')).not.toHaveProperty(
      'LoggingEnabled',
    )
    expect((await put('tagging', '<Tagging><TagSet/></Tagging>')).status).toBe(204)
    await expect(ask(new S3.GetBucketTaggingCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchTagSet',
    })
    expect((await put('notification', '<NotificationConfiguration/>')).status).toBe(200)
  })

  test('the ACL is one of OSS’s three', async () => {
    for (const ACL of ['public-read', 'public-read-write', 'private'] as const) {
      await ask(new S3.PutBucketAclCommand({ Bucket: 'fresh', ACL }))
      expect((await oss.getBucketACL('fresh')).acl).toBe(ACL)
      const { Owner, Grants } = await s3.send(new S3.GetBucketAclCommand({ Bucket: 'fresh' }))
      await ask(new S3.PutBucketAclCommand({ Bucket: 'fresh', AccessControlPolicy: { Owner, Grants } }))
      expect((await oss.getBucketACL('fresh')).acl).toBe(ACL)
    }
    const log = put('acl', '', { 'x-amz-acl': 'log-delivery-write' }, 'fresh')
    expect((await log).error).toMatchObject({ Code: 'NotImplemented', Header: 'x-amz-acl' })
  })

  test('the ACL of a missing bucket makes none', async () => {
    const missing = { Bucket: 'made-by-its-acl', ACL: 'public-read' } as const
    await expect(ask(new S3.PutBucketAclCommand(missing))).rejects.toMatchObject({ name: 'NoSuchBucket' })
    await expect(ask(new S3.GetBucketAclCommand(missing))).rejects.toMatchObject({ name: 'NoSuchBucket' })
    const { headers } = await put('acl', '', { 'x-amz-acl': 'private' }, 'fresh')
    expect(headers).not.toHaveProperty('location')
  })

  test('a rule’s label is taken, and not kept', async () => {
    const rule = { ID: 'label', AllowedOrigins: ['*'], AllowedMethods: ['GET'] }
    await ask(new S3.PutBucketCorsCommand({ Bucket: 'fresh', CORSConfiguration: { CORSRules: [rule] } }))
    const { CORSRules } = await s3.send(new S3.GetBucketCorsCommand({ Bucket: 'fresh' }))
    expect(CORSRules).toEqual([{ AllowedOrigins: ['*'], AllowedMethods: ['GET'] }])
  })

  test('a rule of OSS that S3 cannot say is refused, not shown as another', async () => {
    const rule = (inner: string) =>
      `<LifecycleConfiguration><Rule><ID>a</ID><Prefix/><Status>Enabled</Status>${inner}</Rule></LifecycleConfiguration>`
    await writeBucket(
      oss,
      'fresh',
      'lifecycle',
      rule('<Expiration><CreatedBeforeDate>2030-01-01T00:00:00.000Z</CreatedBeforeDate></Expiration>'),
    )
    const read = new S3.GetBucketLifecycleConfigurationCommand({ Bucket: 'fresh' })
    await expect(ask(read)).rejects.toMatchObject({
      name: 'NotImplemented',
      Element: 'LifecycleConfiguration/Rule/Expiration/CreatedBeforeDate',
    })
  })

  describe('a lock', () => {
    const locked = { Bucket: 'locked' }
    const configuration = { ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' as const } }
    test('needs versions, and keeps them', async () => {
      await ask(new S3.CreateBucketCommand(locked))
      const lock = () => ask(new S3.PutObjectLockConfigurationCommand({ ...locked, ...configuration }))
      await expect(lock()).rejects.toMatchObject({ name: 'InvalidBucketState' })
      const version = (Status: 'Enabled' | 'Suspended') =>
        ask(new S3.PutBucketVersioningCommand({ ...locked, VersioningConfiguration: { Status } }))
      await version('Enabled')
      await lock()
      await expect(version('Suspended')).rejects.toMatchObject({
        name: 'InvalidBucketState',
        message:
          'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
      })
      expect((await s3.send(new S3.GetBucketVersioningCommand(locked))).Status).toBe('Enabled')
    })
  })

  test('logs go to a bucket that is there, in the same region', async () => {
    const LocationConstraint = 'cn-beijing' as never
    await ask(
      new S3.CreateBucketCommand({ Bucket: 'far', CreateBucketConfiguration: { LocationConstraint } }),
    )
    const logTo = (TargetBucket: string) =>
      ask(
        new S3.PutBucketLoggingCommand({
          Bucket: 'fresh',
          BucketLoggingStatus: { LoggingEnabled: { TargetBucket, TargetPrefix: '' } },
        }),
      )
    await expect(logTo('absent')).rejects.toMatchObject({
      name: 'InvalidTargetBucketForLogging',
      TargetBucket: 'absent',
    })
    await expect(logTo('far')).rejects.toMatchObject({
      name: 'CrossLocationLoggingProhibitted',
      SourceBucketLocation: 'cn-hangzhou',
      TargetBucketLocation: 'cn-beijing',
    })
    expect(await readBucket(oss, 'fresh', 'logging', 'BucketLoggingStatus')).not.toHaveProperty(
      'LoggingEnabled',
    )
  })

  test('a limited client’s logs stay in its own buckets', async () => {
    const tenant = world.s3({ credentials: { accessKeyId: 'tenant', secretAccessKey } })
    const logTo = (TargetBucket: string) =>
      ask(
        new S3.PutBucketLoggingCommand({
          Bucket,
          BucketLoggingStatus: { LoggingEnabled: { TargetBucket, TargetPrefix: '' } },
        }),
        tenant,
      )
    await logTo(Bucket)
    await expect(logTo('fresh')).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(logTo('../fresh')).rejects.toMatchObject({ name: 'InvalidTargetBucketForLogging' })
  })

  const inRule = (inner: string) =>
    `<LifecycleConfiguration><Rule><Filter/><Status>Enabled</Status>${inner}</Rule></LifecycleConfiguration>`
  test.each([
    [
      'versioning',
      '<VersioningConfiguration><MfaDelete>Enabled</MfaDelete><Status>Enabled</Status></VersioningConfiguration>',
      'NotImplemented',
    ],
    ['versioning', '<VersioningConfiguration/>', 'IllegalVersioningConfigurationException'],
    ['versioning', '<VersioningConfiguration><Status>On</Status></VersioningConfiguration>', 'MalformedXML'],
    ['cors', '<CORSConfiguration/>', 'MalformedXML'],
    [
      'cors',
      '<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>',
      'MalformedXML',
    ],
    [
      'cors',
      '<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>MYMETHOD</AllowedMethod></CORSRule></CORSConfiguration>',
      'InvalidRequest',
    ],
    [
      'lifecycle',
      inRule(
        '<Transition><Date>2030-01-01T00:00:00Z</Date><StorageClass>GLACIER</StorageClass></Transition>',
      ),
      'NotImplemented',
    ],
    ['lifecycle', inRule('<Future/>'), 'NotImplemented'],
    [
      'encryption',
      '<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>',
      'InvalidArgument',
    ],
    [
      'encryption',
      '<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms:dsse</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>',
      'InvalidEncryptionAlgorithmError',
    ],
    [
      'publicAccessBlock',
      '<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>',
      'NotImplemented',
    ],
    [
      'logging',
      '<BucketLoggingStatus><LoggingEnabled><TargetBucket>bucket</TargetBucket><TargetPrefix/><TargetGrants/></LoggingEnabled></BucketLoggingStatus>',
      'NotImplemented',
    ],
    [
      'website',
      '<WebsiteConfiguration><RedirectAllRequestsTo><HostName>a</HostName></RedirectAllRequestsTo></WebsiteConfiguration>',
      'NotImplemented',
    ],
    [
      'requestPayment',
      '<RequestPaymentConfiguration><Payer>Someone</Payer></RequestPaymentConfiguration>',
      'MalformedXML',
    ],
    [
      'accelerate',
      '<AccelerateConfiguration><Status>enabled</Status></AccelerateConfiguration>',
      'MalformedXML',
    ],
    [
      'object-lock',
      '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years></DefaultRetention></Rule></ObjectLockConfiguration>',
      'MalformedXML',
    ],
    [
      'notification',
      '<NotificationConfiguration><QueueConfiguration/></NotificationConfiguration>',
      'NotImplemented',
    ],
    ['tagging', '', 'MissingRequestBodyError'],
    ['cors', '<Other/>', 'MalformedXML'],
  ])('%s: %s → %s, and OSS is asked for no change', async (subresource, body, code) => {
    world.ossRequests()
    expect((await put(subresource, body)).error.Code).toBe(code)
    expect(world.ossRequests().filter((name) => /^(Put|Delete)/.test(name))).toEqual([])
  })

  test.each([
    [
      'versioning',
      '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
      { 'x-amz-mfa': '1 2' },
      'NotImplemented',
    ],
    [
      'lifecycle',
      inRule('<Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>'),
      { 'x-amz-transition-default-minimum-object-size': 'all_storage_classes_128K' },
      'NotImplemented',
    ],
    [
      'lifecycle',
      inRule('<Expiration><Days>1</Days></Expiration>'),
      { 'x-amz-transition-default-minimum-object-size': 'value' },
      'InvalidRequest',
    ],
  ] as const)('%s with a header that OSS has nothing for: %s', async (subresource, body, headers, code) => {
    expect((await put(subresource, body, headers)).error.Code).toBe(code)
  })
})
