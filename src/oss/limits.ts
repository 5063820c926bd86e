/** OSS's own limits, by its pages UploadPart, CopyObject, ListParts and GetBucket. */

/** Parts of an upload, and the highest number of one (UploadPart). */
export const MAX_PARTS = 10_000

/** Entries of one page of a list: objects, versions, uploads, parts, buckets. It gives fewer unless asked for more. */
export const MAX_LISTED = 1000

/** Bytes of a part copied by OSS in one call: larger ones time out (ali-oss#820: 504 at 2 GB). OSS's own limit is 5 GB. */
export const MAX_COPIED_PART_BYTES = 1024 ** 3

/** Bytes of every part but the last. S3's least is fifty times as much. */
export const MIN_PART_BYTES = 100 * 1024
