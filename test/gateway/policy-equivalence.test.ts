import fc from 'fast-check'
import { expect, test } from 'vitest'
import { verdict } from '../../src/local-oss/policy/verdict.ts'
import { S3Error } from '../../src/s3/error.ts'
import { type PolicySetting, toOssPolicy } from '../../src/translate/bucket/policy-to-oss.ts'
import { toS3Policy } from '../../src/translate/bucket/policy-to-s3.ts'
import { type Asked, isAllowedByS3 } from './s3-policy-judge.ts'

const BUCKET = 'bucket'
const OWNER = '1000000000000001'
const OTHER = '1000000000000002'

/** S3's actions, what each is about, and what a client that does it makes the gateway ask OSS for. */
const actions: readonly (readonly [s3: string, on: 'bucket' | 'object', oss: readonly string[]])[] = [
  ['GetObject', 'object', ['GetObject']],
  ['GetObjectVersion', 'object', ['GetObjectVersion']],
  ['PutObject', 'object', ['PutObject']],
  ['PutObjectAcl', 'object', ['PutObjectAcl']],
  ['DeleteObject', 'object', ['DeleteObject']],
  ['GetObjectTagging', 'object', ['GetObjectTagging']],
  ['PutObjectTagging', 'object', ['PutObjectTagging']],
  ['RestoreObject', 'object', ['RestoreObject', 'RestoreObjectVersion']],
  ['ListBucket', 'bucket', ['ListObjects']],
  ['ListBucketVersions', 'bucket', ['ListObjectVersions']],
  ['ListBucketMultipartUploads', 'bucket', ['ListMultipartUploads']],
  ['PutBucketAcl', 'bucket', ['PutBucketAcl']],
  ['PutBucketCORS', 'bucket', ['PutBucketCors', 'DeleteBucketCors']],
  ['GetLifecycleConfiguration', 'bucket', ['GetBucketLifecycle']],
  ['GetBucketPolicy', 'bucket', ['GetBucketPolicy']],
  ['PutBucketPolicy', 'bucket', ['PutBucketPolicy']],
  ['DeleteBucketPolicy', 'bucket', ['DeleteBucketPolicy']],
]
const names = actions.map(([name]) => `s3:${name}`)
const keys = ['a', 'a/b', 'public/x', 'public/', 'Public/x']
const addresses = ['10.1.2.3', '192.0.2.7', '203.0.113.9']
/** What OSS sees of the gateway. */
const gateway = { ip: '192.0.2.7', agent: 'the gateway' }
const now = ['2025-06-01T00:00:00Z', '2026-06-01T12:00:00Z', '2026-06-01T12:00:01Z']
const acls = ['private', 'public-read', 'public-read-write']

const some = <T>(values: readonly T[], most = 3) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: most })
const strings = [
  'Equals',
  'NotEquals',
  'EqualsIgnoreCase',
  'Like',
  'NotLike',
  'NotEqualsIfExists',
  'LikeIfExists',
]
const texts = (key: string, values: readonly string[]) =>
  fc.record({
    operator: fc.constantFrom(...strings.map((name) => `String${name}`)),
    key: fc.constant(key),
    values: some(values),
  })
const onLists = fc.oneof(
  texts('s3:prefix', ['public/*', 'a', 'p?blic/', '*', '']),
  texts('s3:delimiter', ['/', '*']),
)
const onAcls = texts('s3:x-amz-acl', ['public-read', 'public*', 'private', 'bucket-owner-full-control', '*'])
const onTagged = texts('s3:ExistingObjectTag/level', ['low', 'h*'])
const onTagging = texts('s3:RequestObjectTag/level', ['low', 'h*'])
const presence = (...names: string[]) =>
  fc.record({
    operator: fc.constant('Null'),
    key: fc.constantFrom(...names),
    values: some(['true', 'false'], 1),
  })
const onAll = fc.oneof(
  texts('aws:UserAgent', ['curl*', 'the gateway']),
  presence('aws:SecureTransport', 'aws:UserAgent'),
  fc.record({
    operator: fc.constantFrom('Bool', 'BoolIfExists'),
    key: fc.constant('aws:SecureTransport'),
    values: some(['true', 'false', 'False'], 1),
  }),
  fc.record({
    operator: fc.constantFrom('IpAddress', 'NotIpAddress'),
    key: fc.constantFrom('aws:SourceIp', 'AWS:sourceip'),
    values: some(['10.0.0.0/8', '192.0.2.7', '203.0.113.0/24']),
  }),
  fc.record({
    operator: fc.constantFrom('DateEquals', 'DateNotEquals', 'DateLessThan', 'DateGreaterThanEquals'),
    key: fc.constant('aws:CurrentTime'),
    values: some(['2026-06-01T12:00:00Z', '2026-01-01', '1780315200', '2026-06-01T14:00+02:00'], 1),
  }),
)
/** Each operator is written with `IfExists` as well. */
const orMissing = <T extends { operator: string }>(conditions: fc.Arbitrary<T>) =>
  fc.tuple(conditions, fc.boolean()).map(([condition, ifExists]) => ({
    ...condition,
    operator:
      ifExists && !/IfExists$|^Null$/.test(condition.operator)
        ? `${condition.operator}IfExists`
        : condition.operator,
  }))
