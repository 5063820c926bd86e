import { expect, test } from 'vitest'
import { allAlgorithms } from '../../src/s3/checksum.ts'
import {
  checkPartChecksum,
  objectChecksum,
  parseUploadChecksum,
  type UploadChecksum,
} from '../../src/s3/upload-checksum.ts'

type AlgorithmName = keyof typeof allAlgorithms

const created = (algorithm?: string, type?: string) => ({
  ...(algorithm === undefined ? {} : { 'x-amz-checksum-algorithm': algorithm }),
  ...(type === undefined ? {} : { 'x-amz-checksum-type': type }),
})

const rules: [algorithm: string | undefined, type: string | undefined, expected: string | undefined][] = [
  [undefined, undefined, undefined],
  ['CRC32', undefined, 'COMPOSITE'],
  ['CRC32C', undefined, 'COMPOSITE'],
  ['SHA1', undefined, 'COMPOSITE'],
  ['SHA256', undefined, 'COMPOSITE'],
  ...['MD5', 'SHA512', 'XXHASH128', 'XXHASH3', 'XXHASH64'].map((name): [string, undefined, string] => [
    name,
    undefined,
    'COMPOSITE',
  ]),
  ['CRC64NVME', undefined, 'FULL_OBJECT'],
  ['CRC32', 'FULL_OBJECT', 'FULL_OBJECT'],
  ['CRC32C', 'full_object', 'FULL_OBJECT'],
]
test.each(rules)('%s of type %s is %s', (algorithm, type, expected) => {
  expect(parseUploadChecksum(created(algorithm, type))?.type).toBe(expected)
})

const refused: [algorithm: string | undefined, type: string | undefined, message: string][] = [
  [
    undefined,
    'COMPOSITE',
    'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
  ],
  [
    'CRC64NVME',
    'COMPOSITE',
    'The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.',
  ],
  ['SHA1', 'FULL_OBJECT', 'The FULL_OBJECT checksum type cannot be used with the sha1 checksum algorithm.'],
  [
    'SHA256',
    'FULL_OBJECT',
    'The FULL_OBJECT checksum type cannot be used with the sha256 checksum algorithm.',
  ],
  [
    'ADLER32',
    undefined,
    'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, XXHASH64]',
  ],
  ['CRC32', 'BOGUS', 'Value for x-amz-checksum-type header is invalid.'],
]
test.each(refused)('%s of type %s is refused', (algorithm, type, message) => {
  expect(() => parseUploadChecksum(created(algorithm, type))).toThrow(
    expect.objectContaining({ code: 'InvalidRequest', message }),
  )
})

const digestOf = (algorithm: AlgorithmName, text: string) => {
  const hasher = allAlgorithms[algorithm].create()
  hasher.update(Buffer.from(text))
  return hasher.digest()
}
const part = (number: number, text: string, algorithm: AlgorithmName) => ({
  number,
  size: text.length,
  checksums: new Map([[algorithm as string, digestOf(algorithm, text)]]),
})
const unnamed = (number: number, text: string) => ({ number, size: text.length, checksums: new Map() })

const composite = (algorithm: AlgorithmName): UploadChecksum => ({ algorithm, type: 'COMPOSITE' })
const full = (algorithm: AlgorithmName): UploadChecksum => ({ algorithm, type: 'FULL_OBJECT' })

test('a part comes with its upload’s checksum, or with FULL_OBJECT without one', () => {
  const crc32 = { 'x-amz-checksum-crc32': digestOf('CRC32', 'a') }
  expect(() => checkPartChecksum(composite('CRC32'), crc32)).not.toThrow()
  expect(() => checkPartChecksum(undefined, crc32)).not.toThrow()
  expect(() => checkPartChecksum(full('CRC32'), {})).not.toThrow()
  expect(() => checkPartChecksum(composite('CRC32'), {})).toThrow(
    'Checksum Type mismatch occurred, expected checksum Type: crc32, actual checksum Type: null',
  )
  expect(() => checkPartChecksum(composite('SHA256'), crc32)).toThrow(
    'Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32',
  )
  expect(() =>
    checkPartChecksum(composite('CRC32C'), {
      'x-amz-trailer': 'x-amz-checksum-crc32',
    }),
  ).toThrow('expected checksum Type: crc32c, actual checksum Type: crc32')
})

