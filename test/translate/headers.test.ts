import { describe, expect, test } from 'vitest'
import { requestedAcl } from '../../src/translate/acl.ts'
import { toS3ETag } from '../../src/translate/etag.ts'
import type { WriteSettings } from '../../src/translate/request-headers.ts'
import { toS3Answer, toS3Object } from '../../src/translate/response-headers.ts'
import { toOssStorageClass, toS3StorageClass } from '../../src/translate/storage-class.ts'
import { parseTagging, toOssTagging } from '../../src/translate/tags.ts'
import { toOssContent, toOssTarget } from '../../src/translate/to-oss-headers.ts'

const settings: WriteSettings = {
  ownerId: undefined,
  ownership: 'ObjectWriter',
  acl: undefined,
  storageClass: 'bucket',
  storageClassMap: {},
}
const refusal = (code: string) => expect.objectContaining({ code })

describe('storage classes', () => {
  test.each([
    ['STANDARD', 'Standard'],
    ['REDUCED_REDUNDANCY', 'Standard'],
    ['INTELLIGENT_TIERING', 'Standard'],
    ['STANDARD_IA', 'IA'],
    ['ONEZONE_IA', 'IA'],
    ['GLACIER_IR', 'IA'],
    ['GLACIER', 'Archive'],
    ['DEEP_ARCHIVE', 'DeepColdArchive'],
  ])('%s is %s', (s3, oss) => expect(toOssStorageClass(s3)).toBe(oss))

  test.each([
    ['Standard', 'STANDARD'],
    ['IA', 'STANDARD_IA'],
    ['Archive', 'GLACIER'],
    ['ColdArchive', 'DEEP_ARCHIVE'],
    ['DeepColdArchive', 'DEEP_ARCHIVE'],
  ])('%s reads as %s', (oss, s3) => expect(toS3StorageClass(oss)).toBe(s3))

  test.each(['OUTPOSTS', 'SNOW', 'EXPRESS_ONEZONE', 'FSX_OPENZFS', 'standard', 'constructor', ''])(
    '%j is refused',
    (name) => {
      expect(() => toOssStorageClass(name)).toThrow(refusal('InvalidStorageClass'))
    },
  )

  test('a setting overrides single rows', () => {
    expect(toOssStorageClass('DEEP_ARCHIVE', { DEEP_ARCHIVE: 'ColdArchive' })).toBe('ColdArchive')
    expect(toOssStorageClass('GLACIER', { DEEP_ARCHIVE: 'ColdArchive' })).toBe('Archive')
  })
})

describe('ACLs', () => {
  const everyone = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'
  /** All the rights there are, one by one. */
  const ownersFour = {
    'x-amz-grant-read': 'id=me',
    'x-amz-grant-write': 'id=me',
    'x-amz-grant-read-acp': 'id=me',
    'x-amz-grant-write-acp': 'id=me',
  }
  test.each([
    [{}, undefined],
    [{ 'x-amz-acl': 'private' }, 'private'],
    [{ 'x-amz-acl': 'public-read' }, 'public-read'],
    [{ 'x-amz-acl': 'public-read-write' }, 'public-read-write'],
    [{ 'x-amz-acl': 'bucket-owner-full-control' }, 'private'],
    [{ 'x-amz-acl': 'bucket-owner-read' }, 'private'],
    [{ 'x-amz-grant-read': everyone }, 'public-read'],
    [{ 'x-amz-grant-read': everyone, 'x-amz-grant-write': everyone }, 'public-read-write'],
    [{ 'x-amz-grant-full-control': 'id=me' }, 'private'],
    [{ 'x-amz-grant-full-control': 'id="me"', 'x-amz-grant-read': everyone }, 'public-read'],
    [{ 'x-amz-grant-full-control': 'id=me', 'x-amz-grant-read': 'id=me' }, 'private'],
    [{ ...ownersFour, 'x-amz-grant-read': `${everyone}, id="me"` }, 'public-read'],
    [ownersFour, 'private'],
  ])('%j is %s', (headers, acl) =>
    expect(requestedAcl(headers as Record<string, string>, 'ObjectWriter', 'me')).toBe(acl),
  )

  test.each([
    [{ 'x-amz-acl': 'authenticated-read' }, 'NotImplemented'],
    [{ 'x-amz-acl': 'aws-exec-read' }, 'NotImplemented'],
    [{ 'x-amz-acl': 'constructor' }, 'InvalidArgument'],
    [{ 'x-amz-acl': 'private', 'x-amz-grant-read': everyone }, 'InvalidRequest'],
    [{ 'x-amz-grant-full-control': 'id=someone-else' }, 'NotImplemented'],
    [{ 'x-amz-grant-full-control': everyone }, 'NotImplemented'],
    [{ 'x-amz-grant-write': everyone }, 'NotImplemented'],
    [{ 'x-amz-grant-read': 'id=me' }, 'NotImplemented'],
    [{ ...ownersFour, 'x-amz-grant-write-acp': 'id=someone-else' }, 'NotImplemented'],
    [{ ...ownersFour, 'x-amz-grant-write-acp': everyone }, 'NotImplemented'],
    [{ 'x-amz-grant-read': 'emailAddress=a@b.example' }, 'NotImplemented'],
    [{ 'x-amz-grant-read-acp': everyone }, 'NotImplemented'],
    [{ 'x-amz-grant-read': 'nonsense' }, 'InvalidArgument'],
  ])('%j is refused with %s', (headers, code) => {
    const asked = headers as unknown as Record<string, string>
    expect(() => requestedAcl(asked, 'ObjectWriter', 'me')).toThrow(refusal(code))
  })

  const off = 'AccessControlListNotSupported'
  test.each([
    [{}, undefined],
    [{ 'x-amz-acl': 'bucket-owner-full-control' }, 'private'],
    [{ 'x-amz-grant-full-control': 'id=me' }, 'private'],
    [{ 'x-amz-grant-full-control': 'id=someone-else' }, off],
    [{ 'x-amz-grant-full-control': 'id=me', 'x-amz-grant-read': everyone }, off],
    [{ 'x-amz-grant-full-control': 'id=me', 'x-amz-grant-read': 'id=me' }, off],
    [{ 'x-amz-acl': 'bucket-owner-read' }, off],
    [{ 'x-amz-acl': 'private' }, off],
    [{ 'x-amz-acl': 'public-read' }, off],
    [{ 'x-amz-acl': 'authenticated-read' }, off],
    [{ 'x-amz-acl': 'everybody' }, 'InvalidArgument'],
    [{ 'x-amz-grant-read': 'nonsense' }, 'InvalidArgument'],
    [{ 'x-amz-acl': 'private', 'x-amz-grant-read': everyone }, 'InvalidRequest'],
  ])('where they are off %j is %s', (headers, outcome) => {
    const asked = () => requestedAcl(headers as Record<string, string>, 'BucketOwnerEnforced', 'me')
    if (outcome === undefined || outcome === 'private') expect(asked()).toBe(outcome)
    else expect(asked).toThrow(refusal(outcome))
  })
})

