import { describe } from 'vitest'
import { type Ask, target } from './s3.ts'
import { ownBucket, put, type Row, rows } from './table.ts'

const bucket = ownBucket(async (name) => {
  await put(name, 'k')
})
/** Operations of S3 that OSS has nothing for. */
const operations: [name: string, ask: Ask][] = [
  ['GetObjectTorrent', { key: 'k', query: { torrent: '' } }],
  ['SelectObjectContent', { method: 'POST', key: 'k', query: { select: '', 'select-type': '2' } }],
  ['RenameObject', { method: 'PUT', key: 'k', query: { renameObject: '' } }],
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
})