const anyCondition = fc.oneof(onLists, onAcls, onTagged, onTagging, onAll)

/** What a statement is about, where for the most part the keys are those of its actions. */
const abouts = [
  [some([...names, 's3:*', 's3:Get*', 's3:*Object', 's3:?utObject*', '*']), anyCondition],
  [some(names), onAll],
  [some(['s3:ListBucket', 's3:ListBucketVersions', 's3:ListBucket*']), fc.oneof(onLists, onAll)],
  [some(['s3:PutObject', 's3:PutObjectAcl']), onAcls],
  [some(['s3:PutObject', 's3:PutObjectTagging']), fc.oneof(onTagging, presence('s3:RequestObjectTag/level'))],
  [
    some(['s3:GetObject', 's3:GetObjectVersion', 's3:*ObjectTagging']),
    fc.oneof(onTagged, presence('s3:ExistingObjectTag/level')),
  ],
] as const
const about = fc.oneof(
  ...abouts.map(([wanted, condition]) =>
    fc.record({
      about: wanted.map((Action) => ({ Action })),
      conditions: fc.array(orMissing(condition), { maxLength: 3 }),
    }),
  ),
  fc.record({
    about: some([...names, 's3:Get*']).map((NotAction) => ({ NotAction })),
    conditions: fc.array(orMissing(onAll), { maxLength: 2 }),
  }),
)
const statement = fc
  .record({
    Effect: fc.constantFrom('Allow', 'Deny'),
    Principal: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('*', { AWS: '*' }, { AWS: ['*'] }) },
      { weight: 1, arbitrary: fc.constant({ AWS: ['main', 'second'] }) },
    ),
    about,
    paths: some(['/*', '/public/*', '/a', '/*/b*', '/a**']),
  })
  .map(({ about: { about, conditions }, paths, ...rest }) => {
    const Condition: Record<string, Record<string, string[]>> = {}
    for (const { operator, key, values } of conditions) {
      Condition[operator] = { ...Condition[operator], [key]: values }
    }
    const Resource = ['', ...paths].map((path) => `arn:aws:s3:::${BUCKET}${path}`)
    return { ...rest, ...about, Resource, ...(conditions.length > 0 && { Condition }) }
  })
const policy = fc
  .array(statement, { minLength: 1, maxLength: 2 })
  .map((Statement) => JSON.stringify({ Version: '2012-10-17', Statement }))

const setting = fc.record({ encrypted: fc.boolean(), forwardsUnsigned: fc.boolean() }).map(
  (some): PolicySetting => ({
    ...some,
    isLimited: (name) => (['main', 'second'].includes(name) ? false : undefined),
  }),
)

const request = fc.record({
  by: fc.constantFrom('root', 'another', 'anonymous', 'anonymous through the gateway'),
  action: fc.constantFrom(...actions),
  key: fc.constantFrom(...keys),
  ip: fc.constantFrom(...addresses),
  secure: fc.boolean(),
  agent: fc.option(fc.constantFrom('curl/8', 'aws-sdk'), { nil: undefined }),
  time: fc.constantFrom(...now),
  prefix: fc.constantFrom('', 'public/', 'public/x', 'a'),
  delimiter: fc.constantFrom('', '/'),
  acl: fc.option(fc.constantFrom(...acls), { nil: undefined }),
  has: fc.option(fc.constantFrom('low', 'high'), { nil: undefined }),
  gets: fc.option(fc.constantFrom('low', 'high'), { nil: undefined }),
})
type Request = typeof request extends fc.Arbitrary<infer T> ? T : never

