import { describe, expect } from 'vitest'
import { sha256 } from '../encodings.ts'
import { failure } from './errors.ts'
import { must } from './s3.ts'
import { enableVersioning, ownBucket, type Row, rows } from './table.ts'

const bucket = ownBucket()
const XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

type Document = {
  query: string
  /** What GET answers before anything was set. */
  unset: Row['error'] | object
  /** A document, and what comes back of it. */
  body: string
  back: object
  /** What DELETE answers; none for documents that are only replaced. */
  deleted?: number
  put?: number
}
const documents: Record<string, Document> = {
  versioning: {
    query: 'versioning',
    unset: { VersioningConfiguration: '' },
    body: `<VersioningConfiguration ${XMLNS}><Status>Suspended</Status></VersioningConfiguration>`,
    back: { VersioningConfiguration: { Status: 'Suspended' } },
  },
  tagging: {
    query: 'tagging',
    unset: failure('NoSuchTagSet', { BucketName: expect.stringMatching(/^conformance-/) }),
    body: `<Tagging ${XMLNS}><TagSet><Tag><Key>team</Key><Value>blue</Value></Tag></TagSet></Tagging>`,
    back: { Tagging: { TagSet: { Tag: [{ Key: 'team', Value: 'blue' }] } } },
    deleted: 204,
    put: 204,
  },
  CORS: {
    query: 'cors',
    unset: failure('NoSuchCORSConfiguration', { BucketName: expect.stringMatching(/^conformance-/) }),
    body: `<CORSConfiguration ${XMLNS}><CORSRule><AllowedOrigin>https://app.example.com</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule></CORSConfiguration>`,
    back: {
      CORSConfiguration: {
        CORSRule: [
          {
            AllowedOrigin: 'https://app.example.com',
            AllowedMethod: 'GET',
            AllowedHeader: '*',
            ExposeHeader: 'ETag',
            MaxAgeSeconds: '60',
          },
        ],
      },
    },
    deleted: 204,
  },
  lifecycle: {
    query: 'lifecycle',
    unset: failure('NoSuchLifecycleConfiguration', { BucketName: expect.stringMatching(/^conformance-/) }),
    body: `<LifecycleConfiguration ${XMLNS}><Rule><ID>old</ID><Filter><Prefix>logs/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>`,
    back: {
      LifecycleConfiguration: {
        Rule: [{ ID: 'old', Filter: { Prefix: 'logs/' }, Status: 'Enabled', Expiration: { Days: '30' } }],
      },
    },
    deleted: 204,
  },
  encryption: {
    query: 'encryption',
    unset: {},
    body: `<ServerSideEncryptionConfiguration ${XMLNS}><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`,
    back: {
      ServerSideEncryptionConfiguration: {
        Rule: { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
      },
    },
    deleted: 204,
  },
  website: {
    query: 'website',
    unset: failure('NoSuchWebsiteConfiguration', { BucketName: expect.stringMatching(/^conformance-/) }),
    body: `<WebsiteConfiguration ${XMLNS}><IndexDocument><Suffix>index.html</Suffix></IndexDocument><ErrorDocument><Key>error.html</Key></ErrorDocument></WebsiteConfiguration>`,
    back: {
      WebsiteConfiguration: { IndexDocument: { Suffix: 'index.html' }, ErrorDocument: { Key: 'error.html' } },
    },
    deleted: 204,
  },
  'public access block': {
    query: 'publicAccessBlock',
    unset: {},
    body: `<PublicAccessBlockConfiguration ${XMLNS}><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>`,
    back: { PublicAccessBlockConfiguration: { BlockPublicAcls: 'true', BlockPublicPolicy: 'true' } },
    deleted: 204,
  },
  'ownership controls': {
    query: 'ownershipControls',
    unset: {},
    body: `<OwnershipControls ${XMLNS}><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>`,
    back: { OwnershipControls: { Rule: { ObjectOwnership: 'ObjectWriter' } } },
    deleted: 204,
  },
  logging: {
    query: 'logging',
    unset: { BucketLoggingStatus: expect.anything() },
    body: `<BucketLoggingStatus ${XMLNS}/>`,
    back: { BucketLoggingStatus: expect.anything() },
  },
  'request payment': {
    query: 'requestPayment',
    unset: { RequestPaymentConfiguration: { Payer: 'BucketOwner' } },
    body: `<RequestPaymentConfiguration ${XMLNS}><Payer>Requester</Payer></RequestPaymentConfiguration>`,
    back: { RequestPaymentConfiguration: { Payer: 'Requester' } },
  },
}

for (const [what, { query, unset, body, back, deleted, put }] of Object.entries(documents)) {
  const asked = { query: { [query]: '' } }
  const fails = 'status' in (unset as object)
  rows(`the bucket’s ${what}`, bucket, [
    ...(Object.keys(unset as object).length === 0
      ? []
      : [
          fails
            ? ({ name: 'is missing before it is set', ask: asked, ...(unset as object) } as Row)
            : ({ name: 'has a beginning', ask: asked, status: 200, xml: unset as object } as Row),
        ]),
    {
      name: 'is set',
      ask: { method: 'PUT', ...asked, body },
      status: put ?? 200,
      body: '',
    },
    {
      name: 'comes back as it was set',
      ask: asked,
      status: 200,
      headers: { 'content-type': /^application\/xml/ },
      xml: back,
    },
    {
      name: 'is set with a checksum as well as with a Content-MD5',
      ask: { method: 'PUT', ...asked, body, headers: { 'x-amz-checksum-sha256': sha256Of(body) } },
      status: put ?? 200,
    },
    {
      name: 'cannot be set by what is no XML',
      ask: { method: 'PUT', ...asked, body: 'as you like' },
      ...failure('MalformedXML'),
    },
    {
      name: 'cannot be read of a bucket that is not there',
      ask: { bucket: 'conformance-no-such-bucket', ...asked },
      ...failure('NoSuchBucket', { BucketName: 'conformance-no-such-bucket' }),
    },
    ...(deleted === undefined
      ? []
      : [
          { name: 'is deleted', ask: { method: 'DELETE', ...asked }, status: deleted, body: '' },
          ...(fails
            ? [{ name: 'is missing after it was deleted', ask: asked, ...(unset as object) } as Row]
            : []),
        ]),
  ])
}
function sha256Of(text: string): string {
  return Buffer.from(sha256(text), 'hex').toString('base64')
}

describe('what is refused', () => {
  const refusedDocument = (name: string, query: string, body: string, expected: object): Row =>
    ({ name, ask: { method: 'PUT', query: { [query]: '' }, body }, ...expected }) as Row
  rows('documents', bucket, [
    refusedDocument(
      'versioning without a status',
      'versioning',
      `<VersioningConfiguration ${XMLNS}/>`,
      failure('IllegalVersioningConfigurationException'),
    ),
    refusedDocument(
      'a tag twice',
      'tagging',
      '<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>a</Key><Value>2</Value></Tag></TagSet></Tagging>',
      failure('InvalidTag', { Message: 'Cannot provide multiple Tags with the same key', TagKey: 'a' }),
    ),
    refusedDocument(
      'a CORS method that S3 does not know',
      'cors',
      '<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>MYMETHOD</AllowedMethod></CORSRule></CORSConfiguration>',
      failure('InvalidRequest', {
        Message: 'Found unsupported HTTP method in CORS config. Unsupported method is MYMETHOD',
      }),
    ),
    refusedDocument(
      'a payer that S3 does not know',
      'requestPayment',
      '<RequestPaymentConfiguration><Payer>Nobody</Payer></RequestPaymentConfiguration>',
      failure('MalformedXML'),
    ),
    refusedDocument(
      'an index with a slash',
      'website',
      '<WebsiteConfiguration><IndexDocument><Suffix>a/b</Suffix></IndexDocument></WebsiteConfiguration>',
      failure('InvalidArgument', {
        Message: 'The IndexDocument Suffix is not well formed',
        ArgumentName: 'IndexDocument',
      }),
    ),
    refusedDocument(
      'a master key without KMS',
      'encryption',
      '<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>',
      failure('InvalidArgument', {
        Message:
          'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
        ArgumentName: 'ApplyServerSideEncryptionByDefault',
      }),
    ),
    refusedDocument(
      'logs for a bucket that is not there',
      'logging',
      '<BucketLoggingStatus><LoggingEnabled><TargetBucket>conformance-no-such-bucket</TargetBucket><TargetPrefix>l/</TargetPrefix></LoggingEnabled></BucketLoggingStatus>',
      {
        status: 400,
        error: {
          Code: 'InvalidTargetBucketForLogging',
          Message: 'The target bucket for logging does not exist',
          TargetBucket: 'conformance-no-such-bucket',
        },
      },
    ),
  ])
})

const policy = (bucketName: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'read',
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: `arn:aws:s3:::${bucketName}/*`,
      },
    ],
  })
