import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Client, codeOf, failure, type RawResponse, startWorld, type World } from './setup.ts'

const COPY_LIMIT = 50_000

let world: World
let client: Client
let bucket: string
beforeAll(async () => {
  world = await startWorld({ copyLimit: COPY_LIMIT, restoreDelay: 0 })
  client = await world.bucket()
  bucket = client.getBucket()
})
afterAll(() => world.stop())

const bytes = Buffer.from('the source')
let etag = ''
let modified = ''
beforeEach(async () => {
  await client.put('source', bytes, {
    headers: {
      'content-type': 'text/x-source',
      'cache-control': 'no-cache',
      'x-oss-meta-from': 'source',
      'x-oss-tagging': 't=source',
      'x-oss-object-acl': 'public-read',
      'x-oss-server-side-encryption': 'AES256',
      'x-oss-storage-class': 'IA',
    },
  })
  const source = await head('source')
  etag = source.etag ?? ''
  modified = source['last-modified'] ?? ''
})

type Headers = Record<string, string>
const head = async (key: string, from = client): Promise<Headers> =>
  ((await from.head(key)).res as { headers: Headers }).headers
const copy = (
  headers: Headers = {},
  more: { key?: string; source?: string; to?: string } = {},
): Promise<RawResponse> =>
  world.send({
    method: 'PUT',
    bucket: more.to ?? bucket,
    key: more.key ?? 'copy',
    headers: { 'x-oss-copy-source': more.source ?? `/${bucket}/source`, ...headers },
  })
/** Status, code and, if there is one, error cause. */
const refusal = async (answer: Promise<RawResponse>) => {
  const refused = await answer
  const ec = refused.headers['x-oss-ec']
  return [refused.status, codeOf(refused), ...(ec === undefined ? [] : [ec])]
}

describe('a copy', () => {
  test('has the source’s bytes, metadata, tags and tag of content, and says so', async () => {
    const answer = await copy()
    expect(answer.status).toBe(200)
    expect(answer.text).toMatch(
      /^<\?xml.*\?>\s*<CopyObjectResult><ETag>&quot;[0-9A-F]{32}&quot;<\/ETag><LastModified>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z<\/LastModified><\/CopyObjectResult>$/,
    )
    expect((await client.get('copy')).content).toEqual(bytes)
    expect(await head('copy')).toMatchObject({
      etag,
      'content-type': 'text/x-source',
      'cache-control': 'no-cache',
      'x-oss-meta-from': 'source',
      'x-oss-tagging-count': '1',
      'content-md5': (await head('source'))['content-md5'],
    })
    expect((await client.getObjectTagging('copy')).tag).toEqual({ t: 'source' })
  })

  test('has not the source’s ACL, class or encryption', async () => {
    await copy()
    expect((await client.getACL('copy')).acl).toBe('default')
    const headers = await head('copy')
    expect(headers['x-oss-storage-class']).toBe('Standard')
    expect(headers).not.toHaveProperty('x-oss-server-side-encryption')
  })

  test('has the ACL, class and encryption it is given', async () => {
    await copy({
      'x-oss-object-acl': 'private',
      'x-oss-storage-class': 'IA',
      'x-oss-server-side-encryption': 'KMS',
      'x-oss-server-side-encryption-key-id': 'key',
    })
    expect((await client.getACL('copy')).acl).toBe('private')
    expect(await head('copy')).toMatchObject({
      'x-oss-storage-class': 'IA',
      'x-oss-server-side-encryption': 'KMS',
      'x-oss-server-side-encryption-key-id': 'key',
    })
  })

  test('goes to another bucket of the region through the SDK', async () => {
    const other = await world.bucket()
    await other.copy('copied', 'source', bucket)
    expect((await other.get('copied')).content).toEqual(bytes)
    expect((await head('copied', other)).etag).toBe(etag)
  })

  test('of a copy of a deleted source still has its bytes', async () => {
    const large = Buffer.alloc(40_000, 'large')
    await client.put('large', large)
    await client.copy('first', 'large')
    await client.delete('large')
    await client.copy('second', 'first')
    await client.delete('first')
    expect((await client.get('second')).content.equals(large)).toBe(true)
  })

  test.each(['阿里云/加油/:?;@&=+$, /<>{}[]|/', 'a%2Fb', 'a+b', 'x%', '?versionId=1', 'é\u0001'])(
    'finds the source %j by its encoded name',
    async (key) => {
      await client.put(key, Buffer.from(key))
      for (const encoded of [encodeURIComponent(key), encodeURIComponent(key).replaceAll('%2F', '/')]) {
        expect((await copy({}, { source: `/${bucket}/${encoded}` })).status).toBe(200)
        expect(String((await client.get('copy')).content)).toBe(key)
      }
    },
  )

  test('may forbid to overwrite', async () => {
    const headers = { 'x-oss-forbid-overwrite': 'true' }
    expect((await copy(headers, { key: 'once' })).status).toBe(200)
    expect(await refusal(copy(headers, { key: 'once' }))).toEqual([409, 'FileAlreadyExists'])
  })
})

