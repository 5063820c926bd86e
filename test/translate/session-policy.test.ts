import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RequestFacts } from '../../src/translate/session-conditions.ts'
import { allows, parseSessionPolicy } from '../../src/translate/session-policy.ts'
import { isAllowedByS3 } from '../gateway/s3-policy-judge.ts'

const facts: RequestFacts = {
  prefix: 'team/',
  delimiter: undefined,
  acl: undefined,
  peer: { address: '10.1.2.3', isEncrypted: true },
}
type Members = Record<string, unknown>
const policyOf = (...statements: Members[]) =>
  parseSessionPolicy(
    JSON.stringify({
      Statement: statements.map((one) => ({ Effect: 'Allow', Action: '*', Resource: '*', ...one })),
    }),
  )
// biome-ignore lint/suspicious/noTemplateCurlyInString: IAM's own variable
const VARIABLE = '${aws:username}'
const arn = (path: string) => `arn:aws:s3:::${path}`

describe('a statement', () => {
  const verdicts: [what: string, statement: Members, action: string, path: string, allowed: boolean][] = [
    ['names its action', { Action: 's3:GetObject' }, 's3:GetObject', 'b/k', true],
    ['names its action in any case', { Action: 'S3:getobject' }, 's3:GetObject', 'b/k', true],
    ['names no action that begins alike', { Action: 's3:GetObject' }, 's3:GetObjectVersion', 'b/k', false],
    ['names actions by a star', { Action: 's3:Get*' }, 's3:GetObjectVersion', 'b/k', true],
    ['names actions by a question mark', { Action: 's3:?etObject' }, 's3:GetObject', 'b/k', true],
    ['names all actions of S3', { Action: 's3:*' }, 's3:ListAllMyBuckets', '*', true],
    ['names several', { Action: ['s3:PutObject', 's3:GetObject'] }, 's3:GetObject', 'b/k', true],
    ['names all others', { Action: undefined, NotAction: 's3:Put*' }, 's3:GetObject', 'b/k', true],
    [
      'names all but it',
      { Action: undefined, NotAction: ['s3:Put*', 's3:Get*'] },
      's3:GetObject',
      'b/k',
      false,
    ],
    ['names its object', { Resource: arn('b/k') }, 's3:GetObject', 'b/k', true],
    ['names its object in its case', { Resource: arn('b/K') }, 's3:GetObject', 'b/k', false],
    ['names no object below', { Resource: arn('b/k') }, 's3:GetObject', 'b/k/l', false],
    ['names objects by a star', { Resource: arn('b/team/*') }, 's3:GetObject', 'b/team/a/b', true],
    ['names none beside', { Resource: arn('b/team/*') }, 's3:GetObject', 'b/team', false],
    ['names a bucket', { Resource: arn('b') }, 's3:ListBucket', 'b', true],
    ['names a bucket and none of its objects', { Resource: arn('b') }, 's3:GetObject', 'b/k', false],
    ['names objects and not their bucket', { Resource: arn('b/*') }, 's3:ListBucket', 'b', false],
    ['names buckets by a star, and all in them', { Resource: arn('b*') }, 's3:GetObject', 'bb/k', true],
    ['names everything of S3', { Resource: arn('*') }, 's3:ListAllMyBuckets', '*', true],
    [
      'names all other objects',
      { Resource: undefined, NotResource: arn('b/x*') },
      's3:GetObject',
      'b/k',
      true,
    ],
    ['names all but it', { Resource: undefined, NotResource: arn('b/*') }, 's3:GetObject', 'b/k', false],
    ['takes a key for a text', { Resource: arn('b/a.c') }, 's3:GetObject', 'b/abc', false],
    ['takes a bracket for a text', { Resource: arn('b/[a]') }, 's3:GetObject', 'b/a', false],
    ['takes a line for a text', { Resource: arn('b/*c') }, 's3:GetObject', 'b/a\nc', true],
  ]
  test.each(verdicts)('%s', (_, statement, action, path, allowed) => {
    expect(allows(policyOf(statement), action, path, facts)).toBe(allowed)
    // A denial is about what an allowance of the same words is about.
    const denied = policyOf({}, { ...statement, Effect: 'Deny' })
    expect(allows(denied, action, path, facts)).toBe(!allowed)
  })

  test('that denies counts, whatever its place', () => {
    const deny = { Effect: 'Deny', Action: 's3:GetObject' }
    for (const policy of [policyOf({}, deny), policyOf(deny, {})]) {
      expect(allows(policy, 's3:GetObject', 'b/k', facts)).toBe(false)
      expect(allows(policy, 's3:PutObject', 'b/k', facts)).toBe(true)
    }
    expect(allows(policyOf(deny), 's3:PutObject', 'b/k', facts)).toBe(false)
  })
})

