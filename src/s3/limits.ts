/** Limits that S3's clients count on: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */

/** Parts of an upload, and the highest number of one. */
export const MAX_PARTS = 10_000

/** Bytes of every part but the last. */
export const MIN_PART_BYTES = 5 * 1024 ** 2

/** Bytes of an object sent in one PutObject, or of a part. */
export const MAX_UPLOAD_BYTES = 5 * 1024 ** 3

/** Bytes of a key: OSS's limit; S3 allows 1024. */
export const MAX_KEY_BYTES = 1023

/** Entries of one page of a list, and objects of one DeleteObjects. */
export const MAX_LISTED = 1000

/** Buckets of one page of ListBuckets. */
export const MAX_BUCKETS_LISTED = 10_000
