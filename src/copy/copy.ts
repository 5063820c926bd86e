import type { HeaderMap } from '../ports.ts'
import type { Preconditions } from '../translate/preconditions.ts'
import type { WriteTurn } from './write-turn.ts'

/** A copy, as every plan takes it: what is asked of OSS, in OSS's headers, whichever plan does it. */
export type Copy = {
  source: { bucket: string; key: string; versionId: string | undefined }
  destination: { bucket: string; key: string }
  /** Whether they are at two upstreams, so that no key of OSS's can copy the one to the other. */
  isAcross: boolean
  /** On the source, already by S3's precedence. */
  preconditions: Preconditions
  /** The destination's complete content headers and metadata, or `copy`: the source's. */
  content: HeaderMap | 'copy'
  /** The destination's tags (`x-oss-tagging`, possibly empty), or `copy`: the source's. */
  tagging: string | 'copy'
  /** ACL, storage class, encryption. */
  target: HeaderMap
  /** `x-oss-request-payer`, on every call of the copy that takes it; or nothing. */
  payer: HeaderMap
  /** Of the destination's write, with the client's condition on what is there. */
  turn: WriteTurn
  /** A checksum that the destination is to have, and the reply to name. */
  checksum: WantedChecksum | undefined
  /** Whether the checksum that is kept with the source is to be kept with the destination, whatever `content` says. */
  keepsChecksum: boolean
  /** Aborts when the client disconnects. Created at first use, as the request's. */
  signal: () => AbortSignal
}

/** The checksum a copy is asked to have; the algorithm is the front's, here it is only fed. */
export type WantedChecksum = {
  /** `x-amz-checksum-sha256`. */
  header: string
  create(): { update(bytes: Uint8Array): void; digest(): string | Promise<string> }
  /** Base64, once it is known. */
  value?: string
}

/** What a finished copy is known by; ETag and time as OSS gave them. */
export type CopyResult = {
  etag: string
  lastModified: string
  headers: HeaderMap
  checksum: string | undefined
  /** Set where OSS copied it in one call: it then has its source's parts. */
  isNative?: true
}

/** Onto itself, and not from an older version: OSS's directives mean something else then. */
export const isSelfCopy = ({ source, destination, isAcross }: Copy) =>
  !isAcross &&
  source.versionId === undefined &&
  source.bucket === destination.bucket &&
  source.key === destination.key