describe('a condition', () => {
  const LIST = 's3:ListBucket'
  const PUT = 's3:PutObjectAcl'
  const none = { prefix: undefined, peer: undefined }
  const ip = (address: string) => ({ peer: { address, isEncrypted: false } })
  const rows: [condition: Members, action: string, facts: Partial<RequestFacts>, holds: boolean][] = [
    [{ StringEquals: { 's3:prefix': 'team/' } }, LIST, {}, true],
    [{ StringEquals: { 'S3:Prefix': ['a', 'team/'] } }, LIST, {}, true],
    [{ StringEquals: { 's3:prefix': 'team' } }, LIST, {}, false],
    [{ StringEquals: { 's3:prefix': 'TEAM/' } }, LIST, {}, false],
    [{ StringEqualsIgnoreCase: { 's3:prefix': 'TEAM/' } }, LIST, {}, true],
    [{ StringNotEqualsIgnoreCase: { 's3:prefix': 'TEAM/' } }, LIST, {}, false],
    [{ StringEquals: { 's3:prefix': '' } }, LIST, { prefix: '' }, true],
    [{ StringEquals: { 's3:prefix': '' } }, LIST, { prefix: undefined }, false],
    [{ StringEqualsIfExists: { 's3:prefix': 'a' } }, LIST, { prefix: undefined }, true],
    [{ StringEqualsIfExists: { 's3:prefix': 'a' } }, LIST, {}, false],
    [{ StringNotEquals: { 's3:prefix': 'team/' } }, LIST, {}, false],
    [{ StringNotEquals: { 's3:prefix': ['a', 'b'] } }, LIST, {}, true],
    [{ StringNotEquals: { 's3:prefix': ['a', 'team/'] } }, LIST, {}, false],
    [{ StringNotEquals: { 's3:prefix': 'a' } }, LIST, { prefix: undefined }, true],
    [{ StringLike: { 's3:prefix': 't*/' } }, LIST, {}, true],
    [{ StringLike: { 's3:prefix': 't?/' } }, LIST, {}, false],
    [{ StringNotLike: { 's3:prefix': 't*' } }, LIST, {}, false],
    [{ StringNotLike: { 's3:prefix': 't*' } }, LIST, { prefix: undefined }, true],
    [{ Null: { 's3:prefix': 'true' } }, LIST, {}, false],
    [{ Null: { 's3:prefix': true } }, LIST, { prefix: undefined }, true],
    [{ Null: { 's3:prefix': 'false' } }, LIST, {}, true],
    // An action that has no such key.
    [{ StringLike: { 's3:prefix': '*' } }, 's3:GetObject', {}, false],
    [{ StringNotLike: { 's3:prefix': '*' } }, 's3:GetObject', {}, true],
    [{ StringEquals: { 's3:delimiter': '/' } }, LIST, { delimiter: '/' }, true],
    [{ StringEquals: { 's3:delimiter': '/' } }, LIST, {}, false],
    [{ StringEquals: { 's3:x-amz-acl': 'private' } }, PUT, { acl: 'private' }, true],
    [{ StringEquals: { 's3:x-amz-acl': 'private' } }, PUT, { acl: 'public-read' }, false],
    [{ StringEquals: { 's3:x-amz-acl': 'private' } }, PUT, {}, false],
    [{ StringLike: { 's3:x-amz-acl': 'public-*' } }, 's3:CreateBucket', { acl: 'public-read' }, true],
    [{ Bool: { 'aws:SecureTransport': 'true' } }, LIST, {}, true],
    [{ Bool: { 'aws:SecureTransport': false } }, LIST, {}, false],
    [{ Bool: { 'aws:SecureTransport': 'TRUE' } }, LIST, {}, true],
    [{ Null: { 'aws:SourceIp': 'false' } }, LIST, {}, true],
    [{ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, LIST, {}, true],
    [{ IpAddress: { 'aws:SourceIp': ['11.0.0.0/8', '10.1.2.3'] } }, LIST, {}, true],
    [{ NotIpAddress: { 'aws:SourceIp': ['11.0.0.0/8', '10.1.2.3'] } }, LIST, {}, false],
    [{ IpAddress: { 'aws:SourceIp': '10.1.2.2/31' } }, LIST, {}, true],
    [{ IpAddress: { 'aws:SourceIp': '10.1.2.0/31' } }, LIST, {}, false],
    [{ IpAddress: { 'aws:SourceIp': '0.0.0.0/0' } }, LIST, {}, true],
    [{ IpAddress: { 'aws:SourceIp': '::/0' } }, LIST, {}, false],
    [{ IpAddress: { 'aws:SourceIp': '2001:db8::/32' } }, LIST, ip('2001:DB8::1'), true],
    [{ IpAddress: { 'aws:SourceIp': '2001:db8:0:0::/64' } }, LIST, ip('2001:db8:0:1::1'), false],
    [{ IpAddress: { 'aws:SourceIp': '::1' } }, LIST, ip('0:0:0:0:0:0:0:1'), true],
    // All of them have to hold.
    [{ StringEquals: { 's3:prefix': 'team/', 's3:delimiter': '/' } }, LIST, {}, false],
    [{ StringEquals: { 's3:prefix': 'team/' }, Bool: { 'aws:SecureTransport': 'true' } }, LIST, {}, true],
  ]
  test.each(rows)('%j for %s with %j', (Condition, action, more, holds) => {
    const asked = { ...facts, ...more }
    expect(allows(policyOf({ Condition }), action, 'b', asked)).toBe(holds)
    expect(allows(policyOf({}, { Effect: 'Deny', Condition }), action, 'b', asked)).toBe(!holds)
  })

  test.each([
    { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
    { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
    { Bool: { 'aws:SecureTransport': 'true' } },
    { BoolIfExists: { 'aws:SecureTransport': 'true' } },
    { Null: { 'aws:SecureTransport': 'false' } },
  ])('%j is judged only where it is known who asks', (Condition) => {
    // Without an address the connection has been closed.
    for (const asked of [
      { ...facts, ...none },
      { ...facts, ...ip('') },
    ]) {
      for (const policy of [policyOf({ Condition }), policyOf({}, { Effect: 'Deny', Condition })]) {
        expect(() => allows(policy, LIST, 'b', asked)).toThrow(
          expect.objectContaining({ name: 'UnknownPeer' }),
        )
      }
      expect(allows(policyOf({}, { Action: 's3:GetObject', Condition }), LIST, 'b', asked)).toBe(true)
    }
  })
})

describe('what the gateway could not judge as AWS does is refused', () => {
  const refusals: [what: string, statement: Members, text: string][] = [
    ['an action of another service', { Action: 'kms:Decrypt' }, 'S3 has no action like'],
    ['an action that is none', { Action: 's3:ReadObject' }, 'S3 has no action like'],
    ['an action among others', { Action: ['s3:GetObject', 'sts:*'] }, 'S3 has no action like'],
    ['a pattern of no action', { Action: 's3:Foo*' }, 'S3 has no action like'],
    ['no action', { Action: [] }, 'Action'],
    ['no resource', { Resource: [] }, 'Resource'],
    ['an action twice', { NotAction: 's3:*' }, 'Action'],
    [
      'a resource of another service',
      { Resource: 'arn:aws:sqs:::q' },
      'is neither *, nor a bucket or an object',
    ],
    [
      'a resource of another partition',
      { Resource: 'arn:aws-cn:s3:::b/*' },
      'is neither *, nor a bucket or an object',
    ],
    ['a bucket by its name', { Resource: 'b/*' }, 'is neither *, nor a bucket or an object'],
    [
      'an access point',
      { Resource: 'arn:aws:s3:cn:1:accesspoint/p' },
      'is neither *, nor a bucket or an object',
    ],
    ['a variable', { Resource: arn(`b/${VARIABLE}/*`) }, 'Policy variables'],
    [
      'a variable of a condition',
      { Condition: { StringLike: { 's3:prefix': `${VARIABLE}/*` } } },
      'Policy variables',
    ],
    ['a ? between two stars', { Resource: arn('b/*a?b*') }, 'A ? between two *'],
    [
      'a ? between two stars of a condition',
      { Condition: { StringLike: { 's3:prefix': '*?*' } } },
      'A ? between',
    ],
    ['a principal', { Principal: '*' }, 'Unknown field Principal'],
    ['another effect', { Effect: 'allow' }, 'Invalid effect'],
    [
      'a key that it has not',
      { Condition: { StringEquals: { 'aws:Referer': 'a' } } },
      'The condition key aws:Referer',
    ],
    [
      'a key that nobody has',
      { Condition: { StringEquals: { 's3:nothing': 'a' } } },
      'invalid condition key',
    ],
    [
      'tags',
      { Condition: { StringEquals: { 's3:ExistingObjectTag/a': 'b' } } },
      'The condition key s3:ExistingObjectTag/a',
    ],
    [
      'a quantifier',
      { Condition: { 'ForAllValues:StringEquals': { 's3:prefix': 'a' } } },
      'ForAllValues:StringEquals',
    ],
    [
      'an operator of other values',
      { Condition: { StringEquals: { 'aws:SourceIp': '10.0.0.1' } } },
      'StringEquals of aws:SourceIp',
    ],
    ['an operator that is none', { Condition: { StringIs: { 's3:prefix': 'a' } } }, 'Invalid Condition type'],
    [
      'an address that is none',
      { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0' } } },
      'Invalid IP address',
    ],
    [
      'a truth that is none',
      { Condition: { Bool: { 'aws:SecureTransport': '1' } } },
      'Invalid value of Bool',
    ],
    ['no value', { Condition: { StringEquals: { 's3:prefix': [] } } }, 'has no value'],
  ]
  test.each(refusals)('%s', (_, statement, text) => {
    expect(() => policyOf(statement)).toThrow(
      expect.objectContaining({ code: 'MalformedPolicy', message: expect.stringContaining(text) }),
    )
  })
})

test('patterns made to take long are judged for all keys of a batch', () => {
  const Resource = [0, 1, 2, 3].map((i) => arn(`*${'a'.repeat(420)}b${i}`))
  const policy = policyOf({ Resource })
  const keys = Array.from({ length: 1000 }, (_, i) => `b/${'a'.repeat(1000)}${i}`)
  expect(keys.some((key) => allows(policy, 's3:DeleteObject', key, facts))).toBe(false)
})

describe('whatever a policy says', () => {
  const word = fc.constantFrom(
    ...[
      '*',
      's3:*',
      's3:GetObject',
      's3:ListBucket',
      'sts:*',
      'arn:aws:s3:::b/*',
      'arn:aws:s3:::*',
      'team/',
      '10.0.0.0/8',
    ],
    ...['true', 'false', '', '?', VARIABLE, '__proto__', 'Allow', 'Deny', '2012-10-17', '\ud800', '\u0000'],
  )
  const leaf = fc.oneof(word, fc.array(word, { maxLength: 3 }), fc.boolean(), fc.integer(), fc.constant(null))
  const condition = fc.dictionary(
    fc.constantFrom(
      'StringLike',
      'StringNotLike',
      'IpAddress',
      'NotIpAddress',
      'Bool',
      'Null',
      'StringEqualsIfExists',
      'x',
    ),
    fc.dictionary(
      fc.constantFrom('s3:prefix', 'aws:SourceIp', 'aws:SecureTransport', 's3:x-amz-acl', 'y'),
      leaf,
    ),
  )
  const statement = fc.record(
    {
      Effect: fc.oneof({ weight: 5, arbitrary: fc.constantFrom('Allow', 'Deny') }, leaf),
      Action: leaf,
      NotAction: leaf,
      Resource: leaf,
      NotResource: leaf,
      Condition: fc.oneof(condition, leaf),
      Sid: leaf,
      Principal: leaf,
    },
    { requiredKeys: ['Effect'] },
  )
  const policy = fc.oneof(
    fc.record(
      { Version: leaf, Statement: fc.oneof(statement, fc.array(statement, { maxLength: 3 }), leaf) },
      { requiredKeys: [] },
    ),
    fc.jsonValue(),
  )

  test('it is refused by name, or says of each request whether it allows it', () => {
    fc.assert(
      fc.property(policy, word, word, (said, action, path) => {
        try {
          const parsed = parseSessionPolicy(JSON.stringify(said))
          const verdict = allows(parsed, action, path, facts)
          const denied = [...parsed, ...policyOf({ Effect: 'Deny' })]
          return typeof verdict === 'boolean' && !allows(denied, 's3:GetObject', path, facts)
        } catch (error) {
          return (error as { code?: string }).code === 'MalformedPolicy'
        }
      }),
      { numRuns: 5000 },
    )
  })
})

test('a policy is judged as IAM’s documents say, whatever it says and is asked', () => {
  const some = <T>(...values: T[]) => fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 3 })
  const actions = some('*', 's3:*', 's3:Get*', 's3:?etObject', 'S3:LISTBUCKET', 's3:*Acl', 's3:PutObject')
  const resources = some(...['*', 'b', 'b/*', 'b/k', 'b/?', 'b/a*c', '*/k', 'b/a?*', '?*'].map(arn))
  const named = (field: string, values: fc.Arbitrary<string[]>) =>
    fc.oneof(fc.record({ [field]: values }), fc.record({ [`Not${field}`]: values }))
  const test = (operators: string[], keys: string[], values: string[]) =>
    fc
      .tuple(fc.constantFrom(...operators), fc.constantFrom(...keys), some(...values))
      .map(([operator, key, tested]) => ({ [operator]: { [key]: tested } }))
  const strings = [
    'Equals',
    'NotEquals',
    'Like',
    'NotLike',
    'EqualsIgnoreCase',
    'LikeIfExists',
    'NotLikeIfExists',
  ]
  const condition = fc.oneof(
    test(
      strings.map((name) => `String${name}`),
      ['s3:prefix', 'S3:Delimiter', 's3:x-amz-acl'],
      ['', 'team/', 'TEAM/', 't*', '?eam/', '/', 'private', 'public-*'],
    ),
    test(
      ['IpAddress', 'NotIpAddress'],
      ['aws:SourceIp'],
      ['10.0.0.0/8', '10.1.2.2/31', '0.0.0.0/0', '8.8.8.8'],
    ),
    test(['Bool'], ['aws:SecureTransport'], ['true', 'false']),
    test(['Null'], ['s3:prefix', 's3:x-amz-acl', 'aws:SourceIp'], ['true', 'false']),
  )
  const statement = fc
    .tuple(
      fc.constantFrom('Allow', 'Allow', 'Deny'),
      named('Action', actions),
      named('Resource', resources),
      fc.oneof(fc.constant({}), fc.record({ Condition: condition })),
    )
    .map(([Effect, ...members]): Members => Object.assign({ Effect }, ...members))
  const asked = fc.record({
    action: fc.constantFrom(
      'GetObject',
      'PutObject',
      'PutObjectAcl',
      'ListBucket',
      'CreateBucket',
      'PutBucketAcl',
    ),
    key: fc.constantFrom('k', 'abc', 'a/b/c', 'ac'),
    prefix: fc.constantFrom(undefined, '', 'team/'),
    delimiter: fc.constantFrom(undefined, '/'),
    acl: fc.constantFrom(undefined, 'private', 'public-read'),
    address: fc.constantFrom('10.1.2.3', '8.8.8.8'),
    isEncrypted: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(statement, { minLength: 1, maxLength: 3 }), asked, (statements, one) => {
      const { action, prefix, delimiter, acl, address, isEncrypted } = one
      const key = /Bucket/.test(action) ? undefined : one.key
      const has = (name: string, on: RegExp, value: string | undefined) =>
        value !== undefined && on.test(action) ? { [name]: value } : {}
      const context = {
        ...has('s3:prefix', /^ListBucket$/, prefix),
        ...has('s3:delimiter', /^ListBucket$/, delimiter),
        ...has('s3:x-amz-acl', /^(?:PutObject|CreateBucket|Put.*Acl)$/, acl),
        'aws:SourceIp': address,
        'aws:SecureTransport': String(isEncrypted),
      }
      const document = JSON.stringify({ Statement: statements.map((said) => ({ Principal: '*', ...said })) })
      const path = key === undefined ? 'b' : `b/${key}`
      const peer = { address, isEncrypted }
      const policy = parseSessionPolicy(JSON.stringify({ Statement: statements }))
      expect(allows(policy, `s3:${action}`, path, { prefix, delimiter, acl, peer })).toBe(
        isAllowedByS3(document, 'b', { by: 'anonymous', action, key, context }),
      )
    }),
    { numRuns: 3000 },
  )
})
