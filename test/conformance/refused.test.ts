import { describe, expect } from 'vitest'
import { type Ask, send, target } from './s3.ts'
import { ownBucket, put, type Row, rows } from './table.ts'

const bucket = ownBucket(async (name) => {
  await put(name, 'k')
})
/** Operations of S3 that OSS has nothing for. */
const operations: [name: string, ask: Ask][] = [
  ['GetObjectTorrent', { key: 'k', query: { torrent: '' } }],
  ['SelectObjectContent', { method: 'POST', key: 'k', query: { select: '', 'select-type': '2' } }],
  ['GetBucketReplication', { query: { replication: '' } }],
  ['PutBucketReplication', { method: 'PUT', query: { replication: '' } }],
  ['GetBucketAnalyticsConfiguration', { query: { analytics: '', id: 'x' } }],
  ['GetBucketInventoryConfiguration', { query: { inventory: '', id: 'x' } }],
  ['GetBucketMetricsConfiguration', { query: { metrics: '', id: 'x' } }],
  ['GetBucketIntelligentTieringConfiguration', { query: { 'intelligent-tiering': '', id: 'x' } }],
  ['CreateSession', { query: { session: '' } }],
]
describe.runIf(target.isGateway)('operations that OSS has nothing for', () => {
  rows(
    'are refused by name, and never taken for another',
    bucket,
    operations.map(
      ([name, ask]): Row => ({
        name,
        ask,
        status: 501,
        error: {
          Code: 'NotImplemented',
          Message: `The operation ${name} is not implemented by this gateway`,
        },
      }),
    ),
  )

  const renaming = { method: 'PUT', key: 'new', query: { renameObject: '' } }
  const source = { 'x-amz-rename-source': '/k', 'x-amz-client-token': 'token' }
  rows(
    'RenameObject is refused by name, with what there is instead, and renames nothing',
    bucket,
    [{}, { 'if-none-match': '*' }, { 'if-match': '"x"' }, { 'x-amz-rename-source-if-match': '"x"' }].map(
      (conditions): Row => ({
        name: `with ${Object.keys(conditions).join() || 'no condition'}`,
        ask: { ...renaming, headers: { ...source, ...conditions } },
        status: 501,
        error: {
          Code: 'NotImplemented',
          Message: expect.stringMatching(/^The operation RenameObject is not .*\(CopyObject.*then delete/),
        },
        and: async (_, name) => {
          expect((await send({ bucket: name, key: 'k' })).text).toBe('hello')
          expect((await send({ bucket: name, key: 'new' })).status).toBe(404)
        },
      }),
    ),
  )
})
