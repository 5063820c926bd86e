import * as model from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { findOperation, served } from '../src/operations/index.ts'
import type { Operation } from '../src/operations/operation.ts'
import { refused } from '../src/operations/refused.ts'
import { parameterNames, resourceTypes } from '../src/operations/selectors.ts'
import { checkVersionId } from '../src/operations/version-id.ts'
import { S3Error } from '../src/s3/error.ts'

// The SDK carries the S3 model at run time: kind 9 is an operation, [kind, namespace, name, traits, input, output].
type OperationSchema = [9, string, string, { http: [method: string, uri: string] }, () => InputSchema]
// [kind, namespace, name, traits, member names, member schemas], a member's schema with its traits as [reference, traits].
type InputSchema = [3, string, string, unknown, string[], (unknown | [unknown, { httpQuery?: string }])[]]
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
