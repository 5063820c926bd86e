import { describe, expect } from 'vitest'
import { md5 } from '../encodings.ts'
import { type Ask, send, target } from './s3.ts'
import { ownBucket, put, type Row, rows } from './table.ts'
import { begin } from './uploads.ts'

const bucket = ownBucket(async (name) => {
  await put(name, 'k', 'stays')
})
const PAST = 'Tue, 09 Apr 2019 03:45:32 GMT'
const conditions = {
  'If-Match': '"0"',
  'If-None-Match': '*',
  'If-Unmodified-Since': PAST,
  'x-amz-if-match-initiated-time': PAST,
  'x-amz-if-match-last-modified-time': PAST,
  'x-amz-if-match-size': '1',
  'x-amz-object-if-match': '"0"',
  'x-amz-rename-source': '/other',
}
/** What of these S3 has for an operation. */
const held: Record<string, readonly string[]> = {
  PutObject: ['If-Match', 'If-None-Match'],
  CopyObject: ['If-Match', 'If-None-Match'],
  DeleteObject: ['If-Match'],
}

/** Writes by what they do. */
const writes: Record<string, (bucket: string) => Ask | Promise<Ask>> = {
  PutObject: () => ({ method: 'PUT', key: 'k', body: 'other' }),
  CopyObject: async (name) => {
    await put(name, 'source', 'other')
    return { method: 'PUT', key: 'k', headers: { 'x-amz-copy-source': `${name}/source` } }
  },
  CreateMultipartUpload: () => ({ method: 'POST', key: 'k', query: { uploads: '' } }),
  UploadPart: async (name) => {
    const uploadId = await begin(name, 'k')
    return { method: 'PUT', key: 'k', query: { partNumber: '1', uploadId }, body: 'part' }
  },
  AbortMultipartUpload: async (name) => ({
    method: 'DELETE',
    key: 'k',
    query: { uploadId: await begin(name, 'k') },
  }),
  DeleteObject: () => ({ method: 'DELETE', key: 'k' }),
  DeleteObjects: () => ({
    method: 'POST',
    query: { delete: '' },
    body: '<Delete><Object><Key>k</Key></Object></Delete>',
  }),
  DeleteObjectTagging: () => ({ method: 'DELETE', key: 'k', query: { tagging: '' } }),
  PutObjectTagging: () => ({
    method: 'PUT',
    key: 'k',
    query: { tagging: '' },
    body: '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>',
  }),
  PutObjectAcl: () => ({
    method: 'PUT',
    key: 'k',
    query: { acl: '' },
    headers: { 'x-amz-acl': 'public-read' },
  }),
  DeleteBucket: () => ({ method: 'DELETE' }),
}

const unchanged: Row['and'] = async (_, name) => {
  const { text, headers } = await send({ bucket: name, key: 'k' })
  expect(text).toBe('stays')
  expect(headers['x-amz-tagging-count']).toBeUndefined()
}

// What S3 does with a condition that it has not for an operation is not known.
describe.runIf(target.isGateway)('a condition that an operation cannot hold', () => {
  for (const [operation, ask] of Object.entries(writes)) {
    rows(
      operation,
      bucket,
      Object.entries(conditions)
        .filter(([header]) => !held[operation]?.includes(header))
        .map(([header, value]) => ({
          name: `${header} is refused, and nothing is done`,
          ask: async (name) => {
            const asked = await ask(name)
            return { ...asked, headers: { ...asked.headers, [header.toLowerCase()]: value } }
          },
          status: 501,
          error: { Code: 'NotImplemented', Header: header },
          and: unchanged,
        })),
    )
  }
})

rows('A condition of a copy', bucket, [
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'].map(
    (condition): Row => ({
      name: `x-amz-copy-source-${condition} is none of a deletion`,
      ask: { method: 'DELETE', key: 'k', headers: { [`x-amz-copy-source-${condition}`]: md5('other') } },
      status: 400,
      error: { Code: 'InvalidArgument', Message: 'The specified header is not valid in this context' },
      and: unchanged,
    }),
  ),
])

rows('If-Modified-Since', bucket, [
  {
    name: 'is about reads alone, and ignored in a write',
    ask: { method: 'PUT', key: 'new', body: 'new', headers: { 'if-modified-since': PAST } },
    status: 200,
    and: async (_, name) => expect((await send({ bucket: name, key: 'new' })).text).toBe('new'),
  },
])
