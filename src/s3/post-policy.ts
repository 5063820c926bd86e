import { parseJson } from '../bytes/json.ts'
import { parseIsoTime } from '../bytes/parse-date.ts'
import { S3Error } from './error.ts'
import type { Fields } from './form-signature.ts'

/** How many bytes the file may have. */
export type SizeRange = { least: number; most: number }

/**
 * Holds a form to its policy: not expired, every condition met, and no field without one.
 * @param fields as they will be used, with `bucket` and the final `key` among them.
 * @param exempt names that need no condition.
 * @param now milliseconds since the epoch.
 * @returns the sizes that the file may have, to be checked while it comes.
 * @throws S3Error AccessDenied "Invalid according to Policy", InvalidPolicyDocument.
 */
export function holdToPolicy(fields: Fields, exempt: readonly string[], now: number): SizeRange {
  const { expiration, conditions } = parsePolicy(fields.get('policy') ?? '')
  if (expiration <= now) throw denied('Policy expired.')
  const range = { least: 0, most: Number.POSITIVE_INFINITY }
  const covered = new Set(exempt)
  for (const condition of conditions) {
    const [operator, subject, value] = condition
    if (operator === 'content-length-range') {
      const [least, most] = [toInteger(subject), toSize(value)]
      if (least === undefined || most === undefined) throw failed(condition)
      range.least = Math.max(range.least, least)
      range.most = Math.min(range.most, most)
      continue
    }
    if (typeof subject !== 'string' || typeof value !== 'string' || !subject.startsWith('$')) {
      throw failed(condition)
    }
    const name = subject.slice(1).toLowerCase()
    covered.add(name)
    if (!meets(operator, name, fields.get(name), value)) throw failed(condition)
  }
  const extra = [...fields.keys()].filter((name) => !covered.has(name) && !name.startsWith('x-ignore-'))
  if (extra.length > 0) throw denied(`Extra input fields: ${extra.join(', ')}`)
  return range
}

function meets(
  operator: 'eq' | 'starts-with',
  name: string,
  field: string | undefined,
  value: string,
): boolean {
  if (field === undefined) return false
  if (operator === 'eq') return field === value
  // A list of content types: each of them must fit.
  const values = name === 'content-type' ? field.split(',').map((one) => one.trim()) : [field]
  return values.every((one) => one.startsWith(value))
}

type Condition = readonly [
  operator: 'eq' | 'starts-with' | 'content-length-range',
  subject: unknown,
  value: unknown,
]

const expirationForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

function parsePolicy(encoded: string): { expiration: number; conditions: Condition[] } {
  if (!/^[A-Za-z0-9+/\s]*={0,2}$/.test(encoded.trimEnd())) throw invalidPolicy('invalid Base64 encoding.')
  let policy: unknown
  try {
    policy = parseJson(utf8.decode(Buffer.from(encoded, 'base64')))
  } catch (cause) {
    throw invalidPolicy('Invalid JSON.', cause)
  }
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy))
    throw invalidPolicy('Invalid JSON.')
  const { expiration, conditions, ...others } = policy as Record<string, unknown>
  const [other] = Object.keys(others)
  if (other !== undefined) throw invalidPolicy(`Unexpected: '${other}'`)
  if (expiration === undefined) throw invalidPolicy('Policy missing expiration.')
  if (conditions === undefined) throw invalidPolicy('Policy missing conditions.')
  const time = parseExpiration(expiration)
  if (time === undefined) {
    const text = typeof expiration === 'string' ? expiration : shown(expiration)
    throw invalidPolicy(`Invalid 'expiration' value: '${text}'`)
  }
  if (!Array.isArray(conditions)) throw invalidPolicy("Invalid 'conditions' value: must be a List.")
  return { expiration: time, conditions: conditions.map(parseCondition) }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Milliseconds since the epoch, or undefined for what is no time in UTC. */
const parseExpiration = (value: unknown) =>
  typeof value === 'string' && expirationForm.test(value) ? parseIsoTime(value) : undefined

function parseCondition(condition: unknown): Condition {
  if (Array.isArray(condition)) {
    const [name] = condition
    if (typeof name !== 'string') throw invalidPolicy('Invalid Condition: missing operation identifier.')
    const operator = name.toLowerCase()
    if (!isOperator(operator)) throw invalidPolicy(`Invalid Condition: unknown operation '${name}'.`)
    if (condition.length !== 3) throw invalidPolicy(`Invalid ${operator}: wrong number of arguments.`)
    return [operator, condition[1], condition[2]]
  }
  if (typeof condition !== 'object' || condition === null) {
    throw invalidPolicy('Invalid condition test: must be a List or Object.')
  }
  const entries = Object.entries(condition)
  const [entry] = entries
  if (entry === undefined || entries.length !== 1) {
    throw invalidPolicy(
      'Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.',
    )
  }
  if (typeof entry[1] !== 'string') throw invalidPolicy('Invalid Simple-Condition: value must be a string.')
  return ['eq', `$${entry[0]}`, entry[1]]
}

/** A value as the policy writes it, unless it is nested deeper than anything could write it. */
function shown(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    return '…'
  }
}

const isOperator = (text: string): text is Condition[0] =>
  text === 'eq' || text === 'starts-with' || text === 'content-length-range'

function toInteger(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined
}

function toSize(value: unknown): number | undefined {
  const size = toInteger(value)
  return size !== undefined && size >= 0 ? size : undefined
}

const denied = (detail: string) =>
  new S3Error('AccessDenied', { message: `Invalid according to Policy: ${detail}` })

const failed = (condition: Condition) =>
  denied(`Policy Condition failed: [${condition.map(shown).join(', ')}]`)

const invalidPolicy = (detail: string, cause?: unknown) =>
  new S3Error('InvalidPolicyDocument', {
    message: `Invalid Policy: ${detail}`,
    ...(cause === undefined ? {} : { cause }),
  })
