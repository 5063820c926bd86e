import { readFileSync } from 'node:fs'
import * as model from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { checkHeaders } from '../src/operations/check-headers.ts'
import { findOperation } from '../src/operations/index.ts'
import { kindsOf } from '../src/operations/kinds.ts'
import type { Operation } from '../src/operations/operation.ts'
import { refused } from '../src/operations/refused.ts'
import { parameterNames, resourceTypes } from '../src/operations/selectors.ts'
import { served } from '../src/operations/served.ts'
import { requiredActions } from '../src/operations/session-actions.ts'
import { checkVersionId } from '../src/operations/version-id.ts'
import { S3Error } from '../src/s3/error.ts'
import { actionsLike } from '../src/translate/bucket/policy-actions.ts'
import { type RequestHeader, requestHeaders } from '../src/translate/request-headers.ts'

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

/** What an operation is about, as the model's address of it says: its method, whether it names a key, its selector. */
function kindByAddress(method: string, uri: string): string {
  const [path = '', search = ''] = uri.split('?')
  const selector = search.split('&')[0]?.split('=')[0] ?? ''
  if (selector === 'acl') return 'acls'
  if (['policy', 'policyStatus', 'publicAccessBlock', 'ownershipControls'].includes(selector))
    return 'policies'
  if (path.includes('{Key+}') || ['uploads', 'versions', 'list-type', 'delete'].includes(selector))
    return 'objects'
  if (selector === 'location' || method === 'HEAD') return 'any'
  if (selector !== '' && selector !== 'x-id') return 'bucketSettings'
  return method === 'GET' ? 'objects' : 'buckets'
}

describe('every operation that is served has the kind that its address in the model says', () => {
  const kindOf = (name: string) => kindsOf({ name, access: 'read' }, {})
  const isServed = (name: string) => served.some((row) => row.name === name)
  const inModel = operations.filter(([, , name]) => isServed(name))
  test.each(inModel.map(([, , name, traits]) => [name, ...traits.http] as const))(
    '%s (%s %s)',
    (name, method, uri) => {
      // The only one on no bucket.
      expect(kindOf(name)).toEqual([name === 'ListBuckets' ? 'any' : kindByAddress(method, uri)])
    },
  )

  test('those outside the model have one, too, and none else has', () => {
    const outside = served.filter(({ name }) => !inModel.some((operation) => operation[2] === name))
    expect(outside.map(({ name }) => [name, ...kindOf(name)])).toEqual([
      ['PostObject', 'objects'],
      ['PreflightBucket', 'any'],
      ['PreflightObject', 'any'],
    ])
    for (const [name] of refused) expect([name, ...kindOf(name)]).toEqual([name, 'unknown'])
  })
})

