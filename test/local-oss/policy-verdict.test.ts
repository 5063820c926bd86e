import { describe, expect, test } from 'vitest'
import { OssError } from '../../src/local-oss/errors.ts'
import { isPublicPolicy, verdict } from '../../src/local-oss/policy/verdict.ts'

const OWNER = '1000000000000001'
const OTHER = '1000000000000002'

const allow = {
  Effect: 'Allow',
  Principal: ['*'],
  Action: ['oss:GetObject'],
  Resource: ['acs:oss:*:*:bucket/*'],
}
const policy = (...statements: object[]) => JSON.stringify({ Version: '1', Statement: statements })
const question = {
  principal: OTHER as string | undefined,
  action: 'oss:GetObject',
  resource: `acs:oss:*:${OWNER}:bucket/a/b.txt`,
  conditions: {} as Record<string, string | undefined>,
}

describe('a policy says of a request', () => {
  const deny = { ...allow, Effect: 'Deny' }
  const role = `arn:sts::${OWNER}:assumed-role/reader/session`
  const rows: [what: string, statements: object[], change: Partial<typeof question>, said: string][] = [
    ['nothing without statements', [], {}, 'none'],
    ['allowed', [allow], {}, 'allow'],
    ['denied, though something else allows it', [allow, deny], {}, 'deny'],
    ['nothing of another action', [allow], { action: 'oss:PutObject' }, 'none'],
    ['by an action’s beginning', [{ ...allow, Action: ['oss:Get*'] }], {}, 'allow'],
    ['by every action', [{ ...allow, Action: 'oss:*' }], {}, 'allow'],
    ['by an action in other case', [{ ...allow, Action: ['oss:getobject'] }], {}, 'allow'],
    ['nothing of another bucket', [{ ...allow, Resource: ['acs:oss:*:*:other/*'] }], {}, 'none'],
    ['nothing of the bucket itself', [allow], { resource: `acs:oss:*:${OWNER}:bucket` }, 'none'],
    ['by a pattern in the middle', [{ ...allow, Resource: ['acs:oss:*:*:bucket/*/b*'] }], {}, 'allow'],
    ['not by a literal question mark', [{ ...allow, Resource: ['acs:oss:*:*:bucket/?/*'] }], {}, 'none'],
    ['by the owner’s account', [{ ...allow, Resource: [`acs:oss:*:${OWNER}:*`] }], {}, 'allow'],
    ['nothing of another owner', [{ ...allow, Resource: [`acs:oss:*:${OTHER}:*`] }], {}, 'none'],
    ['to who does not sign', [allow], { principal: undefined }, 'allow'],
    ['to one account', [{ ...allow, Principal: [OTHER] }], {}, 'allow'],
    ['nothing to another account', [{ ...allow, Principal: ['3'] }], {}, 'none'],
    ['nothing to who is not named', [{ ...allow, Principal: [OTHER] }], { principal: undefined }, 'none'],
    [
      'to a role’s sessions',
      [{ ...allow, Principal: [`arn:sts::${OWNER}:assumed-role/reader/*`] }],
      { principal: role },
      'allow',
    ],
    ['to everyone by an empty list', [{ ...allow, Principal: [] }], {}, 'allow'],
    ['to everyone without a principal', [{ ...allow, Principal: undefined }], {}, 'allow'],
    ['nothing to the owner, of everyone', [deny], { principal: OWNER }, 'none'],
    ['denied to the owner by name', [{ ...deny, Principal: [OWNER] }], { principal: OWNER }, 'deny'],
    [
      'denied to the owner by a condition',
      [{ ...deny, Condition: { Bool: { 'acs:SecureTransport': 'false' } } }],
      { principal: OWNER, conditions: { 'acs:SecureTransport': 'false' } },
      'deny',
    ],
  ]
  test.each(rows)('%s', (_, statements, change, said) => {
    expect(verdict(policy(...statements), { ...question, ...change })).toBe(said)
  })

  const at = (text: string) => ({ 'acs:CurrentTime': text })
  const from = (text: string | undefined) => ({ 'acs:SourceIp': text })
  const conditions: [
    operator: string,
    key: string,
    values: unknown,
    given: typeof question.conditions,
    boolean,
  ][] = [
    ['StringEquals', 'acs:UserAgent', ['a', 'b'], { 'acs:UserAgent': 'b' }, true],
    ['StringEquals', 'acs:UserAgent', 'A', { 'acs:UserAgent': 'a' }, false],
    ['StringEquals', 'acs:UserAgent', 'a*', { 'acs:UserAgent': 'ab' }, false],
    ['StringEquals', 'acs:UserAgent', 'a', {}, false],
    ['StringNotEquals', 'acs:UserAgent', ['a', 'b'], { 'acs:UserAgent': 'b' }, false],
    ['StringNotEquals', 'acs:UserAgent', ['a'], {}, true],
    ['StringEqualsIgnoreCase', 'acs:UserAgent', 'A', { 'acs:UserAgent': 'a' }, true],
    ['StringNotEqualsIgnoreCase', 'acs:UserAgent', 'A', { 'acs:UserAgent': 'a' }, false],
    ['StringLike', 'oss:Prefix', ['', 'a/*'], { 'oss:Prefix': 'a/b' }, true],
    ['StringLike', 'oss:Prefix', ['', 'a/?'], { 'oss:Prefix': 'a/b' }, true],
    ['StringLike', 'oss:Prefix', ['', 'a/?'], { 'oss:Prefix': 'a/' }, false],
    ['StringLike', 'oss:Prefix', [''], { 'oss:Prefix': '' }, true],
    ['StringNotLike', 'acs:SourceVpc', ['vpc-*'], {}, true],
    ['StringEquals', 'oss:ExistingObjectTag/k', 'v', { 'oss:ExistingObjectTag/k': 'v' }, true],
    ['IpAddress', 'acs:SourceIp', '10.0.0.0/8', from('10.1.2.3'), true],
    ['IpAddress', 'acs:SourceIp', '10.0.0.0/8', from('::ffff:10.1.2.3'), true],
    ['IpAddress', 'acs:SourceIp', ['10.0.0.1', '2001:db8::/32'], from('2001:db8::1'), true],
    ['IpAddress', 'acs:SourceIp', '10.0.0.0/8', from('11.1.2.3'), false],
    ['IpAddress', 'acs:SourceIp', '0.0.0.0/0', from(undefined), false],
    ['NotIpAddress', 'acs:SourceIp', '10.0.0.0/8', from('10.1.2.3'), false],
    ['NotIpAddress', 'acs:SourceIp', '10.0.0.0/8', from(undefined), true],
    ['Bool', 'acs:SecureTransport', true, { 'acs:SecureTransport': 'true' }, true],
    ['Bool', 'acs:SecureTransport', 'True', { 'acs:SecureTransport': 'false' }, false],
    ['DateEquals', 'acs:CurrentTime', '2026-01-01T00:00:00Z', at('2026-01-01T00:00:00.000Z'), true],
    ['DateNotEquals', 'acs:CurrentTime', '2026-01-01T00:00:00Z', at('2026-01-01T00:00:00.000Z'), false],
    ['DateLessThan', 'acs:CurrentTime', '2026-01-01T00:00:00+08:00', at('2025-12-31T15:00:00Z'), true],
    ['DateLessThan', 'acs:CurrentTime', '2026-01-01T00:00:00Z', at('2026-01-01T00:00:00Z'), false],
    ['DateLessThanEquals', 'acs:CurrentTime', '2026-01-01T00:00:00Z', at('2026-01-01T00:00:00Z'), true],
    ['DateGreaterThan', 'acs:CurrentTime', '2026-01-01T00:00:00Z', at('2026-01-01T00:00:01Z'), true],
    ['DateGreaterThanEquals', 'acs:CurrentTime', '2026-01-01T00:00:00Z', at('2025-01-01T00:00:01Z'), false],
  ]
  test.each(conditions)('by %s of %s %j, given %j: %s', (operator, key, values, given, holds) => {
    const document = policy({ ...allow, Condition: { [operator]: { [key]: values } } })
    expect(verdict(document, { ...question, conditions: given })).toBe(holds ? 'allow' : 'none')
  })

  test('all of a statement’s conditions have to hold', () => {
    const document = policy({
      ...allow,
      Condition: {
        StringLike: { 'acs:UserAgent': 'a*' },
        IpAddress: { 'acs:SourceIp': '10.0.0.0/8' },
      },
    })
    const asked = (conditions: Record<string, string>) => verdict(document, { ...question, conditions })
    expect(asked({ 'acs:UserAgent': 'ab', ...{ 'acs:SourceIp': '10.0.0.1' } })).toBe('allow')
    expect(asked({ 'acs:UserAgent': 'b', ...{ 'acs:SourceIp': '10.0.0.1' } })).toBe('none')
    expect(asked({ 'acs:UserAgent': 'ab', ...{ 'acs:SourceIp': '1.1.1.1' } })).toBe('none')
  })

  test.each<[what: string, change: object, said: string]>([
    ['names of nobody', { Principal: ['somebody', '[1234567890]'] }, 'none'],
    ['actions of other services', { Action: ['ram:GetObject', 'ram:*'] }, 'none'],
    ['any resource', { Resource: '*' }, 'allow'],
  ])('%s', (_, change, said) => {
    expect(verdict(policy({ ...allow, ...change }), question)).toBe(said)
  })

  test('a pattern of many stars in no long time', () => {
    const document = policy({ ...allow, Resource: [`acs:oss:*:*:bucket/${'a*'.repeat(2000)}b`] })
    const resource = `acs:oss:*:${OWNER}:bucket/${'a'.repeat(1000)}`
    // In more than the product of the two lengths this would not end before the test's own limit.
    expect(verdict(document, { ...question, resource })).toBe('none')
  })
})