describe('the directives', () => {
  const replacing = { 'content-type': 'text/x-new', 'x-oss-meta-own': 'new', 'x-oss-tagging': 't=new' }

  test('COPY, or none, ignore the request’s metadata and tags', async () => {
    for (const directive of [{}, { 'x-oss-metadata-directive': 'COPY', 'x-oss-tagging-directive': 'Copy' }]) {
      await copy({ ...replacing, ...(directive as Headers) })
      const headers = await head('copy')
      expect(headers).toMatchObject({ 'content-type': 'text/x-source', 'x-oss-meta-from': 'source' })
      expect(headers).not.toHaveProperty('x-oss-meta-own')
      expect((await client.getObjectTagging('copy')).tag).toEqual({ t: 'source' })
    }
  })

  test('REPLACE takes the request’s metadata only', async () => {
    await copy({ ...replacing, 'x-oss-metadata-directive': 'REPLACE' })
    const headers = await head('copy')
    expect(headers).toMatchObject({ 'content-type': 'text/x-new', 'x-oss-meta-own': 'new' })
    expect(headers).not.toHaveProperty('x-oss-meta-from')
    expect(headers).not.toHaveProperty('cache-control')
    expect((await client.getObjectTagging('copy')).tag).toEqual({ t: 'source' })
  })

  test('Replace, in any case, takes the request’s tags', async () => {
    for (const word of ['Replace', 'REPLACE']) {
      await copy({ 'x-oss-tagging-directive': word, 'x-oss-tagging': 't=new' })
      expect((await client.getObjectTagging('copy')).tag).toEqual({ t: 'new' })
    }
    await copy({ 'x-oss-tagging-directive': 'Replace' })
    expect((await client.getObjectTagging('copy')).tag).toEqual({})
  })

  test('of other words are refused', async () => {
    expect(await refusal(copy({ 'x-oss-metadata-directive': 'KEEP' }))).toMatchObject([
      400,
      'InvalidArgument',
    ])
    expect(await refusal(copy({ 'x-oss-tagging-directive': 'KEEP' }))).toMatchObject([400, 'InvalidArgument'])
  })
})

describe('an object copied onto itself', () => {
  test('takes the request’s metadata, whatever the directive', async () => {
    await copy({ 'x-oss-meta-own': 'new' }, { key: 'source' })
    const headers = await head('source')
    expect(headers).toMatchObject({
      etag,
      'x-oss-meta-own': 'new',
      'content-type': 'application/octet-stream',
    })
    expect(headers).not.toHaveProperty('x-oss-meta-from')
    expect((await client.get('source')).content).toEqual(bytes)
  })

  test('keeps its metadata in a versioned bucket, as a new version', async () => {
    const versioned = await world.bucket()
    const name = versioned.getBucket()
    await versioned.putBucketVersioning(name, 'Enabled')
    await versioned.put('k', bytes, { headers: { 'content-type': 'text/x-source' } })
    await copy({}, { to: name, key: 'k', source: `/${name}/k` })
    expect((await head('k', versioned))['content-type']).toBe('text/x-source')
    expect((await versioned.listObjectVersions()).objects).toHaveLength(2)
  })

  test('may be over the limit as long as only its metadata changes', async () => {
    await client.put('huge', Buffer.alloc(COPY_LIMIT + 1))
    const onto = { key: 'huge', source: `/${bucket}/huge` }
    expect((await copy({ 'x-oss-metadata-directive': 'REPLACE' }, onto)).status).toBe(200)
    expect(await refusal(copy({ 'x-oss-storage-class': 'IA' }, onto))).toMatchObject([400, 'EntityTooLarge'])
    expect(await refusal(copy({ 'x-oss-server-side-encryption': 'AES256' }, onto))).toMatchObject([
      400,
      'EntityTooLarge',
    ])
    const answer = await copy({}, { source: `/${bucket}/huge` })
    expect([answer.status, codeOf(answer)]).toEqual([400, 'EntityTooLarge'])
    expect(answer.text).toContain('Source object Length exceeds the maximum allowed size.')
  })
})

