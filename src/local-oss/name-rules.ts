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

/** 3 to 63 lower-case letters, digits and `-`; a letter or digit at both ends; no dots. @throws OssError InvalidBucketName. */
export function checkBucketName(name: string): void {
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name)) {
    throw new OssError('InvalidBucketName', { elements: { BucketName: name } })
  }
}
