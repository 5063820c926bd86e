import { describe, expect, test } from 'vitest'
import { isETagOfParts, partsOfETag } from '../../src/translate/etag.ts'
import { md5 } from '../encodings.ts'

const parts = ['a', 'b', 'c'].map(md5)
const ofText = `"${md5(parts.join('').toUpperCase())}-3"`
const ofBytes = `"${md5(Buffer.from(parts.join(''), 'hex'))}-3"`

describe('an object’s ETag', () => {
  test.each<[what: string, etag: string, of: readonly string[], expected: boolean]>([
    ['as OSS makes it', ofText.toUpperCase(), parts, true],
    ['as S3 makes it', ofBytes, parts, true],
    ['of parts named in upper case', ofText, parts.map((part) => part.toUpperCase()), true],
    ['of one part', `"${md5(md5('a').toUpperCase())}-1"`, parts.slice(0, 1), true],
    ['of the text in lower case', `"${md5(parts.join(''))}-3"`, parts, false],
    ['without a number of parts', `"${ofText.slice(1, 33)}"`, parts, false],
    ['with another number of parts', ofText.replace('-3', '-2'), parts, false],
    ['of fewer parts', ofText, parts.slice(0, 2), false],
    ['of parts in another order', ofText, [...parts].reverse(), false],
    ['of one part uploaded whole', `"${md5('a')}"`, parts.slice(0, 1), false],
    ['of what are no ETags', `"${md5('XY')}-2"`, ['x', 'y'], false],
    ['that is none', '', parts, false],
  ])('%s', (_, etag, of, expected) => {
    expect(isETagOfParts(etag, of)).toBe(expected)
  })
})

describe('the number of parts in an ETag', () => {
  test.each<[etag: string, parts: number | undefined]>([
    [ofText, 3],
    [ofText.toUpperCase().replaceAll('"', ''), 3],
    [ofText.replace('-3', '-10000'), 10_000],
    [`"${md5('')}-1"`, 1],
    [`"${md5('')}-0"`, undefined],
    [`"${md5('a')}"`, undefined],
    ['"other-3"', undefined],
    ['', undefined],
  ])('%s is %s', (etag, expected) => {
    expect(partsOfETag(etag)).toBe(expected)
  })
})
