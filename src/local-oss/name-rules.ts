import { OssError } from './errors.ts'

const MAX_KEY_BYTES = 1023

/** 1 to 1023 bytes of UTF-8 that do not begin with a slash or backslash. @throws OssError InvalidObjectName. */
export function checkKey(key: string): void {
  if (key === '') throw new OssError('InvalidObjectName', { message: 'The Object name can not be empty.' })
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new OssError('InvalidObjectName', { message: 'The Length of Object name must be less than 1024.' })
  }
  if (key.startsWith('/') || key.startsWith('\\')) throw new OssError('InvalidObjectName')
}

/**
 * 3 to 63 lower-case letters, digits, `-` and `_`; a letter or digit at both ends; no dots. Buckets of OSS's first years have
 * `_` (the SDKs ask for them, and make none).
 * @throws OssError InvalidBucketName.
 */
export const checkBucketName = (name: string): void => checkName(name, /^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$/)

/** The same for a bucket to be made, without `_`. @throws OssError InvalidBucketName. */
export const checkNewBucketName = (name: string): void => checkName(name, /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/)

function checkName(name: string, form: RegExp): void {
  if (!form.test(name)) throw new OssError('InvalidBucketName', { elements: { BucketName: name } })
}
