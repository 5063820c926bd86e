import { children, text, type XmlNode, type XmlTree } from '../../xml/index.ts'
import { type BucketCall, findBucket } from '../call.ts'
import { callbackPolicies, POLICY_COMP, POLICY_ROOT } from '../callback/callback-policy.ts'
import { ownerOf } from '../document-values.ts'
import { OssError } from '../errors.ts'
import { checkLifecycle, keptLifecycle } from '../lifecycle/document.ts'
import { parseTagging, renderTagging } from '../objects/tags.ts'
import { parseRefererRules } from '../referer/referer-rules.ts'
import { keptWebsite, parseWebsite } from '../website/website-config.ts'
import type { BucketConfig } from './bucket-config.ts'
import { oneWord, treeOf, truthOf } from './config-document.ts'
import { parseCors } from './cors.ts'
import { encryptionOf, encryptionTree, withEncryption } from './default-encryption.ts'
import { checkObjectWorm, objectWormOf } from './object-worm.ts'
import { plainConfigs } from './plain-configs.ts'
import { quotaConfigs } from './storage-quota.ts'

/** The documents that a bucket can have. */
export const bucketConfigs: readonly BucketConfig[] = [
  {
    name: 'Cors',
    query: 'cors',
    root: 'CORSConfiguration',
    absent: { error: 'NoSuchCORSConfiguration' },
    check: parseCors,
    defaults: { ResponseVary: 'false' },
    apply: ({ corsVary: _, ...bucket }, root) =>
      root && parseCors(root).vary ? { ...bucket, corsVary: true } : bucket,
  },
  {
    name: 'Lifecycle',
    query: 'lifecycle',
    root: 'LifecycleConfiguration',
    absent: { error: 'NoSuchLifecycle' },
    check: checkLifecycle,
    kept: keptLifecycle,
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
    kept: (root) => encryptionTree(encryptionOf(root)),
    apply: (bucket, root) => withEncryption(bucket, root && encryptionOf(root)),
  },
  { name: 'Policy', query: 'policy', absent: { error: 'NoSuchBucketPolicy' } },
  {
    name: 'CallbackPolicy',
    query: 'policy',
    comp: POLICY_COMP,
    root: POLICY_ROOT,
    absent: { error: 'BucketCallbackPolicyNotExist' },
    check: callbackPolicies,
  },
  {
    name: 'Website',
    query: 'website',
    root: 'WebsiteConfiguration',
    absent: { error: 'NoSuchWebsiteConfiguration' },
    check: parseWebsite,
    kept: keptWebsite,
  },
  {
    name: 'Logging',
    query: 'logging',
    root: 'BucketLoggingStatus',
    absent: { document: '<BucketLoggingStatus/>' },
    check: checkLogging,
    kept: keptLogging,
  },
  {
    name: 'Referer',
    query: 'referer',
    root: 'RefererConfiguration',
    absent: {
      document:
        '<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer><AllowTruncateQueryString>true</AllowTruncateQueryString><RefererList/></RefererConfiguration>',
    },
    keeps: true,
    defaults: { AllowTruncateQueryString: 'true' },
    check: parseRefererRules,
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
    check: (root) => void truthOf(root, 'BlockPublicAccess'),
    apply: ({ publicAccessBlocked: _, ...bucket }, root) =>
      root && truthOf(root, 'BlockPublicAccess') ? { ...bucket, publicAccessBlocked: true } : bucket,
  },
  {
    name: 'ObjectWormConfiguration',
    query: 'objectWorm',
    root: 'ObjectWormConfiguration',
    takenForPutBucket: true,
    absent: { error: 'NoSuchWORMConfiguration' },
    keeps: true,
    check: checkObjectWorm,
    apply: ({ objectWorm: _, ...bucket }, root) =>
      root === undefined ? bucket : { ...bucket, objectWorm: objectWormOf(root) },
  },
  ...plainConfigs,
  ...quotaConfigs,
]

/** @throws OssError MalformedXML, InvalidTargetBucketForLogging. */
/** A log without a prefix is told so (a test of the Java SDK). */
function keptLogging(root: XmlNode): XmlTree {
  for (const enabled of children(root, 'LoggingEnabled')) enabled.TargetPrefix ??= ['']
  return treeOf(root)
}

function checkLogging(root: XmlNode, { state, bucket }: BucketCall): void {
  for (const enabled of children(root, 'LoggingEnabled')) {
    const target = text(enabled, 'TargetBucket')
    if (!target) throw new OssError('MalformedXML')
    const owned = findBucket(state, target)
    if (owned === undefined || ownerOf(owned) !== ownerOf(bucket)) {
      throw new OssError('InvalidTargetBucketForLogging', { elements: { TargetBucket: target } })
    }
  }
}