test.each([
  ['no JSON', '<xml/>'],
  ['a list', '[]'],
  ['no version', JSON.stringify({ Statement: [allow] })],
  ['S3’s version', JSON.stringify({ Version: '2012-10-17', Statement: [allow] })],
  ['no statements', JSON.stringify({ Version: '1' })],
  ['a field of no meaning', JSON.stringify({ Version: '1', Id: 'x', Statement: [allow] })],
  ['a statement’s field of no meaning', policy({ ...allow, Principals: ['*'] })],
  ['NotAction', policy({ ...allow, NotAction: ['oss:GetObject'] })],
  ['another effect', policy({ ...allow, Effect: 'allow' })],
  ['RAM’s form of a principal', policy({ ...allow, Principal: { RAM: ['*'] } })],
  ['an empty principal', policy({ ...allow, Principal: [''] })],
  ['no action', policy({ ...allow, Action: [] })],
  ['an action that is none', policy({ ...allow, Action: ['GetObject'] })],
  ['no resource', policy({ ...allow, Resource: undefined })],
  ['a resource of another service', policy({ ...allow, Resource: ['arn:aws:s3:::bucket/*'] })],
  ['an unknown operator', policy({ ...allow, Condition: { StringIs: { 'acs:UserAgent': 'a' } } })],
  ['an inherited operator', policy({ ...allow, Condition: { constructor: { 'acs:UserAgent': 'a' } } })],
  ['an unknown key', policy({ ...allow, Condition: { StringEquals: { 'acs:Referer': 'a' } } })],
  ['an operator of another kind', policy({ ...allow, Condition: { StringEquals: { 'acs:SourceIp': '1' } } })],
  ['no network', policy({ ...allow, Condition: { IpAddress: { 'acs:SourceIp': '10.0.0.0/33' } } })],
  ['no date', policy({ ...allow, Condition: { DateLessThan: { 'acs:CurrentTime': 'tomorrow' } } })],
  ['no boolean', policy({ ...allow, Condition: { Bool: { 'acs:SecureTransport': 'yes' } } })],
])('a policy with %s is refused', (_, document) => {
  expect(() => verdict(document, question)).toThrow(OssError)
  expect(() => verdict(document, question)).toThrow(
    expect.objectContaining({ code: 'InvalidPolicyDocument' }),
  )
})