// The composite value of 'hello ' and 'world', by `printf | openssl dgst -sha256 -binary` thrice.
const SHA256_OF_SHA256S = 'Zhie15keHg/OBlOZxcoF/BXCgYZaeimRvdZnwUZqkaQ=-2'

test('COMPOSITE is the checksum of the parts’ checksums, and their number', () => {
  const parts = [part(1, 'hello ', 'SHA256'), part(2, 'world', 'SHA256')]
  const value = objectChecksum(composite('SHA256'), {}, parts)?.value
  expect(value).toBe(SHA256_OF_SHA256S)
  for (const promised of [SHA256_OF_SHA256S, SHA256_OF_SHA256S.slice(0, -2)]) {
    expect(objectChecksum(composite('SHA256'), { 'x-amz-checksum-sha256': promised }, parts)?.value).toBe(
      value,
    )
  }
})

test.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)('FULL_OBJECT %s is that of all the bytes', (name) => {
  const parts = [part(1, 'hello ', name), part(7, 'world', name)]
  const value = digestOf(name, 'hello world')
  const ofParts = [digestOf(name, 'hello '), digestOf(name, 'world')]
  expect(objectChecksum(full(name), {}, parts)).toEqual({
    algorithm: name,
    type: 'FULL_OBJECT',
    value,
    ofParts,
    isVerified: false,
  })
  expect(objectChecksum(full(name), { [allAlgorithms[name].header]: value }, parts)?.value).toBe(value)
  expect(() =>
    objectChecksum(full(name), { [allAlgorithms[name].header]: digestOf(name, 'other') }, parts),
  ).toThrow(
    expect.objectContaining({
      code: 'BadDigest',
      message: `The ${name.toLowerCase()} you specified did not match the calculated checksum.`,
    }),
  )
})

/** A part whose checksum was verified, and is named or not. */
const verified = (number: number, text: string, algorithm: AlgorithmName, named = true) => {
  const value = digestOf(algorithm, text)
  const known = { value, is: (other: string) => other === value }
  return { ...(named ? part(number, text, algorithm) : unnamed(number, text)), verified: known }
}

test('the parts’ checksums are the client’s word unless each was verified', () => {
  const some = [verified(1, 'a', 'SHA256'), part(2, 'b', 'SHA256')]
  const all = [verified(1, 'a', 'SHA256'), verified(2, 'b', 'SHA256')]
  expect(objectChecksum(composite('SHA256'), {}, some)?.isVerified).toBe(false)
  expect(objectChecksum(composite('SHA256'), {}, all)?.isVerified).toBe(true)
})

test('a verified checksum need not be named for FULL_OBJECT, and is not replaced by another one', () => {
  const value = digestOf('CRC32', 'ab')
  const silent = [verified(1, 'a', 'CRC32', false), verified(2, 'b', 'CRC32', false)]
  expect(objectChecksum(full('CRC32'), { 'x-amz-checksum-crc32': value }, silent)).toMatchObject({
    value,
    isVerified: true,
  })
  for (const kind of [full('CRC32'), composite('CRC32')]) {
    const lied = { ...verified(2, 'b', 'CRC32'), checksums: part(2, 'c', 'CRC32').checksums }
    expect(() => objectChecksum(kind, {}, [verified(1, 'a', 'CRC32'), lied])).toThrow(
      'The crc32 you specified for part 2 did not match what we received.',
    )
  }
})

