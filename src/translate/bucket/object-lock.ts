import { invalidArgument } from '../../s3/error.ts'
import { text, type XmlNode, type XmlTree } from '../../xml/index.ts'
import { checkElements, child, malformedXml, optionalInteger, requiredWord } from '../elements.ts'
import type { BucketDocument } from './bucket-document.ts'

const ROOT = 'ObjectLockConfiguration'

/** Object lock of a bucket, which is OSS's object WORM. */
export const objectLock: BucketDocument = {
  root: ROOT,
  ossRoot: 'ObjectWormConfiguration',
  toOss(document) {
    checkElements(document, ROOT, ['ObjectLockEnabled', 'Rule'])
    requiredWord(document, 'ObjectLockEnabled', ['Enabled'])
    const rule = child(document, 'Rule')
    return { ObjectWormEnabled: 'Enabled', Rule: rule === undefined ? undefined : toOssRule(rule) }
  },
  toS3(document) {
    const retention = child(child(document, 'Rule') ?? {}, 'DefaultRetention')
    return {
      ObjectLockEnabled: text(document, 'ObjectWormEnabled'),
      Rule:
        retention === undefined
          ? undefined
          : {
              DefaultRetention: {
                Mode: text(retention, 'Mode'),
                Days: text(retention, 'Days'),
                Years: text(retention, 'Years'),
              },
            },
    }
  },
}

function toOssRule(rule: XmlNode): XmlTree {
  checkElements(rule, `${ROOT}/Rule`, ['DefaultRetention'])
  const retention = child(rule, 'DefaultRetention')
  if (retention === undefined) throw malformedXml()
  checkElements(retention, `${ROOT}/Rule/DefaultRetention`, ['Mode', 'Days', 'Years'])
  const Mode = requiredWord(retention, 'Mode', ['GOVERNANCE', 'COMPLIANCE'])
  const [Days, Years] = [periodIn(retention, 'Days'), periodIn(retention, 'Years')]
  if ((Days === undefined) === (Years === undefined)) throw malformedXml()
  return { DefaultRetention: { Mode, Days, Years } }
}

/** A hundred years. */
const MAX_PERIOD = { Days: 36_500, Years: 100 } as const

/** @throws S3Error MalformedXML, InvalidArgument. */
function periodIn(retention: XmlNode, unit: keyof typeof MAX_PERIOD): number | undefined {
  const period = optionalInteger(retention, unit)
  if (period !== undefined && period < 1) {
    throw invalidArgument('Default retention period must be a positive integer value.', unit, String(period))
  }
  if (period !== undefined && period > MAX_PERIOD[unit]) {
    throw invalidArgument('Default retention period too large.', unit, String(period))
  }
  return period
}