const defined = (facts: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >

const isThrough = ({ by }: Request) => by === 'root' || by.endsWith('gateway')
const isList = (name: string) => name === 'ListBucket' || name === 'ListBucketVersions'
const takesAcl = (name: string) => /^Put(Object|ObjectAcl|BucketAcl)$/.test(name)
const isTagged = (name: string) => /^(GetObject|GetObjectVersion|(Get|Put)ObjectTagging)$/.test(name)
const isTagging = (name: string) => /^PutObject(Tagging)?$/.test(name)

/** The request in S3's terms. */
function toS3(asked: Request): Asked {
  const [action, on] = asked.action
  const { by } = asked
  return {
    by: by === 'root' || by === 'another' ? by : 'anonymous',
    action,
    key: on === 'object' ? asked.key : undefined,
    context: defined({
      'aws:SourceIp': asked.ip,
      'aws:SecureTransport': String(asked.secure),
      'aws:CurrentTime': asked.time,
      'aws:UserAgent': asked.agent,
      's3:prefix': isList(action) ? asked.prefix : undefined,
      's3:delimiter': isList(action) ? asked.delimiter : undefined,
      's3:x-amz-acl': takesAcl(action) ? asked.acl : undefined,
      's3:ExistingObjectTag/level': isTagged(action) ? asked.has : undefined,
      's3:RequestObjectTag/level': isTagging(action) ? asked.gets : undefined,
    }),
  }
}

/** Whether OSS does all that the request takes, as it sees the request. */
function isAllowedByOss(document: string, asked: Request): boolean {
  const [action, on, ossNames] = asked.action
  const through = isThrough(asked)
  // What nobody has signed gets the bucket's ACL.
  const acl = through && !asked.by.startsWith('anonymous') ? (asked.acl ?? 'private') : asked.acl
  const principal = { root: OWNER, another: OTHER }[asked.by as string]
  const conditions = defined({
    'acs:SourceIp': through ? gateway.ip : asked.ip,
    'acs:SourceVpc': '',
    'acs:SecureTransport': String(asked.secure),
    'acs:CurrentTime': asked.time.replace('Z', '.000Z'),
    // What nobody signed keeps the client's.
    'acs:UserAgent': asked.by === 'root' ? gateway.agent : asked.agent,
    'acs:AccessId': { root: 'oss-key', another: 'another-key' }[asked.by as string],
    'oss:Prefix': isList(action) ? asked.prefix : undefined,
    'oss:Delimiter': isList(action) ? asked.delimiter : undefined,
    'oss:x-oss-acl': action === 'PutBucketAcl' ? acl : undefined,
    'oss:x-oss-object-acl': on === 'object' && takesAcl(action) ? acl : undefined,
    'oss:ExistingObjectTag/level': on === 'object' ? asked.has : undefined,
    'oss:RequestObjectTag/level': isTagging(action) ? asked.gets : undefined,
  })
  return ossNames.every((name) => {
    const resource = `acs:oss:*:${OWNER}:${BUCKET}${on === 'object' ? `/${asked.key}` : ''}`
    const said = verdict(document, { principal, action: `oss:${name}`, resource, conditions })
    return principal === OWNER ? said !== 'deny' : said === 'allow'
  })
}

/** A policy, whatever the order of its actions. */
const read = (document: string) =>
  JSON.parse(document, (name, value) => (name === 'Action' ? value.toSorted() : value))

/** The policy in OSS's words; undefined where it is refused as such. */
function translated(text: string, around: PolicySetting): string | undefined {
  try {
    return toOssPolicy(text, BUCKET, around)
  } catch (error) {
    if (error instanceof S3Error && ['NotImplemented', 'MalformedPolicy'].includes(error.code))
      return undefined
    throw error
  }
}

test('what is taken of a policy OSS decides as S3 does, and it is read back as what it means', () => {
  let taken = 0
  fc.assert(
    fc.property(
      policy,
      setting,
      fc.array(request, { minLength: 20, maxLength: 20 }),
      (text, around, requests) => {
        const document = translated(text, around)
        if (document === undefined) return
        taken++
        const shown = toS3Policy(document, { bucket: BUCKET, owner: OWNER }, around)
        expect(read(toOssPolicy(shown, BUCKET, around))).toEqual(read(document))
        for (const drawn of requests) {
          const through = isThrough(drawn)
          // Behind TLS alone nobody comes without it; and where they are not forwarded, unsigned requests end at the gateway.
          if (drawn.by.endsWith('gateway') && !around.forwardsUnsigned) continue
          const asked = { ...drawn, secure: drawn.secure || (through && around.encrypted) }
          const inS3 = toS3(asked)
          const expected = isAllowedByS3(text, BUCKET, inS3)
          expect(isAllowedByOss(document, asked), JSON.stringify({ document, asked })).toBe(expected)
          expect(isAllowedByS3(shown, BUCKET, inS3), `shown as ${shown}`).toBe(expected)
        }
      },
    ),
    { numRuns: 500 },
  )
  // That most were refused would prove little.
  expect(taken).toBeGreaterThan(100)
})

type Written = Record<string, unknown> & { Principal: unknown; Resource: string[] }
type Lines = Record<string, Record<string, string[]>>

/** The statement with something that OSS does not say, or not as S3 does; one value goes where it needs any. */
const unsayable: Record<string, (statement: Written, value: string) => object> = {
  'NotPrincipal of one': ({ Principal: _, ...rest }) => ({ ...rest, NotPrincipal: { AWS: 'main' } }),
  'NotPrincipal of everyone': ({ Principal, ...rest }) => ({ ...rest, NotPrincipal: Principal }),
  'a principal of another account': (statement) => ({ ...statement, Principal: { AWS: OTHER.slice(0, 12) } }),
  'a service': (statement) => ({ ...statement, Principal: { Service: 'logging.s3.amazonaws.com' } }),
  NotResource: ({ Resource, ...rest }) => ({ ...rest, NotResource: Resource }),
  'a variable in a resource': (statement, value) => ({
    ...statement,
    Resource: [...statement.Resource, `arn:aws:s3:::${BUCKET}/home/${value}/*`],
  }),
  'a variable in a condition': (statement, value) =>
    withCondition(statement, 'StringLike', 'aws:UserAgent', [`${value}*`]),
  'a variable among other values': (statement, value) =>
    withCondition(statement, 'StringNotEqualsIfExists', 'aws:UserAgent', ['curl', value]),
  'a variable in a tag’s key': (statement, value) => ({
    ...statement,
    Action: 's3:GetObject',
    NotAction: undefined,
    Condition: { StringEquals: { [`s3:ExistingObjectTag/${value}`]: ['x'] } },
  }),
  'ForAllValues, which holds of nothing': (statement) =>
    withCondition(statement, 'ForAllValues:StringLike', 'aws:UserAgent', ['curl*']),
  ForAnyValue: (statement) =>
    withCondition(statement, 'ForAnyValue:StringEquals', 'aws:UserAgent', ['curl/8']),
  'ForAllValues of tags': (statement) => ({
    ...statement,
    Action: 's3:PutObject',
    NotAction: undefined,
    Condition: { 'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': ['a'] } },
  }),
  ...Object.fromEntries(
    [
      ['StringEquals', 'aws:UserAgent'],
      ['StringNotEquals', 'aws:UserAgent'],
      ['Null', 'aws:UserAgent'],
      ['Null', 'aws:SecureTransport'],
      ['Bool', 'aws:SecureTransport'],
      ['IpAddress', 'aws:SourceIp'],
      ['NotIpAddress', 'aws:SourceIp'],
      ['DateLessThan', 'aws:CurrentTime'],
      ['DateNotEquals', 'aws:CurrentTime'],
    ].map(([operator = '', key = '']) => [
      `${operator} of ${key} without a value`,
      (statement: Written) => withCondition(statement, operator, key, []),
    ]),
  ),
  'an address that is read in two ways': (statement) =>
    withCondition(statement, 'IpAddress', 'aws:SourceIp', ['010.0.0.0/8']),
}
const variables = [
  `\${aws:username}`,
  `\${aws:userid}`,
  `\${aws:PrincipalTag/team, 'none'}`,
  `\${s3:prefix}`,
  `\${*}`,
  `\${?}`,
  `\${$}`,
]

const withCondition = (statement: Written, operator: string, key: string, values: string[]) => {
  const lines = (statement.Condition ?? {}) as Lines
  // The key by any other case is the same one.
  const others = Object.entries(lines[operator] ?? {}).filter(
    ([name]) => name.toLowerCase() !== key.toLowerCase(),
  )
  return {
    ...statement,
    Condition: { ...lines, [operator]: { ...Object.fromEntries(others), [key]: values } },
  }
}

test.each(Object.entries(unsayable))('%s is refused, whatever else a policy says', (_, spoil) => {
  fc.assert(
    fc.property(
      statement,
      fc.array(statement, { maxLength: 1 }),
      fc.constantFrom(...variables),
      fc.constantFrom('2012-10-17', '2008-10-17', undefined),
      setting,
      (spoilt, others, value, Version, around) => {
        const Statement = [...others, spoil(spoilt as unknown as Written, value)]
        expect(translated(JSON.stringify({ Version, Statement }), around)).toBeUndefined()
      },
    ),
    { numRuns: 100 },
  )
})
