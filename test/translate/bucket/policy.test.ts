import { describe, expect, test } from 'vitest'
import { toOssPolicy, toS3Policy } from '../../../src/translate/bucket/policy.ts'

type Statement = Record<string, unknown>
const allow: Statement = {
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::b/*',
}
const policy = (...Statement: unknown[]) => JSON.stringify({ Version: '2012-10-17', Statement })
const translated = (statement: Statement) =>
  JSON.parse(toOssPolicy(policy({ ...allow, ...statement }), 'b')).Statement[0]

describe('a statement that means the same in OSS', () => {
  test.each<[string, Statement, Statement]>([
    ['one action', { Action: 's3:ListBucket', Resource: 'arn:aws:s3:::b' }, { Action: ['oss:ListObjects'] }],
    ['actions in any case', { Action: ['S3:getobject', 's3:*'] }, { Action: ['oss:GetObject', 'oss:*'] }],
    ['everyone of AWS', { Principal: { AWS: '*' } }, { Principal: ['*'] }],
    ['the bucket itself', { Action: 's3:*', Resource: 'arn:aws:s3:::b' }, { Resource: ['acs:oss:*:*:b'] }],
    ['a prefix', { Resource: ['arn:aws:s3:::b/a b/*'] }, { Resource: ['acs:oss:*:*:b/a b/*'] }],
    ['a denial', { Effect: 'Deny' }, { Effect: 'Deny' }],
    [
      'addresses',
      { Condition: { NotIpAddress: { 'aws:sourceip': ['10.0.0.0/8', '::1'] } } },
      { Condition: { NotIpAddress: { 'acs:SourceIp': ['10.0.0.0/8', '::1'] } } },
    ],
    [
      'only https',
      { Condition: { Bool: { 'aws:SecureTransport': false } } },
      { Condition: { Bool: { 'acs:SecureTransport': ['false'] } } },
    ],
    [
      'a prefix of lists',
      {
        Action: 's3:ListBucket',
        Resource: 'arn:aws:s3:::b',
        Condition: { StringLike: { 's3:prefix': 'home/*' } },
      },
      { Condition: { StringLike: { 'oss:Prefix': ['home/*'] } } },
    ],
  ])('%s', (_, statement, oss) => {
    expect(translated(statement)).toMatchObject(oss)
  })

  test('reads back as it was', () => {
    const statement = {
      Effect: 'Deny',
      Principal: '*',
      Action: ['s3:*'],
      Resource: ['arn:aws:s3:::b', 'arn:aws:s3:::b/*'],
      Condition: { Bool: { 'aws:SecureTransport': ['false'] } },
    }
    expect(JSON.parse(toS3Policy(toOssPolicy(policy(statement), 'b'), 'b')).Statement).toEqual([statement])
  })
})

describe('refused, naming the statement', () => {
  test.each<[string, Statement]>([
    ['an account', { Principal: { AWS: '111122223333' } }],
    ['a service', { Principal: { Service: 'cloudtrail.amazonaws.com' } }],
    ['two kinds of principal', { Principal: { AWS: '*', Service: 'x' } }],
    ['all but some', { Principal: undefined, NotPrincipal: '*' }],
    ['an action OSS has not', { Action: 's3:GetObjectTorrent' }],
    ['a pattern of actions', { Action: 's3:Get*' }],
    ['a variable in a resource', { Resource: `arn:aws:s3:::b/\${aws:username}/*` }],
    ['an operator OSS has not', { Condition: { NumericLessThan: { 's3:max-keys': '10' } } }],
    ['an operator with IfExists', { Condition: { StringLikeIfExists: { 'aws:UserAgent': 'x' } } }],
    ['a key OSS has not', { Condition: { StringEquals: { 'aws:Referer': 'x' } } }],
    ['a key under an operator of another kind', { Condition: { StringLike: { 'aws:SourceIp': '10.*' } } }],
    ['a variable in a condition', { Condition: { StringLike: { 's3:prefix': `\${aws:username}/*` } } }],
  ])('%s', (_, statement) => {
    const second = policy(allow, { ...allow, ...statement })
    expect(() => toOssPolicy(second, 'b')).toThrow(
      expect.objectContaining({ code: 'NotImplemented', message: expect.stringContaining('Statement 2') }),
    )
  })
})

describe('malformed', () => {
  test.each([
    ['no JSON', 'policy'],
    ['a list', '[]'],
    ['a blank before it', ` ${policy(allow)}`],
    ['no statement', '{"Version":"2012-10-17"}'],
    ['an empty list of statements', policy()],
    ['an unknown version', JSON.stringify({ Version: '1', Statement: [allow] })],
    ['no principal', policy({ ...allow, Principal: undefined })],
    ['another effect', policy({ ...allow, Effect: 'allow' })],
    ['another bucket', policy({ ...allow, Resource: 'arn:aws:s3:::other/*' })],
    ['every bucket', policy({ ...allow, Resource: 'arn:aws:s3:::*' })],
    ['buckets by pattern', policy({ ...allow, Resource: 'arn:aws:s3:::b*/*' })],
    ['a number for an action', policy({ ...allow, Action: 7 })],
    [
      'one key of a condition spelt in two ways',
      policy({
        ...allow,
        Condition: { IpAddress: { 'aws:SourceIp': '1.1.1.1', 'AWS:sourceip': '0.0.0.0/0' } },
      }),
    ],
  ])('%s', (_, text) => {
    expect(() => toOssPolicy(text, 'b')).toThrow(expect.objectContaining({ code: 'MalformedPolicy' }))
  })
})

test.each<[string, Statement]>([
  ['an account', { Principal: ['1234'] }],
  ['an action S3 has not', { Action: ['oss:PutStyle'] }],
  ['a pattern of actions', { Action: ['oss:Get*'] }],
  ['another bucket', { Resource: ['acs:oss:*:*:other/*'] }],
  ['a condition S3 has not', { Condition: { StringEquals: { 'acs:SourceVpc': ['vpc'] } } }],
])('a policy of OSS with %s is refused', (_, statement) => {
  const oss = { Effect: 'Allow', Principal: ['*'], Action: ['oss:GetObject'], Resource: ['acs:oss:*:*:b/*'] }
  const text = JSON.stringify({ Version: '1', Statement: [{ ...oss, ...statement }] })
  expect(() => toS3Policy(text, 'b')).toThrow(expect.objectContaining({ code: 'NotImplemented' }))
})
