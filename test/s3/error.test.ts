import { expect, test } from 'vitest'
import { renderError, S3Error } from '../../src/s3/error.ts'
import { signatureMismatch } from '../../src/s3/signature.ts'
import { parseXml } from '../../src/xml/index.ts'

/** What S3's own elements, the ids and the tags take at most besides. */
const OVERHEAD = 600
const size = (error: S3Error) => Buffer.byteLength(renderError(error, 'id', 'id'))
const shown = (error: S3Error) => parseXml(renderError(error, 'id', 'id'), 'Error')
const mismatch = (canonical: string) =>
  signatureMismatch({
    accessKeyId: 'key',
    signature: 'a'.repeat(64),
    stringToSign: 'AWS4-HMAC-SHA256',
    canonical,
  })

test.each<[what: string, long: string]>([
  ['letters', 'x'.repeat(64_000)],
  ['characters that XML escapes', '&'.repeat(64_000)],
  ['quotes', '"'.repeat(4_000)],
  ['controls', '\x7f'.repeat(4_000)],
  ['three bytes each', '中'.repeat(3_000)],
  ['two halves each', '😀'.repeat(9_000)],
])('an error shows 4 KiB of a request at most, whatever it is made of: %s', (_, long) => {
  const errors = [
    mismatch(long),
    new S3Error('InvalidArgument', {
      message: `Not this: ${long}`,
      elements: { ArgumentName: long, ArgumentValue: long },
    }),
    new S3Error('NoSuchKey', { elements: { Key: long } }),
  ]
  for (const error of errors) {
    expect(size(error)).toBeLessThan(4096 + OVERHEAD)
    // Neither is nearly nothing left of it.
    expect(size(error)).toBeGreaterThan(4000)
  }
})

test('what is cut says so by its end, what is short stays', () => {
  const { Key, Size, Message } = shown(
    new S3Error('NoSuchKey', { elements: { Key: 'k'.repeat(5000), Size: 5 } }),
  )
  expect(Key?.[0]).toMatch(/^k{3000,}…$/)
  expect([Size, Message]).toEqual([['5'], ['The specified key does not exist.']])
})

test('a usual mismatch is shown whole', () => {
  const canonical = `PUT\n/bucket/key\n\n${'header:value\n'.repeat(40)}`
  const { CanonicalRequest, CanonicalRequestBytes } = shown(mismatch(canonical))
  expect(CanonicalRequest).toEqual([canonical])
  expect(CanonicalRequestBytes?.[0]).toBe(Buffer.from(canonical).toString('hex').match(/../g)?.join(' '))
})

test('no character is cut in half', () => {
  const { Key } = shown(
    new S3Error('NoSuchKey', { elements: { Key: `${'x'.repeat(7)}${'😀'.repeat(5000)}` } }),
  )
  expect(Key?.[0]).toMatch(/^x{7}(?:😀)+…$/u)
})
