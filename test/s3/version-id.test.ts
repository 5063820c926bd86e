import { describe, expect, test } from 'vitest'
import { isVersionId } from '../../src/s3/request.ts'

describe('a version id', () => {
  test.each([
    ['of what was there before versions', 'null'],
    ['of OSS', 'CAEQNhiBgMDJgZCA0BYiIDc4MGZjZGI2OTBjOTRmNTE5NmU5NmFhZjhjYmY0NzM1'],
    ['of the embedded OSS', 'CAEQ0658a1b2c3d4e5f00112233445566778899aabbccddee'],
    ['of S3, old', '3HL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo'],
    ['of S3, new', 'Eb73HiZyMhLVW54mshpqth8FAh.dY._I'],
    ['of the greatest length', 'a'.repeat(1024)],
  ])('%s: %.40s', (_, id) => {
    expect(isVersionId(id)).toBe(true)
  })

  test.each([
    '',
    'abc',
    '234',
    'Null',
    'null ',
    'not-a-version',
    'CAEQNhiBgMDJgZCA0BYiIDc',
    '\0',
    '6f8b2f0e-3f5b-4d8e-9b0a-2d1c3e4f5a6b',
    '6F8B2F0E-3F5B-4D8E-9B0A-2D1C3E4F5A6B',
    `${'a'.repeat(40)} `,
    `${'a'.repeat(40)}\n`,
    `${'a'.repeat(40)}&acl`,
    `${'é'.repeat(40)}`,
    'a'.repeat(1025),
  ])('is not %.50j', (id) => {
    expect(isVersionId(id)).toBe(false)
  })
})
