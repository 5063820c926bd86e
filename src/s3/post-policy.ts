import { createHmac } from 'node:crypto'
import { parseJson } from '../bytes/json.ts'
import { parseIsoTime } from '../bytes/parse-date.ts'
import { invalidArgument, S3Error } from './error.ts'
import {
  equalSignatures,
  parseBasicTime,
  requireSecrets,
  requireSignatureV2,
  type SecretsOf,
  signatureMismatch,
} from './signature.ts'
import { signingKey } from './sigv4.ts'
import { ALGORITHM, parseCredential } from './sigv4-claim.ts'

/** The fields of a form, names in lower case. */
export type Fields = ReadonlyMap<string, string>

/** How many bytes the file may have. */
export type SizeRange = { least: number; most: number }

/** Fields of the two ways to sign a form, by the names S3 calls them. */
const v4Fields = ['X-Amz-Signature', 'X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date'] as const
const v2Fields = ['Signature', 'AWSAccessKeyId'] as const

const TOKEN = 'x-amz-security-token'

/**
 * Verifies the signature of a form's policy.
 * @param allowV2 whether Signature Version 2 is taken.
 * @returns the access key id, which of its secrets has signed, from 0, and the names of the fields that need no condition.
 * @throws S3Error AccessDenied for a form without a policy, InvalidRequest, InvalidArgument, InvalidAccessKeyId, SignatureDoesNotMatch.
 */
export function verifyForm(
  fields: Fields,
  secretsOf: SecretsOf,
  allowV2 = true,
): { accessKeyId: string; secret: number; exempt: readonly string[] } {
  const isV4 = v4Fields.some((name) => fields.has(name.toLowerCase()))
  if (!isV4 && !v2Fields.some((name) => fields.has(name.toLowerCase()))) throw new S3Error('AccessDenied')
  if (!isV4) requireSignatureV2(allowV2)
  const policy = requireField(fields, 'Policy')
  const signature = requireField(fields, isV4 ? 'X-Amz-Signature' : 'Signature')
  const { accessKeyId, expected } = isV4 ? signedByV4(fields, secretsOf) : signedByV2(fields, secretsOf)
  const secret = expected(policy).findIndex((one) => equalSignatures(one, signature))
  if (secret < 0) {
    throw signatureMismatch({ accessKeyId, signature, stringToSign: policy })
  }
  return {
    accessKeyId,
    secret,
    exempt: isV4 ? ['policy', 'x-amz-signature'] : ['policy', 'awsaccesskeyid', 'signature'],
  }
}

/** Who a form says has signed, and the signatures that are right: one by each of its secrets. */
type Signer = { accessKeyId: string; expected: (policy: string) => string[] }

function signedByV4(fields: Fields, secretsOf: SecretsOf): Signer {
  const [, algorithm, credentialText, timestamp] = v4Fields.map((name) => requireField(fields, name)) as [
    string,
    string,
    string,
    string,
  ]
  if (algorithm !== ALGORITHM) {
    throw invalidArgument(`X-Amz-Algorithm only supports "${ALGORITHM}"`, 'X-Amz-Algorithm', algorithm)
  }
  const credential = parseCredential(credentialText, (detail) =>
    invalidArgument(
      `Error parsing the X-Amz-Credential parameter; ${detail}`,
      'X-Amz-Credential',
      credentialText,
    ),
  )
  if (parseBasicTime(timestamp) === undefined || !timestamp.startsWith(credential.date)) {
    throw invalidArgument(
      `X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'", on the day of X-Amz-Credential`,
      'X-Amz-Date',
      timestamp,
    )
  }
  const secrets = requireSecrets(secretsOf, credential.accessKeyId, fields.get(TOKEN))
  return {
    accessKeyId: credential.accessKeyId,
    expected: (policy) =>
      secrets.map((secret) =>
        createHmac('sha256', signingKey(secret, credential)).update(policy).digest('hex'),
      ),
  }
}

function signedByV2(fields: Fields, secretsOf: SecretsOf): Signer {
  const accessKeyId = requireField(fields, 'AWSAccessKeyId')
  const secrets = requireSecrets(secretsOf, accessKeyId, fields.get(TOKEN))
  return {
    accessKeyId,
    expected: (policy) => secrets.map((secret) => createHmac('sha1', secret).update(policy).digest('base64')),
  }
}

/** Whether a form has neither a policy nor anything of a signature. */
export const isUnsignedForm = (fields: Fields): boolean =>
  ['Policy', ...v4Fields, ...v2Fields].every((name) => !fields.has(name.toLowerCase()))

/** A field's value. @throws S3Error InvalidArgument when it is not there, or empty. */
export function requireField(fields: Fields, name: string): string {
  const value = fields.get(name.toLowerCase())
  if (value) return value
  throw invalidArgument(
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    name,
    '',
  )
}

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
