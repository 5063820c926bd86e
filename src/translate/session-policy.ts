import { actionsLike, isEverything, matches } from './bucket/policy-actions.ts'
import { type Element, elementOf, labelOf, statementsOf, texts } from './bucket/policy-grammar.ts'
import { malformed } from './bucket/policy-json.ts'
import {
  checkPattern,
  holds,
  parseSessionConditions,
  type RequestFacts,
  type SessionCondition,
} from './session-conditions.ts'

/** A policy that a short-lived key was given out with: what it may do of all that its client may. */
export type SessionPolicy = readonly SessionStatement[]

type SessionStatement = {
  effect: 'Allow' | 'Deny'
  /** In lower case. */
  action: Element
  resource: Element
  /** All must hold. */
  conditions: readonly SessionCondition[]
}

/** Of the actions that are on no bucket, the one that the gateway serves. */
const LIST_BUCKETS = 's3:ListAllMyBuckets'

/** What every ARN of S3's begins with; the gateway has one partition. */
const ARN = 'arn:aws:s3:::'

/**
 * A policy in IAM's grammar, of which all can be judged exactly: it names actions of S3 that there are, buckets and objects,
 * no principal, no variables, and conditions as {@link parseSessionConditions} takes them.
 * @throws S3Error MalformedPolicy that says what is not.
 */
export function parseSessionPolicy(text: string): SessionPolicy {
  return statementsOf(text).map((statement) => {
    const { effect } = labelOf(statement, ['Action', 'Resource'])
    const action = elementOf(statement, 'Action', (value) =>
      texts(value, 'Action', 'Policy has invalid action', isRightAction).map((one) => one.toLowerCase()),
    )
    const resource = elementOf(statement, 'Resource', (value) =>
      texts(value, 'Resource', 'Policy has invalid resource', isRightResource),
    )
    return { effect, action, resource, conditions: parseSessionConditions(statement.Condition) }
  })
}

/** @throws S3Error MalformedPolicy where it is not right, naming it. */
function isRightAction(pattern: string): boolean {
  const isLike = (name: string) => matches(pattern.toLowerCase(), name.toLowerCase())
  if (isEverything(pattern) || actionsLike(pattern).length > 0 || isLike(LIST_BUCKETS)) return true
  throw malformed(`S3 has no action like ${pattern}`)
}

/** @throws S3Error MalformedPolicy where it is not right, naming it. */
function isRightResource(pattern: string): boolean {
  checkPattern(pattern)
  if (pattern === '*' || (pattern.startsWith(ARN) && pattern !== ARN)) return true
  throw malformed(`${pattern} is neither *, nor a bucket or an object as in ${ARN}bucket/key`)
}

/**
 * Whether a policy allows an action: a statement that is about it does, and none denies it.
 * @param action such as `s3:GetObject`.
 * @param path `bucket`, `bucket/key`, or `*` for what is on no bucket.
 */
export function allows(policy: SessionPolicy, action: string, path: string, facts: RequestFacts): boolean {
  const name = action.toLowerCase()
  const isAbout = (statement: SessionStatement) =>
    isNamed(statement.action, (pattern) => matches(pattern, name)) &&
    isNamed(statement.resource, (pattern) => matches(pattern, `${ARN}${path}`)) &&
    statement.conditions.every((condition) => holds(condition, action, facts))
  const effects = new Set(policy.filter(isAbout).map(({ effect }) => effect))
  return effects.has('Allow') && !effects.has('Deny')
}

const isNamed = ({ not, values }: Element, isLike: (pattern: string) => boolean) =>
  values.some(isLike) !== not
