import { createHash, createHmac } from 'node:crypto'
import aws4 from 'aws4'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type HeaderMap, headerMap } from '../../src/ports.ts'
import { S3Error } from '../../src/s3/error.ts'
import { parsePayload } from '../../src/s3/payload.ts'
import { plainBody } from '../../src/s3/plain-body.ts'
import { parseRequest, type S3Request } from '../../src/s3/request.ts'
import { authScheme } from '../../src/s3/signature.ts'
import { verifySigV4 } from '../../src/s3/sigv4.ts'
import vectors from '../data/sigv4-vectors.json'

const { accessKeyId, secretAccessKey } = vectors
const now = Date.UTC(2013, 4, 24)
const timestamp = '20130524T000000Z'
const scope = '20130524/us-east-1/s3/aws4_request'
const EMPTY = createHash('sha256').digest('hex')
const secretsOf = (id: string, token?: string) => {
  if (token !== undefined) throw new S3Error('InvalidToken', { message: token })
  return id === accessKeyId ? [secretAccessKey] : undefined
}

async function* noBytes() {}

type Headers = Record<string, string | undefined>

function request(
  method: string,
  target: string,
  headers: Headers,
  body: AsyncIterable<Uint8Array> = noBytes(),
) {
  const present = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const lower = present.map(([name, value]) => [name.toLowerCase(), value])
  const incoming = {
    method,
    target,
    headers: headerMap(Object.fromEntries(lower)),
    body,
    signal: () => AbortSignal.timeout(60_000),
  }
  return parseRequest(incoming, ['s3.amazonaws.com', 's3.example.com'])
}

const targetOf = (url: string) => url.replace(/^https:\/\/[^/]+/, '')
const verify = (request: S3Request, at = now) => verifySigV4(request, secretsOf, at)

function refusalOf(request: S3Request, at = now): S3Error {
  try {
    verify(request, at)
  } catch (error) {
    return error as S3Error
  }
  throw new Error('it was accepted')
}

const authorization = (signedHeaders: string, signature: string, credential = `${accessKeyId}/${scope}`) =>
  `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`

/** Signs a canonical request as AWS's page says, so that a test can write the canonical request itself. */
function signCanonical(canonical: string): string {
  const hash = createHash('sha256').update(canonical).digest('hex')
  const key = scope
    .split('/')
    .reduce<string | Buffer>(
      (key, text) => createHmac('sha256', key).update(text).digest(),
      `AWS4${secretAccessKey}`,
    )
  return createHmac('sha256', key).update(`AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash}`).digest('hex')
}

/** A request as aws4 sends it. */
function byAws4(options: {
  method?: string
  path: string
  headers?: Headers
  presign?: boolean
  region?: string
}) {
  const { method = 'GET', path, headers = {}, presign = false, region = 'us-east-1' } = options
  const date = presign ? {} : { 'X-Amz-Date': timestamp }
  const signed = aws4.sign(
    {
      service: 's3',
      region,
      method,
      host: 's3.example.com',
      path,
      signQuery: presign,
      headers: { ...date, ...headers },
    },
    { accessKeyId, secretAccessKey },
  )
  return request(method, signed.path as string, signed.headers as Headers)
}

const presign = (method: string, path: string, headers: Headers = {}) =>
  byAws4({
    method,
    path: `${path}${path.includes('?') ? '&' : '?'}X-Amz-Date=${timestamp}`,
    headers,
    presign: true,
  })

describe('vectors', () => {
  test.each(vectors.header)('$name', ({ method, url, headers, signedHeaders, signature }) => {
    const signed = { ...headers, authorization: authorization(signedHeaders, signature) }
    const verified = verify(request(method, targetOf(url), signed))
    expect(verified).toMatchObject({ accessKeyId, presigned: false })
    expect(verified.payload).toEqual({ kind: 'signed', sha256: headers['x-amz-content-sha256'] })
  })

  test.each(vectors.presigned)('$name', ({ method, url, headers }) => {
    const verified = verify(request(method, targetOf(url), headers as Headers))
    expect(verified).toMatchObject({ accessKeyId, presigned: true, payload: { kind: 'unsigned' } })
  })

  test.each([
    ['signed', vectors.chunked.signed, ''],
    [
      'signedTrailer',
      vectors.chunked.signedTrailer,
      `${vectors.chunked.signedTrailer.trailer}\r\nx-amz-trailer-signature:${vectors.chunked.signedTrailer.trailerSignature}\r\n`,
    ],
  ] as const)('chunked: %s, down to its bytes', async (_, vector, trailer) => {
    const [first, second, last] = vector.chunkSignatures
    async function* body() {
      yield Buffer.from(`10000;chunk-signature=${first}\r\n${'a'.repeat(65536)}\r\n`)
      yield Buffer.from(`400;chunk-signature=${second}\r\n${'a'.repeat(1024)}\r\n`)
      yield Buffer.from(`0;chunk-signature=${last}\r\n${trailer}\r\n`)
    }
    const signed = {
      ...vector.headers,
      authorization: authorization(vector.signedHeaders, vector.seedSignature),
    }
    const put = request('PUT', targetOf(vectors.chunked.url), signed, body())
    const plain = plainBody(put, verify(put).payload)
    let size = 0
    for await (const piece of plain.body) size += piece.length
    expect(size).toBe(66560)
    expect(plain.length).toBe(66560)
  })
})

