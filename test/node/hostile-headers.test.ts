import { createHmac } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { basicTime } from '../encodings.ts'
import { presign, send, sign } from '../gateway/wire.ts'
import type { World } from '../harness.ts'
import { exchange, expectUnharmed, refusalIn, signedHead, startHostileWorld } from './hostile-wire.ts'

let world: World
let host: string

beforeAll(async () => {
  ;({ world, host } = await startHostileWorld())
})
afterAll(() => world.stop())
afterEach(() => expectUnharmed(world))

const put = { method: 'PUT', target: '/bucket/key' }
const letters = (count: number, line = 'a:') => Array.from({ length: count }, () => line)

describe('a header beside those that were signed is not taken for one of them', () => {
  test.each<[line: string, code: string]>([
    ['authorization: AWS local:c2lnbmF0dXJl', 'AuthorizationHeaderMalformed'],
    ['authorization: Signature=0', 'AuthorizationHeaderMalformed'],
    ['authorization:', 'AuthorizationHeaderMalformed'],
    ['host: evil.example', 'BadRequest'],
    ['host:', 'BadRequest'],
    ['x-amz-date: 20000101T000000Z', 'AccessDenied'],
    ['x-amz-date:', 'AccessDenied'],
    ['x-amz-content-sha256: UNSIGNED-PAYLOAD', 'SignatureDoesNotMatch'],
    ['x-amz-content-sha256:', 'SignatureDoesNotMatch'],
    ['x-amz-security-token: a', 'AccessDenied'],
    ['x-amz-copy-source: bucket/secret', 'AccessDenied'],
    ['x-amz-acl: public-read', 'AccessDenied'],
    ['X-Amz-Meta-A: b', 'AccessDenied'],
    ['x-amz-:', 'AccessDenied'],
    ['x-amz-decoded-content-length: 5', 'AccessDenied'],
    ['x-amz-trailer: x-amz-checksum-crc32', 'AccessDenied'],
    ['content-type: text/html', 'SignatureDoesNotMatch'],
    ['content-md5: XUFAKrxLKna5cZ2REBfFkg==', 'InvalidDigest'],
  ])('%s', async (line, code) => {
    // The header is there once already, for all but the x-amz- ones, which nobody signed.
    const headers = { 'content-type': 'text/plain' }
    const again = line.startsWith('content-md5') ? [line] : []
    const said = await exchange(
      world,
      signedHead({ ...put, headers }, host, {}, 'content-length: 0', line, ...again),
    )
    expect(refusalIn(said)).toBe(code)
  })

  test.each<[name: string, count: number]>([
    ['three thousand', 3_000],
    ['fifteen thousand', 15_000],
  ])('behind %s others', async (_, count) => {
    const lines = [...letters(count), 'x-amz-copy-source: bucket/secret', 'content-length: 0']
    expect(refusalIn(await exchange(world, signedHead(put, host, {}, ...lines)))).toMatch(
      /^(AccessDenied|RequestHeaderSectionTooLarge)$/,
    )
  })
})

