import { isInNetwork } from '../bytes/ip-range.ts'
import { isSlow, matches } from './bucket/policy-actions.ts'
import { hasKey, kindOf, parseConditions, type S3Condition } from './bucket/policy-condition-grammar.ts'
import { malformed } from './bucket/policy-json.ts'

/** What of a request conditions are about. */
export type RequestFacts = {
  /** Of a list. */
  prefix: string | undefined
  delimiter: string | undefined
  /** The header `x-amz-acl`. */
  acl: string | undefined
  /** Who asks; undefined where the platform does not tell, without an address where the connection is closed. */
  peer: { address: string; isEncrypted: boolean } | undefined
}

/** A condition that the gateway can judge. */
export type SessionCondition = S3Condition & { key: Key }

type Key = 's3:prefix' | 's3:delimiter' | 's3:x-amz-acl' | 'aws:sourceip' | 'aws:securetransport'

/** The kind of a key's values, and its value; undefined: the request has none. */
const keys: Readonly<
  Record<Key, { kind: 'string' | 'ip' | 'bool'; valueOf: (facts: RequestFacts) => string | undefined }>
> = {
  's3:prefix': { kind: 'string', valueOf: ({ prefix }) => prefix },
  's3:delimiter': { kind: 'string', valueOf: ({ delimiter }) => delimiter },
  's3:x-amz-acl': { kind: 'string', valueOf: ({ acl }) => acl },
  'aws:sourceip': { kind: 'ip', valueOf: ({ peer }) => peer?.address },
  'aws:securetransport': { kind: 'bool', valueOf: ({ peer }) => peer && String(peer.isEncrypted) },
}

function refuseVariables(text: string): void {
  if (text.includes('${')) throw malformed('Policy variables are not supported')
}

/** @throws S3Error MalformedPolicy for a pattern with variables, and for one that would take long to look for. */
export function checkPattern(text: string): void {
  refuseVariables(text)
  if (isSlow(text)) throw malformed(`A ? between two * is not supported: ${text}`)
}

/**
 * The conditions of a statement of a session's policy: those that the gateway can judge as AWS does.
 * @throws S3Error MalformedPolicy for all others, naming them.
 */
export function parseSessionConditions(conditions: unknown): SessionCondition[] {
  if (conditions === undefined) return []
  // Unlike S3 in a bucket policy, IAM takes a key with actions that never have it.
  return parseConditions(conditions, []).map((condition) => {
    const { operator, quantifier, values } = condition
    const key = condition.key.toLowerCase()
    if (!Object.hasOwn(keys, key)) {
      throw malformed(
        `The condition key ${condition.key} cannot be evaluated: there are ${Object.keys(keys).join(', ')}`,
      )
    }
    const { kind } = keys[key as Key]
    if (quantifier !== undefined || (operator !== 'Null' && kindOf(operator) !== kind)) {
      throw malformed(
        `The condition ${quantifier ? `${quantifier}:` : ''}${operator} of ${condition.key} cannot be evaluated`,
      )
    }
    if (values.length === 0) throw malformed(`The condition ${operator} of ${condition.key} has no value`)
    values.forEach(operator.endsWith('Like') ? checkPattern : refuseVariables)
    return { ...condition, key: key as Key }
  })
}

/** A request that cannot be judged, since it is not known who sends it. */
export class UnknownPeer extends Error {
  override name = 'UnknownPeer'
}

/**
 * Whether a condition holds for an action of a request. As with AWS a key that the request has not makes it fail, unless it
 * is negated or has `IfExists`.
 * @throws UnknownPeer where it is about who asks, and that is not known.
 */
export function holds(condition: SessionCondition, action: string, facts: RequestFacts): boolean {
  const { key, operator, values, ifExists } = condition
  // A connection that has been closed meanwhile has no address.
  if (key.startsWith('aws:') && !facts.peer?.address) throw new UnknownPeer()
  const value = hasKey(key, action) ? keys[key].valueOf(facts) : undefined
  if (operator === 'Null')
    return values.some((text) => (text.toLowerCase() === 'true') === (value === undefined))
  const isNegated = /Not/.test(operator)
  if (value === undefined) return isNegated || ifExists
  return values.some((text) => isLike(operator, text, value)) !== isNegated
}

function isLike(operator: string, text: string, value: string): boolean {
  if (operator.endsWith('IpAddress')) return isInNetwork(value, text)
  if (operator.endsWith('Like')) return matches(text, value)
  const isExact = !operator.endsWith('IgnoreCase') && operator !== 'Bool'
  return isExact ? text === value : text.toLowerCase() === value.toLowerCase()
}
