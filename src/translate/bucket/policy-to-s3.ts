import { S3Error } from '../../s3/error.ts'
import { s3NamesOf } from './policy-actions.ts'
import { type OssConditions, toS3Conditions, Unsayable } from './policy-conditions.ts'
import { parseStatements } from './policy-grammar.ts'
import { isObject, type Json, parseObject } from './policy-json.ts'
import {
  ACCESS_KEY,
  ALWAYS,
  isClientOf,
  notSayable,
  type OssStatement,
  type PolicySetting,
  sayable,
  toOssStatements,
} from './policy-to-oss.ts'

/** Whose a policy is. */
type Owned = {
  bucket: string
  /** The id of the bucket's owner; needed where {@link namesAnOwner}. */
  owner: string | undefined
}

/** Whether the resources of a policy of OSS name a bucket's owner, and not just any. */
export const namesAnOwner = (text: string) => /"acs:oss:\*:[^*:"]/.test(text)

/**
 * A policy of OSS as S3 says it: what is shown would be written back as it stands.
 * @throws S3Error NotImplemented naming the statement that S3 cannot say.
 */
export function toS3Policy(text: string, owned: Owned, setting: PolicySetting): string {
  const policy = parseObject(text)
  const odd = Object.keys(policy).find((name) => !['Version', 'Statement'].includes(name))
  if (odd !== undefined) throw notSayable('The policy', `S3 has nothing like ${odd}`)
  const given = Array.isArray(policy.Statement) ? policy.Statement : []
  const Statement: Json[] = []
  for (let at = 0; at < given.length; ) {
    const { statement, length } = sayable(`Statement ${at + 1}`, () =>
      toS3Statement(given.slice(at, at + 2), owned, setting),
    )
    Statement.push(statement)
    at += length
  }
  return JSON.stringify({ Version: '2012-10-17', Statement })
}

/**
 * The statement that begins with the first of these, and how many of them it is.
 * @throws Unsayable for what would not be written so.
 */
function toS3Statement([first, second]: readonly unknown[], owned: Owned, setting: PolicySetting) {
  const one = readStatement(first, owned)
  const rest = second !== undefined && isOfOwner(one) ? readStatement(second, owned) : undefined
  if (rest !== undefined && isOfOthers(rest)) {
    const statement = inS3(one, rest.Action)
    if (isWrittenAs(statement, [one, rest], owned, setting)) return { statement, length: 2 }
  }
  const statement = inS3(one)
  if (isWrittenAs(statement, [one], owned, setting)) return { statement, length: 1 }
  throw new Unsayable(
    isOfOthers(one)
      ? "it spares the bucket's owner, as no denial of everyone does in S3"
      : "in S3's words it would mean something else",
  )
}

/** A denial that is about the bucket's owner because it has a condition, which always holds. */
const isOfOwner = ({ Effect, Condition }: OssStatement) =>
  Effect === 'Deny' && canonical(Condition) === canonical(ALWAYS)

/** A denial of all but the bucket's owner. */
const isOfOthers = ({ Effect, Condition }: OssStatement) => Effect === 'Deny' && Condition === undefined

/** @throws Unsayable for what S3 would not take. */
function isWrittenAs(
  statement: Json,
  expected: readonly OssStatement[],
  { bucket }: Owned,
  setting: PolicySetting,
): boolean {
  const text = JSON.stringify({ Statement: [statement] })
  try {
    const [parsed] = parseStatements(text, bucket, isClientOf(setting))
    return parsed !== undefined && canonical(toOssStatements(parsed, setting)) === canonical(expected)
  } catch (error) {
    throw error instanceof S3Error ? new Unsayable(`S3 takes no such statement: ${error.message}`) : error
  }
}

/** A statement of OSS, all its members written out. @throws Unsayable for what no statement of S3's is. */
function readStatement(statement: unknown, { bucket, owner }: Owned): OssStatement {
  if (!isObject(statement)) throw new Unsayable('it is no object')
  const odd = Object.keys(statement).find(
    (name) => !['Effect', 'Principal', 'Action', 'Resource', 'Condition'].includes(name),
  )
  if (odd !== undefined) throw new Unsayable(`S3 has nothing like ${odd}`)
  // To OSS no principal at all is everyone, too.
  const principal = listOf(statement.Principal ?? []).find((name) => name !== '*')
  if (principal !== undefined) throw new Unsayable(`S3 has no principal of Alibaba Cloud like ${principal}`)
  const Resource = listOf(statement.Resource).map((resource) => {
    const [, account, rest = '', key] = /^acs:oss:\*:([^:]*):(([^/]*)(?:\/.*)?)$/s.exec(resource) ?? []
    if (key !== bucket || !['*', owner].includes(account))
      throw new Unsayable(`S3 has no resource like ${resource}`)
    return `acs:oss:*:*:${rest}`
  })
  const Condition = statement.Condition === undefined ? undefined : readConditions(statement.Condition)
  return {
    Effect: String(statement.Effect),
    Action: listOf(statement.Action),
    Principal: ['*'],
    Resource,
    ...(Condition !== undefined && Object.keys(Condition).length > 0 && { Condition }),
  }
}

const listOf = (value: unknown): string[] => [value].flat().map(String)

/** Each value a list; an address that names no network is of any, as in policies from before OSS asked for one. */
function readConditions(conditions: unknown): OssConditions {
  const membersOf = (value: unknown) => Object.entries(isObject(value) ? value : {})
  const read: OssConditions = Object.fromEntries(
    membersOf(conditions).map(([operator, tests]) => [
      operator,
      Object.fromEntries(membersOf(tests).map(([key, value]) => [key, listOf(value)])),
    ]),
  )
  const named = Object.values(read).flatMap((tests) => Object.keys(tests))
  if (!named.includes('acs:SourceIp') || named.includes('acs:SourceVpc')) return read
  return { ...read, StringLike: { ...read.StringLike, 'acs:SourceVpc': ['*'] } }
}

/**
 * A statement in S3's words, whether or not those mean the same.
 * @param moreActions actions besides its own.
 * @throws Unsayable for words that S3 has not.
 */
function inS3(
  { Effect, Action, Resource, Condition = {} }: OssStatement,
  moreActions: readonly string[] = [],
): Json {
  const { names, left } = s3NamesOf([...Action, ...moreActions])
  if (left[0] !== undefined) throw new Unsayable(`S3 has no action like ${left[0]}`)
  const { [ACCESS_KEY.operator]: { [ACCESS_KEY.key]: clients, ...same } = {}, ...others } = Condition
  const ofOthers = Object.keys(same).length === 0 ? others : { ...others, [ACCESS_KEY.operator]: same }
  const conditions = canonical(Condition) === canonical(ALWAYS) ? {} : toS3Conditions(ofOthers)
  return {
    Effect,
    Principal: clients === undefined ? '*' : { AWS: clients },
    Action: names,
    Resource: Resource.map((resource) => resource.replace('acs:oss:*:*:', 'arn:aws:s3:::')),
    ...(Object.keys(conditions).length > 0 && { Condition: conditions }),
  }
}

/** A text that is the same for what differs in order, in repetition and in the case of actions. */
function canonical(value: unknown, name = ''): string {
  if (Array.isArray(value)) return `[${[...new Set(value.map((one) => canonical(one, name)))].sort()}]`
  if (!isObject(value)) return JSON.stringify(name === 'Action' ? String(value).toLowerCase() : value) ?? ''
  const members = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}:${canonical(one, key)}`)
  return `{${members.sort()}}`
}
