import type { StorageClass, Tag, VersionRecord } from '../store/records.ts'
import type { LifecycleRule, Move, When } from './rules.ts'

/** A version as rules see it. */
export type Entry = {
  key: string
  version: VersionRecord
  /** When it ceased to be the current one; undefined while it is. */
  oldSince: number | undefined
  /** Whether the key has no other version. */
  isOnly: boolean
  /** When it was last read; undefined in a bucket that does not keep account. */
  accessed: number | undefined
}

/** What is to be done: `expire` is a deletion as a client's without a version id, `remove` takes the version away. */
export type Action = { kind: 'expire' } | { kind: 'remove' } | { kind: 'move'; to: StorageClass }

/** The time, and a day's length, in milliseconds. */
export type Calendar = { now: number; day: number }

const CLASSES: readonly StorageClass[] = ['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive']
const SMALL = 64 * 1024

/**
 * What rules make of a version now. Of several that are due, deletion goes before a move, a colder class before a warmer one,
 * and Standard comes last (https://help.aliyun.com/en/oss/user-guide/priority-of-lifecycle-rules).
 */
export function actionFor(
  rules: readonly LifecycleRule[],
  entry: Entry,
  calendar: Calendar,
): Action | undefined {
  const { version, oldSince, isOnly } = entry
  const matching = rules.filter((rule) => concerns(rule, entry.key, version))
  const isDue = (when: When | undefined, start: number) =>
    when !== undefined && dueTime(when, start, calendar.day) <= calendar.now
  if (oldSince !== undefined) {
    const expires = ({ oldExpiration: days }: LifecycleRule) =>
      days !== undefined && isDue({ days }, oldSince)
    if (matching.some(expires)) return { kind: 'remove' }
    return moveFor(
      entry,
      oldSince,
      matching.flatMap(({ oldMoves }) => oldMoves),
      isDue,
    )
  }
  const expired = matching.some(({ expiration }) => isDue(expiration, version.lastModified))
  if (version.deleteMarker) {
    const isRemoved = isOnly && (expired || matching.some(({ removesMarkers }) => removesMarkers))
    return isRemoved ? { kind: 'remove' } : undefined
  }
  if (expired) return { kind: 'expire' }
  return moveFor(
    entry,
    version.lastModified,
    matching.flatMap(({ moves }) => moves),
    isDue,
  )
}

/** Whether rules end a pending upload now. Neither tags nor sizes say anything of one. */
export function endsUpload(
  rules: readonly LifecycleRule[],
  key: string,
  initiated: number,
  { now, day }: Calendar,
): boolean {
  return rules.some(
    (rule) =>
      rule.abort !== undefined &&
      concerns(rule, key, undefined) &&
      dueTime(rule.abort, initiated, day) <= now,
  )
}

/** When the first of the rules deletes a current version, and which; undefined when none does. */
export function expirationOf(
  rules: readonly LifecycleRule[],
  key: string,
  version: VersionRecord,
  day: number,
): { time: number; rule: string } | undefined {
  const times = rules.flatMap((rule) =>
    rule.expiration !== undefined && concerns(rule, key, version)
      ? { time: dueTime(rule.expiration, version.lastModified, day), rule: rule.id }
      : [],
  )
  const [first] = times.sort((a, b) => a.time - b.time)
  return first !== undefined && Number.isFinite(first.time) ? first : undefined
}

/**
 * When an action is due that counts from `start`: rules run at midnight, UTC, and days end there (the first edition of OSS's page
 * on lifecycles: 1 o'clock on 12 April and 3 days are midnight on 16 April).
 * @returns infinity for never.
 */
function dueTime(when: When, start: number, day: number): number {
  const midnight = (time: number) => Math.ceil(time / day) * day
  if ('days' in when) return midnight(start + when.days * day)
  if ('before' in when) return start < when.before ? when.before : Number.POSITIVE_INFINITY
  return Math.max(when.from, midnight(start))
}

/** Whether a rule is about a version, or about an upload, which has neither size nor tags, as delete markers have not. */
function concerns(rule: LifecycleRule, key: string, version: VersionRecord | undefined): boolean {
  const { tags = [], size } = version?.deleteMarker ? {} : (version ?? {})
  const has = (wanted: readonly Tag[]) =>
    wanted.every(([name, value]) => tags.some((tag) => tag[0] === name && tag[1] === value))
  return (
    key.startsWith(rule.prefix) &&
    has(rule.tags) &&
    (rule.size === undefined || (size !== undefined && size > rule.size.over && size < rule.size.under)) &&
    !rule.not.some((not) => key.startsWith(not.prefix) && has(not.tags))
  )
}

function moveFor(
  { version, accessed }: Entry,
  start: number,
  moves: readonly Move[],
  isDue: (when: When, start: number) => boolean,
): Action | undefined {
  const { storageClass, transitioned, size } = version
  const due = moves.filter(
    ({ when, byAccess, smallFiles }) =>
      (smallFiles || size >= SMALL) &&
      (byAccess ? accessed !== undefined && isDue(when, accessed) : isDue(when, start)),
  )
  const colder = CLASSES.slice(CLASSES.indexOf(storageClass) + 1).reverse()
  const to = colder.find((name) => canBecome(version, name) && due.some((move) => move.to === name))
  if (to !== undefined) return { kind: 'move', to }
  const isBack =
    storageClass === 'IA' && transitioned !== undefined && accessed !== undefined && accessed > transitioned
  return isBack && moves.some(({ byAccess, returns }) => byAccess && returns)
    ? { kind: 'move', to: 'Standard' }
    : undefined
}

/** Links and delete markers have no class to lose; what can be appended to stays where that is possible (OSS's page). */
function canBecome({ type, sealed, deleteMarker }: VersionRecord, to: StorageClass): boolean {
  if (type === 'Symlink' || deleteMarker) return false
  return type !== 'Appendable' || sealed !== undefined || !to.includes('Cold')
}
