import { createHmac, timingSafeEqual } from 'node:crypto'
import { S3Error } from './error.ts'
import type { UploadChecksum } from './upload-checksum.ts'

/** Who may read the object to be; `bucket`: whoever the bucket lets. */
export type UploadAcl = 'private' | 'public-read' | 'public-read-write' | 'bucket'

/** An upload as its id tells it: what is said when it is created and needed when it is completed. */
export type Upload = {
  /** The store's own id. */
  id: string
  acl: UploadAcl
  checksum: UploadChecksum | undefined
}

// Ids are handed out and come back after an update: a row is never given another code.
const checksumCodes: readonly (UploadChecksum | undefined)[] = [
  undefined,
  { algorithm: 'CRC32', type: 'COMPOSITE' },
  { algorithm: 'CRC32C', type: 'COMPOSITE' },
  { algorithm: 'SHA1', type: 'COMPOSITE' },
  { algorithm: 'SHA256', type: 'COMPOSITE' },
  { algorithm: 'CRC32', type: 'FULL_OBJECT' },
  { algorithm: 'CRC32C', type: 'FULL_OBJECT' },
  { algorithm: 'CRC64NVME', type: 'FULL_OBJECT' },
]
const aclCodes = { r: 'public-read', w: 'public-read-write', b: 'bucket' } as const
type AclCode = keyof typeof aclCodes

// <id>, <id>_<checksum>, or <id>_<checksum><acl><seal>
const pattern = /^([0-9A-Za-z]{1,128})(?:_([0-7])(?:([rwb])([0-9a-f]{32}))?)?$/

/**
 * The id a client is given: the store's own where there is nothing to carry.
 * An ACL that lets others in is sealed: a server that completes an upload under the id a browser handed back must not
 * publish it by that. `private` needs no seal, for it is what every id says that says nothing.
 * @param secret the same in every process that answers for this endpoint.
 */
export function renderUploadId({ id, acl, checksum }: Upload, secret: string): string {
  const checksumCode = checksumCodes.findIndex(
    (row) => row?.algorithm === checksum?.algorithm && row?.type === checksum?.type,
  )
  const aclCode = (Object.keys(aclCodes) as AclCode[]).find((code) => aclCodes[code] === acl)
  if (aclCode !== undefined) return `${id}_${checksumCode}${aclCode}${seal(id, aclCode, secret)}`
  return checksum === undefined ? id : `${id}_${checksumCode}`
}

/**
 * An id of {@link renderUploadId}, or the store's own, as its list of uploads shows it.
 * The form is checked before the store is asked, because an empty `uploadId` there means the object itself.
 * @throws S3Error NoSuchUpload.
 */
export function parseUploadId(text: string, secret: string): Upload {
  const [, id, checksumCode = '0', aclCode, given = ''] = pattern.exec(text) ?? []
  if (id === undefined || (aclCode !== undefined && !isSeal(given, seal(id, aclCode, secret)))) {
    throw new S3Error('NoSuchUpload', { elements: { UploadId: text } })
  }
  return {
    id,
    acl: aclCode === undefined ? 'private' : aclCodes[aclCode as AclCode],
    checksum: checksumCodes[Number(checksumCode)],
  }
}

const seal = (id: string, aclCode: string, secret: string) =>
  createHmac('sha256', secret).update(`upload acl\n${id}\n${aclCode}`).digest('hex').slice(0, 32)

const isSeal = (given: string, expected: string) => timingSafeEqual(Buffer.from(given), Buffer.from(expected))