test('one that can only be recognised must be named', () => {
  const recognised = { value: undefined, is: (other: string) => other === digestOf('SHA256', 'a') }
  const parts = [{ ...part(1, 'a', 'SHA256'), verified: recognised }]
  expect(objectChecksum(composite('SHA256'), {}, parts)?.isVerified).toBe(true)
})

test('an upload without an algorithm has CRC64NVME, where that of each part was computed', () => {
  const name = 'CRC64NVME'
  const value = digestOf(name, 'ab')
  const all = [verified(1, 'a', name, false), verified(2, 'b', name, false)]
  expect(objectChecksum(undefined, {}, all)).toMatchObject({ algorithm: name, type: 'FULL_OBJECT', value })
  expect(objectChecksum(undefined, { 'x-amz-checksum-crc64nvme': value }, all)).toMatchObject({ value })
  expect(objectChecksum(undefined, {}, [...all, unnamed(3, 'c')])).toBeUndefined()
  const header = (algorithm: AlgorithmName, text: string) => ({
    [allAlgorithms[algorithm].header]: digestOf(algorithm, text),
  })
  expect(() => objectChecksum(undefined, header(name, 'other'), all)).toThrow(
    expect.objectContaining({ code: 'BadDigest' }),
  )
  expect(() => objectChecksum(undefined, header('CRC32', 'ab'), all)).toThrow(
    expect.objectContaining({ code: 'NotImplemented' }),
  )
})

test('what cannot be worked out is not claimed, and not taken from the client', () => {
  const value = { 'x-amz-checksum-crc32': digestOf('CRC32', 'whatever') }
  const some = [part(1, 'a', 'CRC32'), unnamed(2, 'b')]
  expect(objectChecksum(full('CRC32'), {}, some)).toBeUndefined()
  expect(objectChecksum(undefined, {}, some)).toBeUndefined()
  const refused = expect.objectContaining({ code: 'NotImplemented' })
  expect(() => objectChecksum(full('CRC32'), value, some)).toThrow(refused)
  expect(() => objectChecksum(undefined, value, some)).toThrow(refused)
})

const parts = [part(1, 'a', 'CRC32')]
const errors: [what: string, run: () => unknown, code: string, message: string][] = [
  [
    'a part without',
    () => objectChecksum(composite('CRC32'), {}, [...parts, unnamed(3, 'b')]),
    'InvalidRequest',
    'The upload was created using a crc32 checksum. The complete request must include the checksum for each part. It was missing for part 3 in the request.',
  ],
  [
    'a part with what is none',
    () =>
      objectChecksum(composite('CRC32'), {}, [
        { number: 2, size: 1, checksums: new Map([['CRC32', 'AA==']]) },
      ]),
    'BadDigest',
    'The crc32 you specified for part 2 did not match what we received.',
  ],
  [
    'another type',
    () => objectChecksum(composite('CRC32'), { 'x-amz-checksum-type': 'FULL_OBJECT' }, parts),
    'InvalidRequest',
    'The upload was created using the COMPOSITE checksum mode. The complete request must use the same checksum mode.',
  ],
  [
    'another algorithm',
    () => objectChecksum(full('CRC32C'), { 'x-amz-checksum-crc32': digestOf('CRC32', 'a') }, parts),
    'InvalidRequest',
    'Checksum Type mismatch occurred, expected checksum Type: crc32c, actual checksum Type: crc32',
  ],
  [
    'two values',
    () =>
      objectChecksum(
        full('CRC32'),
        { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-sha1': 'x' },
        parts,
      ),
    'InvalidRequest',
    'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
  ],
  [
    'no value',
    () => objectChecksum(full('CRC32'), { 'x-amz-checksum-crc32': 'nonsense' }, parts),
    'InvalidRequest',
    'Value for x-amz-checksum-crc32 header is invalid.',
  ],
]
test.each(errors)('%s', (_, run, code, message) => {
  expect(run).toThrow(expect.objectContaining({ code, message }))
})
