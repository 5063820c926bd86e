import { children, text, type XmlNode } from '../../xml/index.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { BucketRecord } from '../store/records.ts'

const MAX_DAYS = 2 ** 31 - 1
const MIDNIGHT = /^\d{4}-\d\d-\d\dT00:00:00(\.000)?Z$/
const SIZES = [
  ['ObjectSizeGreaterThan', '0014-00000039'],
  ['ObjectSizeLessThan', '0014-00000040'],
] as const

/**
 * What the numbers and dates of a rule may be. The codes are guesses, the ECs are OSS's
 * (https://help.aliyun.com/zh/oss/support/0014-00000087 and so on).
 * @throws OssError InvalidArgument, MalformedXML.
 */
export function checkValues(rule: XmlNode): void {
  for (const action of Object.values(rule).flat()) if (typeof action === 'object') checkTimes(action)
  for (const expiration of children(rule, 'Expiration')) {
    const { Days, CreatedBeforeDate, Date: date } = expiration
    const hasTime = [Days, CreatedBeforeDate, date].some((times) => times !== undefined)
    if (hasTime || text(expiration, 'ExpiredObjectDeleteMarker') === 'true') continue
    throw new OssError('MalformedXML', { ec: '0014-00000060' })
  }
  const transitions = children(rule, 'Transition')
  if (transitions.some((action) => action.Date !== undefined)) {
    throw new OssError('MalformedXML', { ec: '0014-00000046' })
  }
  for (const filter of children(rule, 'Filter')) checkSizes(filter)
}

/** Whether a rule has a transition that counts from the last access. */
export const countsAccesses = (rule: XmlNode): boolean =>
  transitionsOf(rule).some((action) => text(action, 'IsAccessTime') === 'true')

/**
 * What transitions by the last access need, and the others may not say.
 * @throws OssError InvalidArgument, MalformedXML.
 */
export function checkAccesses(rule: XmlNode, { accessMonitor }: BucketRecord): void {
  if (countsAccesses(rule) && !accessMonitor) {
    const message = 'Access monitor of the bucket is not enabled.'
    throw new OssError('InvalidArgument', { message, ec: '0014-00000016' })
  }
  const small = transitionsOf(rule).filter((action) => action.AllowSmallFile !== undefined)
  if (small.some((action) => text(action, 'IsAccessTime') !== 'true')) {
    throw new OssError('MalformedXML', { ec: '0014-00000055' })
  }
  const hasSize = children(rule, 'Filter').some((filter) =>
    SIZES.some(([name]) => filter[name] !== undefined),
  )
  if (small.length > 0 && hasSize) throw new OssError('MalformedXML', { ec: '0014-00000054' })
}

const transitionsOf = (rule: XmlNode) =>
  ['Transition', 'NoncurrentVersionTransition'].flatMap((name) => children(rule, name))

function checkTimes(action: XmlNode): void {
  for (const name of ['Days', 'NoncurrentDays']) {
    const days = text(action, name)
    if (days === undefined) continue
    if (!/^\d{1,10}$/.test(days)) throw new OssError('MalformedXML')
    if (Number(days) < 1 || Number(days) > MAX_DAYS) {
      throw invalidArgument(`${name} must be a positive integer.`, name, days)
    }
  }
  for (const name of ['CreatedBeforeDate', 'Date']) {
    const date = text(action, name)
    if (date === undefined || (MIDNIGHT.test(date) && !Number.isNaN(Date.parse(date)))) continue
    throw invalidArgument(`${name} must be midnight, UTC, in ISO 8601.`, name, date, '0014-00000087')
  }
}

function checkSizes(filter: XmlNode): void {
  const [over, under] = SIZES.map(([name, ec]) => {
    const size = text(filter, name)
    if (size === undefined) return undefined
    if (!/^\d{1,15}$/.test(size)) throw invalidArgument(`${name} must be an integer.`, name, size, ec)
    return Number(size)
  })
  if (over === undefined || under === undefined || over < under) return
  const message = 'ObjectSizeLessThan must be greater than ObjectSizeGreaterThan.'
  throw invalidArgument(message, 'ObjectSizeLessThan', String(under), '0014-00000041')
}