describe('aws4 agrees', () => {
  const awkward = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.string({ unit: fc.constantFrom(...' +%&=?#/\\.~!*\'()"<>[]{}|^`;:@$,é€😀'), maxLength: 30 }),
  )
  const spelling = fc.constantFrom<(text: string) => string>(
    (text) => encodeURIComponent(text),
    (text) => encodeURIComponent(text).replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16)}`),
    (text) => encodeURIComponent(text).replaceAll('%2F', '/'),
    (text) => encodeURIComponent(text).toLowerCase(),
  )
  const parameters = fc.uniqueArray(
    fc.tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }), awkward),
    {
      maxLength: 4,
      selector: ([name]) => name,
    },
  )
  const reserved = /^(?:X-Amz-|Signature$|AWSAccessKeyId$)/
  const encodeQuery = (pairs: [string, string][]) =>
    pairs
      .filter(([name]) => !reserved.test(name))
      .map((pair) => pair.map(encodeURIComponent).join('='))
      .join('&')
  const text = fc.string({ unit: fc.constantFrom(...' \tabc,;="é'), maxLength: 20 })

  test('about headers', () => {
    fc.assert(
      fc.property(awkward, spelling, parameters, text, text, (key, spell, query, meta, type) => {
        const path = `/bucket/k${spell(key)}?${encodeQuery(query)}`
        const headers = {
          'X-Amz-Meta-Note': meta,
          'Content-Type': type,
          'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD',
        }
        expect(verify(byAws4({ method: 'PUT', path, headers })).accessKeyId).toBe(accessKeyId)
      }),
      { numRuns: 300 },
    )
  })

  test('about presigned URLs', () => {
    fc.assert(
      fc.property(awkward, spelling, parameters, (key, spell, query) => {
        expect(verify(presign('GET', `/bucket/k${spell(key)}?${encodeQuery(query)}`)).presigned).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test.each(['us-east-1', 'auto', 'oss-cn-hangzhou', 'cn-hangzhou', 'x'])('in region %s', (region) => {
    expect(verify(byAws4({ path: '/bucket', region })).accessKeyId).toBe(accessKeyId)
  })

  test('and a change anywhere is refused', () => {
    const good = byAws4({
      method: 'PUT',
      path: '/bucket/key?a=b',
      headers: { 'X-Amz-Meta-A': 'b', 'Content-Type': 'c' },
    })
    expect(verify(good).accessKeyId).toBe(accessKeyId)
    const changed: Partial<S3Request>[] = [
      { method: 'POST' },
      { rawPath: '/bucket/Key' },
      { rawPath: '/bucket//key' },
      { parameters: [['a', 'c']] },
      { parameters: [] },
      {
        parameters: [
          ['a', 'b'],
          ['a', 'b'],
        ],
      },
      ...['host', 'x-amz-meta-a', 'content-type', 'x-amz-content-sha256'].flatMap((name) => [
        { headers: headerMap({ ...good.headers, [name]: EMPTY.replace('e', 'f') }) },
        { headers: without(good.headers, name) },
      ]),
    ]
    for (const change of changed)
      expect(() => verify({ ...good, ...change }), JSON.stringify(change)).toThrow()
  })
})

function without(headers: HeaderMap, name: string): HeaderMap {
  return headerMap(Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name)))
}

describe('canonicalisation', () => {
  const canonicalOf = (path: string, query = '', headers = 'host:h', names = 'host') =>
    `GET\n${path}\n${query}\n${headers}\nx-amz-date:${timestamp}\n\n${names};x-amz-date\nUNSIGNED-PAYLOAD`
  function send(target: string, canonical: string, headers: Headers = {}, names = 'host') {
    return request('GET', target, {
      host: 'h',
      'x-amz-date': timestamp,
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      ...headers,
      authorization: authorization(`${names};x-amz-date`, signCanonical(canonical)),
    })
  }

  test.each([
    ['a path as botocore sends it', '/bkt/a%20b%2Bc/%C3%A9', '/bkt/a%20b%2Bc/%C3%A9'],
    ['characters that need no encoding but get one', "/bkt/a!b'c(d)*", '/bkt/a%21b%27c%28d%29%2A'],
    ['an encoded tilde', '/bkt/%7Euser', '/bkt/~user'],
    ['lower-case hex', '/bkt/%c3%a9', '/bkt/%C3%A9'],
    ['a signer that signs the spelling it sends', "/bkt/a!b'c(d)*%7e", "/bkt/a!b'c(d)*%7e"],
    ['an encoded slash, signed as a slash', '/bkt/a%2Fb', '/bkt/a/b'],
    ['an encoded slash, signed as it is', '/bkt/a%2Fb', '/bkt/a%2Fb'],
    ['double slashes and dots stay', '/bkt/x//a/../c/./d//', '/bkt/x//a/../c/./d//'],
    ['the root', '/', '/'],
  ])('%s', (_, path, signedPath) => {
    expect(verify(send(path, canonicalOf(signedPath))).accessKeyId).toBe(accessKeyId)
  })

  test.each([
    ['encoded twice', '/bkt/a%20b', '/bkt/a%2520b'],
    ['a plus for a blank', '/bkt/a+b', '/bkt/a%20b'],
    ['normalised', '/bkt/a/../c', '/bkt/c'],
  ])('a path %s is another path', (_, path, signedPath) => {
    expect(refusalOf(send(path, canonicalOf(signedPath))).code).toBe('SignatureDoesNotMatch')
  })

  test.each([
    ['by name, then value', '/bkt?b=2&a=2&a=1&B=3', 'B=3&a=1&a=2&b=2'],
    ['by name, not by name and value', '/bkt?a-b=1&a=2', 'a=2&a-b=1'],
    ['by encoded name', '/bkt?%C3%A9=1&~=2&z=3', '%C3%A9=1&z=3&~=2'],
    ['without a value', '/bkt?acl', 'acl='],
    ['a plus is a blank', '/bkt?prefix=a+b', 'prefix=a%20b'],
    ['strictly encoded', "/bkt?prefix=a/b'c", 'prefix=a%2Fb%27c'],
  ])('query: %s', (_, target, query) => {
    expect(verify(send(target, canonicalOf('/bkt', query))).accessKeyId).toBe(accessKeyId)
  })

  test.each([
    ['blanks around', '  a ', 'a'],
    ['blanks within', 'a   b  c', 'a b c'],
    ['tabs', '\ta\t b', 'a b'],
    ['a no-break space at the end', 'a\u00a0', 'a\u00a0'],
    ['a no-break space before blanks', 'a\u00a0  ', 'a\u00a0'],
    ['nothing', '', ''],
  ])('header: %s', (_, value, canonical) => {
    const headers = `content-type:${canonical}\nhost:h`
    const sent = send(
      '/bkt',
      canonicalOf('/bkt', '', headers, 'content-type;host'),
      { 'content-type': value },
      'content-type;host',
    )
    expect(verify(sent).accessKeyId).toBe(accessKeyId)
  })

  test.each(['é', '€', '😀'])('a header beyond ASCII is signed in UTF-8: %s', (value) => {
    const names = 'content-disposition;host'
    const canonical = canonicalOf('/bkt/a', '', `content-disposition:${value}\nhost:h`, names)
    expect(verify(send('/bkt/a', canonical, { 'content-disposition': value }, names)).accessKeyId).toBe(
      accessKeyId,
    )
    const alike = Buffer.from(value).toString('latin1')
    expect(refusalOf(send('/bkt/a', canonical, { 'content-disposition': alike }, names)).code).toBe(
      'SignatureDoesNotMatch',
    )
  })

  test('a signed header that did not arrive is empty', () => {
    const names = 'content-type;host'
    const sent = (value: string) =>
      send('/bkt', canonicalOf('/bkt', '', `content-type:${value}\nhost:h`, names), {}, names)
    expect(verify(sent('')).accessKeyId).toBe(accessKeyId)
    expect(refusalOf(sent('text/plain')).code).toBe('SignatureDoesNotMatch')
  })

  test('Date instead of x-amz-date', () => {
    const canonical = 'GET\n/bkt\n\nhost:h\n\nhost\nUNSIGNED-PAYLOAD'
    const sent = (date: string) =>
      request('GET', '/bkt', {
        host: 'h',
        date,
        'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
        authorization: authorization('host', signCanonical(canonical)),
      })
    for (const date of ['Fri, 24 May 2013 00:00:00 GMT', 'Fri, 24 May 2013 02:00:00 +0200', timestamp]) {
      expect(verify(sent(date)).accessKeyId).toBe(accessKeyId)
    }
  })
})

const malformed = 'The authorization header is malformed; '
const credentialMalformed =
  'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'

describe('refusals of the header form', () => {
  const good = byAws4({ path: '/bucket/key' })
  const sign = (value: string, headers: Headers = {}) =>
    request('GET', '/bucket/key', { ...good.headers, ...headers, authorization: value })
  const signature = '0'.repeat(64)
  const names = 'host;x-amz-content-sha256;x-amz-date'
  const credential = (text: string) => sign(authorization(names, signature, text))

  test.each<[name: string, sent: S3Request, code: string, message: string]>([
    [
      'no blank',
      sign('AWS4-HMAC-SHA256'),
      'InvalidArgument',
      "Authorization header is invalid -- one and only one ' ' (space) required",
    ],
    [
      'another algorithm',
      sign(authorization(names, signature).replace('HMAC', 'ECDSA-P256')),
      'InvalidRequest',
      'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
    ],
    [
      'no equals sign',
      sign('AWS4-HMAC-SHA256 Credential'),
      'AuthorizationHeaderMalformed',
      `${malformed}the authorization component "Credential" is malformed.`,
    ],
    [
      'one component',
      sign(`AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}`),
      'AuthorizationHeaderMalformed',
      `${malformed}the authorization header requires three components: Credential, SignedHeaders, and Signature.`,
    ],
    [
      'no Credential',
      sign('AWS4-HMAC-SHA256 Credential=, SignedHeaders=host, Signature=0'),
      'AuthorizationHeaderMalformed',
      `${malformed}missing Credential.`,
    ],
    [
      'no SignedHeaders',
      sign(`AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, Foo=1, Signature=0`),
      'AuthorizationHeaderMalformed',
      `${malformed}missing SignedHeaders.`,
    ],
    [
      'no Signature',
      sign(`AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=host, Foo=1`),
      'AuthorizationHeaderMalformed',
      `${malformed}missing Signature.`,
    ],
    [
      'a short credential',
      credential(`${accessKeyId}/20130524/us-east-1/s3`),
      'AuthorizationHeaderMalformed',
      malformed + credentialMalformed,
    ],
    [
      'no region',
      credential(`${accessKeyId}/20130524//s3/aws4_request`),
      'AuthorizationHeaderMalformed',
      malformed + credentialMalformed,
    ],
    ['no key', credential(`/${scope}`), 'AuthorizationHeaderMalformed', malformed + credentialMalformed],
    [
      'another terminal',
      credential(`${accessKeyId}/20130524/us-east-1/s3/aws5_request`),
      'AuthorizationHeaderMalformed',
      `${malformed}incorrect terminal "aws5_request". This endpoint uses "aws4_request".`,
    ],
    [
      'another service',
      credential(`${accessKeyId}/20130524/us-east-1/ec2/aws4_request`),
      'AuthorizationHeaderMalformed',
      `${malformed}incorrect service "ec2". This endpoint belongs to "s3".`,
    ],
    [
      'a long date',
      credential(`${accessKeyId}/2013-05-24/us-east-1/s3/aws4_request`),
      'AuthorizationHeaderMalformed',
      `${malformed}incorrect date format "2013-05-24". This date in the credential must be in the format "yyyyMMdd".`,
    ],
    [
      'another day',
      credential(`${accessKeyId}/20130523/us-east-1/s3/aws4_request`),
      'AuthorizationHeaderMalformed',
      `${malformed}Invalid credential date "20130523". This date is not the same as X-Amz-Date: "20130524".`,
    ],
    [
      'an unknown key',
      credential(`AKIAUNKNOWN/${scope}`),
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
    ],
    [
      'no date',
      request('GET', '/bucket/key', { ...good.headers, 'x-amz-date': undefined }),
      'AccessDenied',
      'AWS authentication requires a valid Date or x-amz-date header.',
    ],
    [
      'a malformed date',
      sign(authorization(names, signature), { 'x-amz-date': '2013-05-24T00:00:00Z' }),
      'AccessDenied',
      'AWS authentication requires a valid Date or x-amz-date header.',
    ],
    [
      'a day that is none',
      sign(authorization(names, signature), { 'x-amz-date': '20131324T000000Z' }),
      'AccessDenied',
      'AWS authentication requires a valid Date or x-amz-date header.',
    ],
    [
      'no x-amz-content-sha256',
      request('GET', '/bucket/key', { ...good.headers, 'x-amz-content-sha256': undefined }),
      'InvalidRequest',
      'Missing required header for this request: x-amz-content-sha256',
    ],
  ])('%s', (_, sent, code, message) => {
    expect(refusalOf(sent)).toMatchObject({ code, message })
  })

  test('an unknown key is named', () => {
    expect(refusalOf(credential(`a/b/${scope}`)).elements).toEqual({ AWSAccessKeyId: 'a/b' })
  })

  test('a clock that is off', () => {
    const minutes = 60_000
    expect(verify(good, now + 15 * minutes).accessKeyId).toBe(accessKeyId)
    expect(verify(good, now - 15 * minutes).accessKeyId).toBe(accessKeyId)
    expect(refusalOf(good, now - 16 * minutes).code).toBe('RequestTimeTooSkewed')
    expect(refusalOf(good, now + 16 * minutes)).toMatchObject({
      code: 'RequestTimeTooSkewed',
      message: 'The difference between the request time and the current time is too large.',
      elements: {
        RequestTime: timestamp,
        ServerTime: '2013-05-24T00:16:00Z',
        MaxAllowedSkewMilliseconds: 900_000,
      },
    })
  })

  test('a wrong signature is answered with what was expected', () => {
    const vector = vectors.header[0] as (typeof vectors.header)[0]
    const sent = request(vector.method, targetOf(vector.url), {
      ...vector.headers,
      authorization: authorization(vector.signedHeaders, signature),
    } as Headers)
    // As printed on AWS's page of this example.
    const canonical = [
      'GET',
      '/test.txt',
      '',
      'host:examplebucket.s3.amazonaws.com',
      'range:bytes=0-9',
      `x-amz-content-sha256:${EMPTY}`,
      `x-amz-date:${timestamp}`,
      '',
      vector.signedHeaders,
      EMPTY,
    ].join('\n')
    const stringToSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972`
    const bytes = (text: string) =>
      [...Buffer.from(text)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    expect(refusalOf(sent)).toMatchObject({
      code: 'SignatureDoesNotMatch',
      status: 403,
      message:
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      elements: {
        AWSAccessKeyId: accessKeyId,
        StringToSign: stringToSign,
        SignatureProvided: signature,
        StringToSignBytes: bytes(stringToSign),
        CanonicalRequest: canonical,
        CanonicalRequestBytes: bytes(canonical),
      },
    })
  })

  test.each(['', 'x', '0'.repeat(63), 'é'.repeat(32), '0'.repeat(10_000)])(
    'a signature that is none: %.20s',
    (none) => {
      const code = none === '' ? 'AuthorizationHeaderMalformed' : 'SignatureDoesNotMatch'
      expect(refusalOf(sign(authorization(names, none))).code).toBe(code)
    },
  )

  test('a header that was accepted before is read no other way', () => {
    const before = authorization(names, '').slice(0, -'Signature='.length)
    const after = [
      '',
      ' ',
      signature,
      `${signature},`,
      `${signature.slice(0, 63)} `,
      `${signature},Signature=${signature}`,
    ]
    const outcomes = (terms: string) =>
      after.map((end) => {
        const { code, elements } = refusalOf(sign(`${terms}Signature=${end}`))
        return [code, elements.SignatureProvided]
      })
    // The same words, which no accepted header has begun with.
    const unknown = outcomes(before.replaceAll(', ', ' , '))
    expect(verify(good).accessKeyId).toBe(accessKeyId)
    expect(outcomes(before)).toEqual(unknown)
    expect(unknown.map(([code]) => code)).toEqual([
      'AuthorizationHeaderMalformed',
      'AuthorizationHeaderMalformed',
      'SignatureDoesNotMatch',
      'AuthorizationHeaderMalformed',
      'SignatureDoesNotMatch',
      'AuthorizationHeaderMalformed',
    ])
  })

  test("another key's signature", () => {
    const others = (id: string) => (id === accessKeyId ? ['another secret'] : undefined)
    expect(verify(good).accessKeyId).toBe(accessKeyId)
    expect(() => verifySigV4(good, others, now)).toThrow(
      expect.objectContaining({ code: 'SignatureDoesNotMatch' }),
    )
  })

  test('session tokens', () => {
    const sent = byAws4({ path: '/bkt', headers: { 'X-Amz-Security-Token': 'token' } })
    expect(refusalOf(sent)).toMatchObject({ code: 'InvalidToken', status: 400 })
    expect(verify(byAws4({ path: '/bkt', headers: { 'X-Amz-Security-Token': '' } })).accessKeyId).toBe(
      accessKeyId,
    )
  })
})

describe('what must be signed', () => {
  const refusal = (names: string) => ({
    code: 'AccessDenied',
    status: 403,
    message: 'There were headers present in the request which were not signed',
    elements: { HeadersNotSigned: names },
  })
  const smuggled = { 'x-amz-copy-source': '/secret/key', 'x-amz-acl': 'public-read' }

  test.each([
    ['header', byAws4({ method: 'PUT', path: '/bucket/key' })],
    ['query', presign('PUT', '/bucket/key')],
  ])('every x-amz- header, by %s', (_, good) => {
    expect(verify(good).accessKeyId).toBe(accessKeyId)
    const headers = headerMap({ ...good.headers, ...smuggled })
    expect(refusalOf({ ...good, headers })).toMatchObject(refusal('x-amz-copy-source, x-amz-acl'))
  })

  test('but not the others', () => {
    const good = presign('PUT', '/bucket/key')
    const headers = headerMap({
      ...good.headers,
      'content-type': 'a/b',
      'cache-control': 'no-store',
      'user-agent': 'x',
    })
    expect(verify({ ...good, headers }).headers['content-type']).toBe('a/b')
  })

  test('host', () => {
    const sent = request('GET', '/bkt', {
      host: 'h',
      'x-amz-date': timestamp,
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      authorization: authorization('x-amz-date', '0'.repeat(64)),
    })
    expect(refusalOf(sent)).toMatchObject(refusal('host'))
  })

  test('an unsigned x-amz-content-sha256 on a presigned URL cannot say how to read the body', () => {
    const good = presign('PUT', '/bucket/key')
    const send = (hash: string) => ({
      ...good,
      headers: headerMap({ ...good.headers, 'x-amz-content-sha256': hash }),
    })
    expect(verify(send('UNSIGNED-PAYLOAD')).payload).toEqual({ kind: 'unsigned' })
    for (const hash of [EMPTY, 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD']) {
      expect(refusalOf(send(hash))).toMatchObject(refusal('x-amz-content-sha256'))
    }
  })
})

describe('presigned', () => {
  const good = presign('GET', '/bucket/key?X-Amz-Expires=60')
  const change = (name: string, value?: string) => {
    const [path, query = ''] = good.target.split('?')
    const kept = query.split('&').filter((pair) => !pair.startsWith(`${name}=`))
    if (value !== undefined) kept.push(`${name}=${encodeURIComponent(value)}`)
    return request('GET', `${path}?${kept.join('&')}`, good.headers)
  }
  const parsing = 'Error parsing the X-Amz-Credential parameter; '
  const week =
    'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds'
  const missing =
    'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.'

  test.each<[name: string, value: string | undefined, message: string]>([
    ['X-Amz-Algorithm', undefined, missing],
    ['X-Amz-Credential', undefined, missing],
    ['X-Amz-Signature', undefined, missing],
    ['X-Amz-Date', undefined, missing],
    ['X-Amz-SignedHeaders', undefined, missing],
    ['X-Amz-Expires', undefined, missing],
    ['X-Amz-Expires', '', missing],
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA512', 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"'],
    [
      'X-Amz-Credential',
      `${accessKeyId}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request`,
      parsing + credentialMalformed,
    ],
    ['X-Amz-Credential', `${accessKeyId}/20130524/us east/s3/aws4_request`, parsing + credentialMalformed],
    [
      'X-Amz-Credential',
      `${accessKeyId}/20130524/r/s3/x`,
      `${parsing}incorrect terminal "x". This endpoint uses "aws4_request".`,
    ],
    [
      'X-Amz-Credential',
      `${accessKeyId}/20130524/r/sqs/aws4_request`,
      `${parsing}incorrect service "sqs". This endpoint belongs to "s3".`,
    ],
    [
      'X-Amz-Credential',
      `${accessKeyId}/x/r/s3/aws4_request`,
      `${parsing}incorrect date format "x". This date in the credential must be in the format "yyyyMMdd".`,
    ],
    [
      'X-Amz-Credential',
      `${accessKeyId}/20130525/r/s3/aws4_request`,
      'Invalid credential date "20130525". This date is not the same as X-Amz-Date: "20130524".',
    ],
    [
      'X-Amz-Date',
      'Fri, 24 May 2013 00:00:00 GMT',
      "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
    ],
    ['X-Amz-Expires', '604801', week],
    ['X-Amz-Expires', '-1', 'X-Amz-Expires must be non-negative'],
    ['X-Amz-Expires', '1e3', 'X-Amz-Expires should be a number'],
  ])('%s=%s', (name, value, message) => {
    expect(refusalOf(change(name, value))).toMatchObject({
      code: 'AuthorizationQueryParametersError',
      status: 400,
      message,
    })
  })

  test('a longer life is not signed', () => {
    expect(refusalOf(change('X-Amz-Expires', '604800')).code).toBe('SignatureDoesNotMatch')
  })

  test('lives as long as it says', () => {
    expect(verify(good, now + 60_000).presigned).toBe(true)
    expect(refusalOf(good, now + 61_000)).toMatchObject({
      code: 'AccessDenied',
      message: 'Request has expired',
      elements: { 'X-Amz-Expires': 60, Expires: '2013-05-24T00:01:00Z', ServerTime: '2013-05-24T00:01:01Z' },
    })
  })

  test('does not live before its time', () => {
    expect(verify(good, now - 15 * 60_000).presigned).toBe(true)
    expect(refusalOf(good, now - 16 * 60_000)).toMatchObject({
      code: 'AccessDenied',
      message: 'Request is not valid yet',
    })
  })

  test('session tokens', () => {
    expect(refusalOf(presign('GET', '/bkt/k?X-Amz-Security-Token=token')).code).toBe('InvalidToken')
  })

  describe('the hash of the body', () => {
    /** aws4 always presigns an unsigned payload, so this one is written out. */
    function send(parameter: string | undefined, header: string | undefined, hash: string) {
      const names = header === undefined ? 'host' : 'host;x-amz-content-sha256'
      const query = [
        'X-Amz-Algorithm=AWS4-HMAC-SHA256',
        ...(parameter === undefined ? [] : [`X-Amz-Content-Sha256=${parameter}`]),
        `X-Amz-Credential=${encodeURIComponent(`${accessKeyId}/${scope}`)}`,
        `X-Amz-Date=${timestamp}`,
        'X-Amz-Expires=60',
        `X-Amz-SignedHeaders=${encodeURIComponent(names)}`,
      ].join('&')
      const headers = `host:h\n${header === undefined ? '' : `x-amz-content-sha256:${header}\n`}`
      const signature = signCanonical(`PUT\n/bkt/key\n${query}\n${headers}\n${names}\n${hash}`)
      const target = `/bkt/key?${query}&X-Amz-Signature=${signature}`
      return request('PUT', target, { host: 'h', 'x-amz-content-sha256': header })
    }
    const signed = { kind: 'signed', sha256: EMPTY }
    test('by parameter', () => {
      expect(verify(send(EMPTY, undefined, EMPTY)).payload).toEqual(signed)
    })
    test('by signed header', () => {
      expect(verify(send(undefined, EMPTY, EMPTY)).payload).toEqual(signed)
    })
    test('the parameter wins', () => {
      const sent = send(EMPTY, 'UNSIGNED-PAYLOAD', EMPTY)
      expect(verify(sent).payload).toEqual(signed)
    })
  })

  test('x-amz- parameters are headers', () => {
    const sent = presign(
      'PUT',
      '/bkt/k?x-amz-meta-note=caf%C3%A9&X-Amz-Storage-Class=IA&x-amz-copy-source=a%2Fb%20c',
    )
    expect({ ...verify(sent).headers }).toEqual({
      ...sent.headers,
      'x-amz-meta-note': 'café',
      'x-amz-storage-class': 'IA',
      'x-amz-copy-source': 'a/b c',
    })
  })

  test('but for those of the signature, and those about bytes that the signer had not seen', () => {
    const query =
      'X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32' +
      '&x-amz-trailer=x-amz-checksum-crc32&x-amz-decoded-content-length=5&x-id=PutObject&x-amz-checksum-algorithm=CRC32'
    const sent = presign('PUT', `/bkt/k?${query}`)
    expect({ ...verify(sent).headers }).toEqual({ ...sent.headers, 'x-amz-checksum-algorithm': 'CRC32' })
  })

  test('a header and a parameter of one name must agree', () => {
    const path = '/bkt/k?x-amz-acl=private'
    expect(verify(presign('PUT', path, { 'x-amz-acl': 'private' })).headers['x-amz-acl']).toBe('private')
    expect(refusalOf(presign('PUT', path, { 'x-amz-acl': 'public-read' })).code).toBe('InvalidArgument')
    const unsigned = presign('PUT', path)
    const headers = headerMap({ ...unsigned.headers, 'x-amz-acl': 'private' })
    expect(refusalOf({ ...unsigned, headers }).code).toBe('AccessDenied')
  })

  test.each(['x-amz-meta-a=b%0D%0Ax-oss-evil:1', 'x-amz-meta-a%20b=c', 'x-amz-meta-a%0A=c'])(
    '%s cannot be a header',
    (query) => {
      expect(refusalOf(presign('PUT', `/bkt/k?${query}`)).code).toBe('InvalidArgument')
    },
  )

  test('the header form takes no header from the query', () => {
    const sent = byAws4({ method: 'PUT', path: '/bkt/k?x-amz-acl=public-read' })
    expect(verify(sent).headers).toBe(sent.headers)
  })
})

describe('schemes', () => {
  test.each<[target: string, headers: Headers, scheme: string]>([
    ['/', {}, 'anonymous'],
    ['/bkt?Expires=1&list-type=2', {}, 'anonymous'],
    ['/bkt', { authorization: 'AWS4-HMAC-SHA256 Credential=…' }, 'sigv4-header'],
    ['/bkt', { authorization: 'AWS4-ECDSA-P256-SHA256 Credential=…' }, 'sigv4-header'],
    ['/bkt', { authorization: 'AWS key:signature' }, 'sigv2-header'],
    ['/bkt?X-Amz-Algorithm=x', {}, 'sigv4-query'],
    ['/bkt?X-Amz-Signature=x', {}, 'sigv4-query'],
    ['/bkt?X-Amz-Credential=x', {}, 'sigv4-query'],
    ['/bkt?AWSAccessKeyId=x', {}, 'sigv2-query'],
    ['/bkt?Signature=x', {}, 'sigv2-query'],
  ])('%s %o', (target, headers, scheme) => {
    expect(authScheme(request('GET', target, headers))).toBe(scheme)
  })

  const one =
    'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified'
  test.each<[target: string, headers: Headers, message: string]>([
    ['/bkt?X-Amz-Signature=x', { authorization: 'AWS key:signature' }, one],
    ['/bkt?Signature=x', { authorization: 'AWS4-HMAC-SHA256 x' }, one],
    ['/bkt?Signature=x&X-Amz-Signature=y', {}, one],
    ['/bkt', { authorization: 'Bearer x' }, 'Unsupported Authorization Type'],
    ['/bkt', { authorization: '' }, 'Unsupported Authorization Type'],
  ])('%s %o is refused', (target, headers, message) => {
    expect(() => authScheme(request('GET', target, headers))).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', message }),
    )
  })
})

describe('x-amz-content-sha256', () => {
  const signing = { key: new Uint8Array(), timestamp, scope, seed: '' }
  test.each([
    ['UNSIGNED-PAYLOAD', { kind: 'unsigned' }],
    [EMPTY, { kind: 'signed', sha256: EMPTY }],
    [EMPTY.toUpperCase(), { kind: 'signed', sha256: EMPTY }],
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { kind: 'chunked', trailer: true }],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', { kind: 'chunked', signing, trailer: false }],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', { kind: 'chunked', signing, trailer: true }],
  ])('%s', (declared, payload) => {
    expect(parsePayload(declared, signing)).toEqual(payload)
  })

  test.each([
    ['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD', 'NotImplemented'],
    ['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER', 'NotImplemented'],
    ['unsigned-payload', 'InvalidArgument'],
    [EMPTY.slice(1), 'InvalidArgument'],
    ['', 'InvalidArgument'],
  ])('%s is refused', (declared, code) => {
    expect(() => parsePayload(declared, signing)).toThrow(expect.objectContaining({ code }))
  })

  test('signed chunks need a signed request', () => {
    expect(() => parsePayload('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')).toThrow(
      expect.objectContaining({ code: 'InvalidArgument' }),
    )
  })
})
