import * as model from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { checkHeaders } from '../src/operations/check-headers.ts'
import { findOperation } from '../src/operations/index.ts'
import type { Operation } from '../src/operations/operation.ts'
import { refused } from '../src/operations/refused.ts'
import { parameterNames, resourceTypes } from '../src/operations/selectors.ts'
import { served } from '../src/operations/served.ts'
import { checkVersionId } from '../src/operations/version-id.ts'
import { S3Error } from '../src/s3/error.ts'

// The SDK carries the S3 model at run time: kind 9 is an operation, [kind, namespace, name, traits, input, output].
type OperationSchema = [9, string, string, { http: [method: string, uri: string] }, () => InputSchema]
// [kind, namespace, name, traits, member names, member schemas], a member's schema with its traits as [reference, traits].
type InputSchema = [
  3,
  string,
  string,
  unknown,
  string[],
  (unknown | [unknown, { httpQuery?: string; httpHeader?: string }])[],
]
const operations = Object.values(model).filter(
  (value): value is never => Array.isArray(value) && value[0] === 9,
) as OperationSchema[]

/** What tells an operation apart where its model URI does not: the members that it requires in the query. */
const required: Record<string, string[]> = {
  AbortMultipartUpload: ['uploadId=u'],
  CompleteMultipartUpload: ['uploadId=u'],
  ListParts: ['uploadId=u'],
  UploadPart: ['partNumber=1', 'uploadId=u'],
  UploadPartCopy: ['partNumber=1', 'uploadId=u'],
  GetBucketAnalyticsConfiguration: ['id=i'],
  GetBucketIntelligentTieringConfiguration: ['id=i'],
  GetBucketInventoryConfiguration: ['id=i'],
  GetBucketMetricsConfiguration: ['id=i'],
  GetObjectAnnotation: ['annotationName=n'],
}
const onService = new Set(['ListBuckets', 'ListDirectoryBuckets'])
const fixedPath: Record<string, string> = { WriteGetObjectResponse: 'x-id=WriteGetObjectResponse' }

describe('every operation of the S3 model has a row', () => {
  test('the model is there', () => expect(operations.length).toBeGreaterThan(100))

  test.each(operations.map(([, , name, traits]) => [name, ...traits.http] as const))(
    '%s (%s %s)',
    (name, method, uri) => {
      const [path = '', search = ''] = uri.split('?')
      const parameters = [
        ...search.split('&'),
        ...(required[name] ?? []),
        ...(fixedPath[name] ? [fixedPath[name]] : []),
      ]
      const query = new Map(
        parameters.filter(Boolean).map((one) => [one.split('=')[0] ?? '', one.split('=')[1] ?? '']),
      )
      const headers: Record<string, string> = name.includes('Copy') ? { 'x-amz-copy-source': 'b/k' } : {}
      const bucket = onService.has(name) ? undefined : 'bucket'
      const key = path === '/' ? undefined : 'key'
      expect(findOperation({ method, bucket, key, query, headers }).name).toBe(name)
    },
  )

  test('no row is both served and refused', () => {
    const names = new Set(served.map(({ name }) => name))
    expect(refused.filter(([name]) => names.has(name))).toEqual([])
  })
})

describe('every operation of the S3 model', () => {
  test.each(operations.map((operation) => [operation[2], operation[4]] as const))(
    '%s takes a version id if the model says so',
    (name, input) => {
      const id = 'CAEQNhiBgMDJgZCA0BYiIDc4MGZjZGI2OTBjOTRmNTE5NmU5NmFhZjhjYmY0NzM1'
      const inModel = JSON.stringify(typeof input === 'function' ? input() : input).includes('"versionId"')
      const check = () => checkVersionId({ name } as Operation, new Map([['versionId', id]]))
      if (inModel) check()
      else expect(check).toThrow('This operation does not accept a version-id.')
    },
  )
})

describe('a copy source', () => {
  const headers = { 'x-amz-copy-source': '' }
  const asked = { bucket: 'bucket', key: 'key', query: new Map<string, string>(), headers }

  test('never falls through to PutObject, whatever it says', () => {
    expect(findOperation({ ...asked, method: 'PUT' }).name).toBe('CopyObject')
    const part = new Map([
      ['partNumber', '1'],
      ['uploadId', 'u'],
    ])
    expect(findOperation({ ...asked, method: 'PUT', query: part }).name).toBe('UploadPartCopy')
  })

  test.each(['GET', 'HEAD', 'DELETE'])('on %s is an error', (method) => {
    expect(() => findOperation({ ...asked, method })).toThrow(
      expect.objectContaining({ code: 'InvalidArgument' }),
    )
  })
})

