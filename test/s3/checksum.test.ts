import { createHash } from 'node:crypto'
import { Crc64Nvme } from '@aws-sdk/crc64-nvme'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { headerMap } from '../../src/ports.ts'
import {
  type Algorithm,
  type AlgorithmName,
  allAlgorithms,
  declaredChecksum,
  declaredMd5,
} from '../../src/s3/checksum.ts'
import { hash } from '../../src/s3/hasher.ts'

const digestOf = ({ create }: Pick<Algorithm, 'create'>, ...pieces: Uint8Array[]) => {
  const hasher = create()
  for (const piece of pieces) hasher.update(piece)
  return hasher.digest()
}
const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64')

describe('digests', () => {
  // The check values of the CRC catalogue, and the empty input.
  test.each<[AlgorithmName, nine: string, nothing: string]>([
    ['CRC32', 'cbf43926', '00000000'],
    ['CRC32C', 'e3069283', '00000000'],
    ['CRC64NVME', 'ae8b14860a799888', '0000000000000000'],
    ['SHA1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    [
      'SHA256',
      '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    ],
    [
      'SHA512',
      'd9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85',
      'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
    ],
    ['MD5', '25f9e794323b453885f5181f1b624d0b', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['XXHASH64', '8cb841db40e6ae83', 'ef46db3751d8e999'],
    ['XXHASH3', '72dcb18b67a17dff', '2d06800538d394c2'],
    ['XXHASH128', '33119477ede5dcd5e9716427681d5860', '99aa06d3014798d86001c324468d497f'],
  ])('%s', (name, nine, nothing) => {
    expect(digestOf(allAlgorithms[name], Buffer.from('123456789'))).toBe(base64(nine))
    expect(digestOf(allAlgorithms[name])).toBe(base64(nothing))
  })

  // Of 100,000 bytes, by hash-wasm.
  test.each<[AlgorithmName, long: string]>([
    ['XXHASH64', '41e6519f7497cfe2'],
    ['XXHASH3', '145dec4ac529006e'],
    ['XXHASH128', '849ec3081af6272d145dec4ac529006e'],
  ])('%s of bytes whose memory is used again', (name, long) => {
    const bytes = Buffer.alloc(100_000, 'The quick brown fox jumps over the lazy dog. ')
    const memory = Buffer.alloc(777)
    const hasher = allAlgorithms[name].create()
    for (let at = 0; at < bytes.length; at += memory.length) {
      hasher.update(memory.subarray(0, bytes.copy(memory, 0, at)))
      memory.fill(0)
    }
    expect(hasher.digest()).toBe(base64(long))
  })

  test.each(Object.values(allAlgorithms))('$name does not depend on how the bytes are cut', (algorithm) => {
    const cut = fc
      .uint8Array({ maxLength: 300 })
      .chain((bytes) => fc.tuple(fc.constant(bytes), fc.nat(bytes.length), fc.nat(bytes.length)))
    fc.assert(
      fc.property(cut, ([bytes, a, b]) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)]
        const pieces = [bytes.subarray(0, from), bytes.subarray(from, to), bytes.subarray(to)]
        expect(digestOf(algorithm, ...pieces)).toBe(digestOf(algorithm, bytes))
      }),
    )
  })

  test('CRC64NVME agrees with the SDK', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
        const sdk = new Crc64Nvme()
        sdk.update(bytes)
        expect(digestOf(allAlgorithms.CRC64NVME, bytes)).toBe(
          Buffer.from(await sdk.digest()).toString('base64'),
        )
      }),
    )
  })

  test.each(Object.values(allAlgorithms))('$name: an empty piece changes nothing', (algorithm) => {
    const piece = Buffer.from('123456789')
    const nothing = new Uint8Array(new ArrayBuffer(0)) // zlib.crc32 takes it for a fresh start
    expect(digestOf(algorithm, piece, nothing)).toBe(digestOf(algorithm, piece))
  })

  test('in hex', () => {
    expect(digestOf({ create: () => hash('sha256', 'hex') }, Buffer.from('a'))).toBe(
      createHash('sha256').update('a').digest('hex'),
    )
  })
})

