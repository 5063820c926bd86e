import { sha256Hex } from '../../bytes/digest.ts'
import { ossCrc64 } from '../../oss/checksum.ts'
import { OssError } from '../../oss/error.ts'
import { crc64Of, versionIdOf } from '../../oss/headers.ts'
import type { HeaderMap } from '../../ports.ts'
import { S3Error, type S3ErrorCode } from '../../s3/error.ts'
import type { Context } from '../operation.ts'
import { ownObjectHeaders, RESERVED_PREFIX } from '../reserved-keys.ts'
import { NO_APPEND } from './lock-retention.ts'

/** Below it are the locks of the keys of a bucket. */
export const LOCKS = `${RESERVED_PREFIX}locks/`

/** Milliseconds OSS may take to answer: a lock that takes longer is not held long enough to be of use. */
const ANSWER_TIMEOUT = { ms: 4000, setting: 'the lease of a lock' }

/** What a lock contains, by the length and the CRC-64 of it. */
export type LockContent = { length: number; crc64: string }

/** Where there is no lock. */
export const NO_CONTENT: LockContent = { length: 0, crc64: '0' }

/** The content with a record behind it. */
export function withRecord({ length, crc64 }: LockContent, record: string): LockContent {
  const bytes = new TextEncoder().encode(record)
  const sum = ossCrc64(crc64)
  sum.update(bytes)
  return { length: length + bytes.length, crc64: sum.decimal() }
}

/** Whether two are the same, byte for byte. */
export const isSame = (one: LockContent | undefined, other: LockContent | undefined) =>
  one?.length === other?.length && one?.crc64 === other?.crc64

/**
 * The object that stands for the lock of a key. Its content is one record for each time that it was taken or renewed, and
 * whose record is the last, holds it. It is appended to, since an append names the length that it expects: of several
 * for one length OSS carries out one, in buckets with versions as well, where it ignores x-oss-forbid-overwrite
 * (https://help.aliyun.com/zh/oss/developer-reference/appendobject, and EC 0026-00000016).
 */
export type LockObject = {
  /** Its key, for the log. */
  name: string
  /**
   * Puts a record behind the content that is known.
   * @returns false where the content is another.
   * @throws OssUnreachable, OssError of 5xx where it is unknown whether it happened; S3Error where it cannot happen here.
   */
  append(content: LockContent, record: string): Promise<boolean>
  /** @returns undefined where there is none. */
  look(): Promise<LockContent | undefined>
  /** To be called by its holder alone. */
  remove(): Promise<void>
}

/**
 * The lock of this name in a bucket.
 * @param name by {@link lockName}. @param payer `x-oss-request-payer`, as the client of the write sent it.
 */
export function lockObject(
  { bucket, name }: { bucket: string; name: string },
  payer: HeaderMap,
  { oss }: Pick<Context, 'oss'>,
): LockObject {
  const at = { bucket, key: name, answerTimeout: ANSWER_TIMEOUT }
  /** Of the object that was last seen: by it, it is deleted in a bucket with versions, without a marker. */
  let versionId: string | undefined

  return {
    name,
    append: async (content, record) => {
      try {
        const { headers } = await oss.send({
          ...at,
          method: 'POST',
          query: { append: null, position: String(content.length) },
          headers: { ...(content.length === 0 ? newObject : {}), ...payer, 'content-type': 'text/plain' },
          body: new TextEncoder().encode(record),
        })
        versionId = versionIdOf(headers)
        // Another lock of the same length may have taken the place of the one that was seen.
        const crc64 = crc64Of(headers)
        return crc64 === undefined || crc64 === withRecord(content, record).crc64
      } catch (error) {
        if (error instanceof OssError && error.code === 'PositionNotEqualToLength') return false
        throw explained(error, name)
      }
    },
    look: async () => {
      try {
        // Not a GET, which the website of a bucket may answer.
        const { headers } = await oss.send({ ...at, method: 'HEAD', headers: payer })
        versionId = versionIdOf(headers)
        return { length: Number(headers['content-length']), crc64: crc64Of(headers) ?? '' }
      } catch (error) {
        if (error instanceof OssError && error.code === 'NoSuchKey') return undefined
        throw explained(error, name)
      }
    },
    remove: async () => {
      await oss.send({ ...at, method: 'DELETE', query: { versionId }, headers: payer })
    },
  }
}

/** The name of a key's lock. By its hash: behind the prefix, a key could be longer than OSS takes. */
export const lockName = (key: string) => LOCKS + sha256Hex(key)

/** Whatever the bucket's own class, ACL and encryption are: a lock lives for a moment, and appends take no key of KMS's. */
const newObject: HeaderMap = {
  ...ownObjectHeaders,
  'x-oss-server-side-encryption': 'AES256',
}

/** What an operator has to mend is said by name. */
function explained(error: unknown, name: string): unknown {
  if (!(error instanceof OssError)) return error
  const hindrance = hindrances[error.code]
  if (hindrance === undefined) return error
  const [code, message] = hindrance
  return new S3Error(code, { message: `${message} (${name}; setting conditionalWrites)`, cause: error })
}

/** By OSS's code, S3's and why. */
const hindrances: Readonly<Record<string, readonly [S3ErrorCode, string]>> = {
  AccessDenied: [
    'AccessDenied',
    `Access Denied: the gateway's own identity at OSS may not read and write below ${LOCKS}, where it locks keys that are written under a condition`,
  ],
  ObjectNotAppendable: [
    'InternalError',
    'What is in the place of a lock was not written by the gateway, and must be deleted',
  ],
  InvalidObjectState: [
    'InternalError',
    'A rule of the bucket has archived a lock of the gateway, which must be deleted',
  ],
  FileImmutable: ['InternalError', 'A retention policy keeps a lock of the gateway'],
  // Object lock may have been enabled since it was looked at, or the gateway may not look at it.
  OperationNotSupported: ['NotImplemented', NO_APPEND],
}
