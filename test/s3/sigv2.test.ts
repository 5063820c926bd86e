import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { refused } from '../../src/operations/refused.ts'
import { served } from '../../src/operations/served.ts'
import { headerMap } from '../../src/ports.ts'
import { S3Error } from '../../src/s3/error.ts'
import { parseRequest, type S3Request } from '../../src/s3/request.ts'
import { signedParameters, verifySigV2 } from '../../src/s3/sigv2.ts'
import recorded from '../data/sigv2-vectors.json'
import published from '../data/sigv4-vectors.json'

const { accessKeyId, secretAccessKey, now } = recorded
const secretsOf = (id: string, token?: string) => {
  if (token !== undefined) throw new S3Error('InvalidToken', { message: token })
  return id === accessKeyId ? [secretAccessKey] : undefined
}
const MINUTE = 60_000
const EXPIRES = now / 1000 + 3600

async function* noBytes() {}

type Headers = Record<string, string | undefined>

function request(method: string, target: string, headers: Headers = {}): S3Request {
  const present = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return parseRequest(
    {
      method,
      target,
      headers: headerMap(Object.fromEntries(present)),
      body: noBytes(),
      signal: () => AbortSignal.timeout(60_000),
    },
    ['s3.example.com'],
  )
}

const verify = (request: S3Request, at = now) => verifySigV2(request, secretsOf, at)

function refusalOf(request: S3Request, at = now): S3Error {
  try {
    verify(request, at)
  } catch (error) {
    return error as S3Error
  }
  throw new Error('it was accepted')
}

const signatureOf = (stringToSign: string, secret = secretAccessKey) =>
  createHmac('sha1', secret).update(stringToSign).digest('base64')
const date = new Date(now).toUTCString()

/** A request whose string to sign the test writes itself. */
const signed = (method: string, target: string, stringToSign: string, headers: Headers = {}) =>
  request(method, target, {
    date,
    ...headers,
    authorization: `AWS ${accessKeyId}:${signatureOf(stringToSign)}`,
  })

const get = signed('GET', '/bucket/key', `GET\n\n\n${date}\n/bucket/key`)

function presigned(target: string, stringToSign: string, headers: Headers = {}, expires = EXPIRES) {
  const signature = encodeURIComponent(signatureOf(stringToSign))
  const mark = target.includes('?') ? '&' : '?'
  return request(
    'GET',
    `${target}${mark}AWSAccessKeyId=${accessKeyId}&Expires=${expires}&Signature=${signature}`,
    headers,
  )
}

describe('requests of boto3', () => {
  test.each(recorded.requests)('$name', ({ method, target, headers }) => {
    const verified = verify(request(method, target, headers as Headers))
    expect(verified).toMatchObject({
      accessKeyId,
      presigned: target.includes('Signature='),
      payload: { kind: 'unsigned' },
    })
  })

  test('what a presigned request has in its query counts as its headers', () => {
    const put = recorded.requests.find(({ name }) => name.includes('metadata and ACL')) as Recorded
    expect(verify(request(put.method, put.target, put.headers)).headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-amz-meta-foo': 'bar baz',
      'x-amz-acl': 'private',
    })
  })

  type Recorded = { method: string; target: string; headers: Headers }
  test.each(recorded.requests)('$name: another method is another request', ({ target, headers }) => {
    expect(refusalOf(request('PATCH', target, headers as Headers)).code).toBe('SignatureDoesNotMatch')
  })

  test.each(recorded.requests.filter(({ target }) => target.length > 1))(
    '$name: another path is another request',
    ({ method, target, headers }) => {
      const other = target.replace(/(?=\?|$)/, 'x')
      expect(refusalOf(request(method, other, headers as Headers)).code).toBe('SignatureDoesNotMatch')
    },
  )
})

