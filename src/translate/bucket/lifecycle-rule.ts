import { invalidArgument, invalidRequest } from '../../s3/error.ts'
import type { XmlNode } from '../../xml/index.ts'
import {
  checkElements,
  child,
  childElements,
  childText,
  malformedXml,
  optionalFlag,
  optionalInteger,
  parseTimestamp,
  requiredWord,
} from '../elements.ts'
import { parseScope, type Scope } from './lifecycle-scope.ts'

/** A rule's path in the document, for errors. */
export const RULE = 'LifecycleConfiguration/Rule'

/** When an action happens: days from an object's beginning, or a day for all of them, in milliseconds. */
type When = { days: number } | { date: number }
/** A change of storage class, S3's. */
export type Transition = When & { storageClass: string }
/** A rule that S3 takes. */
export type LifecycleRule = {
  id: string | undefined
  status: 'Enabled' | 'Disabled'
  scope: Scope
  expiration: When | { marker: boolean } | undefined
  transitions: Transition[]
  noncurrentExpiration: number | undefined
  noncurrentTransitions: Transition[]
  abort: number | undefined
}

const MAX_ID_LENGTH = 255

/**
 * A rule, held to what S3 holds it to. The texts are S3's, as clients quote them.
 * @throws S3Error MalformedXML, InvalidArgument, InvalidRequest; NotImplemented for elements that OSS has nothing for.
 */
export function parseRule(rule: XmlNode): LifecycleRule {
  checkElements(
    rule,
    RULE,
    [
      'ID',
      'Prefix',
      'Filter',
      'Status',
      'Expiration',
      'NoncurrentVersionExpiration',
      'AbortIncompleteMultipartUpload',
    ],
    ['Transition', 'NoncurrentVersionTransition'],
  )
  const id = childText(rule, 'ID') || undefined
  if (id !== undefined && id.length > MAX_ID_LENGTH) {
    throw invalidArgument(`ID length should not exceed allowed limit of ${MAX_ID_LENGTH}`, 'ID', id)
  }
  const parsed: LifecycleRule = {
    id,
    status: requiredWord(rule, 'Status', ['Enabled', 'Disabled']),
    scope: parseScope(rule),
    expiration: parseExpiration(child(rule, 'Expiration')),
    transitions: parseTransitions(rule, 'Transition', 'Days'),
    noncurrentExpiration: parseDays(rule, 'NoncurrentVersionExpiration', 'NoncurrentDays'),
    noncurrentTransitions: parseTransitions(rule, 'NoncurrentVersionTransition', 'NoncurrentDays'),
    abort: parseDays(rule, 'AbortIncompleteMultipartUpload', 'DaysAfterInitiation'),
  }
  const { expiration, transitions, noncurrentExpiration, noncurrentTransitions, abort } = parsed
  const actions = [...transitions, ...noncurrentTransitions, expiration, noncurrentExpiration, abort]
  if (actions.every((action) => action === undefined)) {
    throw invalidRequest('At least one action needs to be specified in a rule')
  }
  checkScopeOfActions(parsed)
  checkOrder(parsed)
  return parsed
}

function parseExpiration(expiration: XmlNode | undefined): LifecycleRule['expiration'] {
  if (expiration === undefined) return undefined
  checkElements(expiration, `${RULE}/Expiration`, ['Date', 'Days', 'ExpiredObjectDeleteMarker'])
  const marker = optionalFlag(expiration, 'ExpiredObjectDeleteMarker')
  if (marker === undefined) {
    const when = parseWhen(expiration, 'Days')
    if ('days' in when) checkPositive(when.days, 'Days', 'Expiration')
    return when
  }
  if ('Date' in expiration || 'Days' in expiration) throw malformedXml()
  return { marker }
}

/** An action that is nothing but an age. */
function parseDays(rule: XmlNode, action: string, age: string): number | undefined {
  const element = child(rule, action)
  if (element === undefined) return undefined
  checkElements(element, `${RULE}/${action}`, [age])
  const days = optionalInteger(element, age)
  if (days === undefined) throw malformedXml()
  checkPositive(days, age, action)
  return days
}

/** Those of S3, the warmer first: each is reached later than those before it. */
const CLASSES = [
  'STANDARD_IA',
  'INTELLIGENT_TIERING',
  'ONEZONE_IA',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
] as const
const LEAST_DAYS: Record<string, number> = { STANDARD_IA: 30, ONEZONE_IA: 30 }

function parseTransitions(rule: XmlNode, action: string, age: 'Days' | 'NoncurrentDays'): Transition[] {
  return childElements(rule, action).map((transition) => {
    checkElements(transition, `${RULE}/${action}`, [age, 'StorageClass', ...(age === 'Days' ? ['Date'] : [])])
    const storageClass = requiredWord(transition, 'StorageClass', CLASSES)
    return { ...parseWhen(transition, age), storageClass }
  })
}