rows('the bucket’s policy', bucket, [
  {
    name: 'is missing before it is set',
    ask: { query: { policy: '' } },
    ...failure('NoSuchBucketPolicy', { BucketName: expect.stringMatching(/^conformance-/) }),
  },
  {
    name: 'is set with a 204',
    ask: (name) => ({ method: 'PUT', query: { policy: '' }, body: policy(name) }),
    status: 204,
    body: '',
  },
  {
    name: 'comes back as JSON',
    ask: { query: { policy: '' } },
    status: 200,
    headers: { 'content-type': /json/ },
    and: ({ text }, name) => {
      const [statement] = JSON.parse(text).Statement
      expect(statement).toMatchObject({ Effect: 'Allow' })
      expect([statement.Action].flat()).toEqual(['s3:GetObject'])
      expect([statement.Resource].flat()).toEqual([`arn:aws:s3:::${name}/*`])
    },
  },
  {
    name: 'has to be JSON',
    ask: { method: 'PUT', query: { policy: '' }, body: 'let them in' },
    ...failure('MalformedPolicy'),
  },
  {
    name: 'has to have a statement',
    ask: { method: 'PUT', query: { policy: '' }, body: '{"Version":"2012-10-17"}' },
    ...failure('MalformedPolicy', { Message: 'Missing required field Statement' }),
  },
  { name: 'is deleted', ask: { method: 'DELETE', query: { policy: '' } }, status: 204, body: '' },
  {
    name: 'is missing after it was deleted',
    ask: { query: { policy: '' } },
    ...failure('NoSuchBucketPolicy'),
  },
])

