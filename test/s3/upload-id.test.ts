import { expect, test } from 'vitest'
import type { UploadChecksum } from '../../src/s3/upload-checksum.ts'
import {
  parseUploadId,
  renderUploadId,
  type UploadAcl,
  type UploadEncryption,
} from '../../src/s3/upload-id.ts'

const id = '0004B9894A22E5B1888A1E29F8236E2D'
const secret = 'secret'
const acls: UploadAcl[] = ['private', 'public-read', 'public-read-write', 'bucket']
const checksums: (UploadChecksum | undefined)[] = [
  undefined,
  { algorithm: 'CRC32', type: 'COMPOSITE' },
  { algorithm: 'CRC32C', type: 'COMPOSITE' },
  { algorithm: 'SHA1', type: 'COMPOSITE' },
  { algorithm: 'SHA256', type: 'COMPOSITE' },
  { algorithm: 'CRC32', type: 'FULL_OBJECT' },
  { algorithm: 'CRC32C', type: 'FULL_OBJECT' },
  { algorithm: 'CRC64NVME', type: 'FULL_OBJECT' },
  { algorithm: 'MD5', type: 'COMPOSITE' },
  { algorithm: 'SHA512', type: 'COMPOSITE' },
  { algorithm: 'XXHASH64', type: 'COMPOSITE' },
  { algorithm: 'XXHASH3', type: 'COMPOSITE' },
  { algorithm: 'XXHASH128', type: 'COMPOSITE' },
]
const encryptions: (UploadEncryption | undefined)[] = [
  undefined,
  { algorithm: 'AES256' },
  { algorithm: 'aws:kms' },
  { algorithm: 'aws:kms', keyId: '9468da86-3509-4f8d-a61e-6eab1eac0000' },
]
const records = [undefined, 'D4E111D4EA834F3ABCE4877B2779F0A1']
const marks = [undefined, '0123456789ab']
const uploads = acls.flatMap((acl) =>
  checksums.flatMap((checksum) =>
    encryptions.flatMap((encryption) =>
      records.flatMap((records) =>
        marks.map((mark) => ({
          id,
          acl,
          checksum,
          ...(encryption === undefined ? {} : { encryption }),
          ...(records === undefined ? {} : { records }),
          ...(mark === undefined ? {} : { mark }),
        })),
      ),
    ),
  ),
)

test('says what it was given, each upload by another id', () => {
  const ids = uploads.map((upload) => renderUploadId(upload, secret))
  expect(ids.map((text) => parseUploadId(text, secret))).toEqual(uploads)
  expect(new Set(ids).size).toBe(uploads.length)
})

test('is the store’s own where there is nothing to say, and that one says nothing', () => {
  expect(renderUploadId({ id, acl: 'private', checksum: undefined }, secret)).toBe(id)
  expect(parseUploadId(id, secret)).toEqual({ id, acl: 'private', checksum: undefined })
})

test('stays readable: the codes are not given anew', () => {
  expect(parseUploadId(`${id}_4`, secret).checksum).toEqual({ algorithm: 'SHA256', type: 'COMPOSITE' })
  expect(parseUploadId(`${id}_7`, secret).checksum).toEqual({ algorithm: 'CRC64NVME', type: 'FULL_OBJECT' })
  expect(parseUploadId(`${id}_0r6b3ca65943bb41f51120c10ccfe59dfd`, secret).acl).toBe('public-read')
})

test('has no room for a key id of other characters, and is none the worse for it', () => {
  const encryption = { algorithm: 'aws:kms', keyId: 'alias/a b' } as const
  const text = renderUploadId({ id, acl: 'private', checksum: undefined, encryption }, secret)
  expect(parseUploadId(text, secret).encryption).toEqual({ algorithm: 'aws:kms' })
})

const seal = (code: string) => {
  const acl = code === 'r' ? 'public-read' : 'bucket'
  return renderUploadId({ id, acl, checksum: undefined }, secret).slice(-32)
}

const other = '1'.repeat(32)
const bad: [what: string, text: string][] = [
  ['nothing', ''],
  ['an ACL without a seal', `${id}_0r`],
  ['a guessed seal', `${id}_0r${'0'.repeat(32)}`],
  ['another ACL’s seal', `${id}_0w${seal('r')}`],
  ['another upload’s seal', `${other}_0r${seal('r')}`],
  ['an unknown checksum', `${id}_9`],
  ['an unknown ACL', `${id}_0x${seal('r')}`],
  ['something behind it', `${id}_0r${seal('r')}0`],
  ['an unknown encryption', `${id}_0.x`],
  ['an encryption with a path', `${id}_0.k../..`],
  ['an ACL behind the encryption', `${id}_0.ar${seal('r')}.a`],
  ['records without a checksum’s code', `${id}_${id}`],
  ['records with a path', `${id}_0_../x`],
  ['a line break behind it', `${id}\n`],
  ['a query of its own', `${id}&x-oss-process=a`],
  ['a path', '../../etc'],
  ['no end', 'A'.repeat(129)],
]
test.each(bad)('%s is no upload', (_, text) => {
  expect(() => parseUploadId(text, secret)).toThrow(
    expect.objectContaining({ code: 'NoSuchUpload', elements: { UploadId: text } }),
  )
})

test('a seal made with another secret is none', () => {
  const text = renderUploadId({ id, acl: 'public-read', checksum: undefined }, 'another secret')
  expect(() => parseUploadId(text, secret)).toThrow(expect.objectContaining({ code: 'NoSuchUpload' }))
})
