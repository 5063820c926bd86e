import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import { problemsOf, real } from './problems.ts'

/** A row: OSS_ENDPOINT and OSS_REGION as they are set, undefined where they are not. */
type Row<Expected> = [endpoint: string | undefined, region: string | undefined, expected: Expected]
const settings = (OSS_ENDPOINT: string | undefined, OSS_REGION: string | undefined) => ({
  ...real,
  OSS_ENDPOINT,
  OSS_REGION,
})

test.each<Row<[host: string, region: string]>>([
  [undefined, 'cn-shanghai', ['oss-cn-shanghai.aliyuncs.com', 'cn-shanghai']],
  [undefined, 'oss-us-east-1', ['oss-us-east-1.aliyuncs.com', 'us-east-1']],
  [undefined, 'ap-southeast-1', ['oss-ap-southeast-1.aliyuncs.com', 'ap-southeast-1']],
  ['https://oss-cn-beijing.aliyuncs.com', 'cn-beijing', ['oss-cn-beijing.aliyuncs.com', 'cn-beijing']],
  ['oss-cn-beijing.aliyuncs.com:443', 'oss-cn-beijing', ['oss-cn-beijing.aliyuncs.com:443', 'cn-beijing']],
  [
    'http://oss-cn-beijing-internal.aliyuncs.com',
    undefined,
    ['oss-cn-beijing-internal.aliyuncs.com', 'cn-beijing'],
  ],
  ['vpc100-oss-cn-beijing.aliyuncs.com', undefined, ['vpc100-oss-cn-beijing.aliyuncs.com', 'cn-beijing']],
  ['https://cn-hangzhou.oss.aliyuncs.com', undefined, ['cn-hangzhou.oss.aliyuncs.com', 'cn-hangzhou']],
  ['oss-cn-hzjbp-a-internal.aliyuncs.com', 'cn-hzjbp', ['oss-cn-hzjbp-a-internal.aliyuncs.com', 'cn-hzjbp']],
  ['https://oss-accelerate.aliyuncs.com', 'cn-hangzhou', ['oss-accelerate.aliyuncs.com', 'cn-hangzhou']],
  [
    'oss-accelerate-overseas.aliyuncs.com',
    'eu-central-1',
    ['oss-accelerate-overseas.aliyuncs.com', 'eu-central-1'],
  ],
  [
    'https://ep-bp1i.oss.cn-hangzhou.privatelink.aliyuncs.com',
    'cn-hangzhou',
    ['ep-bp1i.oss.cn-hangzhou.privatelink.aliyuncs.com', 'cn-hangzhou'],
  ],
  // A region that is newer than this list: both settings say it.
  ['https://oss-cn-atlantis.aliyuncs.com', 'cn-atlantis', ['oss-cn-atlantis.aliyuncs.com', 'cn-atlantis']],
  ['http://10.0.0.7:8080', 'us-west-2', ['10.0.0.7:8080', 'us-west-2']],
  ['http://localhost:9010', undefined, ['localhost:9010', 'cn-hangzhou']],
])('OSS_ENDPOINT %s and OSS_REGION %s are taken', (endpoint, region, [host, signed]) => {
  expect(parseConfig(settings(endpoint, region)).endpoint).toMatchObject({ host, region: signed })
})

