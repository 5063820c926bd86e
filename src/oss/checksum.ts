import { crc64 } from '../bytes/crc64.ts'

/** OSS's checksum of an object or part, as in `x-oss-hash-crc64ecma`: CRC-64/XZ, decimal. */
export type OssCrc64 = { update(bytes: Uint8Array): void; decimal(): string }

/** A fresh checksum. */
export function ossCrc64(): OssCrc64 {
  const state = crc64(0xc96c5795d7870f42n)
  return {
    update: state.update,
    decimal: () => state.digest().toString(),
  }
}
