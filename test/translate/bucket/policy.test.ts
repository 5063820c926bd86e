import { describe, expect, test } from 'vitest'
import { type PolicySetting, toOssPolicy } from '../../../src/translate/bucket/policy-to-oss.ts'
import { toS3Policy } from '../../../src/translate/bucket/policy-to-s3.ts'

type Statement = Record<string, unknown>
const allow: Statement = {
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::b/*',
}
const deny = { ...allow, Effect: 'Deny' }
const lists = { Action: 's3:ListBucket', Resource: 'arn:aws:s3:::b' }
const both = { Resource: ['arn:aws:s3:::b', 'arn:aws:s3:::b/*'] }
const policy = (...Statement: unknown[]) => JSON.stringify({ Version: '2012-10-17', Statement })
const setting: PolicySetting = {
  isLimited: (name) => ({ client: false, other: false, reader: true })[name],
  encrypted: false,
  forwardsUnsigned: false,
}
const translated = (statement: Statement, around: Partial<PolicySetting> = {}) =>
  JSON.parse(toOssPolicy(policy(statement), 'b', { ...setting, ...around })).Statement as Statement[]

/** What keeps the bucket's owner among everyone. */
const always = { DateGreaterThan: { 'acs:CurrentTime': ['1970-01-01T00:00:00Z'] } }

describe('a statement that means the same in OSS', () => {
  test.each<[string, Statement, Statement]>([
    ['one action', { ...lists }, { Action: ['oss:ListObjects'] }],
    [
      'actions in any case',
      { Action: ['S3:getobject', 's3:PUTobject'] },
      { Action: ['oss:GetObject', 'oss:PutObject'] },
    ],
    ['all actions', { Action: 's3:*' }, { Action: ['oss:*'] }],
    ['all actions of all services', { Action: '*' }, { Action: ['oss:*'] }],
    ['a pattern of actions, by what it is about', { Action: 's3:Get*Object' }, { Action: ['oss:GetObject'] }],
    [
      'an action that OSS has two for',
      { Action: 's3:PutBucketCORS', Resource: 'arn:aws:s3:::b' },
      { Action: ['oss:PutBucketCors', 'oss:DeleteBucketCors'] },
    ],
    ['everyone of AWS', { Principal: { AWS: '*' } }, { Principal: ['*'] }],
    ['everyone in a list', { Principal: ['*'] }, { Principal: ['*'] }],
    ['the bucket itself', { Action: 's3:*', Resource: 'arn:aws:s3:::b' }, { Resource: ['acs:oss:*:*:b'] }],
    ['a prefix', { Resource: ['arn:aws:s3:::b/a b/*'] }, { Resource: ['acs:oss:*:*:b/a b/*'] }],
    ['repeated stars', { Resource: 'arn:aws:s3:::b/**/c***' }, { Resource: ['acs:oss:*:*:b/*/c*'] }],
    [
      'a client',
      { Principal: { AWS: ['client', 'other'] } },
      { Principal: ['*'], Condition: { StringEquals: { 'acs:AccessId': ['client', 'other'] } } },
    ],
    [
      'addresses, with any network',
      { Condition: { NotIpAddress: { 'aws:sourceip': ['10.0.0.0/8', '::1'] } } },
      {
        Condition: {
          NotIpAddress: { 'acs:SourceIp': ['10.0.0.0/8', '::1'] },
          StringLike: { 'acs:SourceVpc': ['*'] },
        },
      },
    ],
    [
      'only https',
      { Condition: { Bool: { 'aws:SecureTransport': true } } },
      { Condition: { Bool: { 'acs:SecureTransport': ['true'] } } },
    ],
    [
      'a key that every request has, if it exists',
      { Condition: { BoolIfExists: { 'aws:SecureTransport': 'True' } } },
      { Condition: { Bool: { 'acs:SecureTransport': ['true'] } } },
    ],
    ['a key that every request has', { Condition: { Null: { 'aws:SecureTransport': 'false' } } }, {}],
    [
      'a negation, if the key exists',
      { Condition: { StringNotLikeIfExists: { 'aws:UserAgent': 'curl**' } } },
      { Condition: { StringNotLike: { 'acs:UserAgent': ['curl*'] } } },
    ],
    [
      'a prefix of lists',
      { ...lists, Condition: { StringLike: { 's3:prefix': ['home/*', ''] } } },
      { Condition: { StringLike: { 'oss:Prefix': ['home/*', ''] } } },
    ],
    [
      'times of every form',
      {
        Condition: {
          DateLessThan: { 'aws:CurrentTime': ['2026-06-01', '2026-06-01T02:00+02:00', '1780272000'] },
        },
      },
      { Condition: { DateLessThan: { 'acs:CurrentTime': Array(3).fill('2026-06-01T00:00:00Z') } } },
    ],
    [
      'a tag that an object has',
      { Condition: { StringEquals: { 's3:ExistingObjectTag/Level': 'low' } } },
      { Condition: { StringEquals: { 'oss:ExistingObjectTag/Level': ['low'] } } },
    ],
    [
      'a tag that an object has not',
      { Condition: { Null: { 's3:ExistingObjectTag/level': 'true' } } },
      { Condition: { StringNotLike: { 'oss:ExistingObjectTag/level': ['*'] } } },
    ],
    [
      'a tag that an object gets',
      { Action: 's3:PutObject', Condition: { StringLike: { 's3:RequestObjectTag/level': 'l*' } } },
      { Condition: { StringLike: { 'oss:RequestObjectTag/level': ['l*'] } } },
    ],
    [
      'an ACL',
      { Action: 's3:PutObject', Condition: { StringEquals: { 's3:x-amz-acl': 'private' } } },
      { Condition: { StringEquals: { 'oss:x-oss-object-acl': ['private'] } } },
    ],
    [
      'an ACL of buckets',
      {
        Action: 's3:PutBucketAcl',
        Resource: 'arn:aws:s3:::b',
        Condition: { StringNotEquals: { 's3:x-amz-acl': 'public-read' } },
      },
      { Condition: { StringNotEquals: { 'oss:x-oss-acl': ['public-read'] } } },
    ],
  ])('%s', (_, change, oss) => {
    const [statement, ...more] = translated({ ...allow, ...change })
    expect(more).toEqual([])
    expect(statement).toMatchObject(oss)
    if (!('Condition' in oss)) expect(statement).not.toHaveProperty('Condition')
  })

  test('what unsigned requests are allowed by their user agent, which they keep where they are forwarded', () => {
    const Condition = { StringLike: { 'aws:UserAgent': 'curl*' } }
    expect(translated({ ...allow, Condition }, { forwardsUnsigned: true })).toMatchObject([
      { Condition: { StringLike: { 'acs:UserAgent': ['curl*'] } } },
    ])
  })

  test('all actions but some are those that OSS has for the others', () => {
    const [statement] = translated({ ...allow, Action: undefined, NotAction: ['s3:Put*', 's3:DeleteObject'] })
    expect(statement?.Action).toContain('oss:GetObject')
    expect(statement?.Action).toContain('oss:DeleteObjectVersion')
    for (const absent of ['oss:PutObject', 'oss:DeleteObject', 'oss:ListObjects']) {
      expect(statement?.Action).not.toContain(absent)
    }
  })

  test('a denial is about the bucket’s owner, too', () => {
    expect(translated(deny)).toMatchObject([{ Effect: 'Deny', Condition: always }])
    const acl = { StringLike: { 's3:x-amz-acl': 'public*' } }
    expect(translated({ ...deny, Action: 's3:PutObject', Condition: acl })).toMatchObject([
      { Condition: { StringLike: { 'oss:x-oss-object-acl': ['public*'] } } },
    ])
  })

  test('a denial of the policy’s own operations is not about the bucket’s owner', () => {
    const own = ['s3:GetBucketPolicy', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy']
    expect(translated({ ...deny, ...both, Action: own })).toEqual([
      expect.not.objectContaining({ Condition: expect.anything() }),
    ])
    expect(translated({ ...deny, ...both, Action: ['s3:GetObject', own[0]] })).toMatchObject([
      { Action: ['oss:GetObject'], Condition: always },
      { Action: ['oss:GetBucketPolicy'] },
    ])
    const [ofAll, ofOthers] = translated({ ...deny, ...both, Action: 's3:*' })
    expect(ofAll?.Condition).toEqual(always)
    expect(ofAll?.Action).toEqual(
      expect.arrayContaining(['oss:GetObject', 'oss:ListObjects', 'oss:GetBucketInfo']),
    )
    expect(ofAll?.Action).not.toContain('oss:PutBucketPolicy')
    expect(ofOthers).toEqual({
      Effect: 'Deny',
      Action: ['oss:*'],
      Principal: ['*'],
      Resource: ['acs:oss:*:*:b', 'acs:oss:*:*:b/*'],
    })
    expect(translated({ ...deny, Action: 's3:*' })).toMatchObject([{ Action: ['oss:*'], Condition: always }])
  })

  const plain = { Condition: { Bool: { 'aws:SecureTransport': 'false' } } }
  test('a denial of plain HTTP, where clients and gateway use none', () => {
    expect(translated({ ...deny, ...both, ...plain, Action: 's3:*' }, { encrypted: true })).toEqual([
      {
        Effect: 'Deny',
        Action: ['oss:*'],
        Principal: ['*'],
        Resource: ['acs:oss:*:*:b', 'acs:oss:*:*:b/*'],
        Condition: { Bool: { 'acs:SecureTransport': ['false'] } },
      },
    ])
  })

  test.each<[string, Statement, Partial<PolicySetting>?]>([
    ['as it was', { ...deny, ...both, Action: ['s3:*'] }],
    ['with a pair of statements', { ...deny, ...both, Action: ['s3:GetObject', 's3:PutBucketPolicy'] }],
    [
      'with clients',
      {
        ...allow,
        Principal: { AWS: ['client'] },
        Condition: { IpAddress: { 'aws:SourceIp': ['10.0.0.1'] } },
      },
    ],
    ['with an address', { ...allow, Condition: { IpAddress: { 'aws:SourceIp': ['10.0.0.0/8'] } } }],
    ['with conditions', { ...allow, Condition: { StringEquals: { 's3:ExistingObjectTag/a/b': ['c'] } } }],
    ['where all is encrypted', { ...deny, ...plain }, { encrypted: true }],
  ])('reads back %s', (_, statement, around = {}) => {
    const here = { ...setting, ...around }
    const written = toOssPolicy(policy(statement), 'b', here)
    const [shown] = JSON.parse(toS3Policy(written, { bucket: 'b', owner: undefined }, here)).Statement
    const flat = (value: unknown) =>
      JSON.parse(JSON.stringify(value), (_, one) => (Array.isArray(one) && one.length === 1 ? one[0] : one))
    expect(flat(shown)).toEqual(flat(statement))
  })
})

describe('refused, naming the statement and what OSS would not take as S3 does', () => {
  test.each<[what: string, statement: Statement, says: string, around?: Partial<PolicySetting>]>([
    ['an account', { ...allow, Principal: { AWS: '111122223333' } }, 'no principal like 111122223333'],
    [
      'a service',
      { ...allow, Principal: { Service: 'cloudtrail.amazonaws.com' } },
      'no principal like Service cloudtrail',
    ],
    [
      'a client that the settings limit',
      { ...allow, Principal: { AWS: 'reader' } },
      'limit the access key reader',
    ],
    [
      'a denial of a client',
      { ...deny, Principal: { AWS: 'client' } },
      'OSS knows all clients as the gateway',
    ],
    ['all but some', { ...deny, Principal: undefined, NotPrincipal: { AWS: 'client' } }, 'NotPrincipal'],
    [
      'all resources but some',
      { ...deny, Resource: undefined, NotResource: 'arn:aws:s3:::b/*' },
      'NotResource',
    ],
    [
      'an action OSS has not',
      { ...allow, Action: ['s3:GetObject', 's3:GetObjectTorrent'] },
      's3:GetObjectTorrent',
    ],
    ['a pattern of actions OSS has not', { ...allow, Action: 's3:Replicate*' }, 's3:Replicate*'],
    [
      'a variable in a resource',
      { ...allow, Resource: `arn:aws:s3:::b/\${aws:username}/*` },
      'variables in resources',
    ],
    ['a ? in a resource', { ...allow, Resource: 'arn:aws:s3:::b/a?' }, 'no ? in resources'],
    [
      'an operator OSS has not',
      { ...allow, ...lists, Condition: { NumericLessThan: { 's3:max-keys': '10' } } },
      's3:max-keys',
    ],
    [
      'what may be absent',
      { ...allow, Condition: { StringLikeIfExists: { 'aws:UserAgent': 'x' } } },
      'StringLikeIfExists of aws:UserAgent',
    ],
    [
      'several values of a request',
      { ...allow, Condition: { 'ForAnyValue:StringLike': { 'aws:UserAgent': 'x' } } },
      'ForAnyValue:StringLike of aws:UserAgent',
    ],
    [
      'a key OSS has not',
      { ...allow, Condition: { StringEquals: { 'aws:Referer': 'x' } } },
      'no condition key like aws:Referer',
    ],
    [
      'a key under an operator of another kind',
      { ...allow, Condition: { StringLike: { 'aws:CurrentTime': '10.*' } } },
      'no StringLike of aws:CurrentTime',
    ],
    [
      'a variable in a condition',
      { ...allow, Condition: { StringLike: { 'aws:UserAgent': `\${aws:username}/*` } } },
      'variables in conditions',
    ],
    [
      'literal stars',
      { ...allow, Condition: { StringEquals: { 'aws:UserAgent': 'a**' } } },
      'repeated stars',
    ],
    [
      'a part of a second',
      { ...allow, Condition: { DateLessThan: { 'aws:CurrentTime': '2026-01-01T00:00:00.5Z' } } },
      'no time like',
    ],
    [
      'whether there is a prefix',
      { ...allow, ...lists, Condition: { Null: { 's3:prefix': 'true' } } },
      'Null of s3:prefix',
    ],
    [
      'a prefix of uploads',
      {
        ...allow,
        Action: 's3:List*',
        Resource: 'arn:aws:s3:::b',
        Condition: { StringLike: { 's3:prefix': 'a' } },
      },
      'with other actions',
    ],
    [
      'a tag of ACLs',
      { ...allow, Action: 's3:GetObjectAcl', Condition: { StringLike: { 's3:ExistingObjectTag/a': 'a' } } },
      'with other actions',
    ],
    [
      'one key in two conditions',
      {
        ...allow,
        Condition: {
          StringNotLike: { 'aws:UserAgent': 'a' },
          StringNotLikeIfExists: { 'aws:UserAgent': 'b' },
        },
      },
      'no two conditions StringNotLike',
    ],
    [
      'an ACL that the gateway sends of itself',
      { ...deny, Action: 's3:PutObject', Condition: { StringNotEquals: { 's3:x-amz-acl': 'private' } } },
      'whether s3:x-amz-acl is private',
    ],
    [
      'an ACL that OSS has not',
      { ...allow, Action: 's3:PutObject', Condition: { StringLike: { 's3:x-amz-acl': 'bucket-owner*' } } },
      'whether s3:x-amz-acl is bucket-owner-read',
    ],
    [
      'a denial by address',
      { ...deny, Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } },
      "judge aws:SourceIp by the gateway's own requests",
    ],
    [
      'a denial by user agent',
      { ...deny, Condition: { StringLike: { 'aws:UserAgent': 'curl*' } } },
      "judge aws:UserAgent by the gateway's own requests",
    ],
    [
      'a denial of plain HTTP, where clients may use it',
      { ...deny, Condition: { Bool: { 'aws:SecureTransport': false } } },
      "judge aws:SecureTransport by the gateway's own requests",
    ],
    [
      'what unsigned requests are allowed by their address, where they are forwarded',
      { ...allow, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } },
      "judge aws:SourceIp by the gateway's own requests",
      { forwardsUnsigned: true },
    ],
    [
      'a conditional denial of the policy’s own operations',
      {
        ...deny,
        Action: 's3:PutBucketPolicy',
        Resource: 'arn:aws:s3:::b',
        Condition: { DateLessThan: { 'aws:CurrentTime': '2030-01-01' } },
      },
      "keep the bucket's owner, too, from the policy",
    ],
    [
      'a denial on a day, with a key that every request has',
      {
        ...deny,
        ...both,
        Action: 's3:*',
        Condition: {
          DateEquals: { 'aws:CurrentTime': '2026-06-01T12:00:00Z' },
          Null: { 'aws:SecureTransport': 'false' },
        },
      },
      "keep the bucket's owner, too, from the policy",
      { encrypted: true },
    ],
    [
      'a denial of HTTPS to all',
      { ...deny, ...both, Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': true } } },
      "keep the bucket's owner, too, from the policy",
      { encrypted: true },
    ],
    [
      'more resources than OSS takes',
      { ...allow, Resource: Array.from({ length: 99 }, (_, i) => `arn:aws:s3:::b/${'a'.repeat(40)}${i}`) },
      'its Resource is longer than the 4095 bytes',
    ],
  ])('%s', (_, statement, says, around = {}) => {
    const second = policy(allow, statement)
    const expected = { code: 'NotImplemented', message: expect.stringContaining(says) }
    expect(() => toOssPolicy(second, 'b', { ...setting, ...around })).toThrow(
      expect.objectContaining(expected),
    )
    expect(() => toOssPolicy(second, 'b', { ...setting, ...around })).toThrow('Statement 2 cannot be said')
    const named = policy(allow, { ...statement, Sid: 'Guard' })
    expect(() => toOssPolicy(named, 'b', { ...setting, ...around })).toThrow('Statement Guard cannot be said')
  })

  test('more than OSS takes in all', () => {
    const many = Array.from({ length: 170 }, (_, i) => ({
      ...allow,
      Resource: `arn:aws:s3:::b/${'a'.repeat(20)}${i}`,
    }))
    expect(() => toOssPolicy(policy(...many), 'b', setting)).toThrow('the 16384 bytes that OSS does not take')
  })
})

describe('a policy of OSS', () => {
  const oss = { Effect: 'Allow', Principal: ['*'], Action: ['oss:GetObject'], Resource: ['acs:oss:*:*:b/*'] }
  const shown = (...statements: Statement[]) =>
    JSON.parse(
      toS3Policy(
        JSON.stringify({ Version: '1', Statement: statements }),
        { bucket: 'b', owner: '1234' },
        setting,
      ),
    ).Statement as Statement[]

  test.each<[string, Statement, Statement]>([
    ['of the owner’s account', { Resource: ['acs:oss:*:1234:b/*'] }, { Resource: ['arn:aws:s3:::b/*'] }],
    ['without a principal', { Principal: [] }, { Principal: '*' }],
    [
      'whose members are no lists',
      { Action: 'oss:getobject', Resource: 'acs:oss:*:*:b/*' },
      { Action: ['s3:GetObject'] },
    ],
    [
      'with an address and no network, as they once were',
      { Condition: { IpAddress: { 'acs:SourceIp': '10.0.0.1' } } },
      { Condition: { IpAddress: { 'aws:SourceIp': ['10.0.0.1'] } } },
    ],
  ])('%s is shown', (_, change, s3) => {
    expect(shown({ ...oss, ...change })).toEqual([expect.objectContaining(s3)])
  })

  test.each<[string, Statement, says: string]>([
    ['an account', { Principal: ['1234'] }, 'no principal of Alibaba Cloud like 1234'],
    ['everyone and an account', { Principal: ['*', '1234'] }, 'like 1234'],
    ['an action S3 has not', { Action: ['oss:PutStyle'] }, 'no action like oss:putstyle'],
    [
      'half an action of S3',
      { Action: ['oss:PutBucketCors'], Resource: ['acs:oss:*:*:b'] },
      'no action like oss:putbucketcors',
    ],
    ['a pattern of actions', { Action: ['oss:Get*'] }, 'no action like oss:get*'],
    ['another bucket', { Resource: ['acs:oss:*:*:other/*'] }, 'no resource like acs:oss:*:*:other/*'],
    ['another owner', { Resource: ['acs:oss:*:99:b/*'] }, 'no resource like acs:oss:*:99:b/*'],
    [
      'a condition S3 has not',
      { Condition: { StringEquals: { 'acs:SourceVpc': ['vpc'] } } },
      'no condition key like acs:SourceVpc',
    ],
    ['a denial that spares the owner', { Effect: 'Deny' }, "it spares the bucket's owner"],
    [
      'a denial that OSS judges by the gateway',
      { Effect: 'Deny', Condition: { Bool: { 'acs:SecureTransport': 'false' } } },
      "judge aws:SecureTransport by the gateway's own requests",
    ],
    [
      'an action on what it is not about',
      { Resource: ['acs:oss:*:*:b'] },
      'S3 takes no such statement: Action does not apply',
    ],
    ['a ? that stands for itself', { Resource: ['acs:oss:*:*:b/a?'] }, 'no ? in resources'],
    [
      'a key of another',
      { Condition: { StringEquals: { 'acs:AccessId': ['stranger'] } } },
      'S3 takes no such statement: Invalid principal',
    ],
    [
      'a condition named as an object’s prototype',
      { Condition: JSON.parse('{"__proto__":{"acs:UserAgent":"a"}}') },
      'S3 takes no such statement: Invalid Condition type : __proto__',
    ],
  ])('with %s is not shown as another', (_, change, says) => {
    const refused = () => shown(oss, { ...oss, ...change })
    expect(refused).toThrow(expect.objectContaining({ code: 'NotImplemented' }))
    expect(refused).toThrow('Statement 2 cannot be said')
    expect(refused).toThrow(says)
  })
})
