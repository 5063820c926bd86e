import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCopySource } from '../../src/s3/copy-source.ts'
import { S3Error } from '../../src/s3/error.ts'

const ossId = 'CAEQNhiBgMDJgZCA0BYiIDc4MGZjZGI2OTBjOTRmNTE5NmU5NmFhZjhjYmY0NzM1'
const s3Id = '3HL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo'

const rows: [what: string, header: string, key: string, versionId?: string][] = [
  ['a plain key', 'bucket/key', 'key'],
  ['a leading slash (Java, s3cmd)', '/bucket/key', 'key'],
  ['everything encoded (.NET, encodeURIComponent)', 'bucket%2Fa%2Fb', 'a/b'],
  ['everything encoded, with a slash before the bucket', '%2Fbucket%2Fa%2Fb', 'a/b'],
  ['the same in lower case', '%2fbucket%2fa%2fb', 'a/b'],
  ['the same after a slash that is not encoded', '/%2Fbucket/key', 'key'],
  ['lower-case escapes', '/bucket/a%2fb', 'a/b'],
  ['an encoded leading slash and ARN-free key', '/bucket/dir//file', 'dir//file'],
  ['raw UTF-8 (JS)', 'bucket/é 世界', 'é 世界'],
  ['a raw blank', 'bucket/a b', 'a b'],
  ['a plus, which is a blank', 'bucket/a+b', 'a b'],
  ['an encoded plus', 'bucket/a%2Bb', 'a+b'],
  ['an encoded question mark', 'bucket/a%3FversionId=x', 'a?versionId=x'],
  ['a percent sign', 'bucket/100%25', '100%'],
  ['a version', `bucket/key?versionId=${ossId}`, 'key', ossId],
  ['the version null', 'bucket/key?versionId=null', 'key', 'null'],
  ['an encoded version', `bucket/key?versionId=${encodeURIComponent(s3Id)}`, 'key', s3Id],
  ['a version after a key with an encoded question mark', `bucket/a%3Fb?versionId=${ossId}`, 'a?b', ossId],
  ['a raw hash', 'bucket/a#b', 'a#b'],
  ['an ampersand', 'bucket/a&b=c', 'a&b=c'],
  ['dot segments', 'bucket/a/../b', 'a/../b'],
]

describe('x-amz-copy-source', () => {
  test.each(rows)('takes %s', (_, header, key, versionId) => {
    expect(parseCopySource(header)).toEqual({ bucket: 'bucket', key, versionId })
  })

  test.each([
    ['', 'InvalidArgument'],
    ['/', 'InvalidArgument'],
    ['bucket', 'InvalidArgument'],
    ['bucket/', 'InvalidArgument'],
    ['/bucket', 'InvalidArgument'],
    ['bucket/key?', 'InvalidArgument'],
    ['bucket/key?versionId=', 'InvalidArgument'],
    ['bucket/key?versionId=abc', 'InvalidArgument'],
    ['//bucket/key', 'InvalidArgument'],
    ['%2F%2Fbucket/key', 'InvalidArgument'],
    ['%252Fbucket/key', 'InvalidArgument'],
    ['%2F', 'InvalidArgument'],
    ['%2Fbucket', 'InvalidArgument'],
    ['bucket/key?versionId=a&acl', 'InvalidArgument'],
    ['bucket/key?acl', 'InvalidArgument'],
    ['bucket/%zz', 'InvalidArgument'],
    ['bucket/%ff', 'InvalidArgument'],
    ['Bucket.With.Dots/key', 'InvalidArgument'],
    ['ev.il/key', 'InvalidArgument'],
    [`bucket/${'k'.repeat(1024)}`, 'KeyTooLongError'],
    ['arn:aws:s3:us-east-1:123456789012:accesspoint/unknown/object/key', 'InvalidArgument'],
    ['arn:aws:s3-outposts:us-east-1:123456789012:outpost/op/object/key', 'InvalidArgument'],
  ])('refuses %j with %s', (header, code) => {
    expect(() => parseCopySource(header)).toThrow(expect.objectContaining({ code }))
  })

  test('takes the access points that the settings map to a bucket', () => {
    const arn = 'arn%3Aaws%3As3%3Aus-east-1%3A123456789012%3Aaccesspoint/ap/object/dir/key'
    expect(parseCopySource(arn, { ap: 'bucket' })).toEqual({
      bucket: 'bucket',
      key: 'dir/key',
      versionId: undefined,
    })
  })

  const key = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    .filter((text) => !/^[/\\]|\p{Cs}/u.test(text))
  test('gives back any key, encoded in any of the ways clients encode it', () => {
    fc.assert(
      fc.property(key, fc.boolean(), (key, slash) => {
        const encoded = encodeURIComponent(key)
        for (const value of [
          `bucket/${encoded}`,
          `bucket%2F${encoded}`,
          `bucket/${encoded.replaceAll('%2F', '/')}`,
        ]) {
          expect(parseCopySource(slash ? `/${value}` : value).key).toBe(key)
        }
      }),
    )
  })

  test('answers anything at all with a source or an S3 error', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (header) => {
        try {
          expect(parseCopySource(header).bucket).toMatch(/^[a-z0-9-]{3,63}$/)
        } catch (error) {
          expect(error).toBeInstanceOf(S3Error)
        }
      }),
    )
  })
})
