import { OssError } from '../errors.ts'
import { type Condition, problemOf } from './conditions.ts'

/** A statement of a bucket policy. */
export type Statement = {
  effect: 'Allow' | 'Deny'
  /** `*`, account ids, and roles as `arn:sts::id:assumed-role/…`; empty for everyone. */
  principals: readonly string[]
  /** In lower case: `oss:getobject`, `oss:*`, `*`. */
  actions: readonly string[]
  /** `acs:oss:region:account:bucket/key`, or `*`. */
  resources: readonly string[]
  /** All must hold. */
  conditions: readonly Condition[]
}

type Json = { [name: string]: unknown }

/**
 * The statements of a bucket policy. Without a `Principal` one is about everyone: the suites of the Python and the Go SDK
 * put such policies.
 * @throws OssError InvalidPolicyDocument for what is not of OSS's grammar, and for condition keys not served.
 */
export function parsePolicy(document: string): Statement[] {
  const policy = parseObject(document)
  refuseUnknown(policy, ['Version', 'Statement'])
  if (policy.Version !== '1') {
    throw invalid('the Version must be "1"', typeof policy.Version === 'string' ? '0030-00000002' : INVALID)
  }
  if (!Array.isArray(policy.Statement)) throw invalid('the Statement must be a list')
  return policy.Statement.map(parseStatement)
}

function parseObject(document: string): Json {
  let policy: unknown
  try {
    policy = JSON.parse(document)
  } catch {
    throw invalid('it is no JSON')
  }
  if (!isObject(policy)) throw invalid('it is no object')
  return policy
}

function parseStatement(statement: unknown): Statement {
  if (!isObject(statement)) throw invalid('a statement is no object')
  refuseUnknown(statement, ['Sid', 'Effect', 'Principal', 'Action', 'Resource', 'Condition'])
  const { Sid, Effect, Principal, Action, Resource, Condition } = statement
  if (Sid !== undefined && typeof Sid !== 'string') throw invalid('invalid Sid')
  if (Effect !== 'Allow' && Effect !== 'Deny') throw invalid('the Effect must be Allow or Deny')
  return {
    effect: Effect,
    principals: Principal === undefined ? [] : texts(Principal, 'Principal', isPrincipal),
    actions: nonEmpty(texts(Action, 'Action', isAction), 'Action').map((action) => action.toLowerCase()),
    resources: nonEmpty(texts(Resource, 'Resource', isResource), 'Resource'),
    conditions: Condition === undefined ? [] : parseConditions(Condition),
  }
}

// OSS takes names of nobody, actions of other services and resources of any kind (suites of the Go SDK v1 and of ossutil).
const isPrincipal = (text: string) => text !== ''
const isAction = (text: string) => text === '*' || /^[a-z]+:[A-Za-z*]+$/i.test(text)
const isResource = (text: string) => text === '*' || RESOURCE.test(text)

/** Region, account and path. */
export const RESOURCE = /^acs:oss:([^:]+):([^:]+):(.+)$/s

function parseConditions(conditions: unknown): Condition[] {
  if (!isObject(conditions)) throw invalid('the Condition is no object')
  return Object.entries(conditions).flatMap(([operator, tests]) => {
    if (!isObject(tests)) throw invalid(`the condition ${operator} is no object`)
    return Object.entries(tests).map(([key, value]) => {
      const condition = { operator, key, values: texts(value, key, () => true) }
      const problem = problemOf(condition)
      if (problem !== undefined) throw invalid(problem)
      return condition
    })
  })
}

/** One text, or a list; booleans count as their words. */
function texts(value: unknown, name: string, isValid: (text: string) => boolean): string[] {
  return [value].flat().map((one) => {
    const text = typeof one === 'boolean' ? String(one) : one
    if (typeof text !== 'string' || !isValid(text)) throw invalid(`invalid ${name}`)
    return text
  })
}

function nonEmpty(values: string[], name: string): string[] {
  if (values.length === 0) throw invalid(`the ${name} is empty`)
  return values
}

function refuseUnknown(node: Json, names: readonly string[]): void {
  const other = Object.keys(node).find((name) => !names.includes(name))
  if (other !== undefined) throw invalid(`unknown field ${other}`)
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The cause of what is not of the grammar. */
const INVALID = '0030-00000005'

/** Which words OSS has for each is not documented. */
export const invalid = (problem: string, ec = INVALID) =>
  new OssError('InvalidPolicyDocument', { message: `Invalid policy document: ${problem}.`, ec })
