import { children, text } from '../../xml/index.ts'
import { parseTagSet, validateTags } from '../tags.ts'
import type { BucketDocument } from './bucket-document.ts'

/** The same on both sides; OSS takes fewer tags. */
export const tagging: BucketDocument = {
  root: 'Tagging',
  ossRoot: 'Tagging',
  toOss(document) {
    const tags = parseTagSet(document)
    validateTags(tags, 'bucket')
    return tags.length === 0 ? undefined : { TagSet: { Tag: tags.map(([Key, Value]) => ({ Key, Value })) } }
  },
  toS3(document) {
    const tags = children(document, 'TagSet').flatMap((set) => children(set, 'Tag'))
    // S3 has no set rather than an empty one.
    if (tags.length === 0) return 'NoSuchTagSet'
    return {
      TagSet: { Tag: tags.map((tag) => ({ Key: text(tag, 'Key'), Value: text(tag, 'Value') ?? '' })) },
    }
  },
}
