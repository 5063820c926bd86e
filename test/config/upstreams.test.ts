import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import { nodeFiles } from '../../src/node/files.ts'
import { problemsOf, real } from './problems.ts'

const key = { accessKeyId: 'archive', accessKeySecret: 'archive-secret' }
const role = 'acs:ram::1234567890123456:role/gateway'
const upstream = (credentials: object, more: object = { region: 'cn-shanghai' }) => ({
  upstreams: { archive: { ...more, credentials } },
})
const archive = upstream(key)
const mapped = (mapping: object, name = 'photos') => ({ buckets: { [name]: mapping } })

describe('an upstream', () => {
  const sourceOf = (credentials: object, environment = {}) =>
    parseConfig(
      { ...real, ...environment },
      JSON.stringify(upstream(credentials)),
      'node',
      nodeFiles,
    ).upstreams.get('archive')

  test.each<[string, object, object, Record<string, string>?]>([
    ['its own key', key, { from: 'settings', key, files: {} }],
    [
      'a key of the environment',
      { accessKeyIdVariable: 'A_ID', accessKeySecretVariable: 'A_SECRET' },
      { from: 'settings', key },
      { A_ID: key.accessKeyId, A_SECRET: key.accessKeySecret },
    ],
    [
      "a role by the environment's key",
      { from: 'assume-role', roleArn: role },
      { from: 'assume-role', role: { arn: role }, by: { key: { accessKeyId: real.OSS_ACCESS_KEY_ID } } },
    ],
    [
      'a role by its own key',
      { from: 'assume-role', roleArn: role, ...key },
      { from: 'assume-role', role: { arn: role }, by: { key } },
    ],
    [
      'a machine',
      { from: 'ecs-ram-role', ecsRoleName: 'gateway' },
      { from: 'ecs-ram-role', roleName: 'gateway' },
    ],
    [
      'a URI',
      { from: 'uri', uri: 'http://localhost:8080/key' },
      { from: 'uri', uri: 'http://localhost:8080/key' },
    ],
  ])('has %s', (_, credentials, source, environment) => {
    expect(sourceOf(credentials, environment)).toMatchObject({
      endpoint: { host: 'oss-cn-shanghai.aliyuncs.com', region: 'cn-shanghai' },
      credentials: source,
    })
  })

  test('assumes roles where it is', () => {
    const source = sourceOf({ from: 'assume-role', roleArn: role })?.credentials
    expect(source).toMatchObject({ role: { sts: { host: 'sts.cn-shanghai.aliyuncs.com' } } })
  })
})

test.each<[document: object, problem: RegExp]>([
  [
    upstream({ accessKeySecret: 's' }),
    /^GATEWAY_CONFIG: upstreams\.archive\.credentials\.accessKeyId is missing/,
  ],
  [upstream({ accessKeyId: 'a' }), /upstreams\.archive\.credentials\.accessKeySecret is missing/],
  [
    upstream({ ...key, accessKeySecretVariable: 'X' }),
    /credentials\.accessKeySecret: there is accessKeySecretVariable as well/,
  ],
  [
    upstream({ accessKeyId: 'a', accessKeySecretVariable: 'NONE' }),
    /accessKeySecretVariable: there is no such variable, or it is empty$/,
  ],
  [upstream({ accessKeyId: 'a', accessKeySecret: '' }), /accessKeySecret: it is empty$/],
  [upstream({ ...key, roleArn: role }), /credentials\.roleArn: it means nothing with from: key/],
  [
    upstream({ from: 'uri', uri: 'http://localhost/', profile: 'x' }),
    /credentials\.profile: it means nothing with from: uri/,
  ],
  [
    upstream({ from: 'assume-role', roleArn: 'role' }),
    /upstreams\.archive\.credentials\.roleArn is .*: it must be like acs:ram/,
  ],
  [upstream({ from: 'assume-role' }), /upstreams\.archive\.credentials\.roleArn is missing/],
  [
    upstream({ from: 'environment' }),
    /^GATEWAY_CONFIG: upstreams\.archive\.credentials\.from: it must be one of/,
  ],
  [
    upstream({ ...key, secret: 'x' }),
    /^GATEWAY_CONFIG: upstreams\.archive\.credentials\.secret: there is no such setting/,
  ],
  [
    upstream({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', accessKeySecret: 's' }),
    /upstreams\.archive\.credentials\.accessKeyId is not right: that is a key of AWS/,
  ],
  [upstream(key, {}), /^GATEWAY_CONFIG: upstreams\.archive\.region is missing/],
  [upstream(key, { region: 'cn-nowhere' }), /upstreams\.archive\.region names the region cn-nowhere/],
  [
    upstream(key, { region: 'cn-shanghai', endpoint: 'https://oss-cn-hangzhou.aliyuncs.com' }),
    /upstreams\.archive\.endpoint is of the region cn-hangzhou, but upstreams\.archive\.region is cn-shanghai/,
  ],
  [
    upstream(key, { endpoint: 'http://127.0.0.1:9000' }),
    /upstreams\.archive\.endpoint 127\.0\.0\.1:9000 is the gateway itself/,
  ],
  [
    upstream(key, { region: 'cn-shanghai', endpoints: { 'a.b': 'https://x.example.com' } }),
    /upstreams\.archive\.endpoints\.a\.b: that is no bucket/,
  ],
  [
    { upstreams: { default: { region: 'cn-shanghai', credentials: key } } },
    /^GATEWAY_CONFIG: upstreams\.default: a name has/,
  ],
  [
    { upstreams: { 'Not One': { region: 'cn-shanghai', credentials: key } } },
    /upstreams\.Not One: a name has/,
  ],
  [
    { clients: [{ accessKeyId: 'a', secretAccessKey: 'b', upstream: 'none' }] },
    /^GATEWAY_CONFIG: clients\.0\.upstream: there is no upstream "none"/,
  ],
  [mapped({ upstream: 'none' }), /^GATEWAY_CONFIG: buckets\.photos\.upstream: there is no upstream "none"/],
  [mapped({ bucket: 'No.Bucket' }), /^GATEWAY_CONFIG: buckets\.photos\.bucket: "No\.Bucket" is no bucket/],
  [mapped({}, 'a.b'), /^GATEWAY_CONFIG: buckets\.a\.b: that is no bucket/],
  [mapped({ name: 'x' }), /^GATEWAY_CONFIG: buckets\.photos\.name: there is no such setting/],
  ...[
    'team-a',
    '/',
    '/team/',
    'a/../',
    '../',
    './',
    'a/./b/',
    '.s3-oss-gateway/',
    '.s3-oss-gateway/parts/',
    'a\u0000/',
    `${'a'.repeat(600)}/`,
    'a*/',
  ].map((prefix) => [mapped({ prefix }), /^GATEWAY_CONFIG: buckets\.photos\.prefix: /] as [object, RegExp]),
])('%j is refused', (document, problem) => {
  const problems = problemsOf(real, JSON.stringify(document))
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(problem)
  expect(problems[0]).not.toMatch(/OSS_[A-Z]|ALIBABA|archive-secret/)
})

test('the embedded OSS has names, and no upstreams', () => {
  expect(problemsOf({}, JSON.stringify(archive))).toEqual([
    expect.stringMatching(/^GATEWAY_CONFIG: upstreams: /),
  ])
  const { buckets } = parseConfig({}, JSON.stringify(mapped({ bucket: 'company-photos', prefix: 'team-a/' })))
  expect(buckets.get('photos')).toEqual({
    name: 'photos',
    upstream: undefined,
    bucket: 'company-photos',
    prefix: 'team-a/',
  })
})