describe('of a header that was signed twice', () => {
  test.each<[name: string, value: string, code: string]>([
    ['x-amz-copy-source', 'bucket/a,bucket/b', 'NoSuchKey'],
    ['x-amz-acl', 'private,public-read', 'InvalidArgument'],
    ['x-amz-storage-class', 'STANDARD,STANDARD', 'InvalidStorageClass'],
    ['x-amz-checksum-crc32', 'AAAAAA==,AAAAAA==', 'InvalidRequest'],
    ['content-md5', '1B2M2Y8AsgTpgAmY7PhCfg==,1B2M2Y8AsgTpgAmY7PhCfg==', 'InvalidDigest'],
    ['x-amz-decoded-content-length', '0,0', 'MissingContentLength'],
    ['x-amz-tagging', 'a=b,a=c', 'InvalidArgument'],
  ])('%s, both values are one', async (name, value, code) => {
    const [first = '', second = ''] = value.split(',')
    const streaming = name === 'x-amz-decoded-content-length'
    const text = signedHead(
      { ...put, headers: { [name]: value } },
      host,
      streaming ? { payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' } : {},
      'content-length: 0',
    ).replace(`${name}: ${value}`, `${name}: ${first}\r\n${name}: ${second}`)
    expect(refusalIn(await exchange(world, text))).toBe(code)
    // A copy has looked for its source, under the name with the comma.
    if (name === 'x-amz-copy-source') expect(world.ossRequests()).toEqual(['CopyObject'])
  })
})

describe('what is said to be signed', () => {
  const now = basicTime(Date.now())
  const scope = `local/${now.slice(0, 8)}/us-east-1/s3/aws4_request`
  const signature = '0'.repeat(64)

  test.each<[name: string, names: string]>([
    ['one name thousands of times', `host;x-amz-content-sha256;x-amz-date${';a'.repeat(3_900)}`],
    ['the host twice', 'host;host;x-amz-content-sha256;x-amz-date'],
    ['nothing, twice', ';;host;x-amz-content-sha256;x-amz-date'],
  ])('%s is refused, in a header as in a query', async (_, names) => {
    const large = { a: 'a'.repeat(7_900) }
    const inHeader = await send(world.endpoint, {
      ...put,
      headers: {
        ...large,
        'x-amz-date': now,
        'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
        authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${names}, Signature=${signature}`,
      },
    })
    expect(inHeader).toMatchObject({ status: 400, error: { Code: 'AuthorizationHeaderMalformed' } })
    expect(inHeader.body.length).toBeLessThan(1_000)
    const query = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${scope}&X-Amz-Date=${now}&X-Amz-Expires=60&X-Amz-SignedHeaders=${names}&X-Amz-Signature=${signature}`
    const inQuery = await send(world.endpoint, { ...put, target: `${put.target}?${query}`, headers: large })
    expect(inQuery).toMatchObject({ status: 400, error: { Code: 'AuthorizationQueryParametersError' } })
    expect(inQuery.body.length).toBeLessThan(1_000)
  })

  test.each<[name: string, change: (target: string) => string, code: string]>([
    ['a copy source', (target) => `${target}&x-amz-copy-source=bucket/secret`, 'SignatureDoesNotMatch'],
    ['a host', (target) => `${target}&host=evil.example`, 'SignatureDoesNotMatch'],
    ['an ACL', (target) => `${target}&X-Amz-Acl=public-read`, 'SignatureDoesNotMatch'],
    ['an upload', (target) => `${target}&uploadId=0123456789ABCDEF`, 'SignatureDoesNotMatch'],
    ['a second key', (target) => `${target}&X-Amz-Credential=other`, 'SignatureDoesNotMatch'],
    ['a second list', (target) => `${target}&X-Amz-SignedHeaders=host;x-amz-acl`, 'SignatureDoesNotMatch'],
    ['the other version', (target) => `${target}&AWSAccessKeyId=local`, 'InvalidArgument'],
    ['a break of lines', (target) => `${target}&x-amz-meta-a=b%0D%0Ac`, 'SignatureDoesNotMatch'],
  ])('in a query does not come to hold %s', async (_, change, code) => {
    const { target, ...request } = presign(put, host)
    const answer = await send(world.endpoint, { ...request, target: change(target) })
    expect(answer.error.Code).toBe(code)
  })

  test.each<[name: string, query: string, code: string]>([
    ['a host', 'host=evil.example', 'none'],
    ['a break of lines', 'x-amz-meta-a=b%0D%0Ac', 'InvalidArgument'],
    ['a NUL', 'x-amz-meta-a=b%00c', 'InvalidArgument'],
    ['a name that is none', 'x-amz-meta-%0D%0Aa=b', 'InvalidArgument'],
    ['a length', 'content-length=99', 'none'],
    ['a coding', 'transfer-encoding=gzip', 'none'],
  ])('by its signer stands for no header where it is %s', async (_, query, code) => {
    const answer = await send(world.endpoint, presign({ ...put, target: `/bucket/key?${query}` }, host))
    expect(answer.error.Code ?? 'none').toBe(code)
    expect(world.ossRequests()).toEqual(code === 'none' ? ['PutObject'] : [])
  })
})

describe('names that every object in JavaScript has', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']

  test.each(names)('%s is a header, a parameter, a tag and metadata as any other', async (name) => {
    const meta = `x-amz-meta-${name.toLowerCase()}`
    const target = `/bucket/${name}`
    const stored = await send(world.endpoint, {
      ...sign({ method: 'PUT', target, headers: { [meta]: 'a', 'x-amz-tagging': `${name}=b` } }, host),
      lines: [`${name}: c`],
    })
    expect(stored.status).toBe(200)
    const read = await send(world.endpoint, sign({ method: 'GET', target: `${target}?${name}=d` }, host))
    expect(read).toMatchObject({ status: 200, headers: { [meta]: 'a' } })
    const tags = await send(world.endpoint, sign({ method: 'GET', target: `${target}?tagging` }, host))
    expect(tags.body.toString()).toContain(`<Key>${name}</Key><Value>b</Value>`)
    expect((await world.oss('bucket').head(name)).status).toBe(200)
    world.ossRequests()
  })

  test.each<[header: string, code: string]>([
    ['x-amz-acl', 'InvalidArgument'],
    ['x-amz-storage-class', 'InvalidStorageClass'],
    ['x-amz-server-side-encryption', 'InvalidEncryptionAlgorithmError'],
    ['x-amz-checksum-algorithm', 'InvalidRequest'],
    ['x-amz-sdk-checksum-algorithm', 'InvalidRequest'],
    ['x-amz-content-sha256', 'InvalidArgument'],
    ['x-amz-metadata-directive', 'InvalidArgument'],
    ['x-amz-copy-source', 'InvalidArgument'],
    ['x-amz-trailer', 'InvalidRequest'],
    ['authorization', 'InvalidArgument'],
  ])('are no value of %s', async (header, code) => {
    for (const name of names) {
      const headers: Record<string, string> = { [header]: name }
      if (/directive|algorithm$/.test(header) && !header.includes('sdk'))
        headers['x-amz-copy-source'] = 'bucket/key'
      const answer = await send(
        world.endpoint,
        header === 'authorization'
          ? { ...put, headers }
          : sign({ ...put, headers }, host, header === 'x-amz-content-sha256' ? { payload: name } : {}),
      )
      expect(answer.error.Code).toBe(code)
    }
  })
})

describe('values at the edge of what fits', () => {
  const many = (text: string, bytes = 12_000) => text.repeat(bytes / text.length)
  const get = { method: 'GET', target: '/bucket/edge' }
  beforeAll(async () => {
    await send(world.endpoint, sign({ method: 'PUT', target: '/bucket/edge', body: 'hello' }, host))
    world.ossRequests()
  })

  test.each<[name: string, header: string, value: string, status: number]>([
    ['thousands of ranges', 'range', `bytes=${many('0-0,')}`, 200],
    ['a range of hundreds of digits', 'range', `bytes=${'9'.repeat(400)}-`, 416],
    ['a range before the first byte', 'range', 'bytes=-0', 416],
    ['a range below zero', 'range', 'bytes=-1-5', 200],
    ['thousands of ETags', 'if-match', many('"a",'), 412],
    ['thousands of stars', 'if-none-match', many('*,'), 304],
    ['a year of five digits', 'if-modified-since', 'Fri, 24 May 99999 00:00:00 GMT', 200],
    ['a year before the first', 'if-unmodified-since', 'Fri, 24 May -0001 00:00:00 GMT', 200],
    ['blanks for a date', 'if-modified-since', `a${many(' ')}b`, 200],
    ['an owner of thousands of digits', 'x-amz-expected-bucket-owner', many('1'), 400],
  ])('%s', async (_, header, value, status) => {
    const answer = await send(world.endpoint, sign({ ...get, headers: { [header]: value } }, host))
    expect(answer.status).toBe(status)
    world.ossRequests()
  })

  test.each<[name: string, header: string, value: string, code: string]>([
    ['a grant of blanks and quotes', 'x-amz-grant-read', `id=${many(' ')}"a"b`, 'InvalidArgument'],
    ['a grant of quotes', 'x-amz-grant-read', `id=${many('"')}`, 'InvalidArgument'],
    ['thousands of grants', 'x-amz-grant-read', many('uri=a,'), 'InvalidArgument'],
    ['metadata beyond ASCII', 'x-amz-meta-a', many('é', 6_000), 'MetadataTooLarge'],
    ['thousands of tags', 'x-amz-tagging', many('a=b&'), 'InvalidArgument'],
    ['thousands of checksums', 'x-amz-trailer', many('x-amz-checksum-crc32,'), 'InvalidRequest'],
    ['a checksum of kilobytes', 'x-amz-checksum-sha256', many('A'), 'InvalidRequest'],
    ['a source of question marks', 'x-amz-copy-source', many('?'), 'InvalidArgument'],
    ['a source of colons', 'x-amz-copy-source', `arn:${many(':')}`, 'InvalidArgument'],
    ['a source of slashes', 'x-amz-copy-source', many('/'), 'InvalidArgument'],
    ['a source of per cents', 'x-amz-copy-source', many('%'), 'InvalidArgument'],
    [
      'a range of a copy in hundreds of digits',
      'x-amz-copy-source-range',
      `bytes=0-${'9'.repeat(400)}`,
      'InvalidArgument',
    ],
    ['a date of another millennium', 'x-amz-date', '99991231T235959Z', 'AuthorizationHeaderMalformed'],
    ['a date of no calendar', 'x-amz-date', '20261399T256199Z', 'AccessDenied'],
    ['a date below zero', 'x-amz-date', '-00010101T000000Z', 'AccessDenied'],
  ])('%s', async (_, header, value, code) => {
    const more = header.endsWith('-range')
      ? {
          target: `${put.target}?partNumber=1&uploadId=0123456789ABCDEF`,
          headers: { 'x-amz-copy-source': 'bucket/edge' },
        }
      : {}
    const request = sign({ ...put, ...more, headers: { ...more.headers, [header]: value } }, host)
    const answer = await send(world.endpoint, request)
    expect(answer.error.Code).toBe(code)
    // An account's grants are held to the bucket's owner.
    if (header === 'x-amz-grant-read') world.ossRequests()
  })

  test('blanks in what Signature Version 2 signs', async () => {
    const date = new Date().toUTCString()
    const type = `a${many(' ')}b`
    const text = `PUT\n\n${type}\n${date}\n/bucket/key`
    const signature = createHmac('sha1', 'local-secret').update(text).digest('base64')
    const headers = { date, 'content-type': type, authorization: `AWS local:${signature}` }
    expect((await send(world.endpoint, { ...put, headers })).status).toBe(200)
    expect(world.ossRequests()).toEqual(['PutObject'])
  })
})
