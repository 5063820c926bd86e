import { renderXml, type XmlNode, type XmlTree } from '../../xml/index.ts'
import { parseDocument, readText } from '../body.ts'
import { type BucketCall, changeBucket } from '../call.ts'
import { OssError, type OssErrorCode, unexpectedValue } from '../errors.ts'
import type { Reply } from '../http.ts'
import type { Operation } from '../operation.ts'
import { checkPolicy } from '../policy/bucket-policy.ts'
import { bucketKey, configKey } from '../store/keys.ts'
import type { BucketRecord } from '../store/records.ts'
import { parseSettled, treeOf } from './config-document.ts'

/** A document a bucket has at most one of, under a sub-resource of its own. */
export type BucketConfig = {
  /** As in `PutBucketCors`. */
  name: string
  /** As in `oss:PutBucketTagging`, where that is not the name. */
  action?: string
  query: string
  /** Beside it, where another document has the same. */
  comp?: string
  /** The root element; without one the document is JSON. */
  root?: string
  /** What GET answers when there is none: an error, or a document. */
  absent: { error: OssErrorCode } | { document: string }
  /** It can only be overwritten, not deleted. */
  keeps?: true
  /**
   * Where the bucket is missing, OSS takes the document for PutBucket's, and finds that it is none (tests of the Go SDK about the
   * newest settings).
   */
  takenForPutBucket?: true
  /** Refuses what OSS refuses beyond the root element. */
  check?: (root: XmlNode, call: BucketCall) => void
  /** What is kept of it, if that is not the whole. */
  kept?: (root: XmlNode, call: BucketCall) => XmlTree
  /** Elements that a document is given back with, which OSS counts. */
  counted?: (call: BucketCall) => Promise<XmlTree>
  /** Children that OSS adds where a document has none of the name. */
  defaults?: Record<string, string>
  /** The document without the parts that the sub-resource's value names; undefined when nothing is left. */
  without?: (root: XmlNode, names: string) => string | undefined
  /** Copies what other operations need into the bucket's record; called without a document when it is deleted. */
  apply?: (bucket: BucketRecord, root: XmlNode | undefined, now: number) => BucketRecord
}

/** Put, Get and, where there is one, Delete of each of them. */
export function configOperations(configs: readonly BucketConfig[]): Operation[] {
  return configs.flatMap((config) => {
    const operation = (verb: string, method: string, handle: typeof putConfig): Operation => ({
      name: `${verb}Bucket${config.name}`,
      action: `${verb}Bucket${config.action ?? config.name}`,
      method,
      on: 'bucket',
      query: config.comp === undefined ? [config.query] : [config.query, 'comp'],
      ...(config.comp !== undefined && { comp: config.comp }),
      ...(method === 'PUT' && config.takenForPutBucket && { missing: noBucketDocument }),
      handle: (call) => handle(call, config),
    })
    const both = [operation('Put', 'PUT', putConfig), operation('Get', 'GET', getConfig)]
    return config.keeps ? both : [...both, operation('Delete', 'DELETE', deleteConfig)]
  })
}

const keyOf = (bucket: BucketRecord, { query, comp }: BucketConfig) =>
  configKey(bucket.id, comp === undefined ? query : `${query}-${comp}`)

const noBucketDocument = () => new OssError('MalformedXML', { ec: '0015-00000231' })

async function putConfig(call: BucketCall, config: BucketConfig): Promise<Reply> {
  const sent = await readText(call)
  const root =
    config.root === undefined ? checkPolicy(sent, call) : readConfig(sent, config.root, config.defaults)
  config.check?.(root, call)
  const kept = config.root === undefined ? sent : renderXml(config.root, (config.kept ?? treeOf)(root, call))
  await changeBucket(call, (transaction, bucket) => {
    transaction.putText(keyOf(bucket, config), kept)
    if (config.apply) transaction.put(bucketKey(bucket.name), config.apply(bucket, root, call.state.now()))
  })
  return {}
}

function readConfig(sent: string, root: string, defaults: Record<string, string> = {}): XmlNode {
  const node = parseSettled(sent, root)
  for (const [name, value] of Object.entries(defaults)) node[name] ??= [value]
  return node
}

async function getConfig(call: BucketCall, config: BucketConfig): Promise<Reply> {
  const { state, bucket } = call
  const document = state.store.getText(keyOf(bucket, config))
  if (document !== undefined && config.root !== undefined && config.counted !== undefined) {
    const tree = { ...treeOf(parseDocument(document, config.root)), ...(await config.counted(call)) }
    return { body: renderXml(config.root, tree) }
  }
  if (document !== undefined) {
    return {
      headers: config.root === undefined ? { 'content-type': 'application/json' } : {},
      body: document,
    }
  }
  if ('error' in config.absent)
    throw new OssError(config.absent.error, { elements: { BucketName: bucket.name } })
  return { body: `<?xml version="1.0" encoding="UTF-8"?>\n${config.absent.document}` }
}

/** All of a document, or of one that has parts those that are named (`DELETE ?tagging=k1,k2`: DeleteBucketTags). */
async function deleteConfig(call: BucketCall, config: BucketConfig): Promise<Reply> {
  const names = call.query.get(config.query) ?? ''
  if (names !== '' && config.without === undefined) throw unexpectedValue(config.query, names)
  await changeBucket(call, (transaction, bucket) => {
    const key = keyOf(bucket, config)
    const document = names === '' ? undefined : call.state.store.getText(key)
    const rest = document && config.without?.(parseDocument(document, config.root ?? ''), names)
    if (rest === undefined) transaction.delete(key)
    else transaction.putText(key, rest)
    if (config.apply)
      transaction.put(bucketKey(bucket.name), config.apply(bucket, undefined, call.state.now()))
  })
  return { status: 204 }
}
