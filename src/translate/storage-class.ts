import type { HeaderMap } from '../ports.ts'
import { S3Error } from '../s3/error.ts'

/** OSS's storage classes, as `x-oss-storage-class` has them. */
export type OssStorageClass = 'Standard' | 'IA' | 'Archive' | 'ColdArchive' | 'DeepColdArchive'

const toOss: Record<string, OssStorageClass> = {
  STANDARD: 'Standard',
  REDUCED_REDUNDANCY: 'Standard',
  INTELLIGENT_TIERING: 'Standard',
  STANDARD_IA: 'IA',
  ONEZONE_IA: 'IA',
  GLACIER_IR: 'IA',
  GLACIER: 'Archive',
  DEEP_ARCHIVE: 'DeepColdArchive',
}

const toS3: Record<OssStorageClass, string> = {
  Standard: 'STANDARD',
  IA: 'STANDARD_IA',
  Archive: 'GLACIER',
  ColdArchive: 'DEEP_ARCHIVE',
  DeepColdArchive: 'DEEP_ARCHIVE',
}

/** S3's classes that OSS has something like. */
export const s3StorageClasses: readonly string[] = Object.keys(toOss)

/** Rows of the table that a deployment changes: S3 class → OSS class (`config.storageClass.map`). */
export type StorageClassMap = Readonly<Record<string, OssStorageClass>>

/** OSS's class of an object. @param oss its headers, as OSS has them. */
export const storageClassOf = (oss: HeaderMap): string => oss['x-oss-storage-class'] ?? 'Standard'

/** @throws S3Error InvalidStorageClass for a class that OSS has nothing like. */
export function toOssStorageClass(storageClass: string, overrides: StorageClassMap = {}): OssStorageClass {
  const own = Object.hasOwn(overrides, storageClass) ? overrides[storageClass] : undefined
  const mapped = own ?? (Object.hasOwn(toOss, storageClass) ? toOss[storageClass] : undefined)
  if (mapped === undefined) {
    throw new S3Error('InvalidStorageClass', { elements: { StorageClassRequested: storageClass } })
  }
  return mapped
}

/** An OSS class as S3 names it; a class OSS may add later is passed on under its own name. */
export function toS3StorageClass(storageClass: string): string {
  return Object.hasOwn(toS3, storageClass) ? toS3[storageClass as OssStorageClass] : storageClass
}
