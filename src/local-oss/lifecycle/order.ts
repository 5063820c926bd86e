import { children, text, type XmlNode } from '../../xml/index.ts'
import { invalidArgument } from '../errors.ts'
import { tagsOf } from './overlap.ts'

/** From the warmest; `Standard` is nothing that objects could be moved to. */
export const CLASSES = ['IA', 'Archive', 'ColdArchive', 'DeepColdArchive']

const KINDS = [
  ['Transition', 'Expiration', 'Days'],
  ['NoncurrentVersionTransition', 'NoncurrentVersionExpiration', 'NoncurrentDays'],
] as const

/** By a rule objects become colder with time, and then expire. @throws OssError InvalidArgument. */
export function checkOrder(rule: XmlNode): void {
  for (const kind of KINDS) checkKind([rule], kind, (later, days) => later <= days)
}

/**
 * The same for each two rules about the same objects: the prefix of one begins with that of the other, and they have the same
 * tags and no filter. Whether they may do the same is another question (EC 0014-00000082, a test of the Go SDK v1).
 * @throws OssError InvalidArgument.
 */
export function checkOrders(rules: readonly XmlNode[]): void {
  const plain = rules
    .filter((rule) => rule.Filter === undefined)
    .map((rule) => ({ rule, prefix: text(rule, 'Prefix') ?? '', tags: tagsOf(rule) }))
    .sort((a, b) => (a.prefix < b.prefix ? -1 : 1))
  for (const [i, one] of plain.entries()) {
    for (const other of plain.slice(i + 1)) {
      // Sorted, those that begin with a prefix stand together behind it.
      if (!other.prefix.startsWith(one.prefix)) break
      if (one.tags !== other.tags) continue
      for (const kind of KINDS) {
        // On the same day the colder goes first, and deletion before all.
        checkKind([one.rule, other.rule], kind, (later, days) => later < days, '0014-00000082')
      }
    }
  }
}

function checkKind(
  rules: readonly XmlNode[],
  [transition, expiration, unit]: (typeof KINDS)[number],
  isTooEarly: (later: number, days: number) => boolean,
  ec?: string,
): void {
  const daysOf = (action: XmlNode) => Number(text(action, unit) ?? Number.NaN)
  const steps = rules
    .flatMap((rule) => children(rule, transition))
    .map((action) => ({
      coldness: CLASSES.indexOf(text(action, 'StorageClass') ?? ''),
      days: daysOf(action),
    }))
  const ends = rules
    .flatMap((rule) => children(rule, expiration))
    .map((action) => ({
      coldness: CLASSES.length,
      days: daysOf(action),
    }))
  for (const { coldness, days } of steps) {
    if (coldness < 0)
      throw invalidArgument('Objects cannot be moved to Standard.', 'StorageClass', 'Standard')
    const tooEarly = [...steps, ...ends].find(
      (later) => later.coldness > coldness && isTooEarly(later.days, days),
    )
    if (tooEarly === undefined) continue
    throw invalidArgument(
      `${unit} of what is done later must be greater than ${days}.`,
      unit,
      String(tooEarly.days),
      ec,
    )
  }
}
