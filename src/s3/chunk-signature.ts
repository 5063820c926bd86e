import { hmacWith, sha256Hex } from '../bytes/digest.ts'
import { S3Error } from './error.ts'
import type { ChunkSigning } from './payload.ts'
import { equalSignatures } from './signature.ts'

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/**
 * Verifies the signatures of a body's chunks in their order: each covers the one before it, so no chunk can be left out,
 * repeated or moved. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
export class ChunkSignatures {
  readonly #hmac: (text: string) => string
  readonly #signing: ChunkSigning
  #previous: string

  constructor(signing: ChunkSigning) {
    this.#hmac = hmacWith(signing.key)
    this.#signing = signing
    this.#previous = signing.seed
  }

  /**
   * @param sha256 of the chunk's bytes, hex; left out for the last chunk, which has none.
   * @throws S3Error SignatureDoesNotMatch.
   */
  verifyChunk(signature: string, sha256 = EMPTY_SHA256): void {
    this.#verify('AWS4-HMAC-SHA256-PAYLOAD', `${EMPTY_SHA256}\n${sha256}`, signature)
  }

  /**
   * @param lines of the trailer, `name:value\n` each, without that of the signature.
   * @throws S3Error SignatureDoesNotMatch.
   */
  verifyTrailer(signature: string, lines: string): void {
    this.#verify('AWS4-HMAC-SHA256-TRAILER', sha256Hex(lines), signature)
  }

  #verify(algorithm: string, digests: string, signature: string): void {
    const { timestamp, scope } = this.#signing
    const stringToSign = `${algorithm}\n${timestamp}\n${scope}\n${this.#previous}\n${digests}`
    if (!equalSignatures(this.#hmac(stringToSign), signature)) {
      throw new S3Error('SignatureDoesNotMatch', {
        elements: { StringToSign: stringToSign, SignatureProvided: signature },
      })
    }
    this.#previous = signature
  }
}
