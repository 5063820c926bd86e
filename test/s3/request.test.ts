import { describe, expect, test } from 'vitest'
import { headerMap } from '../../src/ports.ts'
import { parseRequest, validateKey } from '../../src/s3/request.ts'

async function* nothing(): AsyncGenerator<Uint8Array> {}
const incoming = (target: string, host = 'localhost:9000') => ({
  method: 'GET',
  target,
  headers: headerMap({ host }),
  body: nothing(),
  signal: () => new AbortController().signal,
})
const address = (target: string, host?: string) => {
  const { bucket, key } = parseRequest(incoming(target, host), ['s3.example.com'])
  return [bucket, key]
}

describe('the address of a request', () => {
  test.each([
    ['/', undefined, undefined],
    ['/?x-id=ListBuckets', undefined, undefined],
    ['/bucket', 'bucket', undefined],
    ['/bucket/', 'bucket', undefined],
    ['/bucket?acl', 'bucket', undefined],
    ['/bucket/key', 'bucket', 'key'],
    ['/bucket/a/b/', 'bucket', 'a/b/'],
    ['/bucket/a//b', 'bucket', 'a//b'],
    ['/bucket/a/../b', 'bucket', 'a/../b'],
    ['/bucket/a%2Fb', 'bucket', 'a/b'],
    ['/bucket/a+b%20c', 'bucket', 'a+b c'],
    ['/bucket/%E4%B8%96', 'bucket', '世'],
    ['/bucket/a%3Fb?versionId=1', 'bucket', 'a?b'],
    ['/bucket/constructor', 'bucket', 'constructor'],
  ])('%s in path style', (target, bucket, key) => {
    expect(address(target)).toEqual([bucket, key])
  })

  test.each([
    ['/', 'bucket.s3.example.com', 'bucket', undefined],
    ['/a/b', 'bucket.s3.example.com:9000', 'bucket', 'a/b'],
    ['/a/b', 'BUCKET.S3.example.com', 'bucket', 'a/b'],
    ['/bucket/key', 's3.example.com', 'bucket', 'key'],
    ['/bucket/key', 'other.example.com', 'bucket', 'key'],
  ])('%s at %s', (target, host, bucket, key) => {
    expect(address(target, host)).toEqual([bucket, key])
  })

  test.each([
    ['http://evil.example/bucket/key', 'InvalidURI'],
    ['*', 'InvalidURI'],
    ['/bucket/%zz', 'InvalidURI'],
    ['/bucket/%ff', 'InvalidURI'],
    ['/bucket?a=%zz', 'InvalidURI'],
    [`/bucket/${'k'.repeat(1024)}`, 'KeyTooLongError'],
    ['/evil.com/key', 'InvalidBucketName'],
    ['/127.0.0.1/key', 'InvalidBucketName'],
    ['/a%2F..%2Fb/key', 'InvalidBucketName'],
    ['/ab/key', 'InvalidBucketName'],
    ['/-ab/key', 'InvalidBucketName'],
    ['/user@host/key', 'InvalidBucketName'],
    ['//key', 'InvalidBucketName'],
    ['/__proto__/key', 'InvalidBucketName'],
  ])('%s is %s', (target, code) => {
    expect(() => address(target)).toThrow(expect.objectContaining({ code }))
  })

  test.each(['/key', '\\key'])(
    'the key %s is one where a prefix stands before it, and InvalidURI by itself',
    (key) => {
      expect(address(`/bucket/${encodeURIComponent(key)}`)).toEqual(['bucket', key])
      expect(() => validateKey(key)).toThrow(expect.objectContaining({ code: 'InvalidURI' }))
    },
  )

  test('a bucket in the host name is held to the same rule', () => {
    expect(() => address('/key', 'a.b.s3.example.com')).toThrow(
      expect.objectContaining({ code: 'InvalidBucketName' }),
    )
  })
})
