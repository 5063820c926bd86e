import { failure } from './errors.ts'
import { must } from './s3.ts'
import { ownBucket, put, type Row, rows } from './table.ts'

const ORIGIN = 'https://app.example.com'
const bucket = ownBucket(async (name) => {
  await put(name, 'k')
  const body = `<CORSConfiguration><CORSRule><AllowedOrigin>${ORIGIN}</AllowedOrigin><AllowedOrigin>https://*.example.org</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule></CORSConfiguration>`
  await must({ method: 'PUT', bucket: name, query: { cors: '' }, body })
})
const plain = ownBucket()
const asking = (headers: Record<string, string>, key = 'k') => ({
  method: 'OPTIONS',
  key,
  sign: 'none' as const,
  headers,
})
const from = (origin: string, method = 'GET', more: Record<string, string> = {}) =>
  asking({ origin, 'access-control-request-method': method, ...more })
const forbidden = (name: string, Message: RegExp, ask: Row['ask']): Row => ({
  name,
  ask,
  status: 403,
  error: { Code: 'AccessForbidden', Message: expectMatch(Message) },
})
function expectMatch(pattern: RegExp): unknown {
  return { asymmetricMatch: (text: unknown) => pattern.test(String(text)), toString: () => String(pattern) }
}
const NOT_ALLOWED = /^CORSResponse: This CORS request is not allowed\./

rows('a preflight', bucket, [
  {
    name: 'that a rule allows is told so',
    ask: from(ORIGIN),
    status: 200,
    body: '',
    headers: {
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': /GET/,
      'access-control-expose-headers': 'ETag',
      'access-control-max-age': '60',
      vary: /Origin/,
    },
  },
  {
    name: 'with headers that a rule allows is told them',
    ask: from(ORIGIN, 'PUT', { 'access-control-request-headers': 'x-amz-date, x-amz-meta-a' }),
    status: 200,
    headers: { 'access-control-allow-headers': /x-amz-date, ?x-amz-meta-a/ },
  },
  {
    name: 'from an origin that a pattern covers is told that origin',
    ask: from('https://a.example.org'),
    status: 200,
    headers: { 'access-control-allow-origin': 'https://a.example.org' },
  },
  forbidden('from another origin is forbidden', NOT_ALLOWED, from('https://evil.example.net')),
  forbidden('for another method is forbidden', NOT_ALLOWED, from(ORIGIN, 'DELETE')),
  forbidden(
    'for another header is forbidden',
    NOT_ALLOWED,
    from(ORIGIN, 'PUT', { 'access-control-request-headers': 'x-custom' }),
  ),
  ...['invalid header', 'x-a(b)', 'x-a,x/b', 'x@b', 'x-a,x"b"'].map(
    (headers): Row => ({
      name: `with ${headers} for headers is a bad request`,
      ask: from(ORIGIN, 'PUT', { 'access-control-request-headers': headers }),
      status: 400,
      error: {
        Code: 'BadRequest',
        Message: `Access-Control-Request-Headers "${headers.split(',').at(-1)}" contains invalid character.`,
      },
    }),
  ),
  {
    name: 'with an empty origin is a bad request',
    ask: asking({ origin: '', 'access-control-request-method': 'GET' }),
    status: 400,
    error: { Code: 'BadRequest', Message: 'Insufficient information. Origin request header needed.' },
  },
  {
    name: 'without an origin is a bad request',
    ask: asking({ 'access-control-request-method': 'GET' }),
    status: 400,
    error: { Code: 'BadRequest', Message: 'Insufficient information. Origin request header needed.' },
  },
])
rows('a preflight of a bucket without rules', plain, [
  forbidden('is forbidden', /^CORSResponse: CORS is not enabled for this bucket\.$/, from(ORIGIN)),
])
rows('a preflight of a bucket that is not there', plain, [
  forbidden('is forbidden', /^CORSResponse: Bucket not found$/, {
    ...from(ORIGIN),
    bucket: 'conformance-no-such-bucket',
  }),
])
rows('a request from another origin', bucket, [
  {
    name: 'has the headers that the rule gives it',
    ask: { key: 'k', headers: { origin: ORIGIN } },
    status: 200,
    body: 'hello',
    headers: {
      'access-control-allow-origin': ORIGIN,
      'access-control-expose-headers': 'ETag',
      vary: /Origin/,
    },
  },
  {
    name: 'has those of the method and headers that it names, as a preflight',
    ask: {
      key: 'k',
      headers: {
        origin: ORIGIN,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'x-amz-date',
      },
    },
    status: 200,
    headers: { 'access-control-allow-origin': ORIGIN, 'access-control-allow-headers': 'x-amz-date' },
  },
  {
    name: 'has none where it names for a header what is none',
    ask: { key: 'k', headers: { origin: ORIGIN, 'access-control-request-headers': 'x-amz-a(b)' } },
    status: 200,
    headers: { 'access-control-allow-origin': null },
  },
  {
    name: 'has none where it names a method that no rule allows',
    ask: { key: 'k', headers: { origin: ORIGIN, 'access-control-request-method': 'DELETE' } },
    status: 200,
    headers: { 'access-control-allow-origin': null },
  },
  {
    name: 'has them on errors too',
    ask: { key: 'nothing', headers: { origin: ORIGIN } },
    ...failure('NoSuchKey'),
    headers: { 'access-control-allow-origin': ORIGIN },
  },
  {
    name: 'has none where no rule gives them, and is answered all the same',
    ask: { key: 'k', headers: { origin: 'https://evil.example.net' } },
    status: 200,
    headers: { 'access-control-allow-origin': null },
  },
])
