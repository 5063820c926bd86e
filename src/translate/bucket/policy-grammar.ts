import { actionsLike, isEverything } from './policy-actions.ts'
import { parseConditions, type S3Condition } from './policy-condition-grammar.ts'
import { invalidSyntax, isObject, type Json, malformed, parseObject } from './policy-json.ts'

/** What a statement is about, or all but that. */
export type Element = { not: boolean; values: readonly string[] }

/** A statement that S3 takes. */
export type Statement = {
  sid: string | undefined
  effect: 'Allow' | 'Deny'
  /** Each as `AWS *`: the kind, and who; everyone is that one. */
  principal: Element
  action: Element
  resource: Element
  /** All must hold. */
  conditions: readonly S3Condition[]
}

const MAX_POLICY_BYTES = 20 * 1024
const VERSIONS: unknown[] = ['2012-10-17', '2008-10-17', undefined]
const NEGATABLE = ['Principal', 'Action', 'Resource'] as const

/** Everyone, as a principal of a {@link Statement}. */
export const EVERYONE = 'AWS *'

/**
 * The statements of a bucket policy, held to S3's grammar.
 * @param bucket the policy's own: it must speak of no other.
 * @param isClient whether an access key id is a client's: such names are principals, too.
 * @throws S3Error MalformedPolicy with S3's texts.
 */
export function parseStatements(
  text: string,
  bucket: string,
  isClient: (accessKeyId: string) => boolean,
): Statement[] {
  if (Buffer.byteLength(text) > MAX_POLICY_BYTES) {
    throw malformed('Policy exceeds the maximum allowed document size.')
  }
  return statementsOf(text).map((statement) => parseStatement(statement, bucket, isClient))
}

/** The statements of a policy, of which nothing is known but that they are objects. @throws S3Error MalformedPolicy. */
export function statementsOf(text: string): Json[] {
  const policy = parseObject(text)
  refuseUnknown(policy, ['Version', 'Id', 'Statement'])
  if (!VERSIONS.includes(policy.Version)) throw malformed('The policy must contain a valid version string')
  if (policy.Id !== undefined && typeof policy.Id !== 'string') throw invalidSyntax()
  if (policy.Statement === undefined) throw malformed('Missing required field Statement')
  const statements = [policy.Statement].flat()
  if (statements.length === 0) throw malformed('Could not parse the policy: Statement is empty!')
  if (!statements.every(isObject)) throw invalidSyntax()
  return statements
}

/**
 * A statement's label and effect; it has no members but those, a condition, and the given ones with their negations.
 * @throws S3Error MalformedPolicy.
 */
export function labelOf(
  statement: Json,
  negatable: readonly string[],
): { sid: string | undefined; effect: Statement['effect'] } {
  const negated = negatable.map((field) => `Not${field}`).filter((field) => field in statement)
  refuseUnknown(statement, ['Sid', 'Effect', ...negatable, ...negated, 'Condition'])
  const { Sid, Effect } = statement
  if (Sid !== undefined && typeof Sid !== 'string') throw invalidSyntax()
  if (Effect === undefined) throw malformed('Missing required field Effect')
  if (Effect !== 'Allow' && Effect !== 'Deny') {
    throw malformed(`Invalid effect: ${typeof Effect === 'string' ? Effect : JSON.stringify(Effect)}`)
  }
  return { sid: Sid, effect: Effect }
}

/** A member of a statement, or its negation. @throws S3Error MalformedPolicy. */
export function elementOf(statement: Json, field: string, read: (value: unknown) => string[]): Element {
  const [plain, not] = [statement[field], statement[`Not${field}`]]
  if (plain !== undefined && not !== undefined) {
    throw malformed(`Statement/policy already has instance of ${field}`)
  }
  const value = plain === undefined ? not : plain
  if (value === undefined) throw malformed(`Missing required field ${field}`)
  return { not: plain === undefined, values: read(value) }
}

