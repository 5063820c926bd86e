import { createHmac, timingSafeEqual } from 'node:crypto'
import { S3Error } from './error.ts'
import type { UploadChecksum } from './upload-checksum.ts'

/** The ACL of the object that the upload makes; `bucket`: its bucket's. */
export type UploadAcl = 'private' | 'public-read' | 'public-read-write' | 'bucket'

/** What an upload's id carries: what CreateMultipartUpload was given and later requests need. */
export type Upload = {
  /** OSS's own id. */
  id: string
  acl: UploadAcl
  checksum: UploadChecksum | undefined
  /** As its creation asked for; the responses to its parts name it. */
  encryption?: UploadEncryption | undefined
  /** OSS's id of the upload that holds the checksums of its parts, where they are kept. */
  records?: string | undefined
  /** By which the object's checksum is known to be its own, where that is kept: twelve hexadecimal digits. */
  mark?: string | undefined
}

export type UploadEncryption = { algorithm: 'AES256' | 'aws:kms'; keyId?: string | undefined }

// Ids are handed out and come back after an update: a row is never given another code.
const checksumCodes: Readonly<Record<string, UploadChecksum | undefined>> = {
  0: undefined,
  1: { algorithm: 'CRC32', type: 'COMPOSITE' },
  2: { algorithm: 'CRC32C', type: 'COMPOSITE' },
  3: { algorithm: 'SHA1', type: 'COMPOSITE' },
  4: { algorithm: 'SHA256', type: 'COMPOSITE' },
  5: { algorithm: 'CRC32', type: 'FULL_OBJECT' },
  6: { algorithm: 'CRC32C', type: 'FULL_OBJECT' },
  7: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT' },
  m: { algorithm: 'MD5', type: 'COMPOSITE' },
  s: { algorithm: 'SHA512', type: 'COMPOSITE' },
  x: { algorithm: 'XXHASH64', type: 'COMPOSITE' },
  y: { algorithm: 'XXHASH3', type: 'COMPOSITE' },
  z: { algorithm: 'XXHASH128', type: 'COMPOSITE' },
}
const encryptionCodes = { a: 'AES256', k: 'aws:kms' } as const
const aclCodes = { r: 'public-read', w: 'public-read-write', b: 'bucket' } as const
type AclCode = keyof typeof aclCodes

// <id>, or <id>_<checksum>, behind that <acl><mac>, .<encryption><key id>, _<records>, ~<mark>, or several of them
const pattern =
  /^([0-9A-Za-z]{1,128})(?:_([0-7msxyz])(?:([rwb])([0-9a-f]{32}))?(?:\.([ak])([0-9A-Za-z-]{0,128}))?(?:_([0-9A-Za-z]{1,128}))?(?:~([0-9a-f]{12}))?)?$/
/** Key ids that an upload id can carry. */
const keyIdPattern = /^[0-9A-Za-z-]{1,128}$/

/**
 * The id a client is given: OSS's own where there is nothing to carry.
 * An ACL other than `private` has a MAC: a server that completes an upload by the id that a browser gave back must not
 * make the object public by that. `private` needs none, being what an id without an ACL means.
 * @param secret the same in every process that answers for this endpoint.
 */
export function renderUploadId(
  { id, acl, checksum, encryption, records, mark }: Upload,
  secret: string,
): string {
  const checksumCode = Object.keys(checksumCodes).find(
    (code) =>
      checksumCodes[code]?.algorithm === checksum?.algorithm && checksumCodes[code]?.type === checksum?.type,
  )
  const aclCode = codeOf(aclCodes, acl)
  const authenticatedAcl = aclCode === undefined ? '' : `${aclCode}${macOf(id, aclCode, secret)}`
  const encryptionCode = encryption && codeOf(encryptionCodes, encryption.algorithm)
  const keyId = keyIdPattern.test(encryption?.keyId ?? '') ? encryption?.keyId : undefined
  const encrypted = encryptionCode === undefined ? '' : `.${encryptionCode}${keyId ?? ''}`
  const recorded = records === undefined ? '' : `_${records}`
  const marked = mark === undefined ? '' : `~${mark}`
  const carried = `${checksumCode}${authenticatedAcl}${encrypted}${recorded}${marked}`
  return carried === '0' ? id : `${id}_${carried}`
}

const codeOf = <Code extends string>(codes: Readonly<Record<Code, string>>, value: string) =>
  (Object.keys(codes) as Code[]).find((code) => codes[code] === value)

/**
 * An id of {@link renderUploadId}, or OSS's own, as ListMultipartUploads shows it.
 * The form is checked before OSS is called, because an empty `uploadId` there means the object itself.
 * @throws S3Error NoSuchUpload.
 */
export function parseUploadId(text: string, secret: string): Upload {
  const [, id, checksumCode = '0', aclCode, given = '', encryptionCode, keyId, records, mark] =
    pattern.exec(text) ?? []
  if (id === undefined || (aclCode !== undefined && !equalMacs(given, macOf(id, aclCode, secret)))) {
    throw new S3Error('NoSuchUpload', { elements: { UploadId: text } })
  }
  return {
    id,
    acl: aclCode === undefined ? 'private' : aclCodes[aclCode as AclCode],
    checksum: checksumCodes[checksumCode],
    ...(records === undefined ? {} : { records }),
    ...(mark === undefined ? {} : { mark }),
    ...(encryptionCode === undefined
      ? {}
      : {
          encryption: {
            algorithm: encryptionCodes[encryptionCode as keyof typeof encryptionCodes],
            ...(keyId === '' ? {} : { keyId }),
          },
        }),
  }
}

const macOf = (id: string, aclCode: string, secret: string) =>
  createHmac('sha256', secret).update(`upload acl\n${id}\n${aclCode}`).digest('hex').slice(0, 32)

const equalMacs = (given: string, expected: string) =>
  timingSafeEqual(Buffer.from(given), Buffer.from(expected))