const must = (right: string) => new RegExp(`it must be https://${right.replaceAll('.', '\\.')}`)
test.each<Row<RegExp>>([
  ['https://my-bucket.oss-cn-hangzhou.aliyuncs.com', undefined, must('oss-cn-hangzhou.aliyuncs.com')],
  [
    'my-bucket.oss-cn-hangzhou-internal.aliyuncs.com',
    'cn-hangzhou',
    must('oss-cn-hangzhou-internal.aliyuncs.com'),
  ],
  ['https://my-bucket.oss-accelerate.aliyuncs.com', 'cn-hangzhou', /names the bucket my-bucket/],
  ['https://my-bucket.cn-hangzhou.oss.aliyuncs.com', undefined, must('cn-hangzhou.oss.aliyuncs.com')],
  ['https://oss-cn-hangzhou.aliyuncs.com/my-bucket', undefined, /without a bucket/],
  ['https://s3.oss-cn-hangzhou.aliyuncs.com', 'cn-hangzhou', must('oss-cn-hangzhou.aliyuncs.com')],
  ['s3.oss-cn-hangzhou-internal.aliyuncs.com', undefined, /S3-compatible/],
  ['https://s3.oss-accelerate.aliyuncs.com', 'cn-hangzhou', /S3-compatible/],
  ['https://s3.amazonaws.com', 'us-east-1', /another service's/],
  ['https://s3.eu-central-1.amazonaws.com', 'eu-central-1', /another service's/],
  ['https://bucket.s3.cn-north-1.amazonaws.com.cn', 'cn-hangzhou', /another service's/],
  ['https://storage.googleapis.com', 'us-east-1', /another service's/],
  ['https://cos.ap-beijing.myqcloud.com', 'cn-beijing', /another service's/],
  ['https://obs.cn-north-4.myhuaweicloud.com', 'cn-beijing', /another service's/],
  ['https://oss.console.aliyun.com', 'cn-hangzhou', /web page/],
  ['https://oss.console.aliyun.com/bucket/oss-cn-hangzhou/b', 'cn-hangzhou', /^OSS_ENDPOINT is/],
  ['https://www.alibabacloud.com', 'cn-hangzhou', /web page/],
  ['https://help.aliyun.com', 'cn-hangzhou', /web page/],
  ['https://ecs.cn-hangzhou.aliyuncs.com', 'cn-hangzhou', /no endpoint of OSS/],
  ['https://sts.aliyuncs.com', 'cn-hangzhou', /no endpoint of OSS/],
  ['https://aliyuncs.com', 'cn-hangzhou', /^OSS_ENDPOINT is/],
  [
    'https://oss-cn-hangzhou.aliyuncs.com',
    'cn-beijing',
    /is of the region cn-hangzhou, but OSS_REGION is cn-beijing/,
  ],
  ['https://oss-cn-hangzhou-internal.aliyuncs.com', 'us-east-1', /is of the region cn-hangzhou/],
  ['https://cn-hangzhou.oss.aliyuncs.com', 'cn-beijing', /is of the region cn-hangzhou/],
  ['https://oss-accelerate.aliyuncs.com', undefined, /^OSS_REGION is missing/],
  ['https://oss.aliyuncs.com', undefined, /^OSS_REGION is missing/],
  ['https://oss.corp.example', undefined, /^OSS_REGION is missing/],
  ['https://oss-cn-hangzou.aliyuncs.com', undefined, /did you mean cn-hangzhou\?/],
  [undefined, 'cn-hangzou', /did you mean cn-hangzhou\?/],
  [undefined, 'us-west-2', /the region us-west-2, which OSS is not known to have/],
  [undefined, 'ap-south-1', /which OSS is not known to have/],
  [undefined, 'cn-north-1', /which OSS is not known to have/],
  [undefined, 'europe-west1', /which OSS is not known to have/],
  [undefined, 'cn-hangzhou-b', /which OSS is not known to have/],
  ['https://oss-accelerate.aliyuncs.com', 'us-west-2', /which OSS is not known to have/],
  [undefined, 'cn-hangzhou-internal', /OSS_ENDPOINT to say: https:\/\/oss-cn-hangzhou-internal/],
  [undefined, 'oss-cn-hangzhou.aliyuncs.com', /^OSS_REGION is/],
  [undefined, '华东1', /^OSS_REGION is/],
  [undefined, 'auto', /^OSS_REGION is/],
  ['https://oss-cn-hangzhou.aliyuncs.com:9000', undefined, /443/],
  ['http://oss-cn-hangzhou.aliyuncs.com:443', undefined, /443/],
  ['http://127.0.0.1:0', undefined, /no such port/],
  ['http://127.0.0.1:65536', undefined, /no such port/],
  ['http://300.0.0.1', undefined, /neither a host name nor an address/],
  ['http://10.0.0', 'cn-hangzhou', /neither a host name nor an address/],
  ['https://oss..example', 'cn-hangzhou', /neither a host name nor an address/],
  ['http://127.0.0.1:9000', undefined, /is the gateway itself/],
  ['http://localhost:9001', undefined, /is the gateway itself/],
  ['http://[::1]:9000', undefined, /is the gateway itself/],
  ['http://0.0.0.0:9000', undefined, /is the gateway itself/],
  ['http://10.00.0.7', undefined, /neither a host name nor an address/],
  ['https:/oss-cn-hangzhou.aliyuncs.com', undefined, /^OSS_ENDPOINT is/],
])('OSS_ENDPOINT %s and OSS_REGION %s are refused', (endpoint, region, problem) => {
  expect(problemsOf(settings(endpoint, region))).toEqual([expect.stringMatching(problem)])
})

test('keys and signatures in an endpoint are not quoted', () => {
  for (const endpoint of [
    'https://id:the-secret@oss-cn-hangzhou.aliyuncs.com',
    'https://b.oss-cn-hangzhou.aliyuncs.com/k?OSSAccessKeyId=the-secret',
    'the-secret@host',
  ])
    expect(problemsOf(settings(endpoint, 'cn-hangzhou')).join()).not.toContain('the-secret')
})

test.each(['https://img.example.com', 'http://oss:9010', 'https://oss.corp.example'])(
  'of %s a warning tells how it is asked',
  (endpoint) => {
    const { warnings } = parseConfig(settings(endpoint, 'cn-hangzhou'))
    expect(warnings).toEqual([expect.stringMatching(/buckets are asked for as BUCKET\./)])
  },
)
test('of an endpoint of OSS there is no warning', () => {
  expect(parseConfig(settings('https://oss-cn-hangzhou.aliyuncs.com', undefined)).warnings).toEqual([])
  expect(parseConfig(settings('http://127.0.0.1:9010', undefined)).warnings).toEqual([])
})
