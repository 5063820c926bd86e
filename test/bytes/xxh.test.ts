import { Xxh3_64, Xxh3_128, Xxh64 } from '@aws-sdk/checksums/xxh'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { type Xxh, type XxhName, xxh } from '../../src/bytes/xxh.ts'
import { randomBytes } from './random-bytes.ts'

describe.each<[XxhName, Sdk: new () => Pick<Xxh64, 'update' | 'digest'>, digits: number]>([
  ['XXHASH64', Xxh64, 16],
  ['XXHASH3', Xxh3_64, 16],
  ['XXHASH128', Xxh3_128, 32],
])('%s', (name, Sdk, digits) => {
  const begin = () => xxh(name) as Xxh
  const hexOf = (sum: Xxh) => sum.digest().toString(16).padStart(digits, '0')
  async function bySdk(bytes: Uint8Array): Promise<string> {
    const sdk = new Sdk()
    sdk.update(bytes)
    return Buffer.from(await sdk.digest()).toString('hex')
  }

  test('of each length at which it is made in another way is the SDK’s', async () => {
    for (let length = 0; length <= 300; length++) {
      const bytes = randomBytes(length, length * 7919 + 1)
      const sum = begin()
      sum.update(bytes)
      expect([length, hexOf(sum)]).toEqual([length, await bySdk(bytes)])
    }
  })

  test('is the SDK’s, of any bytes, wherever they lie and however they are cut', async () => {
    // Where the algorithm changes its ways: a stripe, the lengths for short inputs, a block, all that fits in.
    const boundaries = [0, 32, 64, 128, 240, 1024, 1088, 2048, 65_536, 66_560]
    const length = fc
      .tuple(fc.constantFrom(...boundaries), fc.integer({ min: -9, max: 9 }))
      .map(([boundary, off]) => Math.max(0, boundary + off))
    const cut = fc.tuple(fc.array(length, { minLength: 1, maxLength: 5 }), fc.nat(9), fc.nat())
    await fc.assert(
      fc.asyncProperty(cut, async ([lengths, offset, seed]) => {
        const bytes = randomBytes(offset + lengths.reduce((sum, one) => sum + one, 0), seed).subarray(offset)
        const sum = begin()
        let at = 0
        for (const one of lengths) {
          sum.update(bytes.subarray(at, at + one))
          at += one
        }
        expect(hexOf(sum)).toBe(await bySdk(bytes))
      }),
    )
  })

  test('does not depend on others that are computed meanwhile', async () => {
    const bytes = randomBytes(10_000, 3)
    const others = (['XXHASH64', 'XXHASH3', 'XXHASH128'] as const).map((other) => xxh(other) as Xxh)
    const sum = begin()
    for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 3) % 1301) {
      sum.update(bytes.subarray(at, at + size))
      for (const other of others) other.update(bytes.subarray(0, size))
    }
    expect(hexOf(sum)).toBe(await bySdk(bytes))
  })

  test('is none without WebAssembly, which is told before a body is read', async () => {
    vi.resetModules()
    const { allAlgorithms } = await import('../../src/s3/checksum.ts')
    expect(() => allAlgorithms[name].create()).toThrow(
      expect.objectContaining({ code: 'NotImplemented', status: 501 }),
    )
  })
})
