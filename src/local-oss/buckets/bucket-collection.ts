import { renderXml, type XmlNode, type XmlTree } from '../../xml/index.ts'
import { parseDocument, readText } from '../body.ts'
import { type BucketCall, changeBucket, type State } from '../call.ts'
import { OssError, type OssErrorCode } from '../errors.ts'
import type { Reply } from '../http.ts'
import type { Operation } from '../operation.ts'
import { configKey, prefixRange } from '../store/keys.ts'
import type { BucketRecord } from '../store/records.ts'
import { settled, treeOf } from './config-document.ts'

/** Documents that a bucket can have several of, by name, under one sub-resource. */
export type Collection = {
  /** As in `PutStyle` and `ListStyle`. */
  name: string
  /** What policies call List, where that is not its name. */
  listAction?: string
  query: string
  /** The parameter that names one. */
  parameter: string
  root: string
  listRoot: string
  absent: OssErrorCode
  /** How many a list has at most; without it, all. */
  pageSize?: number
  /** Milliseconds since the epoch, where a list begins with what was made first; otherwise it goes by name. */
  made?: (document: XmlNode) => number
  /** Whether to list none is an error, the one of asking for one that is missing. */
  refusesEmptyLists?: true
  /** What is kept of a document; `former` is the one of its name. Throws what OSS answers to one that it refuses. */
  kept: (root: XmlNode, item: { id: string; former: XmlNode | undefined; now: number }) => XmlTree
}

/** Put, Get, Delete and List of each of them. */
export function collectionOperations(collections: readonly Collection[]): Operation[] {
  return collections.flatMap((collection) => {
    const operation = (verb: string, method: string, handle: typeof putItem): Operation => ({
      name: `${verb}${collection.name}`,
      ...(verb === 'List' && collection.listAction && { action: collection.listAction }),
      method,
      on: 'bucket',
      query: verb === 'List' ? [collection.query] : [collection.query, collection.parameter],
      handle: (call) => handle(call, collection),
    })
    return [
      operation('Put', 'PUT', putItem),
      operation('Get', 'GET', getItem),
      operation('Delete', 'DELETE', deleteItem),
      operation('List', 'GET', listItems),
    ]
  })
}

async function putItem(call: BucketCall, collection: Collection): Promise<Reply> {
  const root = settled(parseDocument(await readText(call), collection.root))
  const { id, key } = addressed(call, collection)
  await changeBucket(call, (transaction) => {
    const text = call.state.store.getText(key)
    const former = text === undefined ? undefined : parseDocument(text, collection.root)
    const kept = collection.kept(root, { id, former, now: call.state.now() })
    transaction.putText(key, renderXml(collection.root, kept))
  })
  return {}
}

async function getItem(call: BucketCall, collection: Collection): Promise<Reply> {
  const body = call.state.store.getText(addressed(call, collection).key)
  if (body === undefined)
    throw new OssError(collection.absent, { elements: { BucketName: call.bucket.name } })
  return { body }
}

async function deleteItem(call: BucketCall, collection: Collection): Promise<Reply> {
  await changeBucket(call, (transaction) => transaction.delete(addressed(call, collection).key))
  return { status: 204 }
}

/** Those behind `continuation-token`, by name. */
async function listItems({ state, bucket, query }: BucketCall, collection: Collection): Promise<Reply> {
  const token = query.get('continuation-token') ?? ''
  const items = (await itemsOf(state, bucket, collection)).filter(({ id }) => id > token)
  if (items.length === 0 && collection.refusesEmptyLists) {
    throw new OssError(collection.absent, { elements: { BucketName: bucket.name } })
  }
  const page = items.slice(0, collection.pageSize)
  const truncated = page.length < items.length
  const documents = page.map(({ text }) => parseDocument(text, collection.root))
  const { made } = collection
  if (made !== undefined) documents.sort((a, b) => made(a) - made(b))
  return {
    body: renderXml(collection.listRoot, {
      [collection.root]: documents.map(treeOf),
      ...(collection.pageSize !== undefined && {
        ContinuationToken: token || undefined,
        IsTruncated: truncated,
        NextContinuationToken: truncated ? page.at(-1)?.id : undefined,
      }),
    }),
  }
}

async function itemsOf(state: State, bucket: BucketRecord, { query }: Collection) {
  const prefix = itemKey(bucket, query, '')
  const items: { id: string; text: string }[] = []
  for await (const [key, value] of state.store.entries(prefixRange(prefix))) {
    items.push({ id: key.toString('utf8', prefix.length), text: value.toString('utf8') })
  }
  return items
}

function addressed({ bucket, query }: BucketCall, collection: Collection) {
  const id = query.get(collection.parameter) ?? ''
  return { id, key: itemKey(bucket, collection.query, id) }
}

const itemKey = (bucket: BucketRecord, query: string, id: string) => configKey(bucket.id, `${query}/${id}`)
