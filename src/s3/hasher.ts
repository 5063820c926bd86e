import { createHash, type Hash } from 'node:crypto'
import { type CrcName, crc, crcs } from '../bytes/crc.ts'
import { digestOf } from '../bytes/digest.ts'
import { type XxhName, xxh } from '../bytes/xxh.ts'
import { notImplemented } from './error.ts'

/** A digest, base64, that grows with the bytes it is shown. `digest` is called once. */
export type Hasher = {
  update(bytes: Uint8Array): void
  digest(): string
  /** Instead of both, for bytes that are all there. */
  digestOf(bytes: Uint8Array): string
}

/** A hasher of node:crypto; base64 by default. */
export function hash(
  name: 'md5' | 'sha1' | 'sha256' | 'sha512',
  encoding: 'base64' | 'hex' = 'base64',
): Hasher {
  let state: Hash | undefined
  return {
    update: (bytes) => {
      state ??= createHash(name)
      state.update(bytes)
    },
    digest: () => (state ?? createHash(name)).digest(encoding),
    digestOf: (bytes) => digestOf(name, bytes, encoding),
  }
}

/** A hasher of a CRC, base64. */
export function crcHasher(name: CrcName): Hasher {
  const state = crc(name)
  return growing({ update: state.update, digest: () => bigEndian(state.digest(), crcs[name].bits / 8) })
}

const xxhBytes: Readonly<Record<XxhName, number>> = { XXHASH64: 8, XXHASH3: 8, XXHASH128: 16 }

/**
 * A hasher of an xxHash, base64.
 * @throws S3Error NotImplemented where the runtime has no WebAssembly.
 */
export function xxHasher(name: XxhName): Hasher {
  const state = xxh(name)
  if (state === undefined)
    throw notImplemented(`x-amz-checksum-${name.toLowerCase()}`, 'There is no WebAssembly to compute it with')
  return growing({ update: state.update, digest: () => bigEndian(state.digest(), xxhBytes[name]) })
}

/** A hasher to which it makes no difference whether all bytes are there. */
const growing = ({ update, digest }: Pick<Hasher, 'update' | 'digest'>): Hasher => ({
  update,
  digest,
  digestOf: (bytes) => {
    update(bytes)
    return digest()
  },
})

/** The number in so many bytes, most significant first, as base64. */
const bigEndian = (value: bigint, bytes: number) =>
  Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex').toString('base64')
