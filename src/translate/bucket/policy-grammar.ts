import { DuplicateNameError, parseJson } from '../../bytes/json.ts'
import { S3Error } from '../../s3/error.ts'
import { actionLevels, s3Operators, valuesOf } from './policy-terms.ts'

/** A JSON object. */
export type Json = { [name: string]: unknown }

/** A statement that S3 takes; what has a `Not` before it is among `negated`. */
export type Statement = {
  sid: string | undefined
  effect: 'Allow' | 'Deny'
  principal: unknown
  actions: string[]
  resources: string[]
  conditions: unknown
  negated: string[]
}

const MAX_POLICY_BYTES = 20 * 1024
const VERSIONS: unknown[] = ['2012-10-17', '2008-10-17', undefined]
const NEGATABLE = ['Principal', 'Action', 'Resource'] as const

/**
 * The statements of a bucket policy, held to S3's grammar.
 * @param bucket the policy's own: it must speak of no other.
 * @throws S3Error MalformedPolicy with S3's texts.
 */
export function parseStatements(text: string, bucket: string): Statement[] {
  if (Buffer.byteLength(text) > MAX_POLICY_BYTES) {
    throw malformed('Policy exceeds the maximum allowed document size.')
  }
  const policy = parseObject(text)
  refuseUnknown(policy, ['Version', 'Id', 'Statement'])
  if (!VERSIONS.includes(policy.Version)) throw malformed('The policy must contain a valid version string')
  if (policy.Id !== undefined && typeof policy.Id !== 'string') throw invalidSyntax()
  if (policy.Statement === undefined) throw malformed('Missing required field Statement')
  const statements = [policy.Statement].flat()
  if (statements.length === 0) throw malformed('Could not parse the policy: Statement is empty!')
  return statements.map((statement) => parseStatement(statement, bucket))
}

/** An object of JSON. @throws S3Error MalformedPolicy. */
export function parseObject(text: string): Json {
  try {
    const policy = parseJson(text)
    if (isObject(policy) && text.startsWith('{')) return policy
  } catch (error) {
    if (error instanceof DuplicateNameError) {
      throw malformed(`Statement/policy already has instance of ${error.member}`)
    }
  }
  throw new S3Error('MalformedPolicy')
}

function parseStatement(statement: unknown, bucket: string): Statement {
  if (!isObject(statement)) throw invalidSyntax()
  const negated = NEGATABLE.map((field) => `Not${field}`).filter((field) => field in statement)
  refuseUnknown(statement, ['Sid', 'Effect', ...NEGATABLE, ...negated, 'Condition'])
  const { Sid, Effect } = statement
  if (Sid !== undefined && typeof Sid !== 'string') throw invalidSyntax()
  if (Effect === undefined) throw malformed('Missing required field Effect')
  if (Effect !== 'Allow' && Effect !== 'Deny') {
    throw malformed(`Invalid effect: ${typeof Effect === 'string' ? Effect : JSON.stringify(Effect)}`)
  }
  const [principal, action, resource] = NEGATABLE.map((field) => {
    const [plain, not] = [statement[field], statement[`Not${field}`]]
    if (plain !== undefined && not !== undefined) {
      throw malformed(`Statement/policy already has instance of ${field}`)
    }
    return plain ?? not ?? fail(malformed(`Missing required field ${field}`))
  })
  checkPrincipal(principal)
  const actions = nonEmpty(strings(action, 'Action'), 'Action')
  if (!actions.every(isAction)) throw malformed('Policy has invalid action')
  const resources = nonEmpty(strings(resource, 'Resource'), 'Resource')
  if (!resources.every((arn) => isResourceOf(arn, bucket))) throw malformed('Policy has invalid resource')
  if (!('NotAction' in statement) && !('NotResource' in statement)) checkLevels(actions, resources)
  if (statement.Condition !== undefined) checkConditions(statement.Condition)
  return {
    sid: Sid,
    effect: Effect,
    principal,
    actions,
    resources,
    conditions: statement.Condition,
    negated,
  }
}

