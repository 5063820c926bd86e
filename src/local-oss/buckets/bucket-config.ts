import { children, text, type XmlNode } from '../../xml/index.ts'
import { parseDocument, readText } from '../body.ts'
import { type BucketCall, changeBucket } from '../call.ts'
import { OssError, type OssErrorCode, unexpectedValue } from '../errors.ts'
import type { Reply } from '../http.ts'
import { checkEncryption } from '../objects/object-properties.ts'
import { parseTagging, renderTagging } from '../objects/tags.ts'
import type { Operation } from '../operation.ts'
import { checkPolicy } from '../policy/bucket-policy.ts'
import { bucketKey, configKey } from '../store/keys.ts'
import type { BucketRecord } from '../store/records.ts'
import { parseCorsRules } from './cors.ts'
import { checkLifecycle } from './lifecycle.ts'

/** A document a bucket has at most one of, under a sub-resource of its own. */
type BucketConfig = {
  /** As in `PutBucketCors`. */
  name: string
  /** As in `oss:PutBucketTagging`, where that is not the name. */
  action?: string
  query: string
  /** The root element; without one the document is JSON. */
  root?: string
  /** What GET answers when there is none: an error, or a document. */
  absent: { error: OssErrorCode } | { document: string }
  /** It can only be overwritten, not deleted. */
  keeps?: true
  /** Refuses what OSS refuses beyond the root element. */
  check?: (root: XmlNode, call: BucketCall) => void
  /** The document without the parts that the sub-resource's value names; undefined when nothing is left. */
  without?: (root: XmlNode, names: string) => string | undefined
  /** Copies what other operations need into the bucket's record; called without a document when it is deleted. */
  apply?: (bucket: BucketRecord, root: XmlNode | undefined) => BucketRecord
}

const configs: readonly BucketConfig[] = [
  {
    name: 'Cors',
    query: 'cors',
    root: 'CORSConfiguration',
    absent: { error: 'NoSuchCORSConfiguration' },
    check: parseCorsRules,
  },
  {
    name: 'Lifecycle',
    query: 'lifecycle',
    root: 'LifecycleConfiguration',
    absent: { error: 'NoSuchLifecycle' },
    check: checkLifecycle,
  },
  {
    name: 'Tags',
    action: 'Tagging',
    query: 'tagging',
    root: 'Tagging',
    absent: { document: '<Tagging><TagSet/></Tagging>' },
    check: (root) => parseTagging(root, 'bucket'),
    without: (root, names) => {
      const kept = parseTagging(root, 'bucket').filter(([key]) => !names.split(',').includes(key))
      return kept.length === 0 ? undefined : renderTagging(kept)
    },
  },
  {
    name: 'Encryption',
    query: 'encryption',
    root: 'ServerSideEncryptionRule',
    absent: { error: 'NoSuchServerSideEncryptionRule' },
    check: (root) => void encryptionOf(root),
    apply: ({ encryption: _, ...bucket }, root) => {
      const encryption = root && encryptionOf(root)
      return encryption === undefined ? bucket : { ...bucket, encryption }
    },
  },
  { name: 'Policy', query: 'policy', absent: { error: 'NoSuchBucketPolicy' } },
  {
    name: 'Website',
    query: 'website',
    root: 'WebsiteConfiguration',
    absent: { error: 'NoSuchWebsiteConfiguration' },
    check: (root) => {
      const index = children(root, 'IndexDocument').map((document) => text(document, 'Suffix'))[0]
      if (!index && children(root, 'RoutingRules').length === 0) throw new OssError('MalformedXML')
    },
  },
  {
    name: 'Logging',
    query: 'logging',
    root: 'BucketLoggingStatus',
    absent: { document: '<BucketLoggingStatus/>' },
    check: (root, { state }) => {
      for (const enabled of children(root, 'LoggingEnabled')) {
        const target = text(enabled, 'TargetBucket')
        if (!target) throw new OssError('MalformedXML')
        if (state.store.get(bucketKey(target)) === undefined) {
          throw new OssError('InvalidTargetBucketForLogging', { elements: { TargetBucket: target } })
        }
      }
    },
  },
  {
    name: 'Referer',
    query: 'referer',
    root: 'RefererConfiguration',
    absent: {
      document:
        '<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer><RefererList/></RefererConfiguration>',
    },
    keeps: true,
  },
  {
    name: 'RequestPayment',
    query: 'requestPayment',
    root: 'RequestPaymentConfiguration',
    absent: {
      document: '<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>',
    },
    keeps: true,
    check: (root) => void oneWord(root, 'Payer', ['BucketOwner', 'Requester']),
  },
  {
    name: 'PublicAccessBlock',
    query: 'publicAccessBlock',
    root: 'PublicAccessBlockConfiguration',
    absent: {
      document:
        '<PublicAccessBlockConfiguration><BlockPublicAccess>false</BlockPublicAccess></PublicAccessBlockConfiguration>',
    },
    check: (root) => void oneWord(root, 'BlockPublicAccess', ['true', 'false']),
    apply: ({ publicAccessBlocked: _, ...bucket }, root) =>
      root && text(root, 'BlockPublicAccess') === 'true' ? { ...bucket, publicAccessBlocked: true } : bucket,
  },
  {
    name: 'TransferAcceleration',
    query: 'transferAcceleration',
    root: 'TransferAccelerationConfiguration',
    absent: { error: 'NoSuchTransferAccelerationConfiguration' },
    keeps: true,
    check: (root) => void oneWord(root, 'Enabled', ['true', 'false']),
  },
  {
    name: 'ObjectWormConfiguration',
    query: 'objectWorm',
    root: 'ObjectWormConfiguration',
    absent: { error: 'NoSuchWORMConfiguration' },
    check: (root) => void wormOf(root),
    apply: ({ objectWorm: _, ...bucket }, root) => {
      const objectWorm = root && wormOf(root)
      return objectWorm === undefined ? bucket : { ...bucket, objectWorm }
    },
  },
]