test('a method that no row has is not allowed', () => {
  const asked = { bucket: 'bucket', key: 'key', query: new Map<string, string>(), headers: {} }
  expect(() => findOperation({ ...asked, method: 'PATCH' })).toThrow(
    expect.objectContaining({ code: 'MethodNotAllowed' }),
  )
})

/** The query names of an operation of the model: those of its URI, and those its input adds. */
function namesOf([, , , { http }, input]: OperationSchema) {
  const members = input()[5].map((schema) => (Array.isArray(schema) ? schema[1]?.httpQuery : undefined))
  return {
    path: [...new URLSearchParams(http[1].split('?')[1]).keys()],
    members: members.filter((name): name is string => name !== undefined),
  }
}

describe('query names', () => {
  test('those of the model select an operation, or are its parameters', () => {
    const known = (name: string) => resourceTypes.has(name) || parameterNames.has(name) || name === 'x-id'
    const names = operations.flatMap((operation) => Object.values(namesOf(operation)).flat())
    expect(names.filter((name) => !known(name))).toEqual([])
  })

  test('selectors are those that stand in the model URIs, and an upload id', () => {
    const parameters = new Set(['x-id', 'list-type', 'select-type'])
    const names = new Set(operations.flatMap((operation) => namesOf(operation).path))
    const selectors = [...names].filter((name) => !parameters.has(name))
    expect([...resourceTypes.keys()].sort()).toEqual([...selectors, 'uploadId'].sort())
  })
})

const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'PATCH']
const levels = [
  { bucket: undefined, key: undefined },
  { bucket: 'bucket', key: undefined },
  { bucket: 'bucket', key: 'key' },
]

describe('a request is served by the one row of its selector, or refused', () => {
  const names = [...resourceTypes.keys(), ...parameterNames, 'x-id', 'X-Amz-Date', 'nextSubresource']
  const pairs = names.flatMap((one, at) => [[one], ...names.slice(at + 1).map((other) => [one, other])])
  /** The selectors in a query, a part's two names being one. */
  const selectorsIn = (query: readonly string[]) => {
    const selectors = query.filter((name) => resourceTypes.has(name))
    const part = query.includes('partNumber') && selectors.join() === 'uploadId'
    return part ? ['partNumber', 'uploadId'] : selectors
  }

  test.each(methods.flatMap((method) => levels.map((level) => ({ method, ...level }))))(
    '$method $bucket $key',
    ({ method, bucket, key }) => {
      for (const pair of [[], ...pairs]) {
        for (const value of ['', '2']) {
          const query = new Map(pair.map((name) => [name, value]))
          const asked = { method, bucket, key, query, headers: {} }
          let row: ReturnType<typeof findOperation>
          try {
            row = findOperation(asked)
          } catch (error) {
            expect(error).toBeInstanceOf(S3Error)
            continue
          }
          const conditions = (row.query ?? []).map((condition) => condition.split('=')[0] ?? '')
          expect(
            selectorsIn(conditions).sort(),
            `${method} ${pair.join('&')} is taken for ${row.name}`,
          ).toEqual(selectorsIn(pair).sort())
          if (value === '' && ['PUT', 'POST', 'DELETE'].includes(method)) {
            expect(pair, row.name).not.toContain('nextSubresource')
          }
        }
      }
    },
  )
})

/** What an operation of the model takes in headers. */
const headersOf = ([, , , , input]: OperationSchema) =>
  input()[5]
    .map((schema) => (Array.isArray(schema) ? schema[1]?.httpHeader?.toLowerCase() : undefined))
    .filter((header): header is string => header !== undefined)

const writes = 'PutObject CopyObject CreateMultipartUpload'
const copies = 'CopyObject UploadPartCopy'
const reads = 'GetObject HeadObject'
const lists = 'ListObjects ListObjectsV2 ListObjectVersions'
const acls = 'CreateBucket PutBucketAcl PutObjectAcl'
const onExistingObjects =
  'GetObjectAcl GetObjectAttributes GetObjectLegalHold GetObjectRetention GetObjectTagging PutObjectAcl PutObjectLegalHold PutObjectRetention PutObjectTagging RestoreObject DeleteObject DeleteObjects'
const ofUploads = 'UploadPart CompleteMultipartUpload AbortMultipartUpload ListParts ListMultipartUploads'

