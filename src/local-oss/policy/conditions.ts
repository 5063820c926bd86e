import { BlockList, isIP } from 'node:net'
import { matchesWildcard } from './pattern.ts'

/** What is known of a request, by condition key; what it has not is absent. */
export type Facts = { readonly [key: string]: string | undefined }

type Kind = 'string' | 'date' | 'bool' | 'ip'

type Operator = {
  kind: Kind
  /** Whether the request's value is as one of the policy's. */
  matches: (given: string, wanted: string) => boolean
  /** It holds where none of the policy's values matches, and where the request has none. */
  negated?: true
}

const same = (given: string, wanted: string) => given === wanted
const sameIgnoringCase = (given: string, wanted: string) => given.toLowerCase() === wanted.toLowerCase()
const like = (given: string, wanted: string) => matchesWildcard(wanted, given, true)
const dates = (compare: (given: number, wanted: number) => boolean) => (given: string, wanted: string) =>
  compare(Date.parse(given), Date.parse(wanted))
const sameDate = dates((given, wanted) => given === wanted)

/** OSS has RAM's: https://www.alibabacloud.com/help/en/ram/conditional-operator. No key that is served is a number. */
const operators: Readonly<Record<string, Operator>> = {
  StringEquals: { kind: 'string', matches: same },
  StringNotEquals: { kind: 'string', matches: same, negated: true },
  StringEqualsIgnoreCase: { kind: 'string', matches: sameIgnoringCase },
  StringNotEqualsIgnoreCase: { kind: 'string', matches: sameIgnoringCase, negated: true },
  StringLike: { kind: 'string', matches: like },
  StringNotLike: { kind: 'string', matches: like, negated: true },
  DateEquals: { kind: 'date', matches: sameDate },
  DateNotEquals: { kind: 'date', matches: sameDate, negated: true },
  DateLessThan: { kind: 'date', matches: dates((given, wanted) => given < wanted) },
  DateLessThanEquals: { kind: 'date', matches: dates((given, wanted) => given <= wanted) },
  DateGreaterThan: { kind: 'date', matches: dates((given, wanted) => given > wanted) },
  DateGreaterThanEquals: { kind: 'date', matches: dates((given, wanted) => given >= wanted) },
  Bool: { kind: 'bool', matches: sameIgnoringCase },
  IpAddress: { kind: 'ip', matches: isWithin },
  NotIpAddress: { kind: 'ip', matches: isWithin, negated: true },
}

/** The condition keys that are served; the policies of OSS have more, which are refused. */
const keys: Readonly<Record<string, Kind>> = {
  'acs:AccessId': 'string',
  'acs:CurrentTime': 'date',
  'acs:SecureTransport': 'bool',
  'acs:SourceIp': 'ip',
  'acs:SourceVpc': 'string',
  'acs:UserAgent': 'string',
  'oss:Delimiter': 'string',
  'oss:Prefix': 'string',
  'oss:x-oss-acl': 'string',
  'oss:x-oss-object-acl': 'string',
}
/** Of the tags that an object has, or gets by the request; one key for each. */
const OBJECT_TAG = /^oss:(?:Existing|Request)ObjectTag\/./

/** One line of a `Condition`. */
export type Condition = { operator: string; key: string; values: readonly string[] }

/** What is wrong with a condition, in a few words; undefined when nothing is. */
export function problemOf({ operator, key, values }: Condition): string | undefined {
  const kind = Object.hasOwn(operators, operator) ? operators[operator]?.kind : undefined
  if (kind === undefined) return `unknown condition operator ${operator}`
  const keyKind = Object.hasOwn(keys, key) ? keys[key] : OBJECT_TAG.test(key) ? 'string' : undefined
  if (keyKind === undefined) return `unsupported condition key ${key}`
  if (keyKind !== kind) return `condition operator ${operator} is not for ${key}`
  if (values.length === 0) return `no value for ${key}`
  const wrong = values.find((value) => !isValueOf(kind, value))
  return wrong === undefined ? undefined : `invalid value ${wrong} for ${key}`
}

function isValueOf(kind: Kind, value: string): boolean {
  if (kind === 'bool') return /^(true|false)$/i.test(value)
  if (kind === 'date') return /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value))
  return kind === 'string' || subnetOf(value) !== undefined
}

/** Whether a condition holds for a request. */
export function holds({ operator, key, values }: Condition, facts: Facts): boolean {
  const row = operators[operator]
  const given = Object.hasOwn(facts, key) ? facts[key] : undefined
  if (row === undefined) return false
  const matched = given !== undefined && values.some((value) => row.matches(given, value))
  return row.negated === true ? !matched : matched
}

/** The widest networks that are not everyone's, in bits that are fixed. */
const NARROW = { ipv4: 8, ipv6: 32 }

/**
 * Whether a condition keeps a policy from being public, though everyone is its principal: it names addresses, networks or
 * keys (OSS's page on Block Public Access).
 */
export function limitsCallers({ operator, key, values }: Condition): boolean {
  if (operators[operator]?.negated) return false
  if (key === 'acs:SourceIp') {
    return values.every((value) => {
      const subnet = subnetOf(value)
      return subnet !== undefined && subnet.bits >= NARROW[subnet.family]
    })
  }
  return ['acs:SourceVpc', 'acs:AccessId'].includes(key) && values.every((value) => !value.includes('*'))
}

type Subnet = { address: string; family: 'ipv4' | 'ipv6'; bits: number }

/** `10.0.0.0/8`, `10.0.0.1`, `2001:db8::/32`. */
function subnetOf(text: string): Subnet | undefined {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = isIP(address)
  if (version === 0) return undefined
  const most = version === 4 ? 32 : 128
  const length = bits === undefined ? most : Number(bits)
  return length > most ? undefined : { address, family: version === 4 ? 'ipv4' : 'ipv6', bits: length }
}

function isWithin(given: string, wanted: string): boolean {
  const subnet = subnetOf(wanted)
  // As a socket for both families has an address of the older one.
  const mapped = /^::ffff:(.*)$/i.exec(given)?.[1] ?? ''
  const address = isIP(mapped) === 4 ? mapped : given
  if (subnet === undefined || isIP(address) === 0) return false
  const list = new BlockList()
  list.addSubnet(subnet.address, subnet.bits, subnet.family)
  return list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
}
