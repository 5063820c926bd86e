import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Crc64 } from '../../src/local-oss/store/crc64.ts'
import { type Client, codeOf, failure, startWorld, type World } from './setup.ts'

let world: World
let client: Client
let bucket: string
beforeAll(async () => {
  world = await startWorld()
  client = await world.bucket()
  bucket = client.getBucket()
})
afterAll(() => world.stop())

const head = async (key: string, options = {}) =>
  ((await client.head(key, options)).res as { headers: Record<string, string> }).headers

describe('an object', () => {
  const bytes = Buffer.from('hello, object')
  const md5 = createHash('md5').update(bytes).digest()

  test('comes back as it was put, with its digests', async () => {
    const put = (await client.put('plain', bytes)) as unknown as { res: { headers: Record<string, string> } }
    const digests = {
      etag: `"${md5.toString('hex').toUpperCase()}"`,
      'content-md5': md5.toString('base64'),
      'x-oss-hash-crc64ecma': String(new Crc64().update(bytes).digest()),
    }
    expect(put.res.headers).toMatchObject(digests)
    const { content, res } = (await client.get('plain')) as {
      content: Buffer
      res: { headers: Record<string, string> }
    }
    expect(content).toEqual(bytes)
    expect(res.headers).toMatchObject({
      ...digests,
      'content-length': String(bytes.length),
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      'x-oss-object-type': 'Normal',
      'x-oss-storage-class': 'Standard',
    })
    expect(res.headers).not.toHaveProperty('x-oss-version-id')
    expect(res.headers['x-oss-request-id']).toMatch(/^[0-9A-F]{24}$/)
    expect(new Date(res.headers['last-modified'] ?? '').getTime()).toBeGreaterThan(Date.now() - 3_600_000)
  })

  test('keeps its headers and metadata', async () => {
    const headers = {
      'cache-control': 'no-cache',
      'content-disposition': 'attachment; filename="x"',
      'content-encoding': 'identity',
      'content-language': 'de',
      'content-type': 'text/x-own; charset=utf-8',
      expires: 'Fri, 28 Feb 2012 05:38:42 GMT',
      'x-oss-meta-a-b': 'c d',
    }
    const persistent = `X-Own:${Buffer.from('ä, b').toString('base64')},y:${Buffer.from('2').toString('base64')}`
    await client.put('headers', bytes, {
      headers: { ...headers, 'x-ignored': 'x', 'x-oss-persistent-headers': persistent },
    })
    expect(await head('headers')).toMatchObject({ 'x-own': Buffer.from('ä, b').toString('latin1'), y: '2' })
    expect(await head('headers')).toMatchObject(headers)
    expect(await head('headers')).not.toHaveProperty('x-ignored')
  })

  test('of no bytes, and streams of unknown length, are objects, too', async () => {
    await client.put('empty', Buffer.alloc(0))
    expect((await head('empty'))['content-length']).toBe('0')
    await client.putStream(
      'chunked',
      Readable.from([Buffer.alloc(40_000, 1), Buffer.alloc(40_000, 2)]),
      {} as never,
    )
    const { content } = (await client.get('chunked')) as { content: Buffer }
    expect([content.length, content[0], content[79_999]]).toEqual([80_000, 1, 2])
  })

  test.each([3, 2, 9])('are chunks where a length of %i is told besides', async (length) => {
    await client.putStream('both', Readable.from([Buffer.from('abc')]), {
      headers: { 'Content-Length': length },
    } as never)
    expect((await head('both'))['content-length']).toBe('3')
  })

  test('cannot come with a header that is none', async () => {
    const socket = connect(world.port, '127.0.0.1')
    socket.write(`PUT /k HTTP/1.1\r\nHost: ${bucket}.oss-cn-hangzhou.aliyuncs.com\r\nX-Own: \x01\r\n\r\n`)
    const [answer] = (await Readable.from(socket).take(1).toArray()) as Buffer[]
    socket.destroy()
    expect(String(answer)).toContain('400 Bad Request')
  })

  test('needs a length', async () => {
    const socket = connect(world.port, '127.0.0.1')
    socket.write(`PUT /k HTTP/1.1\r\nHost: ${bucket}.oss-cn-hangzhou.aliyuncs.com\r\n\r\n`)
    const [answer] = (await Readable.from(socket).take(1).toArray()) as Buffer[]
    socket.destroy()
    // Nobody signed it, so it does not get as far as its length.
    expect(String(answer)).toContain('403 Forbidden')
    const unsent = await world.oss.transport(await signedPut({}))
    expect(unsent.status).toBe(411)
  })

  test('is refused when its digests are wrong, and leaves what was there', async () => {
    await client.put('digest', bytes)
    const put = (headers: Record<string, string>) => client.put('digest', Buffer.from('other'), { headers })
    const wrong = createHash('md5').update('else').digest('base64')
    expect(await failure(put({ 'Content-MD5': wrong }))).toMatchObject({ code: 'InvalidDigest', status: 400 })
    expect(await failure(put({ 'Content-MD5': 'short' }))).toMatchObject({ code: 'InvalidDigest' })
    expect(await failure(put({ 'x-oss-hash-crc64ecma': '1' }))).toMatchObject({
      code: 'InvalidCRC64',
      status: 400,
    })
    expect((await client.get('digest')).content).toEqual(bytes)
    await put({ 'x-oss-hash-crc64ecma': String(new Crc64().update(Buffer.from('other')).digest()) })
  })

  test('is refused when its body ends early or goes on', async () => {
    for (const length of ['4', '6']) {
      const answer = await world.oss.transport({
        ...(await signedPut({ 'content-length': length })),
        body: Buffer.from('12345'),
      })
      expect([answer.status, String((await answer.body.toArray())[0])]).toEqual([
        400,
        expect.stringContaining('<Code>IncompleteBody</Code>'),
      ])
    }
    expect(await failure(client.get('unsent'))).toMatchObject({ code: 'NoSuchKey' })
  })

  test('of more than 5 GiB is refused before its bytes', async () => {
    const answer = await world.oss.transport(await signedPut({ 'content-length': String(5 * 1024 ** 3 + 1) }))
    expect([answer.status, String((await answer.body.toArray())[0])]).toEqual([
      400,
      expect.stringContaining('EntityTooLarge'),
    ])
  })

  test('half sent by a client that goes away is not stored', async () => {
    const { headers } = await signedPut({ 'content-length': '100000' })
    const socket = connect(world.port, '127.0.0.1')
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(
      `PUT /unsent HTTP/1.1\r\nhost: ${bucket}.oss-cn-hangzhou.aliyuncs.com\r\n${lines.join('')}\r\n`,
    )
    const seen = new Promise((resolve) => world.oss.onRequest(resolve))
    socket.write(Buffer.alloc(50_000))
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.destroy()
    expect(await seen).toMatchObject({ operation: 'PutObject', status: 0 })
    expect(await failure(client.get('unsent'))).toMatchObject({ code: 'NoSuchKey' })
  })

  /** A signed PutObject of the key `unsent`, for the core itself. */
  async function signedPut(extra: Record<string, string>) {
    let headers: Record<string, string> = {}
    const stop = world.oss.onRequest((request) => {
      headers = { ...request.headers }
    })
    await world.send({ method: 'PUT', bucket, key: 'unsent', body: 'x' })
    stop()
    await client.delete('unsent')
    delete headers['content-length']
    const url = `http://${bucket}.oss-cn-hangzhou.aliyuncs.com/unsent`
    return { method: 'PUT', url, headers: { ...headers, ...extra } }
  }

  test.each(['If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since'])(
    'cannot be written on the condition %s',
    async (name) => {
      const headers = { [name.toLowerCase()]: '*' }
      const answer = await world.send({ method: 'PUT', bucket, key: 'conditional', body: 'x', headers })
      expect([answer.status, codeOf(answer)]).toEqual([400, 'NotImplemented'])
      expect(answer.text).toContain(`<Header>${name}</Header>`)
      expect(answer.headers['x-oss-ec']).toBe('0017-00000245')
    },
  )

  test('may be protected from being overwritten', async () => {
    const headers = { 'x-oss-forbid-overwrite': 'true' }
    await client.put('once', bytes, { headers })
    expect(await failure(client.put('once', bytes, { headers }))).toMatchObject({
      code: 'FileAlreadyExists',
      status: 409,
    })
    await client.put('once', bytes)
  })

  test('is written once when many forbid to overwrite it at the same time', async () => {
    const headers = { 'x-oss-forbid-overwrite': 'true' }
    const attempts = Array.from({ length: 20 }, (_, i) =>
      client.put('race', Buffer.from(`${i}`), { headers }).then(
        () => `${i}`,
        ({ code }: { code: string }) => code,
      ),
    )
    const outcomes = await Promise.all(attempts)
    expect(outcomes.filter((outcome) => outcome === 'FileAlreadyExists')).toHaveLength(19)
    expect(outcomes).toContain(String((await client.get('race')).content))
  })

  const refusals: [what: string, headers: Record<string, string>, code: string][] = [
    ['an underscore in a name of its metadata', { 'x-oss-meta-a_b': '1' }, 'InvalidArgument'],
    ['8 KB of metadata', { 'x-oss-meta-a': 'x'.repeat(8192) }, 'InvalidArgument'],
    ['a class of another service', { 'x-oss-storage-class': 'STANDARD_IA' }, 'InvalidArgument'],
    ['an ACL of another service', { 'x-oss-object-acl': 'authenticated-read' }, 'InvalidArgument'],
    ['unknown encryption', { 'x-oss-server-side-encryption': 'aws:kms' }, 'InvalidEncryptionAlgorithmError'],
    [
      'unknown data encryption',
      { 'x-oss-server-side-encryption': 'KMS', 'x-oss-server-side-data-encryption': 'AES256' },
      'InvalidDataEncryptionAlgorithmError',
    ],
    ['a key id alone', { 'x-oss-server-side-encryption-key-id': 'k' }, 'InvalidEncryptionAlgorithmError'],
    ['an illegal tag', { 'x-oss-tagging': 'a%40=1' }, 'InvalidTag'],
    ['a tag twice', { 'x-oss-tagging': 'a=1&a=2' }, 'InvalidTag'],
    ['eleven tags', { 'x-oss-tagging': [...'abcdefghijk'].join('&') }, 'InvalidTag'],
    ['persistent headers in no proper form', { 'x-oss-persistent-headers': 'a=b' }, 'InvalidArgument'],
  ]
  test.each(refusals)('is refused with %s', async (_, headers, code) => {
    const answer = await world.send({ method: 'PUT', bucket, key: 'refused', body: 'x', headers })
    expect([answer.status, codeOf(answer)]).toEqual([400, code])
  })

  const anyKey = expect.stringMatching(/./)
  type Encrypted = [
    algorithm: string | undefined,
    data: string | undefined,
    keyId: string | undefined,
    toldKey: unknown,
    toldData: string | undefined,
  ]
  test.each<Encrypted>([
    [undefined, undefined, undefined, undefined, undefined],
    [undefined, 'SM4', undefined, undefined, undefined],
    ['AES256', undefined, undefined, undefined, undefined],
    ['AES256', 'SM4', undefined, undefined, undefined],
    ['AES256', undefined, 'own-key', undefined, undefined],
    ['SM4', undefined, undefined, undefined, undefined],
    ['SM4', 'SM4', 'own-key', undefined, undefined],
    ['KMS', undefined, undefined, anyKey, undefined],
    ['KMS', 'SM4', undefined, anyKey, 'SM4'],
    ['KMS', undefined, 'own-key', 'own-key', undefined],
    ['KMS', 'SM4', 'own-key', 'own-key', 'SM4'],
  ])('encrypted by %s, data by %s, with key %s, says so', async (algorithm, data, keyId, toldKey, told) => {
    const SSE = 'x-oss-server-side-encryption'
    const headers: Record<string, string> = {}
    if (algorithm !== undefined) headers[SSE] = algorithm
    if (data !== undefined) headers['x-oss-server-side-data-encryption'] = data
    if (keyId !== undefined) headers[`${SSE}-key-id`] = keyId
    const answers = [
      await world.send({ method: 'PUT', bucket, key: 'encrypted', body: 'x', headers }),
      await world.send({ bucket, key: 'encrypted' }),
      await world.send({ method: 'HEAD', bucket, key: 'encrypted' }),
    ]
    for (const { headers } of answers) {
      expect(headers[SSE]).toBe(algorithm)
      expect(headers[`${SSE}-key-id`]).toEqual(toldKey)
      expect(headers['x-oss-server-side-data-encryption']).toBe(told)
    }
  })

  test.each([
    ['a~b', 'a%7Eb'],
    ['a/b c.d', 'a/b%20c.d'],
    ['中', '%E4%B8%AD'],
  ])('of parts, named %j, is located at %s', async (key, path) => {
    const { uploadId } = await client.initMultipartUpload(key)
    const { etag } = (await client.uploadPart(key, uploadId, 1, Buffer.from('x') as never, 0, 1)) as never
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`
    const { text } = await world.send({ method: 'POST', bucket, key, query: { uploadId }, body })
    expect(text).toContain(`<Location>http://${bucket}.oss-cn-hangzhou.aliyuncs.com/${path}</Location>`)
  })

  test('has the ACL of its bucket where the header for its own is empty', async () => {
    const headers = { 'x-oss-object-acl': '' }
    expect((await world.send({ method: 'PUT', bucket, key: 'plain', body: 'x', headers })).status).toBe(200)
    expect((await client.getACL('plain')).acl).toBe('default')
    const query = { acl: null }
    expect(codeOf(await world.send({ method: 'PUT', bucket, key: 'plain', query, headers }))).toBe(
      'MissingArgument',
    )
  })

  test.each(['/leading', '\\leading', 'x'.repeat(1024)])('cannot be named %s', async (key) => {
    expect(codeOf(await world.send({ method: 'PUT', bucket, key, body: 'x' }))).toBe('InvalidObjectName')
  })

  test.each(['x'.repeat(1023), 'a//b', 'a/../b', '.', '中'.repeat(341), 'a\u0000b', 'a\u0001b', '%2F', ' '])(
    'can be named %j',
    async (key) => {
      expect((await world.send({ method: 'PUT', bucket, key, body: key })).status).toBe(200)
      expect((await world.send({ bucket, key })).text).toBe(key)
      expect((await world.send({ method: 'DELETE', bucket, key })).status).toBe(204)
    },
  )
})

