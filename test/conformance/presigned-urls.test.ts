import { expect } from 'vitest'
import { basicTime } from '../encodings.ts'
import { failure } from './errors.ts'
import { type Ask, must, send, signed, target, transmit } from './s3.ts'
import { check, ownBucket, put, type Row, rows } from './table.ts'

const bucket = ownBucket(async (name) => {
  await put(name, 'k', 'hello')
})
const QUERY =
  'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.'
const presigned = (ask: Ask): Ask => ({ ...ask, sign: 'query' })
/** A presigned request whose URL is changed after it was signed. */
const changed =
  (change: (path: string) => string, ask: Ask = { key: 'k' }) =>
  async (name: string): Promise<Ask> => {
    const { path } = signed({ bucket: name, ...ask, sign: 'query' })
    return { ...ask, path: change(path), sign: 'none', bucket: name }
  }
const without = (parameter: string): Row => ({
  name: `${parameter} cannot be left out`,
  ask: changed((path) => path.replace(new RegExp(`${parameter}=[^&]*&?`), '').replace(/[?&]$/, '')),
  ...failure('AuthorizationQueryParametersError', { Message: QUERY }),
})

rows('a presigned URL', bucket, [
  { name: 'reads', ask: presigned({ key: 'k' }), status: 200, body: 'hello' },
  { name: 'asks for the head', ask: presigned({ key: 'k', method: 'HEAD' }), status: 200 },
  {
    name: 'writes',
    ask: presigned({ method: 'PUT', key: 'written', body: 'by url' }),
    status: 200,
    and: async (_, name) => expect((await send({ bucket: name, key: 'written' })).text).toBe('by url'),
  },
  {
    name: 'writes with headers that are signed',
    ask: presigned({ method: 'PUT', key: 'signed', body: 'x', headers: { 'x-amz-meta-colour': 'blue' } }),
    status: 200,
    and: async (_, name) => {
      const { headers } = await must({ method: 'HEAD', bucket: name, key: 'signed' })
      expect(headers['x-amz-meta-colour']).toBe('blue')
    },
  },
  {
    name: 'takes what is in the query for headers, as the SDK for JavaScript writes them',
    ask: presigned({
      method: 'PUT',
      key: 'hoisted',
      body: 'x',
      query: { 'x-amz-meta-colour': 'blue', 'x-amz-storage-class': 'STANDARD_IA', 'x-id': 'PutObject' },
    }),
    status: 200,
    and: async (_, name) => {
      const { headers } = await must({ method: 'HEAD', bucket: name, key: 'hoisted' })
      expect(headers).toMatchObject({ 'x-amz-meta-colour': 'blue', 'x-amz-storage-class': 'STANDARD_IA' })
    },
  },
  {
    name: 'does not compare a checksum in the query with the body',
    ask: presigned({
      method: 'PUT',
      key: 'sum',
      body: '123456',
      query: { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-sdk-checksum-algorithm': 'CRC32' },
    }),
    status: 200,
  },
  {
    name: 'copies with its source in a signed header',
    ask: (name) => presigned({ method: 'PUT', key: 'copy', headers: { 'x-amz-copy-source': `${name}/k` } }),
    status: 200,
    body: /<CopyObjectResult/,
  },
  {
    name: 'stores what was sent when a copy source is in the query alone',
    ask: (name) => presigned({ method: 'PUT', key: 'empty', query: { 'x-amz-copy-source': `${name}/k` } }),
    status: 200,
    differs: {
      reason: 'nobody who presigned a copy wants an empty object',
      ...failure('InvalidArgument', {
        Message:
          'The copy source of a presigned request must be one of its signed headers, not a query parameter',
        ArgumentName: 'x-amz-copy-source',
      }),
      and: async (_, name) => expect((await send({ bucket: name, key: 'empty' })).status).toBe(404),
    },
  },
  {
    name: 'has to sign the host',
    ask: changed((path) => path.replace(/X-Amz-SignedHeaders=[^&]*/, 'X-Amz-SignedHeaders=')),
    ...failure('AccessDenied', {
      Message: 'There were headers present in the request which were not signed',
      HeadersNotSigned: 'host',
    }),
  },
  {
    name: 'has to sign the host, whatever else it signs',
    ask: changed((path) => path.replace(/X-Amz-SignedHeaders=[^&]*/, 'X-Amz-SignedHeaders=x-amz-date')),
    ...failure('AccessDenied', {
      Message: 'There were headers present in the request which were not signed',
      HeadersNotSigned: 'host',
    }),
  },
  {
    name: 'deletes',
    ask: async (name) => {
      await put(name, 'deleted')
      return presigned({ method: 'DELETE', key: 'deleted' })
    },
    status: 204,
  },
  {
    name: 'lists',
    ask: presigned({ query: { 'list-type': '2', prefix: 'k' } }),
    status: 200,
    body: /<Key>k<\/Key>/,
  },
  {
    name: 'overrides headers of the answer',
    ask: presigned({ key: 'k', query: { 'response-content-type': 'text/html' } }),
    status: 200,
    headers: { 'content-type': 'text/html' },
  },
  {
    name: 'refuses a header of S3’s that was not signed',
    ask: presigned({ method: 'PUT', key: 'k', body: 'x', unsigned: { 'x-amz-acl': 'public-read' } }),
    ...failure('AccessDenied', {
      Message: 'There were headers present in the request which were not signed',
      HeadersNotSigned: 'x-amz-acl',
    }),
  },
  {
    name: 'takes other headers that were not signed',
    ask: presigned({ key: 'k', unsigned: { range: 'bytes=0-1', 'x-custom': 'yes' } }),
    status: 206,
    body: 'he',
  },
  {
    name: 'ends with its time',
    ask: presigned({
      key: 'k',
      query: { 'X-Amz-Expires': '60' },
      now: new Date(Date.now() - 120_000),
    }),
    ...failure('AccessDenied', {
      Message: 'Request has expired',
      'X-Amz-Expires': '60',
      Expires: expect.any(String),
      ServerTime: expect.any(String),
    }),
  },
  {
    name: 'lives for a week at most',
    ask: presigned({ key: 'k', query: { 'X-Amz-Expires': '604801' } }),
    ...failure('AuthorizationQueryParametersError', {
      Message:
        'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    }),
  },
  {
    name: 'lives for some time',
    ask: presigned({ key: 'k', query: { 'X-Amz-Expires': '-1' } }),
    ...failure('AuthorizationQueryParametersError', { Message: 'X-Amz-Expires must be non-negative' }),
  },
  {
    name: 'says its time as a number',
    ask: presigned({ key: 'k', query: { 'X-Amz-Expires': 'soon' } }),
    ...failure('AuthorizationQueryParametersError', { Message: 'X-Amz-Expires should be a number' }),
  },
  ...['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Expires', 'X-Amz-SignedHeaders'].map(
    without,
  ),
  {
    name: 'has a credential of five pieces',
    ask: changed((path) => path.replace(/X-Amz-Credential=[^&]*/, 'X-Amz-Credential=nobody')),
    ...failure('AuthorizationQueryParametersError', {
      Message: expect.stringMatching(
        /^Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting /,
      ),
    }),
  },
  {
    name: 'cannot be used for another key',
    ask: changed((path) => path.replace('/k?', '/written?')),
    ...failure('SignatureDoesNotMatch', {
      AWSAccessKeyId: target.accessKeyId,
      SignatureProvided: expect.any(String),
      StringToSign: expect.stringMatching(/^AWS4-HMAC-SHA256/),
      StringToSignBytes: expect.any(String),
      CanonicalRequest: expect.stringMatching(/^GET/),
      CanonicalRequestBytes: expect.any(String),
    }),
  },
  {
    name: 'cannot be used with another method',
    ask: async (name) => ({ ...(await changed((path) => path)(name)), method: 'DELETE' }),
    ...failure('SignatureDoesNotMatch'),
  },
  {
    name: 'cannot have a parameter more',
    ask: changed((path) => `${path}&response-content-type=text%2Fhtml`),
    ...failure('SignatureDoesNotMatch'),
  },
  {
    name: 'is not taken from a key that nobody has',
    ask: presigned({ key: 'k', accessKeyId: 'NOBODYSACCESSKEYID00' }),
    ...failure('InvalidAccessKeyId', { AWSAccessKeyId: 'NOBODYSACCESSKEYID00' }),
  },
])

const authorization =
  (change: (value: string) => string, ask: Ask = { key: 'k' }) =>
  (name: string): Ask => {
    const { headers } = signed({ bucket: name, ...ask })
    const { Authorization = '', ...rest } = headers
    return { ...ask, sign: 'none', headers: { ...rest, authorization: change(Authorization) } }
  }
rows('the Authorization header', bucket, [
  {
    name: 'may have no blanks between its parts',
    ask: authorization((value) => value.replaceAll(', ', ',')),
    status: 200,
  },
  {
    name: 'with another signature does not match',
    ask: authorization((value) => value.replace(/.{4}$/, '0000')),
    ...failure('SignatureDoesNotMatch', {
      AWSAccessKeyId: target.accessKeyId,
      StringToSign: expect.any(String),
      CanonicalRequest: expect.any(String),
    }),
  },
  {
    name: 'from a key that nobody has is refused',
    ask: { key: 'k', accessKeyId: 'NOBODYSACCESSKEYID00' },
    ...failure('InvalidAccessKeyId', { AWSAccessKeyId: 'NOBODYSACCESSKEYID00' }),
  },
  {
    name: 'from another time is skewed',
    ask: { key: 'k', now: new Date(Date.now() - 20 * 60_000) },
    ...failure('RequestTimeTooSkewed', {
      RequestTime: expect.any(String),
      ServerTime: expect.any(String),
      MaxAllowedSkewMilliseconds: '900000',
    }),
  },
  {
    name: 'without a time is denied',
    ask: (name) => {
      const { headers } = signed({ bucket: name, key: 'k' })
      const { 'x-amz-date': _, ...rest } = headers
      return { key: 'k', sign: 'none', headers: rest }
    },
    ...failure('AccessDenied', {
      Message: 'AWS authentication requires a valid Date or x-amz-date header.',
    }),
  },
  ...(['Credential', 'SignedHeaders', 'Signature'] as const).map(
    (part): Row => ({
      name: `without ${part} is malformed`,
      ask: authorization((value) => value.replace(new RegExp(`${part}=[^,]*,? ?`), '')),
      status: 400,
      error: {
        Code: 'AuthorizationHeaderMalformed',
        Message: expect.stringMatching(/^The authorization header is malformed/),
      },
    }),
  ),
  {
    name: 'of a kind that S3 does not know is refused',
    ask: { key: 'k', sign: 'none', headers: { authorization: 'Bearer token' } },
    ...failure('InvalidArgument', { Message: 'Unsupported Authorization Type' }),
  },
  {
    name: 'without a hash of the payload is refused',
    ask: (name) => {
      const { headers } = signed({ bucket: name, key: 'k' })
      const { 'x-amz-content-sha256': _, ...rest } = headers
      return { key: 'k', sign: 'none', headers: rest }
    },
    ...failure('InvalidRequest', {
      Message: 'Missing required header for this request: x-amz-content-sha256',
    }),
  },
  {
    name: 'has to cover every header of S3’s',
    ask: { key: 'k', unsigned: { 'x-amz-meta-a': '1', 'x-amz-acl': 'private' } },
    ...failure('AccessDenied', {
      Message: 'There were headers present in the request which were not signed',
      HeadersNotSigned: expect.stringMatching(/^(x-amz-meta-a, x-amz-acl|x-amz-acl, x-amz-meta-a)$/),
    }),
  },
  {
    name: 'need not cover others',
    ask: { key: 'k', unsigned: { 'x-custom': 'yes', 'cache-control': 'no-cache' } },
    status: 200,
  },
  {
    name: 'that is not there makes one nobody',
    ask: { key: 'k', sign: 'none' },
    ...failure('AccessDenied'),
  },
])

// An endpoint that is an address has no names for buckets; the gateway is started with one.
const { hostname, host } = new URL(target.endpoint)
const domain = target.domain ?? (/^[\d.]+$/.test(hostname) ? undefined : host)
if (domain !== undefined) {
  rows('a virtual-hosted request', bucket, [
    {
      name: 'has its bucket in the Host header',
      ask: (name) => ({ path: '/k', headers: { host: `${name}.${domain}` } }),
      status: 200,
      body: 'hello',
    },
  ])
}

rows('time', bucket, [
  {
    name: 'a signature may be some minutes old',
    ask: { key: 'k', now: new Date(Date.now() - 10 * 60_000) },
    status: 200,
    and: async (_, name) => {
      const ask: Ask = { bucket: name, key: 'k', now: new Date(Date.now() + 10 * 60_000) }
      expect(basicTime(ask.now ?? new Date())).toMatch(/^\d{8}T\d{6}Z$/)
      check(await transmit(ask, signed(ask)), { status: 200 })
    },
  },
])
