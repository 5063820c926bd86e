import { describe, expect, test } from 'vitest'
import {
  type Endpoint,
  hostOfRegion,
  isPathStyle,
  isRegionName,
  regionOfHost,
} from '../../src/oss/regions.ts'

const endpoint = (host: string, region = 'cn-hangzhou'): Endpoint => ({ protocol: 'https:', host, region })

describe('the host of a region', () => {
  test.each([
    ['its own', 'oss-cn-hangzhou.aliyuncs.com', 'cn-hangzhou', 'oss-cn-hangzhou.aliyuncs.com'],
    [
      'its own internal one',
      'oss-cn-hangzhou-internal.aliyuncs.com',
      'cn-hangzhou',
      'oss-cn-hangzhou-internal.aliyuncs.com',
    ],
    [
      "another region's public one",
      'oss-cn-hangzhou-internal.aliyuncs.com',
      'cn-beijing',
      'oss-cn-beijing.aliyuncs.com',
    ],
    [
      'the accelerate endpoint, which serves all',
      'oss-accelerate.aliyuncs.com',
      'cn-beijing',
      'oss-accelerate.aliyuncs.com',
    ],
    ['an address, which serves all', '127.0.0.1:9010', 'cn-beijing', '127.0.0.1:9010'],
  ])('is %s', (_, host, region, expected) => {
    expect(hostOfRegion(endpoint(host), region)).toBe(expected)
  })
})

test.each([
  'evil.com/',
  'cn-hangzhou.evil.com',
  'a@b',
  'cn_hangzhou',
  '',
  'cn-hangzhou/../x',
  'cn-hangzhou-internal',
  'x'.repeat(50),
])('%j is no region name, so it never becomes part of a host', (text) =>
  expect(isRegionName(text)).toBe(false),
)
test.each(['cn-hangzhou', 'us-east-1', 'ap-southeast-5', 'cn-hangzhou-finance', 'cn-north-2-gov-1'])(
  '%s is a region name',
  (text) => expect(isRegionName(text)).toBe(true),
)

test.each([
  ['oss-cn-beijing.aliyuncs.com', 'cn-beijing'],
  ['oss-cn-beijing-internal.aliyuncs.com', 'cn-beijing'],
  ['oss-us-east-1.aliyuncs.com:443', 'us-east-1'],
  ['oss-accelerate.aliyuncs.com', undefined],
  ['oss-cn-beijing.aliyuncs.com.evil.com', undefined],
  ['storage.example.com', undefined],
])('the host %s names the region %s', (host, region) => expect(regionOfHost(host)).toBe(region))

test.each([
  ['127.0.0.1:9010', true],
  ['localhost', true],
  ['[::1]:9010', true],
  ['oss-cn-hangzhou.aliyuncs.com', false],
  ['10.example.com', false],
])('path style for %s: %s', (host, expected) => expect(isPathStyle(host)).toBe(expected))