describe('reading', () => {
  const bytes = Buffer.from('0123456789')
  beforeAll(async () => {
    await client.put('digits', bytes, { headers: { 'cache-control': 'stored' } })
  })

  const whole = { status: 200, text: '0123456789', range: undefined }
  const part = (start: number, end: number) => ({
    status: 206,
    text: '0123456789'.slice(start, end + 1),
    range: `bytes ${start}-${end}/10`,
  })
  const refused = { status: 416, text: 'InvalidRange', range: 'bytes */10' }
  const rows: [range: string, byDefault: object, standard: object][] = [
    ['bytes=2-4', part(2, 4), part(2, 4)],
    ['bytes=7-', part(7, 9), part(7, 9)],
    ['bytes=-3', part(7, 9), part(7, 9)],
    ['bytes=0-9', part(0, 9), part(0, 9)],
    ['bytes=5-10', whole, part(5, 9)],
    ['bytes=10-', whole, refused],
    ['bytes=10-11', whole, refused],
    ['bytes=-11', whole, part(0, 9)],
    ['bytes=-0', refused, refused],
    ['bytes=4-2', whole, whole],
    ['bytes=-', whole, whole],
    ['lines=1-2', whole, whole],
    ['bytes=1-2,4-5', part(1, 2), part(1, 2)],
  ]
  test.each(rows)('%s selects by default, and by the standard', async (range, byDefault, standard) => {
    const read = async (headers: Record<string, string>) => {
      const answer = await world.send({ bucket, key: 'digits', headers: { range, ...headers } })
      const text = answer.status === 416 ? codeOf(answer) : answer.text
      return { status: answer.status, text, range: answer.headers['content-range'] }
    }
    expect(await read({})).toEqual(byDefault)
    expect(await read({ 'x-oss-range-behavior': 'standard' })).toEqual(standard)
  })

  test('obeys conditions, those for sameness first, each on its own', async () => {
    const { etag = '', 'last-modified': modified = '' } = await head('digits')
    const before = new Date(Date.parse(modified) - 1000).toUTCString()
    const rows: [Record<string, string>, number][] = [
      [{ 'if-match': etag }, 200],
      [{ 'if-match': etag.slice(1, -1) }, 200],
      [{ 'if-match': etag.toLowerCase() }, 412],
      [{ 'if-match': '"x"' }, 412],
      [{ 'if-match': '', 'if-none-match': '' }, 200],
      [{ 'if-unmodified-since': modified }, 200],
      [{ 'if-unmodified-since': before }, 412],
      [{ 'if-match': etag, 'if-unmodified-since': before }, 412],
      [{ 'if-none-match': etag }, 304],
      [{ 'if-none-match': '"x"' }, 200],
      [{ 'if-modified-since': modified }, 304],
      [{ 'if-modified-since': before }, 200],
      [{ 'if-none-match': '"x"', 'if-modified-since': modified }, 304],
      [{ 'if-match': '"x"', 'if-none-match': etag }, 412],
    ]
    for (const [headers, status] of rows) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await world.send({ method, bucket, key: 'digits', headers })
        expect(answer.status, JSON.stringify(headers)).toBe(status)
        if (status === 304) expect([answer.text, answer.headers.etag]).toEqual(['', etag])
      }
    }
    const failed = await world.send({ bucket, key: 'digits', headers: { 'if-match': '"x"' } })
    expect(failed.text).toContain('<Condition>If-Match</Condition>')
  })

  test('overrides the headers it is asked to', async () => {
    const query = {
      'response-cache-control': 'no-store',
      'response-content-disposition': 'inline',
      'response-expires': 'never',
    }
    const { headers } = await world.send({ bucket, key: 'digits', query })
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-disposition': 'inline',
      expires: 'never',
    })
    expect((await head('digits'))['cache-control']).toBe('stored')
  })

  test('compresses text when asked to, and then has neither tag nor length', async () => {
    const text = 'lorem ipsum '.repeat(200)
    await client.put('text', Buffer.from(text), { headers: { 'content-type': 'text/plain; charset=utf-8' } })
    const gzip = { 'accept-encoding': 'gzip, deflate' }
    const answer = await world.send({ bucket, key: 'text', headers: gzip })
    expect(answer.headers['content-encoding']).toBe('gzip')
    expect(answer.headers).not.toHaveProperty('etag')
    expect(answer.headers).not.toHaveProperty('content-length')
    expect(String(gunzipSync(answer.body))).toBe(text)
    const ranged = await world.send({ bucket, key: 'text', headers: { ...gzip, range: 'bytes=0-4' } })
    expect([ranged.status, ranged.text]).toEqual([206, 'lorem'])
    expect((await world.send({ bucket, key: 'digits', headers: gzip })).headers).not.toHaveProperty(
      'content-encoding',
    )
    expect((await world.send({ bucket, key: 'text' })).headers['content-length']).toBe('2400')
  })

  test('what is not there says so; to HEAD, in a header', async () => {
    const missing = await world.send({ bucket, key: 'missing' })
    expect([missing.status, codeOf(missing), missing.headers['x-oss-ec']]).toEqual([
      404,
      'NoSuchKey',
      '0026-00000001',
    ])
    expect(missing.text).toContain(`<RequestId>${missing.headers['x-oss-request-id']}</RequestId>`)
    expect(missing.text).not.toContain('<Resource>')
    const asked = await world.send({ method: 'HEAD', bucket, key: 'missing' })
    expect([asked.status, asked.text, asked.headers['x-oss-ec']]).toEqual([404, '', '0026-00000001'])
    expect(Buffer.from(String(asked.headers['x-oss-err']), 'base64').toString()).toContain(
      '<Code>NoSuchKey</Code>',
    )
  })

  test('GetObjectMeta gives the few facts', async () => {
    const { res } = await client.getObjectMeta('digits')
    expect(res.headers).toMatchObject({ 'content-length': '10', etag: (await head('digits')).etag })
    expect(res.headers).not.toHaveProperty('cache-control')
  })

  test('large objects arrive whole, also while they are deleted', async () => {
    const large = Buffer.alloc(3_000_000, 'large ')
    await client.put('large', large)
    const { stream } = await client.getStream('large')
    await client.delete('large')
    expect(Buffer.concat(await (stream as Readable).toArray()).equals(large)).toBe(true)
  })
})