function parseStatement(
  statement: Json,
  bucket: string,
  isClient: (accessKeyId: string) => boolean,
): Statement {
  const { sid, effect } = labelOf(statement, NEGATABLE)
  const principal = elementOf(statement, 'Principal', (value) => parsePrincipals(value, isClient))
  if (principal.not && effect === 'Allow') throw malformed('Allow with NotPrincipal is not allowed.')
  const action = elementOf(statement, 'Action', (value) =>
    texts(value, 'Action', 'Policy has invalid action', isAction),
  )
  const resource = elementOf(statement, 'Resource', (value) =>
    texts(value, 'Resource', 'Policy has invalid resource', (arn) => isResourceOf(arn, bucket)),
  )
  const conditions =
    statement.Condition === undefined
      ? []
      : parseConditions(statement.Condition, action.not ? [] : action.values)
  if (!action.not && !resource.not) checkLevels(action.values, resource.values)
  return { sid, effect, principal, action, resource, conditions }
}

const KINDS = ['AWS', 'CanonicalUser', 'Federated', 'Service']

/** An object of kinds; or bare, alone or in a list, everyone and the gateway's clients. */
function parsePrincipals(principal: unknown, isClient: (accessKeyId: string) => boolean): string[] {
  const isBare = !isObject(principal)
  const kinds = Object.entries(isBare ? { AWS: principal } : principal)
  const principals = kinds.flatMap(([kind, value]) => [value].flat().map((name) => [kind, name] as const))
  const isOne = ([kind, name]: (typeof principals)[number]) =>
    typeof name === 'string' &&
    name !== '' &&
    KINDS.includes(kind) &&
    (kind !== 'AWS' || name === '*' || isClient(name) || (!isBare && isAccount(name)))
  const isEmpty = kinds.some(([, value]) => Array.isArray(value) && value.length === 0)
  const all = principals.map(([kind, name]) => `${kind} ${name}`)
  // A wildcard stands for everyone, and so has nobody beside it.
  const isMixed = all.includes(EVERYONE) && all.length > 1
  if (principals.length === 0 || isEmpty || isMixed || !principals.every(isOne)) {
    throw malformed('Invalid principal in policy')
  }
  return all
}

/** An account, one of its users and roles by ARN, or by the unique id that a deleted one leaves. */
const isAccount = (name: string) =>
  /^\d{12}$/.test(name) || /^arn:aws[\w-]*:(?:iam|sts)::./.test(name) || /^A[A-Z0-9]{15,127}$/.test(name)

/** Whether an action of S3's is like that. */
const isAction = (pattern: string) => actionsLike(pattern).length > 0

const isResourceOf = (arn: string, bucket: string) =>
  /^arn:aws:s3:::([^/]*)(\/.*)?$/s.exec(arn)?.[1] === bucket

/** An action on objects needs a resource that is some, one on the bucket the bucket. */
function checkLevels(patterns: readonly string[], resources: readonly string[]): void {
  const levels = new Set(resources.map(levelOf))
  const levelless = patterns.some(
    (pattern) => !isEverything(pattern) && !actionsLike(pattern).some(({ level }) => levels.has(level)),
  )
  if (levelless) throw malformed('Action does not apply to any resource(s) in statement')
}

/** Whether a resource is a bucket, or objects in it. */
export const levelOf = (resource: string) => (resource.includes('/') ? 'object' : 'bucket')

function refuseUnknown(node: Json, names: readonly string[]): void {
  const other = Object.keys(node).find((name) => !names.includes(name))
  if (other !== undefined) throw malformed(`Unknown field ${other}`)
}

/** One text or a list of them, none of them wrong. @throws S3Error MalformedPolicy. */
export function texts(
  value: unknown,
  field: string,
  wrong: string,
  isRight: (text: string) => boolean,
): string[] {
  const values = [value].flat()
  if (values.length === 0) throw malformed(`Missing required field ${field} cannot be empty!`)
  return values.map((one) => {
    if (one === null) throw invalidSyntax()
    if (typeof one !== 'string' || !isRight(one)) throw malformed(wrong)
    return one
  })
}
