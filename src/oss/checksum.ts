import { crc } from '../bytes/crc.ts'

/** OSS's checksum of an object or part, as in `x-oss-hash-crc64ecma`: CRC-64/XZ, decimal. */
export type OssCrc64 = { update(bytes: Uint8Array): void; decimal(): string }

/** A fresh checksum. */
export function ossCrc64(): OssCrc64 {
  const state = crc('CRC64XZ')
  return {
    update: state.update,
    decimal: () => state.digest().toString(),
  }
}