describe('encryption', () => {
  const ALGORITHM = 'x-amz-server-side-encryption'
  test.each([
    [{}, {}],
    [{ [ALGORITHM]: 'AES256' }, { 'x-oss-server-side-encryption': 'AES256' }],
    [{ [ALGORITHM]: 'aws:kms' }, { 'x-oss-server-side-encryption': 'KMS' }],
    [
      { [ALGORITHM]: 'aws:kms', [`${ALGORITHM}-aws-kms-key-id`]: 'arn:aws:kms:us-east-1:1:key/abc-def' },
      { 'x-oss-server-side-encryption': 'KMS', 'x-oss-server-side-encryption-key-id': 'abc-def' },
    ],
  ])('%j', (headers, expected) =>
    expect(toOssTarget(headers as Record<string, string>, settings)).toEqual(expected),
  )

  test.each([
    { [ALGORITHM]: 'aws:kms:dsse' },
    { [ALGORITHM]: 'aws:fsx' },
    { [ALGORITHM]: 'AES256', [`${ALGORITHM}-aws-kms-key-id`]: 'k' },
  ])('%j is refused', (headers) =>
    expect(() => toOssTarget(headers as Record<string, string>, settings)).toThrow(
      refusal('InvalidEncryptionAlgorithmError'),
    ),
  )

  test('reads back under S3 names', () => {
    expect(
      toS3Answer({ 'x-oss-server-side-encryption': 'KMS', 'x-oss-server-side-encryption-key-id': 'k' }),
    ).toEqual({
      [ALGORITHM]: 'aws:kms',
      [`${ALGORITHM}-aws-kms-key-id`]: 'k',
    })
  })
})

describe('tags', () => {
  test.each([
    ['a=1&b=2', 'a=1&b=2'],
    ['a+b=c%20d', 'a%20b=c%20d'],
    ['a', 'a='],
    ['', ''],
    ['k=%2B-%3D._:/', 'k=%2B-%3D._%3A%2F'],
  ])('%s is sent as %s', (header, oss) => expect(toOssTagging(parseTagging(header))).toBe(oss))

  const eleven = Array.from({ length: 11 }, (_, i) => `k${i}=v`).join('&')
  test.each([
    ['a=1&a=2', 'InvalidArgument'],
    ['=v', 'InvalidArgument'],
    ['a=b=c', 'InvalidArgument'],
    ['a=%zz', 'InvalidArgument'],
    [eleven, 'BadRequest'],
    [`${'k'.repeat(129)}=v`, 'InvalidTag'],
    [`k=${'v'.repeat(257)}`, 'InvalidTag'],
    ['aws:x=v', 'InvalidTag'],
    ['k=a%21b', 'InvalidTag'],
  ])('%s is refused with %s', (header, code) => {
    expect(() => parseTagging(header)).toThrow(refusal(code))
  })
})

describe('content headers', () => {
  test('S3 names a default type, and the transfer coding never becomes the object’s', () => {
    expect(toOssContent({})).toEqual({ 'content-type': 'binary/octet-stream' })
    expect(toOssContent({ 'content-encoding': 'aws-chunked', 'content-type': 'a/b' })).toEqual({
      'content-type': 'a/b',
    })
    expect(toOssContent({ 'content-encoding': 'gzip, aws-chunked' })).toMatchObject({
      'content-encoding': 'gzip',
    })
  })

  test('no header of OSS passes that is in no table', () => {
    expect(
      toS3Object({
        'x-oss-hash-crc64ecma': '1',
        server: 'AliyunOSS',
        connection: 'keep-alive',
        etag: '"AB"',
        'x-oss-storage-class': 'Standard',
      }),
    ).toEqual({ etag: '"AB"', 'accept-ranges': 'bytes' })
  })
})

test.each([
  ['"9A0364B9E99BB480DD25E1F0284C8555"', '"9a0364b9e99bb480dd25e1f0284c8555"'],
  ['9A0364B9E99BB480DD25E1F0284C8555-3', '"9a0364b9e99bb480dd25e1f0284c8555-3"'],
  ['"SOME-UUID"', '"SOME-UUID"'],
])('the ETag %s reads as %s', (oss, s3) => expect(toS3ETag(oss)).toBe(s3))