/** Put, Get and, where there is one, Delete of each of them. */
export const bucketConfigOperations: readonly Operation[] = configs.flatMap((config) => {
  const operation = (verb: string, method: string, handle: typeof putConfig): Operation => ({
    name: `${verb}Bucket${config.name}`,
    action: `${verb}Bucket${config.action ?? config.name}`,
    method,
    on: 'bucket',
    query: [config.query],
    handle: (call) => handle(call, config),
  })
  const both = [operation('Put', 'PUT', putConfig), operation('Get', 'GET', getConfig)]
  return config.keeps ? both : [...both, operation('Delete', 'DELETE', deleteConfig)]
})

async function putConfig(call: BucketCall, config: BucketConfig): Promise<Reply> {
  const document = await readText(call)
  const root =
    config.root === undefined ? checkPolicy(document, call.bucket) : parseDocument(document, config.root)
  config.check?.(root, call)
  await changeBucket(call, (transaction, bucket) => {
    transaction.putText(configKey(bucket.id, config.query), document)
    if (config.apply) transaction.put(bucketKey(bucket.name), config.apply(bucket, root))
  })
  return {}
}

async function getConfig({ state, bucket }: BucketCall, config: BucketConfig): Promise<Reply> {
  const document = state.store.getText(configKey(bucket.id, config.query))
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
    const key = configKey(bucket.id, config.query)
    const document = names === '' ? undefined : call.state.store.getText(key)
    const rest = document && config.without?.(parseDocument(document, config.root ?? ''), names)
    if (rest === undefined) transaction.delete(key)
    else transaction.putText(key, rest)
    if (config.apply) transaction.put(bucketKey(bucket.name), config.apply(bucket, undefined))
  })
  return { status: 204 }
}

function encryptionOf(root: XmlNode) {
  const [rule] = children(root, 'ApplyServerSideEncryptionByDefault')
  const word = (name: string) => (rule && text(rule, name)) || undefined
  const encryption = checkEncryption(word('SSEAlgorithm'), word('KMSDataEncryption'), word('KMSMasterKeyID'))
  if (encryption === undefined) throw new OssError('MalformedXML')
  return encryption
}

function wormOf(root: XmlNode): NonNullable<BucketRecord['objectWorm']> {
  oneWord(root, 'ObjectWormEnabled', ['Enabled'])
  const [retention] = children(root, 'Rule').flatMap((rule) => children(rule, 'DefaultRetention'))
  if (retention === undefined) return {}
  const mode = oneWord(retention, 'Mode', ['GOVERNANCE', 'COMPLIANCE'])
  const days = text(retention, 'Days')
  const years = text(retention, 'Years')
  const period = Number(days ?? Number(years) * 365)
  if ((days === undefined) === (years === undefined) || !(period >= 1 && period <= 36_500)) {
    throw new OssError('InvalidWORMConfiguration')
  }
  return { mode, days: period }
}

/** A child that must be one of these words. @throws OssError MalformedXML. */
function oneWord<T extends string>(root: XmlNode, name: string, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === text(root, name))
  if (word === undefined) throw new OssError('MalformedXML')
  return word
}
