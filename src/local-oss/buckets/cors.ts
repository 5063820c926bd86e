import { children, text, type XmlNode, type XmlValue } from '../../xml/index.ts'
import type { BucketCall, State } from '../call.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { HeaderMap, Reply } from '../http.ts'
import { matchesWildcard } from '../policy/pattern.ts'
import type { BucketRecord } from '../store/records.ts'
import { storedConfig } from './config-document.ts'

const MAX_RULES = 20
const MAX_AGE = 999_999_999
const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']

type CorsRule = {
  origins: string[]
  methods: string[]
  headers: string[]
  exposed: string[]
  maxAge: string | undefined
}

/**
 * The rules of a `CORSConfiguration`, and whether answers vary by origin.
 * @throws OssError MalformedXML, InvalidArgument.
 */
export function parseCors(root: XmlNode): { rules: CorsRule[]; vary: boolean } {
  return { rules: parseRules(root), vary: text(root, 'ResponseVary') === 'true' }
}

function parseRules(root: XmlNode): CorsRule[] {
  const rules = children(root, 'CORSRule').map((rule) => ({
    origins: texts(rule.AllowedOrigin),
    methods: texts(rule.AllowedMethod),
    headers: texts(rule.AllowedHeader).map((name) => name.toLowerCase()),
    exposed: texts(rule.ExposeHeader),
    maxAge: text(rule, 'MaxAgeSeconds'),
  }))
  const wellFormed = rules.every(
    ({ origins, methods, maxAge = '0' }) =>
      origins.length > 0 &&
      origins.every((origin) => origin.split('*').length <= 2) &&
      methods.length > 0 &&
      methods.every((method) => METHODS.includes(method)) &&
      /^-?\d+$/.test(maxAge),
  )
  if (rules.length === 0 || rules.length > MAX_RULES || !wellFormed) throw new OssError('MalformedXML')
  for (const { maxAge = '0' } of rules) {
    const fits = Number(maxAge) >= 0 && Number(maxAge) <= MAX_AGE
    if (!fits) throw invalidArgument('The MaxAgeSeconds is invalid.', 'MaxAgeSeconds', maxAge)
  }
  return rules
}

/** The answer to a browser's preflight. @throws OssError BadRequest, AccessForbidden. */
export async function optionObject(call: BucketCall): Promise<Reply> {
  const { origin, 'access-control-request-method': method } = call.headers
  if (origin === undefined) throw new OssError('BadRequest')
  if (method === undefined) {
    const message = 'Insufficient information. Request Access-Control-Request-Method header needed.'
    throw new OssError('BadRequest', { message })
  }
  const requested = (call.headers['access-control-request-headers'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
  const rule = matchingRule(call.state, call.bucket, origin, method, requested)
  if (rule === undefined) throw new OssError('AccessForbidden')
  const headers = allowHeaders(rule, origin)
  if (requested.length > 0) headers['access-control-allow-headers'] = requested.join(', ')
  if (rule.maxAge !== undefined) headers['access-control-max-age'] = rule.maxAge
  return { headers }
}

/** The CORS headers of an answer: `Vary` where a bucket wants it, whoever asks, and more when a rule matches. */
export function corsHeaders(
  state: State,
  bucket: BucketRecord,
  { origin }: HeaderMap,
  method: string,
): HeaderMap {
  const vary: HeaderMap = bucket.corsVary ? { vary: 'Origin' } : {}
  if (origin === undefined) return vary
  const rule = matchingRule(state, bucket, origin, method, [])
  return rule === undefined ? vary : { ...vary, ...allowHeaders(rule, origin) }
}

function matchingRule(
  state: State,
  bucket: BucketRecord,
  origin: string,
  method: string,
  requested: readonly string[],
): CorsRule | undefined {
  const configuration = storedConfig(state, bucket, 'cors', 'CORSConfiguration')
  if (configuration === undefined) return undefined
  return parseRules(configuration).find(
    ({ origins, methods, headers }) =>
      methods.includes(method) &&
      origins.some((pattern) => matchesWildcard(pattern, origin)) &&
      requested.every((name) => headers.some((pattern) => matchesWildcard(pattern, name))),
  )
}

function allowHeaders({ origins, methods, exposed }: CorsRule, origin: string): HeaderMap {
  const headers: HeaderMap = {
    'access-control-allow-origin': origins.includes('*') ? '*' : origin,
    'access-control-allow-methods': methods.join(', '),
  }
  if (exposed.length > 0) headers['access-control-expose-headers'] = exposed.join(', ')
  return headers
}

const texts = (values: XmlValue[] = []) => values.filter((value) => typeof value === 'string')
