import { createHash, type Hash } from 'node:crypto'
import type { Xxh64 } from '@aws-sdk/checksums/xxh'
import { type CrcName, crc, crcs } from '../bytes/crc.ts'
import { digestOf } from '../bytes/digest.ts'

/** Base64; where the algorithm's library has no digest at once, a promise of it. */
export type Digest = string | Promise<string>

/** A digest that grows with the bytes it is shown. `digest` is called once. */
export type Hasher<Given extends Digest = Digest> = {
  update(bytes: Uint8Array): void
  digest(): Given
  /** Instead of both, for bytes that are all there. */
  digestOf(bytes: Uint8Array): Given
}

/** A hasher of node:crypto; base64 by default. */
export function hash(
  name: 'md5' | 'sha1' | 'sha256' | 'sha512',
  encoding: 'base64' | 'hex' = 'base64',
): Hasher<string> {
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
export function crcHasher(name: CrcName): Hasher<string> {
  const state = crc(name)
  return growing({ update: state.update, digest: () => bigEndian(state.digest(), crcs[name].bits / 8) })
}

/** The SDK's own xxHash, which is JavaScript and so runs on Workers as well. */
export const xxHash = (state: Pick<Xxh64, 'update' | 'digest'>) =>
  growing({
    update: (bytes) => state.update(bytes),
    digest: () => state.digest().then((digest) => Buffer.from(digest).toString('base64')),
  })

/** A hasher to which it makes no difference whether all bytes are there. */
const growing = <Given extends Digest>({
  update,
  digest,
}: Pick<Hasher<Given>, 'update' | 'digest'>): Hasher<Given> => ({
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
