import { expect, test } from 'vitest'
import { targetOf } from '../../../src/cli/explain/recorded-call.ts'

const domains = new Map([['two', { protocol: 'https:', host: 'one.example.com' } as const]])

test.each([
  ['https://one.oss-cn-hangzhou.aliyuncs.com/a%2Fb/c', 'one', 'a/b/c'],
  ['https://two.oss-cn-hangzhou.aliyuncs.com/k', 'two', 'k'],
  ['http://127.0.0.1:9010/two/k', 'two', 'k'],
  // A custom domain is no bucket's name, even where it begins with one.
  ['https://one.example.com/k', 'two', 'k'],
])('%s addresses %s/%s', (url, bucket, key) => {
  expect(targetOf(url, ['one', 'two'], domains)).toMatchObject({ bucket, key })
})