/**
 * What S3 moves no earlier. Looked at last: what OSS cannot do at all is named first.
 * @throws S3Error InvalidArgument.
 */
export function checkLeastAges({ transitions, noncurrentTransitions }: LifecycleRule): void {
  const named = [
    ['Days', 'Transition', transitions],
    ['NoncurrentDays', 'NoncurrentVersionTransition', noncurrentTransitions],
  ] as const
  for (const [age, action, moves] of named) {
    for (const move of moves) {
      const least = LEAST_DAYS[move.storageClass] ?? 0
      if ('date' in move || move.days >= least) continue
      throw invalidArgument(
        `'${age}' in ${action} action must be greater than or equal to ${least} for storageClass '${move.storageClass}'`,
        age,
        String(move.days),
      )
    }
  }
}

const DAY = 86_400_000

function parseWhen(node: XmlNode, age: string): When {
  const [date, days] = [childText(node, 'Date'), optionalInteger(node, age)]
  if ((date === undefined) === (days === undefined)) throw malformedXml()
  if (days !== undefined) {
    if (days < 0) throw malformedXml()
    return { days }
  }
  const time = parseTimestamp(date ?? '')
  if (time % DAY !== 0) throw invalidArgument("'Date' must be at midnight GMT", 'Date', date)
  return { date: time }
}

function checkPositive(days: number, age: string, action: string): void {
  if (days < 0) throw malformedXml()
  if (days > 0) return
  throw invalidArgument(`'${age}' for ${action} action must be a positive integer`, age, String(days))
}

/** Neither delete markers nor uploads have tags or a size. */
function checkScopeOfActions({ scope, expiration, abort }: LifecycleRule): void {
  const unscoped = [
    ...(abort === undefined ? [] : ['AbortIncompleteMultipartUpload']),
    ...(expiration !== undefined && 'marker' in expiration ? ['ExpiredObjectDeleteMarker'] : []),
  ]
  for (const action of unscoped) {
    if (scope.tags.length > 0) throw invalidRequest(`${action} cannot be specified with Tags.`)
    if (Object.keys(scope.sizes).length > 0) {
      throw invalidRequest(`${action} cannot be specified with Object Size.`)
    }
  }
}

/** What comes later in an object's life has to be later. */
function checkOrder(rule: LifecycleRule): void {
  const { scope, expiration, transitions, noncurrentExpiration, noncurrentTransitions } = rule
  const filter = `filter '(prefix=${scope.prefix})'`
  const mixed = (actions: string) =>
    invalidRequest(`Found mixed 'Date' and 'Days' based ${actions} in lifecycle rule for ${filter}`)
  const kinds = new Set(transitions.map((when) => 'date' in when))
  if (kinds.size > 1) throw mixed('Transition actions')
  if (expiration !== undefined && !('marker' in expiration)) {
    const byDate = 'date' in expiration
    if (kinds.has(!byDate)) throw mixed('Expiration and Transition actions')
    const end = timeOf(expiration)
    if (transitions.some((transition) => timeOf(transition) >= end)) {
      const age = byDate ? 'Date' : 'Days'
      throw invalidArgument(
        `'${age}' in the Expiration action for ${filter} must be greater than '${age}' in the Transition action`,
        age,
        byDate ? new Date(end).toISOString() : String(end),
      )
    }
  }
  if (
    noncurrentExpiration !== undefined &&
    noncurrentTransitions.some((transition) => timeOf(transition) >= noncurrentExpiration)
  ) {
    throw invalidArgument(
      `'NoncurrentDays' in the NoncurrentVersionExpiration action for ${filter} must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action`,
      'NoncurrentDays',
      String(noncurrentExpiration),
    )
  }
  checkClasses(transitions, 'Transition', kinds.has(true) ? 'Date' : 'Days', filter)
  checkClasses(noncurrentTransitions, 'NoncurrentVersionTransition', 'NoncurrentDays', filter)
}

function checkClasses(transitions: readonly Transition[], action: string, age: string, filter: string): void {
  const ordered = CLASSES.flatMap((name) => transitions.filter(({ storageClass }) => storageClass === name))
  for (const [at, later] of ordered.entries()) {
    const earlier = ordered[at - 1]
    if (earlier === undefined) continue
    if (earlier.storageClass === later.storageClass) {
      throw invalidRequest(
        `'StorageClass' must be different for '${action}' actions in same 'Rule' with ${filter}`,
      )
    }
    if (timeOf(later) <= timeOf(earlier)) {
      throw invalidArgument(
        `'${age}' in the ${action} action for StorageClass '${later.storageClass}' for ${filter} must be greater than '${age}' in the ${action} action for StorageClass '${earlier.storageClass}' for ${filter}`,
        age,
      )
    }
  }
}

const timeOf = (when: When) => ('date' in when ? when.date : when.days)