describe('vectors that AWS published', () => {
  const withString = published.v2.filter(
    (vector): vector is { name: string; stringToSign: string; signature: string } => 'stringToSign' in vector,
  )
  test.each(withString)('$name', ({ stringToSign, signature }) => {
    const [method = '', md5, type, dateLine = '', ...rest] = stringToSign.split('\n')
    const target = rest.at(-1)?.replace('/static.johnsmith.net', '/static-johnsmith-net') ?? ''
    const amzHeaders = rest.slice(0, -1).map((line) => line.split(/:(.*)/s).slice(0, 2))
    const headers = {
      ...(md5 ? { 'content-md5': md5 } : {}),
      ...(type ? { 'content-type': type } : {}),
      ...Object.fromEntries(amzHeaders),
    }
    // OSS has no bucket with dots in its name: that string is signed anew, and all others are as published.
    const known =
      target === rest.at(-1)
        ? signature
        : signatureOf(stringToSign.replace('static.johnsmith.net', 'static-johnsmith-net'))
    const asked = /^\d+$/.test(dateLine)
      ? request(
          method,
          `${target}?AWSAccessKeyId=${accessKeyId}&Expires=${dateLine}&Signature=${encodeURIComponent(known)}`,
          headers,
        )
      : request(method, target, {
          ...headers,
          date: dateLine,
          authorization: `AWS ${accessKeyId}:${known}`,
        })
    const at = /^\d+$/.test(dateLine) ? Number(dateLine) * 1000 : Date.parse(dateLine)
    expect(verify(asked, at).accessKeyId).toBe(accessKeyId)
  })

  test('a copy', () => {
    const copy = published.v2.find(({ name }) => name === 'copy') as { method: string; headers: Headers }
    expect(verify(request(copy.method, '/dst-bucket/key', copy.headers)).accessKeyId).toBe(accessKeyId)
  })
})

describe('what is signed', () => {
  test('x-amz-date takes the place of Date, which may then say anything', () => {
    const headers = { 'x-amz-date': date, date: 'yesterday' }
    expect(verify(signed('GET', '/b-1/k', `GET\n\n\n\nx-amz-date:${date}\n/b-1/k`, headers))).toBeTruthy()
  })

  test.each(['Fri, 24 May 2013 00:00:00 GMT', 'Fri, 24 May 2013 02:00:00 +0200', '20130524T000000Z'])(
    'a date may be written %s',
    (date) => {
      expect(verify(signed('GET', '/b-1/k', `GET\n\n\n${date}\n/b-1/k`, { date }))).toBeTruthy()
    },
  )

  test('every x-amz- header: one that was added is refused, whatever it says', () => {
    const { headers } = get
    for (const added of ['x-amz-copy-source', 'x-amz-acl', 'x-amz-meta-a', 'x-amz-content-sha256']) {
      const slipped = request('GET', '/bucket/key', { ...headers, [added]: '' })
      expect(refusalOf(slipped).code).toBe('SignatureDoesNotMatch')
    }
  })

  test('every x-amz- parameter of a presigned request', () => {
    const url = presigned('/bucket/key', `GET\n\n\n${EXPIRES}\n/bucket/key`)
    expect(verify(url)).toBeTruthy()
    const slipped = request('GET', `${url.target}&x-amz-copy-source=other%2Fkey`)
    expect(refusalOf(slipped).code).toBe('SignatureDoesNotMatch')
  })

  test('a line break cannot be smuggled in to make one header two', () => {
    const lines = `x-amz-acl:private\nx-amz-meta-a:b\n`
    const url = presigned(
      '/bucket/key?x-amz-acl=private%0Ax-amz-meta-a:b',
      `GET\n\n\n${EXPIRES}\n${lines}/bucket/key`,
    )
    expect(refusalOf(url).code).toBe('InvalidArgument')
  })

  test('content-type and content-md5 cannot differ between query and header', () => {
    const url = presigned('/bucket/key?content-type=a', `GET\n\na\n${EXPIRES}\n/bucket/key`)
    expect(verify(url).headers['content-type']).toBe('a')
    expect(refusalOf(request('GET', url.target, { 'content-type': 'b' })).code).toBe('InvalidArgument')
  })

  test('a parameter given twice is signed twice', () => {
    const twice = '/bucket/key?versionId=a&versionId=b'
    expect(verify(signed('GET', twice, `GET\n\n\n${date}\n${twice}`))).toBeTruthy()
    const once = signed('GET', twice, `GET\n\n\n${date}\n/bucket/key?versionId=a`)
    expect(refusalOf(once).code).toBe('SignatureDoesNotMatch')
  })

  test('a parameter that chooses an operation', () => {
    // These choose among answers to the same question, or belong to rows that are refused.
    const harmless = new Set(['list-type', 'x-id', 'id'])
    const conditions = [...served.flatMap(({ query = [] }) => query), ...refused.flatMap(([, , , ...q]) => q)]
    const names = conditions.map((condition) => condition.split('=')[0] ?? '')
    expect(names.filter((name) => !signedParameters.has(name) && !harmless.has(name))).toEqual([])
  })
})