describe('what a request declares', () => {
  const declared = (headers: Record<string, string>) => declaredChecksum(headerMap(headers))

  test('a checksum by value, by trailer, or none', () => {
    expect(declared({ 'x-amz-checksum-crc32': 'NhCmhg==' })).toEqual({
      algorithm: allAlgorithms.CRC32,
      expected: 'NhCmhg==',
    })
    expect(declared({ 'x-amz-trailer': 'X-Amz-Checksum-CRC64NVME' })).toEqual({
      algorithm: allAlgorithms.CRC64NVME,
    })
    expect(declared({ 'content-md5': 'CY9rzUYh03PK3k6DJie09g==' })).toBeUndefined()
  })

  test('headers that only talk about checksums', () => {
    const talk = {
      'x-amz-checksum-mode': 'ENABLED',
      'x-amz-checksum-type': 'FULL_OBJECT',
      'x-amz-checksum-algorithm': 'SHA256',
    }
    expect(declared(talk)).toBeUndefined()
    expect(declared({ ...talk, 'x-amz-checksum-crc32': 'NhCmhg==' })?.algorithm.name).toBe('CRC32')
  })

  test.each(['CRC32', 'crc32'])('x-amz-sdk-checksum-algorithm: %s names the one that is sent', (name) => {
    const headers = { 'x-amz-sdk-checksum-algorithm': name, 'x-amz-checksum-crc32': 'NhCmhg==' }
    expect(declared(headers)?.algorithm.name).toBe('CRC32')
  })

  const single = 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.'
  test.each<[headers: Record<string, string>, code: string, message: string]>([
    ...Object.values(allAlgorithms).flatMap(({ header }) =>
      ['', 'invalid', 'AAAA', 'A'.repeat(44)].map((value): [Record<string, string>, string, string] => [
        { [header]: value },
        'InvalidRequest',
        `Value for ${header} header is invalid.`,
      ]),
    ),
    [
      { 'x-amz-checksum-crc32': 'NhCmhg' },
      'InvalidRequest',
      'Value for x-amz-checksum-crc32 header is invalid.',
    ],
    [{ 'x-amz-checksum-crc32': 'NhCmhg==', 'x-amz-checksum-crc32c': 'NhCmhg==' }, 'InvalidRequest', single],
    [
      { 'x-amz-checksum-crc32': 'NhCmhg==', 'x-amz-trailer': 'x-amz-checksum-crc32' },
      'InvalidRequest',
      single,
    ],
    [{ 'x-amz-trailer': 'x-amz-checksum-crc32, x-amz-checksum-sha1' }, 'InvalidRequest', single],
    [
      { 'x-amz-trailer': 'x-amz-meta-late' },
      'InvalidRequest',
      'The value specified in the x-amz-trailer header is not supported',
    ],
    [
      { 'x-amz-sdk-checksum-algorithm': 'SHA1', 'x-amz-checksum-crc32': 'NhCmhg==' },
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    ],
    [
      { 'x-amz-sdk-checksum-algorithm': 'ADLER32', 'x-amz-checksum-crc32': 'NhCmhg==' },
      'InvalidRequest',
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, XXHASH64]',
    ],
    [
      { 'x-amz-sdk-checksum-algorithm': 'CRC32' },
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    ],
  ])('%o is refused', (headers, code, message) => {
    expect(() => declared(headers)).toThrow(expect.objectContaining({ code, message }))
  })

  test.each(['sha3', 'sha384', 'blake3', 'crc16', ''])('an algorithm named %j cannot be verified', (name) => {
    const header = `x-amz-checksum-${name}`
    const refusal = expect.objectContaining({
      code: 'NotImplemented',
      elements: expect.objectContaining({ Header: header }),
    })
    expect(() => declared({ [header]: 'AAAA' })).toThrow(refusal)
    expect(() => declared({ 'x-amz-trailer': header })).toThrow(refusal)
  })

  test('Content-MD5', () => {
    expect(declaredMd5(headerMap({ 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' }))).toBe(
      '1B2M2Y8AsgTpgAmY7PhCfg==',
    )
    expect(declaredMd5(headerMap())).toBeUndefined()
    for (const value of ['', '__invalid__', 'NhCmhg==', 'd41d8cd98f00b204e9800998ecf8427e']) {
      expect(() => declaredMd5(headerMap({ 'content-md5': value }))).toThrow(
        expect.objectContaining({ code: 'InvalidDigest', elements: { 'Content-MD5': value } }),
      )
    }
  })
})
