import { text, type XmlNode } from '../../xml/index.ts'
import type { BucketCall } from '../call.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { BucketConfig } from './bucket-config.ts'
import { storedBytes } from './bucket-stat.ts'
import { oneWord } from './config-document.ts'

const GIGABYTE = 1024 ** 3

/**
 * How much a bucket may hold: its quota, of bytes (the Go SDK v2), and its capacity of before, of gigabytes (the Python SDK).
 */
export const quotaConfigs: readonly BucketConfig[] = [
  {
    name: 'StorageQuota',
    query: 'quota',
    root: 'QuotaConfiguration',
    // What OSS says is not documented.
    absent: { error: 'NoSuchStorageQuota' },
    check: (root) => void quotaOf(root),
    kept: (root) => {
      const { bytes, mode } = quotaOf(root)
      return { StorageQuota: bytes, Mode: mode }
    },
    counted: async (call) => ({ CurrentUsage: await storedBytes(call) }),
    apply: ({ strictQuota: _, ...bucket }, root) => {
      const { bytes, mode } = root === undefined ? { bytes: 0, mode: undefined } : quotaOf(root)
      return mode === 'Strict' ? { ...bucket, strictQuota: bytes } : bucket
    },
  },
  {
    name: 'UserQos',
    query: 'qos',
    root: 'BucketUserQos',
    absent: { document: '<BucketUserQos><StorageCapacity>-1</StorageCapacity></BucketUserQos>' },
    keeps: true,
    check: (root) => void capacityOf(root),
    apply: ({ capacity: _, ...bucket }, root) => {
      const gigabytes = root === undefined ? -1 : capacityOf(root)
      return gigabytes < 0 ? bucket : { ...bucket, capacity: gigabytes * GIGABYTE }
    },
  },
]

/** `Strict` refuses writes past it, `Warning` lets them pass (the Go SDK v2; how OSS warns is not documented). */
function quotaOf(root: XmlNode): { bytes: number; mode: 'Strict' | 'Warning' } {
  const quota = text(root, 'StorageQuota') ?? ''
  if (!/^\d{1,15}$/.test(quota)) throw new OssError('MalformedXML')
  return { bytes: Number(quota), mode: oneWord(root, 'Mode', ['Strict', 'Warning']) }
}

/** -1 for any. @throws OssError InvalidArgument for less (a test of the Python SDK). */
function capacityOf(root: XmlNode): number {
  const capacity = text(root, 'StorageCapacity') ?? ''
  if (/^(-1|\d{1,6})$/.test(capacity)) return Number(capacity)
  throw invalidArgument('The storage capacity is invalid.', 'StorageCapacity', capacity)
}

/** @throws OssError QuotaExceeded when the bucket holds more than it may; its code is not documented. */
export async function checkQuota(call: BucketCall): Promise<void> {
  const { strictQuota = Number.POSITIVE_INFINITY, capacity = Number.POSITIVE_INFINITY } = call.bucket
  const most = Math.min(strictQuota, capacity)
  if (most === Number.POSITIVE_INFINITY || (await storedBytes(call)) <= most) return
  throw new OssError('QuotaExceeded', { elements: { BucketName: call.bucket.name } })
}
