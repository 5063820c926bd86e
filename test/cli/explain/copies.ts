import { createHash } from 'node:crypto'
import type { Asked } from './world.ts'

const etag = createHash('md5').update('hello').digest('hex')
const otherETag = createHash('md5').update('other').digest('hex')
const oldETag = createHash('md5').update('old').digest('hex')
const past = 'Mon, 01 Jan 2024 00:00:00 GMT'
const before = { 'x-amz-copy-source-if-unmodified-since': past }
const since = { 'x-amz-copy-source-if-modified-since': past }
const later = { 'x-amz-copy-source-if-unmodified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' }
const match = (tag: string) => ({ 'x-amz-copy-source-if-match': tag })
const noneMatch = (tag: string) => ({ 'x-amz-copy-source-if-none-match': tag })
const replace = { 'x-amz-metadata-directive': 'REPLACE', 'x-amz-meta-a': 'b', 'content-type': 'text/x-new' }
const infrequent = { 'x-amz-storage-class': 'STANDARD_IA' }
const lock = {
  'x-amz-object-lock-mode': 'GOVERNANCE',
  'x-amz-object-lock-retain-until-date': '2090-01-01T00:00:00Z',
  'x-amz-object-lock-legal-hold': 'ON',
}
const absent = { 'if-none-match': '*' }
const sum = (algorithm: string) => ({ 'x-amz-checksum-algorithm': algorithm })

/** What is asked; without `to`, onto a key of its own. */
export type Row = Omit<Asked, 'to'> & { to?: string }
const small = 'hangzhou/small'