test.each([
  [{}, true],
  [{ Principal: [] }, true],
  [{ Effect: 'Deny' }, false],
  [{ Principal: [OTHER] }, false],
  [{ Condition: { Bool: { 'acs:SecureTransport': 'true' } } }, true],
  [{ Condition: { IpAddress: { 'acs:SourceIp': '10.0.0.0/8' } } }, false],
  [{ Condition: { IpAddress: { 'acs:SourceIp': '0.0.0.0/0' } } }, true],
  [{ Condition: { IpAddress: { 'acs:SourceIp': ['10.0.0.0/8', '12.0.0.0/7'] } } }, true],
  [{ Condition: { IpAddress: { 'acs:SourceIp': '2001:db8::/32' } } }, false],
  [{ Condition: { IpAddress: { 'acs:SourceIp': '2001::/16' } } }, true],
  [{ Condition: { StringEquals: { 'acs:AccessId': 'key' } } }, false],
  [{ Condition: { StringLike: { 'acs:AccessId': 'STS.*' } } }, true],
  [{ Condition: { StringLike: { 'acs:SourceVpc': 'vpc-*' } } }, true],
  [{ Condition: { NotIpAddress: { 'acs:SourceIp': '10.0.0.0/8' } } }, true],
  [{ Condition: { StringLike: { 'acs:SourceVpc': '*' } } }, true],
  [{ Condition: { StringEquals: { 'acs:SourceVpc': 'vpc-1' } } }, false],
])('a policy with %j is public: %s', (change, isPublic) => {
  expect(isPublicPolicy(policy({ ...allow, ...change }))).toBe(isPublic)
})
