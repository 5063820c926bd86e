import { renderXml, type XmlTree } from '../../xml/index.ts'
import { accountOf, type Call, type State } from '../call.ts'
import { ownerElements, ownerOf } from '../document-values.ts'
import { invalidArgument } from '../errors.ts'
import type { Reply } from '../http.ts'
import { parseLimit } from '../lists/list-query.ts'
import { parseTagging } from '../objects/tags.ts'
import { bucketsRange } from '../store/keys.ts'
import type { BucketRecord, Tag } from '../store/records.ts'
import { locationElements } from './bucket-info.ts'
import { storedConfig, treeOf } from './config-document.ts'
import { RESOURCE_GROUP } from './plain-configs.ts'

/**
 * ListBuckets: all of the account's, in every region; or those with a prefix, with tags, in a resource group, or
 * by `regionList` in the region addressed (a test of ossutil). Who asks for `tagging` is told the tags (a test of ali-oss).
 */
export async function listBuckets(call: Call): Promise<Reply> {
  const account = accountOf(call)
  const { state, query, headers, region } = call
  const prefix = query.get('prefix') ?? ''
  const marker = query.get('marker') ?? ''
  const maxKeys = parseLimit(query, 'max-keys', 100)
  const tags = wantedTags(call)
  const group = headers['x-oss-resource-group-id'] || RESOURCE_GROUP
  const buckets: BucketRecord[] = []
  for await (const [, value] of state.store.entries(bucketsRange())) {
    const bucket = JSON.parse(value.toString('utf8')) as BucketRecord
    if (ownerOf(bucket) !== account) continue
    if (query.has('regionList') && bucket.region !== region) continue
    const listed = bucket.name.startsWith(prefix) && bucket.name > marker && group === RESOURCE_GROUP
    if (listed && (tags.length === 0 || hasTags(state, bucket, tags))) buckets.push(bucket)
  }
  const page = buckets.slice(0, maxKeys)
  const truncated = buckets.length > maxKeys
  return {
    body: renderXml('ListAllMyBucketsResult', {
      ...(truncated || prefix || marker ? { Prefix: prefix, Marker: marker, MaxKeys: maxKeys } : {}),
      IsTruncated: truncated ? true : undefined,
      NextMarker: truncated ? page.at(-1)?.name : undefined,
      Owner: ownerElements(account),
      Buckets: {
        Bucket: page.map((bucket) => ({
          ...locationElements(bucket),
          Region: bucket.region,
          StorageClass: bucket.storageClass,
          ResourceGroupId: RESOURCE_GROUP,
          ...(query.has('tagging') ? { Tagging: taggingOf(state, bucket) } : {}),
        })),
      },
    }),
  }
}

/** A tag without a value stands for any value. */
type WantedTag = [key: string, value: string | undefined]

/**
 * `tag-key` and `tag-value`, and `tagging="k":"v"`, which also is a header (the SDKs' requests).
 * @throws OssError InvalidArgument for a value without a key, and for what are no tags.
 */
function wantedTags({ query, headers }: Call): WantedTag[] {
  const key = query.get('tag-key') || undefined
  const value = query.get('tag-value') || undefined
  if (key === undefined && value !== undefined) {
    throw invalidArgument('A tag-value needs a tag-key.', 'tag-value', value)
  }
  const named: WantedTag[] = key === undefined ? [] : [[key, value]]
  const tagging = query.get('tagging') || headers['x-oss-tagging'] || ''
  return tagging === '' ? named : [...named, ...parsePairs(tagging)]
}

function parsePairs(tagging: string): Tag[] {
  const pair = /"([^"]+)":"([^"]*)"/g
  const pairs = [...tagging.matchAll(pair)].map(([, key = '', value = '']): Tag => [key, value])
  if (tagging.replace(pair, '').replaceAll(/[,\s]/g, '') !== '' || pairs.length === 0) {
    throw invalidArgument('The tags are invalid.', 'tagging', tagging)
  }
  return pairs
}

const tagsOf = (state: State, bucket: BucketRecord) => storedConfig(state, bucket, 'tagging', 'Tagging')

function taggingOf(state: State, bucket: BucketRecord): XmlTree | undefined {
  const tagging = tagsOf(state, bucket)
  return tagging && treeOf(tagging)
}

function hasTags(state: State, bucket: BucketRecord, wanted: readonly WantedTag[]): boolean {
  const tagging = tagsOf(state, bucket)
  if (tagging === undefined) return false
  const tags = new Map(parseTagging(tagging, 'bucket'))
  return wanted.every(([key, value]) => tags.has(key) && (value === undefined || tags.get(key) === value))
}
