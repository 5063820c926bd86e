import aws4 from 'aws4'
import { expect, test } from 'vitest'
import { signSigV4 } from '../../src/s3/sigv4-sign.ts'

const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const now = Date.UTC(2026, 10, 29, 12, 34, 56)

test.each([
  ['/bucket/key', {}],
  ['/bucket/a%20b/%D0%BA%3F', { 'x-amz-copy-source': 'a/b%20c', 'x-amz-meta-a': '  two   blanks ' }],
  ['/bucket/./k', { 'content-type': 'text/plain', 'x-amz-acl': 'private' }],
])('%s is signed as aws4 signs it', (path, more) => {
  const headers = { host: 'localhost', ...more }
  const signed = signSigV4({ method: 'PUT', path, headers }, keys, now)
  const { 'x-amz-date': date = '', 'x-amz-content-sha256': hash = '' } = signed
  const options = {
    service: 's3',
    region: 'us-east-1',
    method: 'PUT',
    path,
    host: 'localhost',
    headers: { ...more, host: 'localhost', 'x-amz-date': date, 'x-amz-content-sha256': hash },
    extraHeadersToIgnore: {},
    extraHeadersToInclude: { 'content-type': true },
  }
  const { headers: expected = {} } = aws4.sign(options as never, keys)
  expect(signed.authorization).toBe(expected.Authorization)
})
