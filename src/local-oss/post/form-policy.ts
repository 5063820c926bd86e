import { OssError } from '../errors.ts'

/** What a form's policy asks of the form, and of its file. */
export type FormPolicy = {
  expires: number
  conditions: readonly FieldCondition[]
  /** Bytes. */
  minSize: number
  maxSize: number
}

type FieldCondition = {
  /** In lower case. */
  field: string
  operator: 'eq' | 'starts-with' | 'in' | 'not-in'
  values: readonly string[]
  /** As the policy has it, for the error. */
  text: string
}

const invalid = (problem: string, ec?: string) =>
  new OssError('InvalidPolicyDocument', { message: `Invalid Policy: ${problem}`, ec })
const failed = (problem: string) =>
  new OssError('AccessDenied', { message: `Invalid according to Policy: ${problem}` })

/** Reads the form field `policy`: JSON in base64. @throws OssError InvalidPolicyDocument. */
export function parseFormPolicy(encoded: string): FormPolicy {
  const { expiration, conditions } = parseJson(encoded)
  const expires = typeof expiration === 'string' ? Date.parse(expiration) : Number.NaN
  if (expiration === undefined) throw invalid('Policy missing expiration.')
  if (Number.isNaN(expires) || !/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(String(expiration))) {
    throw invalid('Invalid expiration.')
  }
  if (!Array.isArray(conditions)) throw invalid('Policy missing conditions.')
  const policy = {
    expires,
    conditions: [] as FieldCondition[],
    minSize: 0,
    maxSize: Number.POSITIVE_INFINITY,
  }
  for (const condition of conditions as unknown[]) {
    if (Array.isArray(condition) && condition[0] === 'content-length-range') {
      const [min, max] = parseRange(condition)
      policy.minSize = Math.max(policy.minSize, min)
      policy.maxSize = Math.min(policy.maxSize, max)
    } else {
      policy.conditions.push(Array.isArray(condition) ? parseList(condition) : parseSimple(condition))
    }
  }
  return policy
}

/** @throws OssError AccessDenied for a policy that has expired, or that a field is not as it says. */
export function checkFormPolicy(policy: FormPolicy, fields: ReadonlyMap<string, string>, now: number): void {
  if (now > policy.expires) throw failed('Policy expired.')
  const broken = policy.conditions.find((condition) => !isMet(condition, fields.get(condition.field)))
  if (broken !== undefined) throw failed(`Policy Condition failed: ${broken.text}`)
}

function isMet({ operator, values }: FieldCondition, given: string | undefined): boolean {
  const [value = ''] = values
  if (operator === 'not-in') return given === undefined || !values.includes(given)
  if (given === undefined) return false
  if (operator === 'in') return values.includes(given)
  return operator === 'eq' ? given === value : given.startsWith(value)
}

function parseJson(encoded: string): { [name: string]: unknown } {
  try {
    const policy: unknown = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'))
    if (typeof policy === 'object' && policy !== null) return policy as { [name: string]: unknown }
  } catch {
    // Not even JSON.
  }
  throw invalid('Invalid JSON.')
}

/** `["content-length-range", 1, 10]`; EC of its page. */
function parseRange([, min, max, ...more]: unknown[]): [min: number, max: number] {
  const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
  if (more.length > 0 || !isSize(min) || !isSize(max) || min > max) {
    throw invalid('Invalid content-length-range.', '0006-00000220')
  }
  return [min, max]
}

/** `["starts-with", "$key", "user/"]`, `["in", "$content-type", ["image/png"]]`; EC of their page. */
function parseList(condition: unknown[]): FieldCondition {
  const [operator, name, wanted, ...more] = condition
  const known = (['eq', 'starts-with', 'in', 'not-in'] as const).find((one) => one === operator)
  if (known === undefined || more.length > 0 || typeof name !== 'string' || !name.startsWith('$')) {
    throw invalid(`Invalid condition ${JSON.stringify(condition)}.`)
  }
  const values = known === 'in' || known === 'not-in' ? wanted : [wanted]
  if (!Array.isArray(values) || !values.every((value) => typeof value === 'string')) {
    throw invalid(`Invalid type of a value in ${JSON.stringify(condition)}.`, '0006-00000224')
  }
  return { field: name.slice(1).toLowerCase(), operator: known, values, text: JSON.stringify(condition) }
}

/** `{"bucket": "name"}`. */
function parseSimple(condition: unknown): FieldCondition {
  const entries = typeof condition === 'object' && condition !== null ? Object.entries(condition) : []
  const [field, value] = entries[0] ?? []
  if (entries.length !== 1 || field === undefined || typeof value !== 'string') {
    throw invalid('Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.')
  }
  const text = JSON.stringify(['eq', `$${field}`, value])
  return { field: field.toLowerCase(), operator: 'eq', values: [value], text }
}
