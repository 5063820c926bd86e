import type { BucketCall } from '../call.ts'

/** `?uploadId=`. */
export const uploadIdOf = ({ query }: BucketCall) => query.get('uploadId') ?? ''
