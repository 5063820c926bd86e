import type { HeaderMap } from '../ports.ts'

/** One rule of a bucket; header names in lower case. */
export type CorsRule = {
  origins: readonly string[]
  methods: readonly string[]
  headers: readonly string[]
  exposed: readonly string[]
  maxAge: string | undefined
}

export type CrossOrigin = {
  origin: string
  method: string
  /** The headers a preflight asks for, in lower case. */
  headers: readonly string[]
}

export const corsMethods: readonly string[] = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']

/** `Access-Control-Request-Headers`, in lower case. */
export const requestedHeaders = (header = ''): string[] =>
  header
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')

/** What stands in `Access-Control-Request-Headers` and is no header's name, as it stands there; undefined: all are names. */
export const unreadableHeader = (header = ''): string | undefined =>
  header.split(',').find((name) => !/^[\w!#$%&'*+.^`|~-]*$/.test(name.trim()))

/** What an answer of a bucket with CORS rules depends on. */
export const VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'

/** The answer's headers by the first rule that allows the request, or undefined when none does. */
export function corsHeaders(rules: readonly CorsRule[], asked: CrossOrigin): HeaderMap | undefined {
  const rule = rules.find(
    ({ origins, methods, headers }) =>
      methods.includes(asked.method) &&
      origins.some((pattern) => fits(pattern, asked.origin)) &&
      asked.headers.every((name) => headers.some((pattern) => fits(pattern, name))),
  )
  if (rule === undefined) return undefined
  const allowsAll = rule.origins.includes('*')
  return {
    'access-control-allow-origin': allowsAll ? '*' : asked.origin,
    'access-control-allow-methods': rule.methods.join(', '),
    ...(allowsAll ? {} : { 'access-control-allow-credentials': 'true' }),
    ...(asked.headers.length === 0 ? {} : { 'access-control-allow-headers': asked.headers.join(', ') }),
    ...(rule.exposed.length === 0 ? {} : { 'access-control-expose-headers': rule.exposed.join(', ') }),
    ...(rule.maxAge === undefined ? {} : { 'access-control-max-age': rule.maxAge }),
    vary: VARY,
  }
}

/** One `*` stands for anything. */
function fits(pattern: string, value: string): boolean {
  const star = pattern.indexOf('*')
  if (star < 0) return pattern === value
  const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)]
  return value.length >= pattern.length - 1 && value.startsWith(head) && value.endsWith(tail)
}
