import { describe, expect, test } from 'vitest'
import type { CopyFacts } from '../../../src/cli/explain/facts.ts'
import { copyRefusal } from '../../../src/cli/explain/predict-refusal.ts'
import type { BucketInfo } from '../../../src/oss/bucket-info.ts'

const GiB = 1024 ** 3
const bucket: BucketInfo = {
  ownerId: '1',
  creationDate: undefined,
  region: 'cn-hangzhou',
  acl: 'private',
  versioning: undefined,
  storageClass: 'Standard',
  encryption: { algorithm: undefined, keyId: undefined },
  blocksPublicAccess: false,
}
const object = {
  etag: '"0"',
  lastModified: 0,
  size: 1,
  type: 'Normal',
  storageClass: 'Standard',
  encryption: { algorithm: undefined, keyId: undefined },
  readable: true,
}
const infrequent = { 'x-oss-storage-class': 'IA' }
const encrypted = { 'x-oss-server-side-encryption': 'AES256' }

type Case = [
  what: string,
  source: Partial<typeof object>,
  to: 'other' | 'same' | 'itself',
  headers: object,
  code: string | undefined,
]

/** By https://www.alibabacloud.com/help/doc-detail/31979.htm */
const cases: Case[] = [
  ['5 GiB between buckets', { size: 5 * GiB }, 'other', {}, undefined],
  ['more than 5 GiB between buckets', { size: 5 * GiB + 1 }, 'other', {}, 'EntityTooLarge'],
  ['more than 5 GiB within a bucket', { size: 50 * GiB }, 'same', {}, undefined],
  ['1 GiB into another class', { size: GiB }, 'same', infrequent, undefined],
  ['more than 1 GiB into another class', { size: GiB + 1 }, 'same', infrequent, 'EntityTooLarge'],
  [
    'more than 1 GiB into the class it has',
    { size: GiB + 1, storageClass: 'IA' },
    'same',
    infrequent,
    undefined,
  ],
  ['more than 1 GiB out of its class', { size: GiB + 1, storageClass: 'IA' }, 'same', {}, 'EntityTooLarge'],
  ['more than 1 GiB under encryption', { size: GiB + 1 }, 'same', encrypted, 'EntityTooLarge'],
  [
    'more than 1 GiB onto itself into another class',
    { size: GiB + 1 },
    'itself',
    infrequent,
    'EntityTooLarge',
  ],
  ['any size onto itself', { size: 50 * GiB }, 'itself', {}, undefined],
  ['an appendable object', { type: 'Appendable' }, 'other', {}, undefined],
]

describe('what OSS is expected to refuse by its documents', () => {
  test.each(cases)('%s', (_, more, to, headers, code) => {
    const facts: CopyFacts = {
      source: { name: 'a', bucket, object: { ...object, ...more }, versioned: false },
      destination: { name: to === 'other' ? 'b' : 'a', bucket, exists: false },
      isSelf: to === 'itself',
    }
    const rules = { copyLimit: undefined }
    expect(copyRefusal({ ...headers }, facts, rules)?.code).toBe(code)
  })
})