/** Each copy, how it is done or what it is refused with, and whose fault that is. */
export const copies: [what: string, row: Row, outcome: string][] = [
  ['one of a small object', { from: small }, 'native'],
  ['one of an empty object', { from: 'hangzhou/empty' }, 'native'],
  [
    'a key with ? # % blanks + and é',
    { from: 'hangzhou/b?versionId=x#y%41 z+é', to: 'target/c?d#e%f' },
    'native',
  ],
  ['an object uploaded in parts', { from: 'hangzhou/in parts' }, 'native'],
  [
    'one uploaded in parts onto itself',
    { from: 'hangzhou/in parts', to: 'hangzhou/in parts', headers: infrequent },
    'native',
  ],
  ['a large object', { from: 'hangzhou/large' }, 'parts'],
  [
    'a large object from another bucket into another class',
    { from: 'hangzhou/large', headers: infrequent },
    'parts',
  ],
  [
    'a large object, with an ACL',
    { from: 'hangzhou/large', headers: { 'x-amz-acl': 'public-read' } },
    'parts',
  ],
  [
    'a large object, with other tags',
    { from: 'hangzhou/large', headers: { 'x-amz-tagging-directive': 'REPLACE', 'x-amz-tagging': 'c=d' } },
    'parts',
  ],
  ['a large object into a bucket with versions', { from: 'hangzhou/large', to: 'versioned/large' }, 'parts'],
  ['a small object of another region', { from: 'beijing/small' }, 'relay'],
  ['an empty object of another region', { from: 'beijing/empty' }, 'relay'],
  ['a large object of another region', { from: 'beijing/large' }, 'relay'],
  ['a small object into another region', { from: small, to: 'beijing/copy' }, 'relay'],
  [
    'one of another region into a bucket with versions',
    { from: 'beijing/small', to: 'versioned/relayed' },
    'relay',
  ],
  ['an appendable object', { from: 'hangzhou/appended' }, 'native'],
  ['a link', { from: 'hangzhou/link' }, 'native'],
  ['a link to nothing', { from: 'hangzhou/lost link' }, 'native'],
  ['a link whose checksum is wanted', { from: 'hangzhou/link', headers: sum('SHA256') }, 'relay'],
  ['a link of another region', { from: 'beijing/link' }, 'relay'],
  ['an archived object', { from: 'hangzhou/archived' }, '403 ObjectNotInActiveTierError source'],
  [
    'an archived object of another region',
    { from: 'beijing/archived' },
    '403 ObjectNotInActiveTierError source',
  ],
  [
    'an archived object whose checksum is wanted',
    { from: 'hangzhou/archived', headers: sum('SHA256') },
    '403 ObjectNotInActiveTierError source',
  ],
  ['a restored object', { from: 'hangzhou/restored' }, 'native'],

  ['If-Match that holds', { from: small, headers: match(etag) }, 'native'],
  ['If-Match that fails', { from: small, headers: match(otherETag) }, '412 PreconditionFailed source'],
  ['If-Match of a list', { from: small, headers: match(`"${otherETag}", "${etag}"`) }, 'native'],
  ['If-Match *', { from: small, headers: match('*') }, 'native'],
  ['If-None-Match that holds', { from: small, headers: noneMatch(otherETag) }, 'native'],
  [
    'If-None-Match that fails',
    { from: small, headers: noneMatch(`"${etag}"`) },
    '412 PreconditionFailed source',
  ],
  ['If-None-Match *', { from: small, headers: noneMatch('*') }, '412 PreconditionFailed source'],
  ['If-Unmodified-Since that holds', { from: small, headers: later }, 'native'],
  ['If-Unmodified-Since that fails', { from: small, headers: before }, '412 PreconditionFailed source'],
  ['If-Modified-Since that holds', { from: small, headers: since }, 'native'],
  [
    'If-Modified-Since in the future',
    { from: small, headers: { 'x-amz-copy-source-if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' } },
    'native',
  ],
  [
    'If-Match that holds before If-Unmodified-Since that fails',
    { from: small, headers: { ...match(etag), ...before } },
    'native',
  ],
  [
    'If-None-Match that fails before If-Modified-Since that holds',
    { from: small, headers: { ...noneMatch(etag), ...since } },
    '412 PreconditionFailed source',
  ],
  [
    'If-Match that holds and If-None-Match that fails',
    { from: small, headers: { ...match(etag), ...noneMatch(etag) } },
    '412 PreconditionFailed source',
  ],
  [
    'If-Match that fails on a large object',
    { from: 'hangzhou/large', headers: match(etag) },
    '412 PreconditionFailed source',
  ],
  [
    'If-Match that fails on an object of another region',
    { from: 'beijing/small', headers: match(otherETag) },
    '412 PreconditionFailed source',
  ],
  ['If-Match on a link', { from: 'hangzhou/link', headers: match(etag) }, '412 PreconditionFailed source'],

  ['one onto itself', { from: 'hangzhou/self', to: 'hangzhou/self' }, '400 InvalidRequest destination'],
  ['one onto itself in a bucket that encrypts', { from: 'encrypted/self', to: 'encrypted/self' }, 'native'],
  ['a restored one onto itself', { from: 'hangzhou/restored', to: 'hangzhou/restored' }, 'native'],
  [
    'one onto itself with new metadata',
    { from: 'hangzhou/self', to: 'hangzhou/self', headers: replace },
    'native',
  ],
  [
    'one onto itself in another class',
    { from: 'hangzhou/self', to: 'hangzhou/self', headers: infrequent },
    'native',
  ],
  [
    'a large one onto itself with new metadata',
    { from: 'hangzhou/large self', to: 'hangzhou/large self', headers: replace },
    'native',
  ],
  [
    'a large one onto itself in another class',
    { from: 'hangzhou/large self', to: 'hangzhou/large self', headers: infrequent },
    'parts',
  ],
  ['an old version onto the key', { from: 'versioned/key', to: 'versioned/key', version: 'old' }, 'native'],

  ['a version', { from: 'versioned/key', version: 'old' }, 'native'],
  ['a version before a delete marker', { from: 'versioned/deleted', version: 'before' }, 'native'],
  [
    'a version that is not there',
    { from: 'versioned/key', version: `CAEQ${'0'.repeat(60)}` },
    '404 NoSuchVersion source',
  ],
  ['no version id', { from: 'versioned/key', version: 'é' }, '400 InvalidArgument source'],
  ['a deleted object', { from: 'versioned/deleted' }, '404 NoSuchKey source'],
  [
    'a delete marker by its id',
    { from: 'versioned/deleted', version: 'marker' },
    '400 InvalidRequest source',
  ],
  ['a missing object', { from: 'hangzhou/nothing' }, '404 NoSuchKey source'],
  [
    'a missing object onto the same key elsewhere',
    { from: 'hangzhou/nothing', to: 'target/nothing' },
    '404 NoSuchKey source',
  ],
  ['one of a missing bucket', { from: 'nowhere/small' }, '404 NoSuchBucket source'],
  ['one into a missing bucket', { from: small, to: 'nowhere/copy' }, '404 NoSuchBucket destination'],
  ['one of a bucket that cannot be', { from: 'No.Bucket/small' }, '400 InvalidArgument source'],
  [
    'one into a bucket that cannot be',
    { from: small, to: 'No.Bucket/copy' },
    '400 InvalidBucketName destination',
  ],
  ['a key that is too long', { from: `hangzhou/${'k'.repeat(1024)}` }, '400 KeyTooLongError source'],
  [
    'onto a key that is too long',
    { from: small, to: `target/${'k'.repeat(1024)}` },
    '400 KeyTooLongError destination',
  ],

  ['a checksum that has to be computed', { from: small, headers: sum('SHA256') }, 'native'],
  ['a checksum of a large object', { from: 'hangzhou/large', headers: sum('CRC32') }, 'parts'],
  ['a checksum of an object of another region', { from: 'beijing/small', headers: sum('CRC32C') }, 'relay'],
  ['a checksum of an empty object', { from: 'hangzhou/empty', headers: sum('SHA1') }, 'native'],
  ['a checksum that is kept', { from: 'hangzhou/summed', headers: sum('SHA256') }, 'native'],
  ['a checksum that is kept, and another', { from: 'hangzhou/summed', headers: sum('CRC64NVME') }, 'native'],
  ['a checksum of no algorithm', { from: small, headers: sum('CRC5') }, '400 InvalidRequest request'],

  ['new metadata', { from: small, headers: replace }, 'native'],
  [
    'an unknown directive',
    { from: small, headers: { 'x-amz-metadata-directive': 'MERGE' } },
    '400 InvalidArgument request',
  ],
  [
    'new tags',
    { from: small, headers: { 'x-amz-tagging-directive': 'REPLACE', 'x-amz-tagging': 'c=d&e=f' } },
    'native',
  ],
  ['no tags', { from: small, headers: { 'x-amz-tagging-directive': 'REPLACE' } }, 'native'],
  ['a public ACL', { from: small, headers: { 'x-amz-acl': 'public-read' } }, 'native'],
  [
    'a public ACL where it is blocked',
    { from: small, to: 'guarded/copy', headers: { 'x-amz-acl': 'public-read' } },
    '403 AccessDenied destination',
  ],
  [
    'an ACL OSS has not',
    { from: small, headers: { 'x-amz-acl': 'authenticated-read' } },
    '501 NotImplemented request',
  ],
  [
    'a grant to everyone',
    { from: small, headers: { 'x-amz-grant-read': 'uri="http://acs.amazonaws.com/groups/global/AllUsers"' } },
    'native',
  ],
  [
    'a grant to an account',
    { from: small, headers: { 'x-amz-grant-read': 'id="123"' } },
    '501 NotImplemented request',
  ],
  ['encryption', { from: small, headers: { 'x-amz-server-side-encryption': 'AES256' } }, 'native'],
  [
    'encryption by a key',
    {
      from: small,
      headers: {
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': 'arn:aws:kms:r:1:key/abc',
      },
    },
    'native',
  ],
  [
    'encryption of a large object',
    { from: 'hangzhou/large', headers: { 'x-amz-server-side-encryption': 'AES256' } },
    'parts',
  ],
  ['a large object into a bucket that encrypts', { from: 'hangzhou/large', to: 'encrypted/large' }, 'parts'],
  [
    'a class OSS has not',
    { from: small, headers: { 'x-amz-storage-class': 'SNOW' } },
    '400 InvalidStorageClass request',
  ],
  ['another class', { from: small, headers: { 'x-amz-storage-class': 'GLACIER' } }, 'native'],
  ['a lock', { from: small, to: 'locked/copy', headers: lock }, 'native'],
  ['a lock in a bucket without locks', { from: small, headers: lock }, '400 InvalidRequest destination'],
  [
    'a lock without its end',
    { from: small, headers: { 'x-amz-object-lock-mode': 'GOVERNANCE' } },
    '400 InvalidArgument request',
  ],
  [
    'a key of the customer',
    { from: small, headers: { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' } },
    '501 NotImplemented request',
  ],
  [
    'a redirect',
    { from: small, headers: { 'x-amz-website-redirect-location': '/x' } },
    '501 NotImplemented request',
  ],
  ['who pays', { from: 'beijing/small', headers: { 'x-amz-request-payer': 'requester' } }, 'relay'],
  [
    'a bucket of somebody else',
    { from: small, headers: { 'x-amz-expected-bucket-owner': '123456789012' } },
    '403 AccessDenied destination',
  ],
  [
    'a source of somebody else',
    { from: small, headers: { 'x-amz-source-expected-bucket-owner': '123456789012' } },
    '403 AccessDenied source',
  ],

  ['If-None-Match: * where nothing is', { from: small, headers: absent }, 'native'],
  [
    'If-None-Match: * where something is',
    { from: small, to: 'target/there', headers: absent },
    '412 PreconditionFailed destination',
  ],
  [
    'If-None-Match: * for a large object where something is',
    { from: 'hangzhou/large', to: 'target/there', headers: absent },
    '412 PreconditionFailed destination',
  ],
  [
    'If-None-Match: * for a relayed object where something is',
    { from: 'beijing/small', to: 'target/there', headers: absent },
    '412 PreconditionFailed destination',
  ],
  [
    'If-None-Match: * for a relayed object where nothing is',
    { from: 'beijing/large', headers: absent },
    'relay',
  ],
  [
    'If-None-Match: * with a checksum where something is',
    { from: small, to: 'target/there', headers: { ...absent, ...sum('SHA256') } },
    '412 PreconditionFailed destination',
  ],
  [
    'If-Match that fails and If-None-Match: * that fails',
    { from: small, to: 'target/there', headers: { ...absent, ...match(otherETag) } },
    '412 PreconditionFailed source',
  ],
  ...(['usual', 'one process'] as const).flatMap((settings): [string, Row, string][] => [
    [
      `If-Match where nothing is (${settings})`,
      { from: small, headers: { 'if-match': etag }, settings },
      '404 NoSuchKey destination',
    ],
    [
      `If-Match on another (${settings})`,
      { from: small, to: 'target/there', headers: { 'if-match': etag }, settings },
      '412 PreconditionFailed destination',
    ],
    [
      `If-None-Match: * where versions are (${settings})`,
      { from: small, to: 'versioned/key', headers: absent, settings },
      '412 PreconditionFailed destination',
    ],
    [
      `If-None-Match: * where versions are, and not of this key (${settings})`,
      { from: small, to: `versioned/${settings}`, headers: absent, settings },
      'native',
    ],
    ...['small', 'large'].flatMap((size): [string, Row, string][] => [
      [
        `If-Match that holds, ${size} (${settings})`,
        {
          from: `hangzhou/${size}`,
          to: `target/there ${size} ${settings}`,
          headers: { 'if-match': oldETag },
          settings,
        },
        size === 'small' ? 'native' : 'parts',
      ],
      [
        `If-Match that holds, ${size} from another region (${settings})`,
        {
          from: `beijing/${size}`,
          to: `target/there ${size} far ${settings}`,
          headers: { 'if-match': oldETag },
          settings,
        },
        'relay',
      ],
    ]),
    [
      `If-Match with a checksum, on another (${settings})`,
      { from: small, to: 'target/there', headers: { 'if-match': etag, ...sum('SHA256') }, settings },
      '412 PreconditionFailed destination',
    ],
  ]),
  [
    'If-Match that is not held',
    { from: small, to: 'target/there', headers: { 'if-match': oldETag }, settings: 'refusing' },
    '501 NotImplemented request',
  ],
  [
    'If-None-Match: * that is not held',
    { from: small, to: 'versioned/key', headers: absent, settings: 'refusing' },
    '501 NotImplemented request',
  ],

  [
    'an oversize object that is not to be copied',
    { from: 'hangzhou/large', settings: 'rejecting' },
    '400 InvalidRequest source',
  ],
  [
    'one of another region that is not to be copied',
    { from: 'beijing/small', settings: 'rejecting' },
    '403 AccessDenied source',
  ],
  [
    'an appendable object that is not to be relayed',
    { from: 'hangzhou/appended', settings: 'rejecting' },
    'native',
  ],
  [
    'a link that is not to be copied',
    { from: 'hangzhou/link', settings: 'rejecting', headers: match('*') },
    '400 InvalidRequest source',
  ],
  ['an object over copy.maxSize', { from: 'hangzhou/large', settings: 'small' }, '400 InvalidRequest source'],
  ['defaults of one’s own', { from: small, settings: 'inheriting' }, 'native'],
  ['one by a client who has no objects', { from: small, client: 'settler' }, '403 AccessDenied request'],
  ['one by a client who may only read', { from: small, client: 'reader' }, '403 AccessDenied destination'],
  ['one by a client who may not read it', { from: small, client: 'writer' }, '403 AccessDenied source'],
]
