import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allAlgorithms } from '../../src/s3/checksum.ts'
import { combineCrcs } from '../../src/s3/crc-combine.ts'

const crcs = ['CRC32', 'CRC32C', 'CRC64NVME'] as const

const digest = (name: (typeof crcs)[number], bytes: Uint8Array) => {
  const hasher = allAlgorithms[name].create()
  hasher.update(bytes)
  return hasher.digest()
}

test.each(crcs)('%s of the whole is that of its parts, however it was cut', (name) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 8 }), (pieces) => {
      const parts = pieces.map((piece) => ({
        crc: Buffer.from(digest(name, piece), 'base64'),
        size: piece.length,
      }))
      expect(combineCrcs(name, parts)).toBe(digest(name, Buffer.concat(pieces)))
    }),
  )
})
