import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toOssMetadata, toS3Metadata } from '../../src/translate/metadata.ts'

describe('user metadata', () => {
  test.each([
    ['plain', 'x-oss-meta-plain'],
    ['my-key', 'x-oss-meta-my-key'],
    ['my_key', 'x-oss-meta-s3gw-name-my-5fkey'],
    ['a.b', 'x-oss-meta-s3gw-name-a-2eb'],
    ['s3gw-name-x', 'x-oss-meta-s3gw-name-s3gw-2dname-2dx'],
    ['s3gw-checksum-crc32', 'x-oss-meta-s3gw-name-s3gw-2dchecksum-2dcrc32'],
  ])('%s is stored as %s', (name, stored) => {
    expect(toOssMetadata({ [`x-amz-meta-${name}`]: 'v' })).toEqual({ [stored]: 'v' })
  })

  // An HTTP token, in lower case as header names are.
  const name = fc.stringMatching(/^[a-z0-9!#$%&'*+.^_`|~-]{1,30}$/)
  const value = fc.stringMatching(/^([!-~]([ -~]{0,20}[!-~])?)?$/)
  test('comes back as it was, whatever its name', () => {
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 5 }), (metadata) => {
        const headers = Object.fromEntries(
          Object.entries(metadata).map(([key, text]) => [`x-amz-meta-${key}`, text]),
        )
        const stored = toOssMetadata(headers)
        for (const header of Object.keys(stored)) expect(header).toMatch(/^x-oss-meta-[a-z0-9-]+$/)
        expect(toS3Metadata(stored)).toEqual(headers)
      }),
    )
  })

  test('two names never become one', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        fc.pre(a !== b)
        expect(Object.keys(toOssMetadata({ [`x-amz-meta-${a}`]: '', [`x-amz-meta-${b}`]: '' }))).toHaveLength(
          2,
        )
      }),
    )
  })

  test('a value that is not ASCII is kept and returned as S3 returns it, as RFC 2047 words', () => {
    const stored = toOssMetadata({ 'x-amz-meta-name': 'Grüße 世界' })
    const word = stored['x-oss-meta-name'] ?? ''
    expect(word).toMatch(/^=\?UTF-8\?B\?[A-Za-z0-9+/=]+\?=$/)
    expect(Buffer.from(word.slice(10, -2), 'base64').toString('utf8')).toBe('Grüße 世界')
    expect(toS3Metadata(stored)).toEqual({ 'x-amz-meta-name': word })
  })

  test('what OSS itself stored reads well, and reserved names are invisible', () => {
    expect(
      toS3Metadata({
        'x-oss-meta-owner': 'alice',
        'x-oss-meta-s3gw-checksum-crc32': 'x',
        'x-oss-meta-s3gw-name-': 'x',
        // A line break and a broken character, written past the gateway.
        'x-oss-meta-s3gw-name-a-0d-0ab': 'x',
        'x-oss-meta-s3gw-name--ff': 'x',
        etag: '"A"',
      }),
    ).toEqual({ 'x-amz-meta-owner': 'alice' })
  })

  test('over 2 KB is refused with the sizes', () => {
    expect(() => toOssMetadata({ 'x-amz-meta-a': 'v'.repeat(2048) })).toThrow(
      expect.objectContaining({ code: 'MetadataTooLarge', elements: { Size: 2049, MaxSizeAllowed: 2048 } }),
    )
    expect(toOssMetadata({ 'x-amz-meta-a': 'v'.repeat(2047) })).toEqual({ 'x-oss-meta-a': 'v'.repeat(2047) })
  })
})
