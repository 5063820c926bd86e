import * as model from '@aws-sdk/client-s3'
import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  CreateBucketCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type World } from '../harness.ts'

type Outcome =
  /** OSS was sent this. */
  | { sent: Record<string, string> }
  /** Refused with this code, and nothing was written. */
  | { refused: string; header?: string }
  /** The copy is made as if it had not been there. */
  | 'accepted'

const REPLACE = { MetadataDirective: 'REPLACE' } as const
const HOUR = 3_600_000
const AES = 'a'.repeat(32)

/** One row for each member of the model's CopyObjectRequest: what is sent, and what becomes of it. */
const members: Record<string, [input: Partial<CopyObjectCommandInput>, outcome: Outcome][]> = {
  Bucket: [[{}, 'accepted']],
  Key: [[{}, 'accepted']],
  CopySource: [[{ CopySource: 'source/a%20b' }, { sent: { 'x-oss-copy-source': '/source/a%20b' } }]],
  ACL: [
    [{ ACL: 'public-read' }, { sent: { 'x-oss-object-acl': 'public-read' } }],
    [{ ACL: 'bucket-owner-full-control' }, { sent: { 'x-oss-object-acl': 'private' } }],
    [{}, { sent: { 'x-oss-object-acl': 'private' } }],
    [{ ACL: 'authenticated-read' }, { refused: 'NotImplemented', header: 'x-amz-acl' }],
  ],
  CacheControl: [[{ ...REPLACE, CacheControl: 'no-cache' }, { sent: { 'cache-control': 'no-cache' } }]],
  ContentDisposition: [
    [{ ...REPLACE, ContentDisposition: 'inline' }, { sent: { 'content-disposition': 'inline' } }],
  ],
  ContentEncoding: [[{ ...REPLACE, ContentEncoding: 'gzip' }, { sent: { 'content-encoding': 'gzip' } }]],
  ContentLanguage: [[{ ...REPLACE, ContentLanguage: 'de' }, { sent: { 'content-language': 'de' } }]],
  ContentType: [
    [{ ...REPLACE, ContentType: 'a/b' }, { sent: { 'content-type': 'a/b' } }],
    [REPLACE, { sent: { 'content-type': 'binary/octet-stream' } }],
  ],
  Expires: [
    [
      { ...REPLACE, Expires: new Date(Date.UTC(2030, 0)) },
      { sent: { expires: 'Tue, 01 Jan 2030 00:00:00 GMT' } },
    ],
  ],
  Metadata: [[{ ...REPLACE, Metadata: { my_key: 'v' } }, { sent: { 'x-oss-meta-s3gw-name-my-5fkey': 'v' } }]],
  MetadataDirective: [
    [{ MetadataDirective: 'COPY' }, { sent: { 'x-oss-metadata-directive': 'COPY' } }],
    [REPLACE, { sent: { 'x-oss-metadata-directive': 'REPLACE' } }],
    [{ MetadataDirective: 'replace' as 'REPLACE' }, { refused: 'InvalidArgument' }],
  ],
  TaggingDirective: [
    [
      { TaggingDirective: 'REPLACE' },
      { sent: { 'x-oss-tagging-directive': 'Replace', 'x-oss-tagging': '' } },
    ],
    [{ TaggingDirective: 'x' as 'COPY' }, { refused: 'InvalidArgument' }],
  ],
  Tagging: [
    [{ TaggingDirective: 'REPLACE', Tagging: 'a=b+c' }, { sent: { 'x-oss-tagging': 'a=b%20c' } }],
    [{ Tagging: 'a=b' }, 'accepted'],
  ],
  StorageClass: [
    [{ StorageClass: 'STANDARD_IA' }, { sent: { 'x-oss-storage-class': 'IA' } }],
    [{ StorageClass: 'SNOW' }, { refused: 'InvalidStorageClass' }],
  ],
  ServerSideEncryption: [
    [{ ServerSideEncryption: 'AES256' }, { sent: { 'x-oss-server-side-encryption': 'AES256' } }],
    [{ ServerSideEncryption: 'aws:kms:dsse' }, { refused: 'InvalidEncryptionAlgorithmError' }],
  ],
  SSEKMSKeyId: [
    [
      { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'arn:aws:kms:r:1:key/k1' },
      { sent: { 'x-oss-server-side-encryption-key-id': 'k1' } },
    ],
  ],
  SSEKMSEncryptionContext: [
    [
      { ServerSideEncryption: 'aws:kms', SSEKMSEncryptionContext: 'e30=' },
      { refused: 'NotImplemented', header: 'x-amz-server-side-encryption-context' },
    ],
  ],
  BucketKeyEnabled: [[{ BucketKeyEnabled: true }, 'accepted']],
  SSECustomerAlgorithm: [[{ SSECustomerAlgorithm: 'AES256' }, { refused: 'NotImplemented' }]],
  SSECustomerKey: [[{ SSECustomerKey: AES }, { refused: 'NotImplemented' }]],
  SSECustomerKeyMD5: [[{ SSECustomerKeyMD5: AES }, { refused: 'NotImplemented' }]],
  CopySourceSSECustomerAlgorithm: [
    [{ CopySourceSSECustomerAlgorithm: 'AES256' }, { refused: 'NotImplemented' }],
  ],
  CopySourceSSECustomerKey: [[{ CopySourceSSECustomerKey: AES }, { refused: 'NotImplemented' }]],
  CopySourceSSECustomerKeyMD5: [[{ CopySourceSSECustomerKeyMD5: AES }, { refused: 'NotImplemented' }]],
  CopySourceIfMatch: [
    [{ CopySourceIfMatch: '*' }, 'accepted'],
    [{ CopySourceIfMatch: '"0"' }, { refused: 'PreconditionFailed' }],
  ],
  CopySourceIfNoneMatch: [
    [{ CopySourceIfNoneMatch: '"0"' }, { sent: { 'x-oss-copy-source-if-none-match': '"0"' } }],
    [{ CopySourceIfNoneMatch: '*' }, { refused: 'PreconditionFailed' }],
  ],
  CopySourceIfModifiedSince: [
    [
      { CopySourceIfModifiedSince: new Date(0) },
      { sent: { 'x-oss-copy-source-if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' } },
    ],
    [{ CopySourceIfModifiedSince: new Date(Date.now() + HOUR) }, 'accepted'],
  ],
  CopySourceIfUnmodifiedSince: [
    [{ CopySourceIfUnmodifiedSince: new Date(0) }, { refused: 'PreconditionFailed' }],
  ],
  IfMatch: [[{ IfMatch: '"0"' }, { refused: 'NoSuchKey' }]],
  IfNoneMatch: [
    [{ IfNoneMatch: '*' }, { sent: { 'x-oss-forbid-overwrite': 'true' } }],
    [{ IfNoneMatch: '"0"' }, { refused: 'NotImplemented', header: 'If-None-Match' }],
  ],
  GrantRead: [
    [
      { GrantRead: 'uri="http://acs.amazonaws.com/groups/global/AllUsers"' },
      { sent: { 'x-oss-object-acl': 'public-read' } },
    ],
  ],
  GrantFullControl: [
    [{ GrantFullControl: 'id="nobody"' }, { refused: 'NotImplemented', header: 'x-amz-grant-full-control' }],
  ],
  GrantReadACP: [
    [{ GrantReadACP: 'id="nobody"' }, { refused: 'NotImplemented', header: 'x-amz-grant-read-acp' }],
  ],
  GrantWriteACP: [
    [{ GrantWriteACP: 'id="nobody"' }, { refused: 'NotImplemented', header: 'x-amz-grant-write-acp' }],
  ],
  ChecksumAlgorithm: [
    [{ ChecksumAlgorithm: 'ADLER32' as never }, { refused: 'InvalidRequest' }],
    [
      { ChecksumAlgorithm: 'SHA256' },
      { sent: { 'x-oss-meta-s3gw-checksum-sha256': 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=' } },
    ],
  ],
  RequestPayer: [[{ RequestPayer: 'requester' }, { sent: { 'x-oss-request-payer': 'requester' } }]],
  ExpectedBucketOwner: [[{ ExpectedBucketOwner: '000000000000' }, { refused: 'AccessDenied' }]],
  ExpectedSourceBucketOwner: [[{ ExpectedSourceBucketOwner: '000000000000' }, { refused: 'AccessDenied' }]],
  ObjectLockMode: [[{ ObjectLockMode: 'GOVERNANCE' }, { refused: 'InvalidArgument' }]],
  ObjectLockRetainUntilDate: [
    [{ ObjectLockRetainUntilDate: new Date(Date.now() + HOUR) }, { refused: 'InvalidArgument' }],
  ],
  ObjectLockLegalHoldStatus: [[{ ObjectLockLegalHoldStatus: 'ON' }, { refused: 'InvalidRequest' }]],
  ObjectLockEventHold: [[{ ObjectLockEventHold: 'ON' }, { refused: 'NotImplemented' }]],
  ObjectLockEventHoldDurationDays: [[{ ObjectLockEventHoldDurationDays: 1 }, { refused: 'NotImplemented' }]],
  ObjectLockEventHoldDurationYears: [
    [{ ObjectLockEventHoldDurationYears: 1 }, { refused: 'NotImplemented' }],
  ],
  AnnotationDirective: [[{ AnnotationDirective: 'COPY' }, { refused: 'NotImplemented' }]],
  WebsiteRedirectLocation: [[{ WebsiteRedirectLocation: '/x' }, { refused: 'NotImplemented' }]],
}

type Schema = [kind: number, namespace: string, name: string, traits: unknown, members: string[]]
const operations = Object.values(model) as unknown[]
const copyObject = operations.find(
  (value): value is unknown[] => Array.isArray(value) && value[0] === 9 && value[2] === 'CopyObject',
)
if (copyObject === undefined) throw new Error('the model has no CopyObject')
const input = (copyObject[4] as () => Schema)()

let world: World
let destination = 0
beforeAll(async () => {
  world = await startWorld()
  for (const Bucket of ['source', 'destination']) await world.s3().send(new CreateBucketCommand({ Bucket }))
  for (const Key of ['key', 'a b']) {
    await world.s3().send(
      new PutObjectCommand({
        Bucket: 'source',
        Key,
        Body: 'hello',
        Metadata: { kept: 'yes' },
        Tagging: 't=1',
      }),
    )
  }
})
afterAll(() => world.stop())

test('every member of the model has its row', () => {
  expect(Object.keys(members).sort()).toEqual([...input[4]].sort())
})

describe.each(Object.entries(members))('%s', (_, rows) => {
  test.each(rows)('%j: %j', async (input, outcome) => {
    const Key = `copy-${destination++}`
    const sent: Record<string, string>[] = []
    const stop = world.localOss.onRequest(({ operation, headers }) => {
      if (operation === 'CopyObject') sent.push(headers)
    })
    const command = new CopyObjectCommand({ Bucket: 'destination', Key, CopySource: 'source/key', ...input })
    const answer = await world
      .s3()
      .send(command)
      .catch((error) => error)
    stop()
    const exists = await world
      .oss('destination')
      .head(Key)
      .then(
        () => true,
        () => false,
      )
    if (typeof outcome === 'object' && 'refused' in outcome) {
      expect(answer).toMatchObject({
        name: outcome.refused,
        ...(outcome.header ? { Header: outcome.header } : {}),
      })
      expect(exists).toBe(false)
      return
    }
    expect(answer).toMatchObject({ CopyObjectResult: { ETag: '"5d41402abc4b2a76b9719d911017c592"' } })
    expect(exists).toBe(true)
    expect(sent).toHaveLength(1)
    if (outcome !== 'accepted') expect(sent[0]).toMatchObject(outcome.sent)
  })
})