describe('the preconditions', () => {
  const condition = (name: string, value: string): Headers => ({ [`x-oss-copy-source-if-${name}`]: value })
  const shifted = (seconds: number) => new Date(Date.parse(modified) + seconds * 1000).toUTCString()

  test('that hold let the copy be made', async () => {
    for (const headers of [
      condition('match', etag),
      condition('match', etag.slice(1, -1)),
      condition('none-match', '"else"'),
      condition('unmodified-since', modified),
      condition('unmodified-since', new Date(Date.parse(modified)).toISOString()),
      condition('modified-since', shifted(-1)),
    ]) {
      expect((await copy(headers)).status, JSON.stringify(headers)).toBe(200)
    }
  })

  test('for sameness fail with 412 and their name', async () => {
    const rows: [Headers, string][] = [
      [condition('match', '"else"'), 'If-Match'],
      [condition('match', etag.toLowerCase()), 'If-Match'],
      [condition('unmodified-since', shifted(-1)), 'If-Unmodified-Since'],
      [{ ...condition('match', etag), ...condition('unmodified-since', shifted(-1)) }, 'If-Unmodified-Since'],
      [{ ...condition('match', '"else"'), ...condition('none-match', etag) }, 'If-Match'],
    ]
    for (const [headers, name] of rows) {
      const answer = await copy(headers)
      expect([answer.status, codeOf(answer), answer.headers['x-oss-ec']]).toEqual([
        412,
        'PreconditionFailed',
        '0017-00001001',
      ])
      expect(answer.text).toContain(`<Condition>${name}</Condition>`)
    }
  })

  test('for difference fail with 304 and no body', async () => {
    await client.delete('copy')
    for (const headers of [
      condition('none-match', etag),
      condition('modified-since', modified),
      { ...condition('none-match', '"else"'), ...condition('modified-since', modified) },
    ]) {
      const answer = await copy(headers)
      expect([answer.status, answer.text]).toEqual([304, ''])
    }
    expect(await failure(client.get('copy'))).toMatchObject({ code: 'NoSuchKey' })
  })

  test('on the target are not implemented', async () => {
    expect(await refusal(copy({ 'if-none-match': '*' }))).toEqual([400, 'NotImplemented', '0017-00000245'])
  })
})

