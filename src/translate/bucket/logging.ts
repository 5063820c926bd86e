import { text, type XmlNode } from '../../xml/index.ts'
import { checkElements, child, childText, malformedXml, requiredText } from '../elements.ts'
import type { BucketDocument } from './bucket-document.ts'

const ROOT = 'BucketLoggingStatus'

/** The same on both sides, but grants and the form of the logs' keys, which OSS does not have. */
export const logging: BucketDocument = {
  root: ROOT,
  ossRoot: ROOT,
  toOss(document) {
    checkElements(document, ROOT, ['LoggingEnabled'])
    const enabled = child(document, 'LoggingEnabled')
    if (enabled === undefined) return undefined
    checkElements(enabled, `${ROOT}/LoggingEnabled`, ['TargetBucket', 'TargetPrefix'])
    return {
      LoggingEnabled: {
        TargetBucket: requiredText(enabled, 'TargetBucket'),
        TargetPrefix: prefixIn(enabled),
      },
    }
  },
  toS3(document) {
    const enabled = child(document, 'LoggingEnabled')
    if (enabled === undefined || !text(enabled, 'TargetBucket')) return {}
    return {
      LoggingEnabled: {
        TargetBucket: text(enabled, 'TargetBucket'),
        TargetPrefix: text(enabled, 'TargetPrefix') ?? '',
      },
    }
  },
}

/** S3 wants it, if only an empty one. @throws S3Error MalformedXML. */
function prefixIn(enabled: XmlNode): string {
  const prefix = childText(enabled, 'TargetPrefix')
  if (prefix === undefined) throw malformedXml()
  return prefix
}
