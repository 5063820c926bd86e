import { expect, test } from 'vitest'
import { bucketsByDomain } from '../../src/config/bucket-domains.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { problemsOf, real, type Settings } from './problems.ts'

test.each<[written: string, origin: object]>([
  ['https://files.example.com', { protocol: 'https:', host: 'files.example.com' }],
  ['https://Files.Example.com/', { protocol: 'https:', host: 'files.example.com' }],
  ['files.example.com', { protocol: 'https:', host: 'files.example.com' }],
  ['http://files.example.com:8080', { protocol: 'http:', host: 'files.example.com:8080' }],
])('the custom domain %s is taken', (written, origin) => {
  const { endpoint, warnings } = parseConfig(real, `endpoints: { my-bucket: '${written}' }`)
  expect([...(endpoint.domains ?? [])]).toEqual([['my-bucket', origin]])
  expect(endpoint.host).toBe('oss-cn-hangzhou.aliyuncs.com')
  expect(warnings).toEqual([])
})

test('without custom domains there are none', () => {
  expect(parseConfig(real, 'endpoints: {}').endpoint).not.toHaveProperty('domains')
})

test('they are taken on Workers too', () => {
  const { endpoint } = parseConfig(real, 'endpoints: { my-bucket: files.example.com }', 'workers')
  expect(endpoint.domains?.size).toBe(1)
})

const refused: [document: string, problem: RegExp, more?: Settings][] = [
  ['{ My_Bucket: https://files.example.com }', /^GATEWAY_CONFIG: endpoints\.My_Bucket: that is no bucket: /],
  [
    '{ my-bucket: "" }',
    /^GATEWAY_CONFIG: endpoints\.my-bucket: "": it must be like https:\/\/files\.example\.com/,
  ],
  ['{ my-bucket: https://files.example.com/my-bucket }', /without a bucket, a path or keys/],
  ['{ my-bucket: ftp://files.example.com }', /it must be like/],
  ['{ my-bucket: https://files.example.com:0 }', /there is no such port/],
  ['{ my-bucket: https://files..example.com }', /neither a host name nor an address/],
  ['{ my-bucket: https://10.0.0.7 }', /it must be a domain's name/],
  ['{ my-bucket: http://localhost:9010 }', /it must be a domain's name/],
  ['{ my-bucket: "http://[::1]" }', /it must be a domain's name/],
  ['{ my-bucket: https://my-bucket.oss-cn-hangzhou.aliyuncs.com }', /a domain of your own/],
  ['{ my-bucket: https://oss-cn-hangzhou-internal.aliyuncs.com }', /a domain of your own/],
  ['{ my-bucket: https://my-bucket.s3.amazonaws.com }', /another service's/],
  [
    '{ one: https://files.example.com, two: https://FILES.example.com/ }',
    /^GATEWAY_CONFIG: endpoints\.two: files\.example\.com is the domain of one/,
  ],
  [
    '{ one: https://files.example.com:1000, two: https://files.example.com:2000 }',
    /^GATEWAY_CONFIG: endpoints\.two: files\.example\.com is the domain of one/,
  ],
  ['{ my-bucket: http://proxy:8080 }', /it must be a domain's name/],
  ['{ my-bucket: [https://files.example.com] }', /^GATEWAY_CONFIG: endpoints\.my-bucket: it must be a text/],
  ['[https://files.example.com]', /^GATEWAY_CONFIG: endpoints: it must be names with values/],
  [
    '{ my-bucket: https://s3.example.com }',
    /the gateway's own name, in S3_DOMAIN/,
    { S3_DOMAIN: 's3.example.com' },
  ],
]
test.each(refused)('endpoints: %s is refused', (endpoints, problem, more = {}) => {
  expect(problemsOf({ ...real, ...more }, `endpoints: ${endpoints}`)).toEqual([
    expect.stringMatching(problem),
  ])
})

test('the embedded OSS has them too', () => {
  const { endpoint } = parseConfig({}, 'endpoints: { my-bucket: https://files.example.com:8443 }')
  expect(bucketsByDomain(endpoint)).toEqual({ 'files.example.com': 'my-bucket' })
})

test('keys in a domain’s URL are not quoted', () => {
  const problems = problemsOf(real, 'endpoints: { my-bucket: "https://id:the-secret@files.example.com" }')
  expect(problems).toHaveLength(1)
  expect(problems.join()).not.toContain('the-secret')
})