describe('a source', () => {
  test('must be named properly', async () => {
    const rows: [source: string, ...refused: (number | string)[]][] = [
      [`${bucket}/source`, 400, 'InvalidArgument'],
      [`/${bucket}`, 400, 'InvalidArgument'],
      [`/${bucket}/`, 400, 'InvalidArgument'],
      [`/${bucket}/source?version=1`, 400, 'InvalidArgument', '0016-00000304'],
      [`/${bucket}/source?versionId=`, 400, 'InvalidArgument', '0016-00000305'],
      [`/${bucket}/source?versionId=none`, 400, 'InvalidArgument'],
      [`/${bucket}/source?versionId=CAEQ${'a'.repeat(60)}`, 404, 'NoSuchVersion', '0012-00000203'],
      [`/${bucket}/missing`, 404, 'NoSuchKey', '0026-00000001'],
      ['/no-such-bucket/source', 404, 'NoSuchBucket', '0015-00000101'],
      [`/${bucket}/sourc%2565`, 404, 'NoSuchKey', '0026-00000001'],
    ]
    for (const [source, ...refused] of rows)
      expect(await refusal(copy({}, { source })), source).toEqual(refused)
    expect((await copy({}, { source: `/${bucket}/sourc%65` })).status).toBe(200)
  })

  test('must be in the target’s region', async () => {
    const far = await world.bucket({ region: 'oss-cn-beijing' })
    await far.put('source', bytes)
    const answer = await copy({}, { source: `/${far.getBucket()}/source` })
    expect([answer.status, codeOf(answer), answer.headers['x-oss-ec']]).toEqual([
      403,
      'AccessDenied',
      '0016-00000306',
    ])
    expect(answer.text).toContain('Target object does not reside in the same data center as source object.')
  })

  test('may be a version, and then its id is told', async () => {
    const versioned = await world.bucket()
    const name = versioned.getBucket()
    await versioned.put('k', Buffer.from('null'))
    await versioned.putBucketVersioning(name, 'Enabled')
    await versioned.put('k', Buffer.from('second'))
    const marker = await versioned.delete('k')
    const old = await copy({}, { source: `/${name}/k?versionId=null` })
    expect(old.headers['x-oss-copy-source-version-id']).toBe('null')
    expect(String((await client.get('copy')).content)).toBe('null')
    expect(await refusal(copy({}, { source: `/${name}/k` }))).toEqual([404, 'NoSuchKey', '0026-00000001'])
    const markerId = (marker.res as unknown as { headers: Headers }).headers['x-oss-version-id']
    expect(await refusal(copy({}, { source: `/${name}/k?versionId=${markerId}` }))).toEqual([
      400,
      'InvalidArgument',
      '0016-00000307',
    ])
    const restored = await copy({}, { to: name, key: 'k', source: `/${name}/k?versionId=null` })
    expect(restored.headers['x-oss-version-id']).toMatch(/^CAEQ/)
    expect(String((await versioned.get('k')).content)).toBe('null')
  })

  test('that is archived must be restored first', async () => {
    await client.put('frozen', bytes, { headers: { 'x-oss-storage-class': 'Archive' } })
    const source = `/${bucket}/frozen`
    expect(await refusal(copy({}, { source }))).toMatchObject([403, 'InvalidObjectState'])
    await client.restore('frozen')
    expect((await copy({}, { source })).status).toBe(200)
  })

  test('that is a link gives the link', async () => {
    await client.putSymlink('link', 'source', {} as never)
    await copy({}, { source: `/${bucket}/link` })
    expect((await client.getSymlink('copy')).targetName).toBe('source')
    await client.delete('copy')
  })

  const SSE = 'x-oss-server-side-encryption'
  test.each<[copied: string, key: string, Headers, type: string]>([
    ['elsewhere', 'copy', {}, 'Normal'],
    ['elsewhere and encrypted', 'copy', { [SSE]: 'AES256' }, 'Normal'],
    ['onto itself with other metadata', 'log', { 'x-oss-metadata-directive': 'REPLACE' }, 'Appendable'],
    ['onto itself and encrypted', 'log', { [SSE]: 'KMS' }, 'Normal'],
    ['onto itself in another class', 'log', { 'x-oss-storage-class': 'IA' }, 'Normal'],
  ])('that is appendable, copied %s', async (_, key, headers, type) => {
    await client.delete('log')
    await client.append('log', Buffer.from('line'))
    expect((await copy(headers, { key, source: `/${bucket}/log` })).status).toBe(200)
    const copied = await head(key)
    expect(copied['x-oss-object-type']).toBe(type)
    expect(copied[SSE]).toBe(headers[SSE])
    expect(String((await client.get(key)).content)).toBe('line')
  })

  test.each([
    ['a b', 'a%20b', 200],
    ['a b', 'a+b', 200],
    ['a+b', 'a%2Bb', 200],
    ['a+b', 'a+b', 404],
    ['+ +', '%2B+%2B', 200],
    ['a/b c', 'a%2Fb+c', 200],
  ])('of the name %j is named %s, as forms are encoded: %i', async (key, encoded, status) => {
    const own = await world.bucket()
    await own.put(key, Buffer.from(key))
    expect((await copy({}, { source: `/${own.getBucket()}/${encoded}` })).status).toBe(status)
    if (status === 200) expect(String((await client.get('copy')).content)).toBe(key)
  })
})
