import { type Facts, holds, limitsCallers } from './conditions.ts'
import { parsePolicy, RESOURCE, type Statement } from './parse.ts'
import { matchesWildcard } from './pattern.ts'

/** What a policy is asked about. */
export type Question = {
  /** An account's id, or a role as `arn:sts::id:assumed-role/role/session`; undefined for who does not sign. */
  principal: string | undefined
  /** `oss:GetObject`. */
  action: string
  /** `acs:oss:*:OWNER:bucket/key`: the account is the bucket owner's. */
  resource: string
  conditions: Facts
}

/** What a policy says; `none` when it does not speak of the request. */
export type Verdict = 'allow' | 'deny' | 'none'

/**
 * What a bucket policy says of a request; a Deny is stronger than any Allow. A statement about everyone without a condition
 * is not about the bucket's owner (OSS's page on bucket policies).
 * @throws OssError InvalidPolicyDocument for a document that PutBucketPolicy refuses.
 */
export function verdict(policyDocument: string, question: Question): Verdict {
  const effects = parsePolicy(policyDocument)
    .filter((statement) => speaksOf(statement, question))
    .map(({ effect }) => effect)
  if (effects.includes('Deny')) return 'deny'
  return effects.includes('Allow') ? 'allow' : 'none'
}

/**
 * Whether a policy allows everyone something, without a condition that names addresses or networks.
 * @throws OssError InvalidPolicyDocument.
 */
export function isPublicPolicy(policyDocument: string): boolean {
  return parsePolicy(policyDocument).some(
    (statement) =>
      statement.effect === 'Allow' && isAboutEveryone(statement) && !statement.conditions.some(limitsCallers),
  )
}

function speaksOf(statement: Statement, { principal, action, resource, conditions }: Question): boolean {
  const { actions, resources } = statement
  return (
    isAbout(statement, principal, resource) &&
    actions.some((pattern) => matchesWildcard(pattern, action.toLowerCase())) &&
    resources.some((pattern) => coversResource(pattern, resource)) &&
    statement.conditions.every((condition) => holds(condition, conditions))
  )
}

const isAboutEveryone = ({ principals }: Statement) => principals.length === 0 || principals.includes('*')

function isAbout(statement: Statement, principal: string | undefined, resource: string): boolean {
  const isNamed = principal !== undefined && statement.principals.some((one) => names(one, principal))
  if (isNamed || !isAboutEveryone(statement)) return isNamed
  const owner = RESOURCE.exec(resource)?.[2]
  return principal !== owner || statement.conditions.length > 0
}

/** An account is named by its id, a role's sessions by a pattern. */
const names = (pattern: string, principal: string) =>
  pattern.startsWith('arn:') ? matchesWildcard(pattern, principal) : pattern === principal

function coversResource(pattern: string, resource: string): boolean {
  if (pattern === '*') return true
  const [, , account = '', path = ''] = RESOURCE.exec(pattern) ?? []
  const [, , owner = '', asked = ''] = RESOURCE.exec(resource) ?? []
  // The region is not compared: a bucket has but one.
  return matchesWildcard(account, owner) && matchesWildcard(path, asked)
}
