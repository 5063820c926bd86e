import { S3Error } from '../../s3/error.ts'
import {
  fail,
  isObject,
  type Json,
  malformed,
  parseObject,
  parseStatements,
  type Statement,
  strings,
} from './policy-grammar.ts'
import { actions, conditionKeys, operators, ossActions, ossConditionKeys } from './policy-terms.ts'

/**
 * A bucket policy of S3 in OSS's grammar: only what means the same in both. The labels `Id` and `Sid` have no effect
 * and no place in OSS.
 * @param bucket the policy's own: it must speak of no other.
 * @throws S3Error MalformedPolicy; NotImplemented naming the statement that OSS cannot say.
 */
export function toOssPolicy(text: string, bucket: string): string {
  const statements = parseStatements(text, bucket)
  return JSON.stringify({ Version: '1', Statement: statements.map(toOssStatement) })
}

function toOssStatement(statement: Statement, at: number): Json {
  const { sid, effect, principal, actions: names, resources, conditions, negated } = statement
  const name = nameOf(sid, at)
  if (negated[0] !== undefined) throw unsayable(name, `OSS has nothing like ${negated[0]}`)
  const everyone = isObject(principal)
    ? Object.keys(principal).join() === 'AWS' && strings(principal.AWS, 'Principal').join() === '*'
    : principal === '*'
  if (!everyone) throw unsayable(name, 'OSS has no principal of AWS but everyone ("*")')
  return {
    Effect: effect,
    Action: names.map(
      (action) =>
        actions.get(action.toLowerCase()) ?? fail(unsayable(name, `OSS has no action like ${action}`)),
    ),
    Principal: ['*'],
    Resource: resources.map((resource) => toOssResource(resource, name)),
    ...(conditions === undefined ? {} : { Condition: translateConditions(conditions, conditionKeys, name) }),
  }
}

function toOssResource(arn: string, name: string): string {
  if (arn.includes('${')) throw unsayable(name, 'OSS has other variables in resources')
  return arn.replace('arn:aws:s3:::', 'acs:oss:*:*:')
}

/**
 * A policy of OSS as S3 says it.
 * @throws S3Error NotImplemented naming the statement that S3 cannot say.
 */
export function toS3Policy(text: string, bucket: string): string {
  const policy = parseObject(text)
  refuseOthers(policy, ['Version', 'Statement'], 'The policy')
  const statements = Array.isArray(policy.Statement) ? policy.Statement : []
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((statement, at) => toS3Statement(statement, nameOf(undefined, at), bucket)),
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

const nameOf = (sid: string | undefined, at: number) => `Statement ${sid ?? at + 1}`

function refuseOthers(node: Json, names: readonly string[], where: string): void {
  const other = Object.keys(node).find((name) => !names.includes(name))
  if (other !== undefined) throw unsayable(where, `OSS has nothing like ${other}`)
}

const unsayable = (name: string, reason: string) =>
  new S3Error('NotImplemented', { message: `${name} cannot be said: ${reason}` })