const PRINCIPALS = ['AWS', 'CanonicalUser', 'Federated', 'Service']

function checkPrincipal(principal: unknown): void {
  if (principal === '*') return
  const invalid = malformed('Invalid principal in policy')
  if (!isObject(principal)) throw invalid
  const kinds = Object.entries(principal)
  if (kinds.length === 0) throw invalid
  for (const [kind, value] of kinds) {
    const names = [value].flat()
    const isNamed = names.length > 0 && names.every((name) => typeof name === 'string' && name !== '')
    if (!PRINCIPALS.includes(kind) || !isNamed) throw invalid
    if (kind === 'AWS' && !names.every((name) => isAccount(name))) throw invalid
  }
}

/** Everyone, an account, one of its users and roles by ARN, or by the unique id that a deleted one leaves. */
const isAccount = (name: unknown) =>
  typeof name === 'string' &&
  (name === '*' ||
    /^\d{12}$/.test(name) ||
    /^arn:aws[\w-]*:(?:iam|sts)::./.test(name) ||
    /^A[A-Z0-9]{15,127}$/.test(name))

const isAction = (name: string) =>
  name === '*' || /^s3:[\w]*[*?][\w*?]*$/i.test(name) || actionLevels.has(name.toLowerCase())

const isResourceOf = (arn: string, bucket: string) =>
  /^arn:aws:s3:::([^/]*)(\/.*)?$/s.exec(arn)?.[1] === bucket

/** An action on objects needs a resource that is some, one on the bucket the bucket. */
function checkLevels(names: readonly string[], resources: readonly string[]): void {
  const levels = new Set(resources.map((arn) => (arn.includes('/') ? 'object' : 'bucket')))
  const levelless = names.some((name) => {
    const level = actionLevels.get(name.toLowerCase())
    return level !== undefined && !levels.has(level)
  })
  if (levelless) throw malformed('Action does not apply to any resource(s) in statement')
}

function checkConditions(conditions: unknown): void {
  if (!isObject(conditions)) throw invalidSyntax()
  for (const [operator, tests] of Object.entries(conditions)) {
    const bare = operator.toLowerCase().replace(/^for(allvalues|anyvalue):/, '')
    if (!s3Operators.has(bare) && !s3Operators.has(bare.replace(/ifexists$/, ''))) {
      throw malformed(`Invalid Condition type : ${operator}`)
    }
    if (!isObject(tests)) throw invalidSyntax()
    const odd = Object.keys(tests).find((key) => !/^[\w-]+:./.test(key))
    if (odd !== undefined) throw malformed('Policy has an invalid condition key')
    const isValue = valuesOf.get(bare.replace(/ifexists$/, ''))
    const values = Object.entries(tests).flatMap(([key, value]) => strings(value, key))
    const wrong = isValue && values.find((value) => !isValue(value))
    if (wrong !== undefined) throw malformed(`Invalid value of ${operator} : ${wrong}`)
  }
}

function refuseUnknown(node: Json, names: readonly string[]): void {
  const other = Object.keys(node).find((name) => !names.includes(name))
  if (other !== undefined) throw malformed(`Unknown field ${other}`)
}

function nonEmpty(values: string[], field: string): string[] {
  if (values.length === 0) throw malformed(`Missing required field ${field} cannot be empty!`)
  return values
}

/** One text or a list of them; in conditions booleans and numbers are written as texts. @throws S3Error MalformedPolicy. */
export function strings(value: unknown, field: string): string[] {
  return [value].flat().map((one) => {
    if (!['string', 'boolean', 'number'].includes(typeof one)) throw malformed(`Invalid value of ${field}`)
    return String(one)
  })
}

/** Whether a value of a JSON document is an object, and no array. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** S3's error for a policy that is not of its grammar. */
export const malformed = (message: string) => new S3Error('MalformedPolicy', { message })
const invalidSyntax = () => malformed('Invalid policy syntax.')

/** Throws as an expression. */
export function fail(error: S3Error): never {
  throw error
}