rows('the bucket’s ACL', bucket, [
  {
    name: 'is its owner’s alone',
    ask: { query: { acl: '' } },
    status: 200,
    xml: {
      AccessControlPolicy: {
        Owner: { ID: expect.stringMatching(/./) },
        AccessControlList: { Grant: [{ Permission: 'FULL_CONTROL' }] },
      },
    },
  },
  {
    name: 'is set by a header',
    ask: { method: 'PUT', query: { acl: '' }, headers: { 'x-amz-acl': 'public-read' } },
    status: 200,
    and: async (_, name) =>
      expect((await must({ bucket: name, query: { acl: '' } })).text).toMatch(
        /AllUsers<\/URI><\/Grantee><Permission>READ<\/Permission>/,
      ),
  },
  {
    name: 'cannot be set by nothing',
    ask: { method: 'PUT', query: { acl: '' } },
    ...failure('MissingSecurityHeader', { MissingHeaderName: 'x-amz-acl' }),
  },
  {
    name: 'cannot be one that S3 does not know',
    ask: { method: 'PUT', query: { acl: '' }, headers: { 'x-amz-acl': 'everybody' } },
    ...failure('InvalidArgument', { ArgumentName: 'x-amz-acl', ArgumentValue: 'everybody' }),
  },
])

const versioned = ownBucket(enableVersioning)
rows('the bucket’s locks', versioned, [
  {
    name: 'are missing before they are set',
    ask: { query: { 'object-lock': '' } },
    ...failure('ObjectLockConfigurationNotFoundError', {
      BucketName: expect.stringMatching(/^conformance-/),
    }),
  },
  {
    name: 'are set with a rule',
    ask: {
      method: 'PUT',
      query: { 'object-lock': '' },
      body: `<ObjectLockConfiguration ${XMLNS}><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>`,
    },
    status: 200,
  },
  {
    name: 'come back as they were set',
    ask: { query: { 'object-lock': '' } },
    status: 200,
    xml: {
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: '1' } },
      },
    },
  },
])
rows('the bucket’s versioning', versioned, [
  {
    name: 'comes back as enabled',
    ask: { query: { versioning: '' } },
    status: 200,
    xml: { VersioningConfiguration: { Status: 'Enabled' } },
  },
])
