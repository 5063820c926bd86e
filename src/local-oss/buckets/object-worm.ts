import { children, text, type XmlNode } from '../../xml/index.ts'
import type { BucketCall } from '../call.ts'
import { OssError } from '../errors.ts'
import type { BucketRecord } from '../store/records.ts'
import { wormInForce } from './bucket-worm.ts'
import { oneWord } from './config-document.ts'

/** What an `ObjectWormConfiguration` says. @throws OssError MalformedXML, InvalidWORMConfiguration. */
export function objectWormOf(root: XmlNode): NonNullable<BucketRecord['objectWorm']> {
  oneWord(root, 'ObjectWormEnabled', ['Enabled'])
  const [retention] = children(root, 'Rule').flatMap((rule) => children(rule, 'DefaultRetention'))
  if (retention === undefined) return {}
  const mode = oneWord(retention, 'Mode', ['GOVERNANCE', 'COMPLIANCE'])
  const days = text(retention, 'Days')
  const years = text(retention, 'Years')
  const period = Number(days ?? Number(years) * 365)
  if ((days === undefined) === (years === undefined) || !(period >= 1 && period <= 36_500)) {
    throw new OssError('InvalidWORMConfiguration')
  }
  return { mode, days: period }
}

/**
 * It needs versioning, and no retention policy of the whole bucket; once there, it stays. What OSS answers else is not
 * documented. (https://www.alibabacloud.com/help/en/oss/developer-reference/putbucketobjectwormconfiguration)
 * @throws OssError MalformedXML, InvalidWORMConfiguration.
 */
export function checkObjectWorm(root: XmlNode, { bucket, state }: BucketCall): void {
  objectWormOf(root)
  if (bucket.versioning !== 'Enabled' || wormInForce(bucket, state.now())) {
    throw new OssError('InvalidWORMConfiguration')
  }
}
