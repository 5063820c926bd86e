import { parseTagSet, readTags, renderTags, validateTags } from '../tags.ts'
import type { BucketDocument } from './bucket-document.ts'

/** The same on both sides; OSS takes fewer tags. */
export const tagging: BucketDocument = {
  root: 'Tagging',
  ossRoot: 'Tagging',
  toOss(document) {
    const tags = parseTagSet(document)
    validateTags(tags, 'bucket')
    return tags.length === 0 ? undefined : renderTags(tags)
  },
  toS3(document) {
    const tags = readTags(document)
    // S3 has no set rather than an empty one.
    return tags.length === 0 ? 'NoSuchTagSet' : renderTags(tags)
  },
}