describe('deleting', () => {
  test('succeeds whether or not there was something', async () => {
    await client.put('gone', Buffer.from('x'))
    for (let i = 0; i < 2; i++) {
      const { res } = (await client.delete('gone')) as { res: { status: number } }
      expect(res.status).toBe(204)
    }
    expect(await failure(client.get('gone'))).toMatchObject({ code: 'NoSuchKey' })
  })

  test('many at once answers with them, or quietly with nothing', async () => {
    const keys = ['m/1', 'm/ä &<', 'm/missing']
    await Promise.all(keys.slice(0, 2).map((key) => client.put(key, Buffer.from('x'))))
    const { deleted } = (await client.deleteMulti(keys, {})) as unknown as { deleted: { Key: string }[] }
    expect(deleted.map(({ Key }) => Key)).toEqual(keys)
    const body = '<Delete><Quiet>true</Quiet><Object><Key>m/1</Key></Object></Delete>'
    const md5 = createHash('md5').update(body).digest('base64')
    const quiet = await world.send({
      method: 'POST',
      bucket,
      query: { delete: null },
      body,
      headers: { 'content-md5': md5 },
    })
    expect([quiet.status, quiet.text]).toEqual([200, ''])
  })

  test('many at once needs a digest and a proper list, and encodes names on request', async () => {
    const post = (
      body: string,
      headers: Record<string, string> = {},
      query: Record<string, string | null> = {},
    ) => world.send({ method: 'POST', bucket, query: { delete: null, ...query }, body, headers })
    const digest = (body: string) => ({ 'content-md5': createHash('md5').update(body).digest('base64') })
    const good = '<Delete><Object><Key>ä b</Key></Object></Delete>'
    expect(codeOf(await post(good))).toBe('MissingArgument')
    expect(codeOf(await post(good, digest('else')))).toBe('InvalidDigest')
    for (const bad of [
      '<Delete/>',
      '<Delete><Object/></Delete>',
      '<Deleted/>',
      '<Delete><Object><Key>k</Key><Key>l</Key></Object></Delete>',
      '<Delete><Object><Key>k<b>l</b></Key></Object></Delete>',
      '<Delete><Object><Key>k</Key><VersionId>null</VersionId><VersionId>null</VersionId></Object></Delete>',
      `<Delete>${'<Object><Key>k</Key></Object>'.repeat(1001)}</Delete>`,
    ]) {
      expect(codeOf(await post(bad, digest(bad)))).toBe('MalformedXML')
    }
    const ofNoVersion = '<Delete><Object><Key>k</Key><VersionId/></Object></Delete>'
    expect(codeOf(await post(ofNoVersion, digest(ofNoVersion)))).toBe('InvalidArgument')
    const encodings = [
      await post(good, digest(good), { 'encoding-type': 'url' }),
      await post(good, { ...digest(good), 'encoding-type': 'url' }),
    ]
    for (const { text } of encodings) expect(text).toContain('<Key>%C3%A4%20b</Key>')
    expect((await post(good, digest(good))).text).toContain('<Key>ä b</Key>')
    for (const asked of [
      await post(good, digest(good), { 'encoding-type': 'base64' }),
      await post(good, { ...digest(good), 'encoding-type': 'base64' }),
    ]) {
      expect(codeOf(asked)).toBe('InvalidArgument')
    }
  })

  // Without the characters the names would be that of the object beside them.
  const controls = Array.from({ length: 32 }, (_, code) => code).filter((code) => code !== 13)
  test.each(controls)('many at once takes the character %i as one of the name', async (code) => {
    const key = `pla${String.fromCharCode(code)}in`
    for (const written of [`&#${code};`, `&#x${code.toString(16)};`, String.fromCharCode(code)]) {
      await client.put('plain', Buffer.from('kept'))
      await client.put(key, Buffer.from('x'))
      const body = `<Delete><Object><Key>pla${written}in</Key></Object></Delete>`
      const headers = { 'content-md5': createHash('md5').update(body).digest('base64') }
      const query = { delete: null, 'encoding-type': 'url' }
      const answer = await world.send({ method: 'POST', bucket, query, headers, body })
      expect(answer.text).toContain(`<Key>${encodeURIComponent(key)}</Key>`)
      expect(await failure(client.head(key))).toMatchObject({ status: 404 })
      expect(String((await client.get('plain')).content)).toBe('kept')
    }
  })
})

