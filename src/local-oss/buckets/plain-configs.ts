import { children, text, type XmlNode } from '../../xml/index.ts'
import type { BucketCall } from '../call.ts'
import { OssError } from '../errors.ts'
import { countsAccesses } from '../lifecycle/check-values.ts'
import type { BucketConfig } from './bucket-config.ts'
import { oneWord, settled, storedConfig, treeOf, truthOf } from './config-document.ts'
import { overwriteRulesOf } from './overwrite-rules.ts'

/** The resource group that every bucket is in: this service knows no other. */
export const RESOURCE_GROUP = 'rg-acfm0000default0'
const TLS_VERSIONS = ['TLSv1.0', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

/** Settings that say little: on or off, a list of names. */
export const plainConfigs: readonly BucketConfig[] = [
  {
    name: 'TransferAcceleration',
    query: 'transferAcceleration',
    root: 'TransferAccelerationConfiguration',
    absent: { error: 'NoSuchTransferAccelerationConfiguration' },
    check: (root) => void truthOf(root, 'Enabled'),
  },
  {
    name: 'AccessMonitor',
    query: 'accessmonitor',
    root: 'AccessMonitorConfiguration',
    absent: {
      document: '<AccessMonitorConfiguration><Status>Disabled</Status></AccessMonitorConfiguration>',
    },
    keeps: true,
    check: checkAccessMonitor,
    apply: ({ accessMonitor, accessMonitorSince, ...bucket }, root, now) =>
      root && accessMonitorOf(root) === 'Enabled'
        ? {
            ...bucket,
            accessMonitor: true,
            accessMonitorSince: accessMonitor ? (accessMonitorSince ?? 0) : now,
          }
        : bucket,
  },
  {
    name: 'ArchiveDirectRead',
    query: 'bucketArchiveDirectRead',
    root: 'ArchiveDirectReadConfiguration',
    absent: {
      document: '<ArchiveDirectReadConfiguration><Enabled>false</Enabled></ArchiveDirectReadConfiguration>',
    },
    keeps: true,
    check: (root) => void truthOf(root, 'Enabled'),
    apply: ({ archiveDirectRead: _, ...bucket }, root) =>
      root && truthOf(root, 'Enabled') ? { ...bucket, archiveDirectRead: true } : bucket,
  },
  {
    name: 'HttpsConfig',
    query: 'httpsConfig',
    root: 'HttpsConfiguration',
    absent: { document: '<HttpsConfiguration><TLS><Enable>false</Enable></TLS></HttpsConfiguration>' },
    keeps: true,
    check: checkHttps,
    kept: (root) => treeOf(withoutRepeats(root)),
  },
  {
    name: 'ResourceGroup',
    query: 'resourceGroup',
    root: 'BucketResourceGroupConfiguration',
    absent: {
      document: `<BucketResourceGroupConfiguration><ResourceGroupId>${RESOURCE_GROUP}</ResourceGroupId></BucketResourceGroupConfiguration>`,
    },
    keeps: true,
    check: (root) => {
      const id = text(root, 'ResourceGroupId')
      if (id === undefined) throw new OssError('MalformedXML')
      if (id !== RESOURCE_GROUP) throw new OssError('ResourceGroupIdPreCheckError')
    },
  },
  {
    name: 'OverwriteConfig',
    query: 'overwriteConfig',
    root: 'OverwriteConfiguration',
    takenForPutBucket: true,
    absent: { error: 'NoSuchBucketOverwriteConfig' },
    check: (root) => void overwriteRulesOf(root),
    apply: ({ overwriteRules: _, ...bucket }, root) =>
      root === undefined ? bucket : { ...bucket, overwriteRules: overwriteRulesOf(root) },
  },
  {
    name: 'UserDefinedLogFieldsConfig',
    query: 'userDefinedLogFieldsConfig',
    root: 'UserDefinedLogFieldsConfiguration',
    absent: { error: 'NoSuchUserDefinedLogFieldsConfig' },
    check: checkLogFields,
  },
]

/** Rules by the last access need it. @throws OssError MalformedXML, AccessMonitorDisableNotAllowed (a test of the Java SDK). */
function checkAccessMonitor(root: XmlNode, { state, bucket }: BucketCall): void {
  if (accessMonitorOf(root) === 'Enabled') return
  const lifecycle = storedConfig(state, bucket, 'lifecycle', 'LifecycleConfiguration') ?? {}
  if (!children(lifecycle, 'Rule').some(countsAccesses)) return
  throw new OssError('AccessMonitorDisableNotAllowed')
}

const accessMonitorOf = (root: XmlNode) => oneWord(root, 'Status', ['Enabled', 'Disabled'])

/** Versions are named where they count (tests of the Python SDK). @throws OssError MalformedXML. */
function checkHttps(root: XmlNode): void {
  for (const tls of children(root, 'TLS')) {
    const versions = tls.TLSVersion ?? []
    const known = versions.every((version) => typeof version === 'string' && TLS_VERSIONS.includes(version))
    if (!known || (truthOf(tls, 'Enable') && versions.length === 0)) throw new OssError('MalformedXML')
  }
  for (const suites of children(root, 'CipherSuite')) truthOf(suites, 'Enable')
  if (children(root, 'TLS').length + children(root, 'CipherSuite').length === 0)
    throw new OssError('MalformedXML')
}

/** Each version once (a test of the Python SDK). */
function withoutRepeats(root: XmlNode): XmlNode {
  const TLS = children(root, 'TLS').map((tls) =>
    tls.TLSVersion === undefined ? tls : { ...tls, TLSVersion: [...new Set(tls.TLSVersion)] },
  )
  return settled({ ...root, ...(TLS.length > 0 && { TLS }) })
}

/** Headers and parameters to log, at least one. @throws OssError MalformedXML. */
function checkLogFields(root: XmlNode): void {
  const sets = [...children(root, 'HeaderSet'), ...children(root, 'ParamSet')]
  const names = sets.flatMap(({ header = [], parameter = [] }) => [...header, ...parameter])
  if (names.length === 0 || names.some((name) => typeof name !== 'string' || name === '')) {
    throw new OssError('MalformedXML')
  }
}
