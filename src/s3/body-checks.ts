import type { HeaderMap } from '../ports.ts'
import {
  type Algorithm,
  badChecksum,
  type DeclaredChecksum,
  declaredMd5,
  validateChecksum,
} from './checksum.ts'
import { S3Error } from './error.ts'
import { type Hasher, hash } from './hasher.ts'

/** One promise about a body's bytes. `verify` is called with the digest of all of them and throws where it is broken. */
export type Check = { hasher: Hasher; verify(digest: string): void }

export type Checks = {
  checks: Check[]
  /** The checksum once it was verified, under its header's name. */
  verified: HeaderMap
}

/**
 * What Content-MD5 and a checksum promise.
 * @param trailers those that came after the body.
 * @throws S3Error InvalidDigest; the checks throw BadDigest, and InvalidRequest for a trailer that is no checksum.
 */
export function checksOf(
  headers: HeaderMap,
  checksum: DeclaredChecksum | undefined,
  trailers: () => HeaderMap,
): Checks {
  const verified: HeaderMap = {}
  const checks: Check[] = []
  const md5 = declaredMd5(headers)
  if (md5 !== undefined) checks.push(md5Check(md5))
  if (checksum !== undefined) {
    const { algorithm } = checksum
    const expected = () => checksum.expected ?? trailers()[algorithm.header] ?? ''
    checks.push(checksumCheck(algorithm, expected, verified))
  }
  return { checks, verified }
}

/** @param promised hex. The check throws S3Error XAmzContentSHA256Mismatch. */
export function sha256Check(promised: string): Check {
  return {
    hasher: hash('sha256', 'hex'),
    verify(digest) {
      if (digest === promised) return
      throw new S3Error('XAmzContentSHA256Mismatch', {
        elements: { ClientComputedContentSHA256: promised, S3ComputedContentSHA256: digest },
      })
    },
  }
}

function md5Check(promised: string): Check {
  return {
    hasher: hash('md5'),
    verify(digest) {
      if (digest === promised) return
      // S3 gives its own value in base64 and the client's in hex.
      const expected = Buffer.from(promised, 'base64').toString('hex')
      throw new S3Error('BadDigest', { elements: { CalculatedDigest: digest, ExpectedDigest: expected } })
    },
  }
}

function checksumCheck(algorithm: Algorithm, promised: () => string, verified: HeaderMap): Check {
  return {
    hasher: algorithm.create(),
    verify(digest) {
      const expected = promised()
      validateChecksum(algorithm, expected)
      if (digest !== expected) throw badChecksum(algorithm)
      verified[algorithm.header] = digest
    },
  }
}