test('a document that is too long is refused on a connection that lives on', async () => {
  const body = Buffer.alloc(5 * 1024 * 1024, ' ')
  const headers = { 'content-md5': createHash('md5').update(body).digest('base64') }
  const answer = await world.send({ method: 'POST', bucket, query: { delete: null }, body, headers })
  expect([answer.status, codeOf(answer)]).toEqual([400, 'MalformedXML'])
})

describe('tags and ACL of an object', () => {
  // The SDK refuses them before it asks.
  test.each([
    ['中文', 'ключ é', 200],
    ['a+-=._:/ 1', '', 200],
    ['%@abc', '', 400],
  ])('a tag %s is of letters of any script', async (key, value, status) => {
    await client.put('scripts', Buffer.from('x'))
    const body = `<Tagging><TagSet><Tag><Key>${key}</Key><Value>${value}</Value></Tag></TagSet></Tagging>`
    const answer = await world.send({ method: 'PUT', bucket, key: 'scripts', query: { tagging: null }, body })
    expect(answer.status).toBe(status)
    const { tag } = await client.getObjectTagging('scripts')
    expect(tag).toEqual(status === 200 ? { [key]: value } : {})
  })

  test('come with it or later, and do not touch its date', async () => {
    await client.put('tagged', Buffer.from('x'), {
      headers: { 'x-oss-tagging': 'a=1&b%20c=%2B&d', 'x-oss-object-acl': 'public-read' },
    })
    expect((await client.getObjectTagging('tagged')).tag).toEqual({ a: '1', 'b c': '+', d: '' })
    expect((await client.getACL('tagged')).acl).toBe('public-read')
    const before = await head('tagged')
    expect(before['x-oss-tagging-count']).toBe('3')
    await client.putObjectTagging('tagged', { z: '9' })
    await client.putACL('tagged', 'private')
    expect((await client.getObjectTagging('tagged')).tag).toEqual({ z: '9' })
    expect((await client.getACL('tagged')).acl).toBe('private')
    const some = { method: 'DELETE', bucket: client.getBucket(), key: 'tagged', query: { tagging: 'z' } }
    expect(codeOf(await world.send(some))).toBe('InvalidArgument')
    expect((await client.getObjectTagging('tagged')).tag).toEqual({ z: '9' })
    await client.deleteObjectTagging('tagged')
    expect((await client.getObjectTagging('tagged')).tag).toEqual({})
    const after = await head('tagged')
    expect(after).not.toHaveProperty('x-oss-tagging-count')
    expect([after['last-modified'], after.etag]).toEqual([before['last-modified'], before.etag])
  })

  test('are refused when OSS would not take them', async () => {
    await client.put('tagged', Buffer.from('x'))
    const body = '<Tagging><TagSet><Tag><Key>a@</Key><Value/></Tag></TagSet></Tagging>'
    const put = (text: string) =>
      world.send({ method: 'PUT', bucket, key: 'tagged', query: { tagging: null }, body: text })
    expect(codeOf(await put(body))).toBe('InvalidTag')
    expect(codeOf(await put('<Tags/>'))).toBe('MalformedXML')
    expect(codeOf(await world.send({ method: 'PUT', bucket, key: 'tagged', query: { acl: null } }))).toBe(
      'MissingArgument',
    )
    expect(await failure(client.getACL('missing'))).toMatchObject({ code: 'NoSuchKey' })
  })
})
