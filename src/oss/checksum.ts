import { crc } from '../bytes/crc.ts'

/** OSS's checksum of an object or part, as in `x-oss-hash-crc64ecma`: CRC-64/XZ, decimal. */
export type OssCrc64 = { update(bytes: Uint8Array): void; decimal(): string }

/** A checksum. @param begun that of the bytes before, which it goes on from; absent: there are none. */
export function ossCrc64(begun = '0'): OssCrc64 {
  const state = crc('CRC64XZ', BigInt(begun))
  return {
    update: state.update,
    decimal: () => state.digest().toString(),
  }
}