describe('what is refused', () => {
  test('a wrong signature, showing the string to sign', () => {
    const guessed = request('GET', '/bucket/key?acl', { date, authorization: `AWS ${accessKeyId}:guessed=` })
    const { code, elements } = refusalOf(guessed)
    expect(code).toBe('SignatureDoesNotMatch')
    expect(elements).toEqual({
      AWSAccessKeyId: accessKeyId,
      StringToSign: `GET\n\n\n${date}\n/bucket/key?acl`,
      SignatureProvided: 'guessed=',
      StringToSignBytes: expect.stringMatching(/^47 45 54 0a 0a 0a/),
    })
  })

  test('a key that nobody has', () => {
    const unknown = request('GET', '/bucket/key', { date, authorization: 'AWS nobody:c2ln' })
    expect(refusalOf(unknown)).toMatchObject({
      code: 'InvalidAccessKeyId',
      elements: { AWSAccessKeyId: 'nobody' },
    })
  })

  test.each(['AWS key', 'AWS :sig', 'AWS key:', 'AWS a:b:c', 'AWS a b:c', 'AWS  a:b'])(
    'the malformed header %j',
    (authorization) => {
      expect(refusalOf(request('GET', '/bucket/key', { date, authorization }))).toMatchObject({
        code: 'InvalidArgument',
        message: 'AWS authorization header is invalid.  Expected AwsAccessKeyId:signature',
      })
    },
  )

  test.each([undefined, '', 'today', '1369353600', '99999999T999999Z'])('the date %j', (date) => {
    const undated = request('GET', '/bucket/key', { date, authorization: `AWS ${accessKeyId}:x` })
    expect(refusalOf(undated)).toMatchObject({
      code: 'AccessDenied',
      message: 'AWS authentication requires a valid Date or x-amz-date header.',
    })
  })

  test.each([16, -16])('a clock %i minutes off', (minutes) => {
    expect(refusalOf(get, now + minutes * MINUTE).code).toBe('RequestTimeTooSkewed')
    expect(verify(get, now + Math.sign(minutes) * 14 * MINUTE)).toBeTruthy()
  })

  test.each(['AWSAccessKeyId', 'Signature', 'Expires'])('a query without %s', (name) => {
    const { target } = presigned('/bucket/key', '')
    const without = request('GET', target.replace(new RegExp(`${name}=[^&]*&?`), ''))
    if (name === 'Signature') expect(without.query.has(name)).toBe(false)
    expect(refusalOf(without)).toMatchObject({
      code: 'AccessDenied',
      message: 'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters',
    })
  })

  test('a presigned request after its time, and not a second before', () => {
    const url = presigned('/bucket/key', `GET\n\n\n${EXPIRES}\n/bucket/key`)
    expect(verify(url, EXPIRES * 1000)).toBeTruthy()
    expect(refusalOf(url, EXPIRES * 1000 + 1000)).toMatchObject({
      code: 'AccessDenied',
      message: 'Request has expired',
      elements: { Expires: '2013-05-24T01:00:00Z', ServerTime: '2013-05-24T01:00:01Z' },
    })
  })

  test.each(['soon', '-1', '1e9', '99999999999999999999'])('the Expires %j', (expires) => {
    const url = request('GET', `/bucket/key?AWSAccessKeyId=${accessKeyId}&Expires=${expires}&Signature=x`)
    expect(refusalOf(url).code).toBe('AccessDenied')
  })

  test('a signature of the one form in the other', () => {
    const url = presigned('/bucket/key', `GET\n\n\n${EXPIRES}\n/bucket/key`)
    const asHeader = {
      date: String(EXPIRES),
      authorization: `AWS ${accessKeyId}:${url.query.get('Signature')}`,
    }
    expect(refusalOf(request('GET', '/bucket/key', asHeader)).code).toBe('AccessDenied')
  })

  test('chunks signed with Signature Version 4', () => {
    const declared = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
    const text = `PUT\n\n\n${date}\nx-amz-content-sha256:${declared}\n/bucket/key`
    const put = signed('PUT', '/bucket/key', text, { 'x-amz-content-sha256': declared })
    expect(refusalOf(put).code).toBe('InvalidArgument')
  })

  test('a session token', () => {
    const text = `GET\n\n\n${date}\nx-amz-security-token:t\n/bucket/key`
    expect(refusalOf(signed('GET', '/bucket/key', text, { 'x-amz-security-token': 't' })).code).toBe(
      'InvalidToken',
    )
  })
})
