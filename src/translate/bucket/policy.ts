import { S3Error } from '../../s3/error.ts'
import { actions, conditionKeys, operators, ossActions, ossConditionKeys } from './policy-terms.ts'

type Json = { [name: string]: unknown }

/**
 * A bucket policy of S3 in OSS's grammar: only what means the same in both. The labels `Id` and `Sid` have no effect
 * and no place in OSS.
 * @param bucket the policy's own: it must speak of no other.
 * @throws S3Error MalformedPolicy; NotImplemented naming the statement that OSS cannot say.
 */
export function toOssPolicy(text: string, bucket: string): string {
  const policy = parse(text)
  refuseOthers(policy, ['Version', 'Id', 'Statement'], 'The policy')
  if (!['2012-10-17', '2008-10-17', undefined].includes(policy.Version as string | undefined)) {
    throw malformed('The policy must contain a valid version string')
  }
  if (policy.Statement === undefined) throw malformed('Missing required field Statement')
  const statements = Array.isArray(policy.Statement) ? policy.Statement : [policy.Statement]
  if (statements.length === 0) throw malformed('Could not parse the policy: Statement is empty!')
  return JSON.stringify({
    Version: '1',
    Statement: statements.map((statement, at) => toOssStatement(statement, nameOf(statement, at), bucket)),
  })
}

function toOssStatement(statement: unknown, name: string, bucket: string): Json {
  if (!isObject(statement)) throw malformed('Statement must be an object')
  for (const field of ['Effect', 'Principal', 'Action', 'Resource']) {
    if (statement[field] === undefined && statement[`Not${field}`] === undefined) {
      throw malformed(`Missing required field ${field}`)
    }
  }
  refuseOthers(statement, ['Sid', 'Effect', 'Principal', 'Action', 'Resource', 'Condition'], name)
  const { Effect, Principal, Action, Resource, Condition } = statement
  if (Effect !== 'Allow' && Effect !== 'Deny') {
    throw malformed(`Invalid effect: ${strings(Effect, 'Effect').join()}`)
  }
  const everyone = isObject(Principal)
    ? Object.keys(Principal).join() === 'AWS' && strings(Principal.AWS, 'Principal').join() === '*'
    : Principal === '*'
  if (!everyone) throw unsayable(name, 'OSS has no principal of AWS but everyone ("*")')
  return {
    Effect,
    Action: strings(Action, 'Action').map((action) => {
      const mapped = actions.get(action.toLowerCase())
      return mapped ?? fail(unsayable(name, `OSS has no action like ${action}`))
    }),
    Principal: ['*'],
    Resource: strings(Resource, 'Resource').map((resource) => toOssResource(resource, name, bucket)),
    ...(Condition === undefined ? {} : { Condition: translateConditions(Condition, conditionKeys, name) }),
  }
}

function toOssResource(arn: string, name: string, bucket: string): string {
  const match = /^arn:aws:s3:::([^/]*)(\/.*)?$/s.exec(arn)
  if (match === null || match[1] !== bucket) throw malformed('Policy has invalid resource')
  if (arn.includes('${')) throw unsayable(name, 'OSS has other variables in resources')
  return `acs:oss:*:*:${bucket}${match[2] ?? ''}`
}

/**
 * A policy of OSS as S3 says it.
 * @throws S3Error NotImplemented naming the statement that S3 cannot say.
 */
export function toS3Policy(text: string, bucket: string): string {
  const policy = parse(text)
  refuseOthers(policy, ['Version', 'Statement'], 'The policy')
  const statements = Array.isArray(policy.Statement) ? policy.Statement : []
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((statement, at) => toS3Statement(statement, nameOf(statement, at), bucket)),
  })
}

function toS3Statement(statement: unknown, name: string, bucket: string): Json {
  if (!isObject(statement)) throw unsayable(name, 'it is no object')
  refuseOthers(statement, ['Effect', 'Principal', 'Action', 'Resource', 'Condition'], name)
  const { Effect, Principal, Action, Resource, Condition } = statement
  const principals = strings(Principal, 'Principal')
  // To OSS no principal at all is everyone, too.
  if (principals.some((principal) => principal !== '*')) {
    throw unsayable(name, 'S3 has no principal of Alibaba Cloud but everyone')
  }
  return {
    Effect,
    Principal: '*',
    Action: strings(Action, 'Action').map(
      (action) =>
        ossActions.get(action.toLowerCase()) ?? fail(unsayable(name, `S3 has no action like ${action}`)),
    ),
    Resource: strings(Resource, 'Resource').map((resource) => {
      const [, named, rest = ''] = /^acs:oss:\*:[^:]*:([^/]*)(\/.*)?$/s.exec(resource) ?? []
      if (named !== bucket) throw unsayable(name, `S3 has no resource like ${resource}`)
      return `arn:aws:s3:::${bucket}${rest}`
    }),
    ...(Condition === undefined ? {} : { Condition: translateConditions(Condition, ossConditionKeys, name) }),
  }
}

/** The operators are called alike; each key has those that mean the same on both sides. */
function translateConditions(conditions: unknown, keys: ReadonlyMap<string, string>, name: string): Json {
  if (!isObject(conditions)) throw malformed('Condition must be an object')
  return Object.fromEntries(
    Object.entries(conditions).map(([operator, tests]) => {
      const kind = operators.get(operator)
      if (kind === undefined)
        throw unsayable(name, `there is no condition operator ${operator} on both sides`)
      if (!isObject(tests)) throw malformed(`Condition ${operator} must be an object`)
      const translated = Object.entries(tests).map(([key, value]) => {
        const mapped = keys.get(`${kind} ${key.toLowerCase()}`)
        if (mapped === undefined) throw unsayable(name, `there is no ${operator} of ${key} on both sides`)
        const values = strings(value, key)
        if (values.some((one) => one.includes('${')))
          throw unsayable(name, 'OSS has other variables in conditions')
        return [mapped, values]
      })
      const byKey = Object.fromEntries(translated)
      // Spelt in two ways, one of the two would be lost.
      if (Object.keys(byKey).length < translated.length)
        throw malformed(`Condition ${operator} names a key twice`)
      return [operator, byKey]
    }),
  )
}

function parse(text: string): Json {
  try {
    const policy: unknown = JSON.parse(text)
    if (isObject(policy) && text.startsWith('{')) return policy
  } catch {
    // Not even JSON.
  }
  throw new S3Error('MalformedPolicy')
}

/** One text or a list of them; booleans are written as texts in conditions. */
function strings(value: unknown, field: string): string[] {
  const values = Array.isArray(value) ? value : [value]
  return values.map((one) => {
    if (typeof one !== 'string' && typeof one !== 'boolean') throw malformed(`Invalid value of ${field}`)
    return String(one)
  })
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const nameOf = (statement: unknown, at: number) =>
  isObject(statement) && typeof statement.Sid === 'string'
    ? `Statement ${statement.Sid}`
    : `Statement ${at + 1}`

function refuseOthers(node: Json, names: readonly string[], where: string): void {
  const other = Object.keys(node).find((name) => !names.includes(name))
  if (other !== undefined) throw unsayable(where, `OSS has nothing like ${other}`)
}

const malformed = (message: string) => new S3Error('MalformedPolicy', { message })
const unsayable = (name: string, reason: string) =>
  new S3Error('NotImplemented', { message: `${name} cannot be said: ${reason}` })

function fail(error: S3Error): never {
  throw error
}