describe('the actions that a policy of a short-lived key has to allow', () => {
  const S3_ACTION = /^s3:[A-Z]\w+$/
  const none = ['PostObject', 'DeleteObjects', 'PreflightBucket', 'PreflightObject']

  test.each(served.map(({ name }) => [name]))('%s has some', (name) => {
    const actions = requiredActions(name, {}) ?? []
    // Those are asked for key by key, as other operations; and preflights nobody signs.
    expect(actions.length > 0).toBe(!none.includes(name))
    for (const action of actions) {
      expect(action).toMatch(S3_ACTION)
      if (name !== 'ListBuckets') expect(actionsLike(action).map((one) => one.name)).toEqual([action])
    }
  })

  test('none is known of what is not served', () => {
    for (const [name] of refused) expect(requiredActions(name, {})).toBeUndefined()
    expect(requiredActions('constructor', {})).toBeUndefined()
  })
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

/** Headers that S3 takes and that are no member of an operation in its model. */
const outsideModel = new Set(['if-range', 'x-amz-meta-*'])

describe('headers of the model', () => {
  /** The operations that a row says heed it. */
  const isOn = ({ on }: RequestHeader, row: Operation) =>
    on === 'all' || (on === 'bodies' ? row.body !== 'none' : on.includes(row.name))

  /** What becomes of a header; more than one thing is as wrong as none. */
  function decisions(row: Operation, header: string): string[] {
    const made: string[] = []
    const entry = requestHeaders[header]
    if (entry !== undefined && !('refused' in entry)) {
      if (isOn(entry, row)) made.push('noEffect' in entry ? 'without effect' : 'heeded')
      if ('to' in entry && entry.noEffectOn?.includes(row.name)) made.push('without effect')
    }
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
    expect([['heeded'], ['without effect'], ['NotImplemented']]).toContainEqual(decisions(row, header))
  })

  const inModel = new Set(operations.flatMap((one) => headersOf(one).map((header) => `${one[2]} ${header}`)))

  test.each(Object.entries(requestHeaders).filter(([header]) => !outsideModel.has(header)))(
    '%s is a header of every operation that its row names',
    (header, row) => {
      const heeding = typeof row.on === 'string' ? [] : row.on
      const named = [...heeding, ...(('to' in row && row.noEffectOn) || [])]
      expect(named.filter((name) => !inModel.has(`${name} ${header}`))).toEqual([])
      expect([...inModel].some((pair) => pair.endsWith(` ${header}`))).toBe(true)
    },
  )

  test.each(
    Object.entries(requestHeaders).flatMap(([header, row]) =>
      'readBy' in row ? row.readBy.map((file) => [header, file] as const) : [],
    ),
  )('%s is read by src/%s', (header, file) => {
    const source = readFileSync(new URL(`../src/${file}`, import.meta.url), 'utf8').toLowerCase()
    // Both kinds of conditions are read under the names that they have without their prefix.
    expect(source).toContain(header.replace(/^x-amz-copy-source-(?=if-)|\*$/, ''))
  })
})

describe('an operation that does not heed a header', () => {
  const rowOf = (name: string) => served.find((row) => row.name === name) as Operation
  const notInContext = 'The specified header is not valid in this context'
  const forWrites = 'OSS does not do this on a condition'
  test.each([
    ['UploadPart', 'x-amz-acl', 'InvalidArgument', notInContext],
    ['UploadPart', 'x-amz-grant-write', 'InvalidArgument', notInContext],
    ['UploadPartCopy', 'x-amz-storage-class', 'InvalidArgument', notInContext],
    ['UploadPartCopy', 'x-amz-tagging', 'InvalidArgument', notInContext],
    ['UploadPart', 'x-amz-meta-a', 'InvalidArgument', 'Metadata cannot be specified in this context.'],
    ['UploadPartCopy', 'x-amz-metadata-directive', 'InvalidArgument', notInContext],
    ['PutObject', 'x-amz-metadata-directive', 'InvalidArgument', notInContext],
    ['CopyObject', 'x-amz-copy-source-range', 'InvalidArgument', notInContext],
    ['PutObject', 'x-amz-copy-source-if-match', 'InvalidArgument', notInContext],
    ['DeleteObject', 'x-amz-source-expected-bucket-owner', 'InvalidArgument', notInContext],
    ['DeleteObject', 'if-none-match', 'NotImplemented', forWrites],
    ['DeleteObjects', 'if-match', 'NotImplemented', forWrites],
    ['PutObjectTagging', 'if-none-match', 'NotImplemented', forWrites],
    ['PutObject', 'if-unmodified-since', 'NotImplemented', forWrites],
    ['DeleteObject', 'x-amz-if-match-size', 'NotImplemented', forWrites],
    ['PutObject', 'x-amz-rename-source', 'NotImplemented', forWrites],
    ['GetObject', 'x-amz-server-side-encryption', 'InvalidArgument', 'not supported for this operation'],
    ['UploadPart', 'x-amz-server-side-encryption', 'InvalidArgument', 'not supported for this operation'],
    ['HeadObject', 'x-amz-server-side-encryption-bucket-key-enabled', 'InvalidArgument', 'not supported'],
  ])('%s refuses %s with %s', (name, header, code, text) => {
    const refuse = () => checkHeaders(rowOf(name), { [header]: 'x' }, { [header]: 'x' })
    const message = expect.stringContaining(text)
    const said =
      code === 'NotImplemented'
        ? { elements: expect.objectContaining({ additionalMessage: message }) }
        : { message }
    expect(refuse).toThrow(expect.objectContaining({ code, ...said }))
  })

  test.each([
    ['GetObject', 'x-amz-copy-source-if-match'],
    ['GetObject', 'x-amz-acl'],
    ['PutObjectTagging', 'x-amz-acl'],
    ['GetObject', 'x-amz-if-match-size'],
    ['PutObject', 'if-modified-since'],
    ['DeleteObject', 'x-amz-meta-a'],
    ['PreflightObject', 'x-amz-mfa'],
  ])('%s ignores %s', (name, header) => {
    checkHeaders(rowOf(name), { [header]: 'x' }, { [header]: 'x' })
  })
})
