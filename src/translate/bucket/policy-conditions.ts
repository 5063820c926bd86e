import { type Action, matches } from './policy-actions.ts'
import { type Kind, kindOf, type S3Condition } from './policy-condition-grammar.ts'

/** Conditions as OSS has them: by operator and key. */
export type OssConditions = { [operator: string]: { [key: string]: string[] } }

/** Whom OSS judges by a statement, and by what. */
export type Judged = {
  effect: 'Allow' | 'Deny'
  actions: readonly Action[]
  /** Which requests that the gateway makes for others it decides on: those with its signature, and those with none. */
  throughGateway: { signed: boolean; unsigned: boolean }
  /** Whether clients reach the gateway, and the gateway reaches OSS, by HTTPS alone. */
  encrypted: boolean
}

type Key = {
  kind: Kind
  s3: string
  oss: string
  /** Every request has it. */
  always?: true
  /** The requests of which OSS sees the gateway's, where that makes them for others. */
  ofGateway?: 'all' | 'signed'
  /** The actions with which OSS documents it, where it is not with all. */
  only?: readonly string[]
}

const ON_LISTS = ['ListBucket', 'ListBucketVersions']
const ON_OBJECT_ACLS = ['PutObject', 'PutObjectAcl', 'PutObjectVersionAcl']
const ON_TAGGED = `GetObject GetObjectVersion GetObjectTagging GetObjectVersionTagging PutObjectTagging
  PutObjectVersionTagging DeleteObjectTagging DeleteObjectVersionTagging`.split(/\s+/)

/** https://www.alibabacloud.com/help/en/oss/user-guide/authorization-syntax-and-elements; of a tag, `/` and its key follow. */
const keys: readonly Key[] = [
  { kind: 'ip', s3: 'aws:SourceIp', oss: 'acs:SourceIp', always: true, ofGateway: 'all' },
  { kind: 'bool', s3: 'aws:SecureTransport', oss: 'acs:SecureTransport', always: true, ofGateway: 'all' },
  { kind: 'date', s3: 'aws:CurrentTime', oss: 'acs:CurrentTime', always: true },
  { kind: 'string', s3: 'aws:UserAgent', oss: 'acs:UserAgent', ofGateway: 'signed' },
  { kind: 'string', s3: 's3:prefix', oss: 'oss:Prefix', only: ON_LISTS },
  { kind: 'string', s3: 's3:delimiter', oss: 'oss:Delimiter', only: ON_LISTS },
  { kind: 'string', s3: 's3:x-amz-acl', oss: 'oss:x-oss-object-acl', only: ON_OBJECT_ACLS },
  { kind: 'string', s3: 's3:x-amz-acl', oss: 'oss:x-oss-acl', only: ['PutBucketAcl'] },
  { kind: 'string', s3: 's3:ExistingObjectTag', oss: 'oss:ExistingObjectTag', only: ON_TAGGED },
  {
    kind: 'string',
    s3: 's3:RequestObjectTag',
    oss: 'oss:RequestObjectTag',
    only: ['PutObject', 'PutObjectTagging', 'PutObjectVersionTagging'],
  },
]

/** OSS takes no address without a network (EC 0030-00000008); this is any, and none. */
const ANY_NETWORK = { operator: 'StringLike', key: 'acs:SourceVpc', values: ['*'] }

/** Something that OSS does not say; its message is why. */
export class Unsayable extends Error {
  override name = 'Unsayable'
}

/**
 * Conditions of S3 as OSS says them.
 * @throws Unsayable for one that OSS would judge differently, or not at all.
 */
export function toOssConditions(conditions: readonly S3Condition[], judged: Judged): OssConditions {
  const said: OssConditions = {}
  for (const condition of conditions) {
    for (const { operator, key, values } of toOss(condition, judged)) {
      said[operator] ??= {}
      const tests = said[operator]
      if (tests[key] !== undefined) throw new Unsayable(`OSS has no two conditions ${operator} of ${key}`)
      tests[key] = values
    }
  }
  return said
}

function toOss(
  condition: S3Condition,
  judged: Judged,
): { operator: string; key: string; values: string[] }[] {
  const { operator, quantifier, key, values } = condition
  const what = `${quantifier === undefined ? '' : `${quantifier}:`}${operator}${condition.ifExists ? 'IfExists' : ''} of ${key}`
  // Without values S3 has it hold for nothing; what OSS makes of that is not said.
  if (quantifier !== undefined || values.length === 0) throw new Unsayable(`OSS has nothing like ${what}`)
  if (key.includes('${')) throw new Unsayable('OSS has other variables in conditions')
  const [name = '', tag] = key.split(/\/(.*)/s)
  const sayable = keys.filter((one) => one.s3.toLowerCase() === name.toLowerCase())
  const isTag = sayable[0]?.oss.endsWith('ObjectTag') ?? false
  if (sayable.length === 0 || isTag === (tag === undefined))
    throw new Unsayable(`OSS has no condition key like ${key}`)
  const row = sayable.find(({ only }) => judged.actions.every((action) => isAmong(action, only)))
  if (row === undefined) throw new Unsayable(`OSS has ${key} with other actions than the statement's`)
  const { signed, unsigned } = judged.throughGateway
  const isOfGateway = (row.ofGateway && signed) || (row.ofGateway === 'all' && unsigned)
  if (isOfGateway && !(row.kind === 'bool' && judged.encrypted)) {
    throw new Unsayable(`OSS would judge ${key} by the gateway's own requests, not by those of its clients`)
  }
  const ossKey = tag === undefined ? row.oss : `${row.oss}/${tag}`
  if (operator === 'Null') return toOssPresence(row, ossKey, values, what)
  if (kindOf(operator) !== row.kind) throw new Unsayable(`OSS has no ${operator} of ${key}`)
  // Without the key a negated operator holds anyway.
  if (condition.ifExists && !row.always && !/Not/.test(operator))
    throw new Unsayable(`OSS has nothing like ${what}`)
  if (row.s3 === 's3:x-amz-acl') checkAcls(operator, values, judged)
  const line = { operator, key: ossKey, values: values.map((value) => toOssValue(value, operator, row.kind)) }
  return row.kind === 'ip' ? [line, ANY_NETWORK] : [line]
}