/** Which operations do what a header says, besides those of every body and of every bucket. */
const heeded: Record<string, string> = {
  'cache-control': writes,
  'content-disposition': writes,
  'content-encoding': writes,
  'content-language': writes,
  'content-type': writes,
  expires: writes,
  'if-match': `${reads} PutObject CopyObject CompleteMultipartUpload`,
  'if-none-match': `${reads} PutObject CopyObject CompleteMultipartUpload`,
  'if-modified-since': reads,
  'if-unmodified-since': reads,
  range: reads,
  'x-amz-acl': `${writes} ${acls}`,
  'x-amz-bucket-namespace': 'CreateBucket',
  'x-amz-bucket-object-lock-enabled': 'CreateBucket',
  'x-amz-bypass-governance-retention': 'DeleteObject DeleteObjects PutObjectRetention',
  'x-amz-checksum-algorithm': 'CopyObject CreateMultipartUpload',
  'x-amz-checksum-mode': reads,
  'x-amz-checksum-type': 'CreateMultipartUpload CompleteMultipartUpload',
  'x-amz-copy-source': copies,
  'x-amz-copy-source-if-match': copies,
  'x-amz-copy-source-if-modified-since': copies,
  'x-amz-copy-source-if-none-match': copies,
  'x-amz-copy-source-if-unmodified-since': copies,
  'x-amz-copy-source-range': 'UploadPartCopy',
  'x-amz-grant-full-control': `${writes} ${acls}`,
  'x-amz-grant-read': `${writes} ${acls}`,
  'x-amz-grant-read-acp': `${writes} ${acls}`,
  'x-amz-grant-write': acls,
  'x-amz-grant-write-acp': `${writes} ${acls}`,
  'x-amz-max-parts': 'GetObjectAttributes',
  'x-amz-metadata-directive': 'CopyObject',
  'x-amz-mp-object-size': 'CompleteMultipartUpload',
  'x-amz-object-attributes': 'GetObjectAttributes',
  'x-amz-object-ownership': 'CreateBucket',
  'x-amz-optional-object-attributes': lists,
  'x-amz-part-number-marker': 'GetObjectAttributes',
  'x-amz-request-payer': `${reads} ${writes} UploadPartCopy ${lists} ${onExistingObjects} ${ofUploads}`,
  'x-amz-server-side-encryption': writes,
  'x-amz-server-side-encryption-aws-kms-key-id': writes,
  'x-amz-source-expected-bucket-owner': copies,
  'x-amz-storage-class': writes,
  'x-amz-tagging': writes,
  'x-amz-tagging-directive': 'CopyObject',
  'x-amz-transition-default-minimum-object-size': 'PutBucketLifecycleConfiguration',
}

/** Which operations do the same with a header and without it, and rightly. */
const withoutEffect: Record<string, string> = {
  // Once a leave of AWS's support, which S3 no longer asks for.
  'x-amz-bucket-object-lock-token': 'PutObjectLockConfiguration',
  // Confirms what is done unconfirmed here: OSS has no rule against policies that lock their author out.
  'x-amz-confirm-remove-self-bucket-access': 'PutBucketPolicy',
  // Settings of a bucket cost nobody but its owner.
  'x-amz-request-payer': 'GetBucketAccelerateConfiguration PutObjectLockConfiguration',
  // Changes the cost of calls to KMS, and nothing that a client can see.
  'x-amz-server-side-encryption-bucket-key-enabled': writes,
  // No destination is taken that could be validated.
  'x-amz-skip-destination-validation': 'PutBucketNotificationConfiguration',
}

describe('headers of the model', () => {
  const has = (table: Record<string, string>, header: string, name: string) =>
    table[header]?.split(' ').includes(name) ?? false
  const aboutBodies =
    /^(?:content-md5|content-length|x-amz-sdk-checksum-algorithm|x-amz-checksum-(?!algorithm|mode|type).*)$/

  /** What becomes of a header; more than one thing is as wrong as none. */
  function decisions(row: Operation, header: string): string[] {
    const made: string[] = []
    if (header === 'x-amz-expected-bucket-owner' && row.on !== 'service') made.push('of every bucket')
    if (aboutBodies.test(header) && row.body !== 'none') made.push('of every body')
    if (has(heeded, header, row.name)) made.push('heeded')
    if (has(withoutEffect, header, row.name)) made.push('without effect')
    try {
      checkHeaders(row, { [header]: 'x' }, { [header]: 'x' })
    } catch (error) {
      made.push((error as S3Error).code)
    }
    return made
  }

  const asked = operations.flatMap((operation) => {
    const row = served.find(({ name }) => name === operation[2])
    return row === undefined ? [] : headersOf(operation).map((header) => [row.name, header, row] as const)
  })

  test.each(asked)('%s with %s has one meaning, or is refused', (_, header, row) => {
    const made = decisions(row, header)
    expect(made).toHaveLength(1)
    if (!/ |heeded/.test(made[0] ?? '')) expect(made).toEqual(['NotImplemented'])
  })

  test('none is in a table that the model does not have', () => {
    const inModel = new Set(asked.map(([name, header]) => `${name} ${header}`))
    const inTables = [heeded, withoutEffect].flatMap((table) =>
      Object.entries(table).flatMap(([header, names]) => names.split(' ').map((name) => `${name} ${header}`)),
    )
    expect(inTables.filter((pair) => !inModel.has(pair))).toEqual([])
  })
})