const isAmong = ({ name }: Action, only: readonly string[] | undefined) =>
  only?.includes(name.replace('s3:', '')) ?? true

/** `Null`: whether a request has a key. */
function toOssPresence({ kind, s3, always }: Key, key: string, values: readonly string[], what: string) {
  const [absent, another] = values
  const isAbsent = absent?.toLowerCase() === 'true'
  // OSS has an empty prefix where there is none, and an ACL that the gateway sends of itself.
  const isPlain = kind === 'string' && !['s3:prefix', 's3:delimiter', 's3:x-amz-acl'].includes(s3)
  if (another !== undefined || !(isPlain || (always && !isAbsent)))
    throw new Unsayable(`OSS has nothing like ${what}`)
  return always ? [] : [{ operator: isAbsent ? 'StringNotLike' : 'StringLike', key, values: ['*'] }]
}

function toOssValue(value: string, operator: string, kind: Kind): string {
  if (value.includes('${')) throw new Unsayable('OSS has other variables in conditions')
  if (kind === 'date') return toOssTime(value)
  if (kind === 'bool') return value.toLowerCase()
  // OSS refuses repeated stars (EC 0030-00000007), and in a pattern they say no more than one.
  if (/Like$/.test(operator)) return value.replace(/\*+/g, '*')
  if (value.includes('**')) throw new Unsayable('OSS takes no repeated stars')
  return value
}

/** A time or seconds since the epoch → `2012-11-11T23:59:59Z`. */
function toOssTime(value: string): string {
  const zoned = /T/.test(value) && !/(?:Z|[+-]\d{2}:?\d{2})$/.test(value) ? `${value}Z` : value
  const time = /^\d{5,}$/.test(value) || !/-/.test(value) ? Number(value) * 1000 : Date.parse(zoned)
  if (Number.isNaN(time) || time % 1000 !== 0) throw new Unsayable(`OSS has no time like ${value}`)
  return new Date(time).toISOString().replace('.000Z', 'Z')
}

const CANNED = `private public-read public-read-write authenticated-read aws-exec-read bucket-owner-read
  bucket-owner-full-control log-delivery-write`.split(/\s+/)

/**
 * OSS's ACLs are three. Of requests through the gateway it sees one even where the client named none, `private`: what
 * S3 tells apart from that it cannot.
 * @throws Unsayable.
 */
function checkAcls(operator: string, values: readonly string[], { throughGateway }: Judged): void {
  const isNamed = (acl: string) => values.some((value) => holdsFor(operator, value, acl))
  const unknown = CANNED.filter(
    (acl) => acl.startsWith('bucket-owner') || (throughGateway.signed && acl === 'private'),
  )
  const odd = unknown.find(isNamed)
  if (odd !== undefined) throw new Unsayable(`OSS does not see whether s3:x-amz-acl is ${odd}`)
}

/** Whether a value of a string operator, negation aside, names a text. */
function holdsFor(operator: string, value: string, text: string): boolean {
  if (operator.endsWith('Like')) return matches(value, text)
  return operator.endsWith('IgnoreCase') ? value.toLowerCase() === text : value === text
}

/**
 * Conditions of OSS in S3's words; whether they mean the same shows when they are translated back.
 * @throws Unsayable for keys that S3 has not.
 */
export function toS3Conditions(conditions: OssConditions): OssConditions {
  const lines = Object.entries(conditions).map(([operator, tests]) => {
    const others = Object.entries(tests).filter(([key, values]) => !isAnyNetwork(operator, key, values))
    const said = others.map(([key, values]) => [toS3Key(key), values])
    return [operator, Object.fromEntries(said)] as const
  })
  return Object.fromEntries(lines.filter(([, tests]) => Object.keys(tests).length > 0))
}

/** @throws Unsayable. */
function toS3Key(key: string): string {
  const [name = '', tag] = key.split(/\/(.*)/s)
  const row = keys.find(({ oss }) => oss === name)
  if (row === undefined) throw new Unsayable(`S3 has no condition key like ${key}`)
  return tag === undefined ? row.s3 : `${row.s3}/${tag}`
}

const isAnyNetwork = (operator: string, key: string, values: readonly string[]) =>
  operator === ANY_NETWORK.operator && key === ANY_NETWORK.key && values.join() === '*'
