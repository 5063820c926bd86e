import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type Client,
  codeOf,
  failure,
  type RawRequest,
  startWorld,
  temporaryDirectory,
  type World,
} from './setup.ts'

let world: World
let client: Client
let bucket: string
beforeAll(async () => {
  world = await startWorld({ directory: await temporaryDirectory() })
})
afterAll(() => world.stop())
beforeEach(async () => {
  client = await world.bucket()
  bucket = client.getBucket()
})

type Headers = Record<string, string>
const put = async (key: string, text: string) => {
  const { res } = (await client.put(key, Buffer.from(text))) as unknown as { res: { headers: Headers } }
  return res.headers['x-oss-version-id'] ?? ''
}
const remove = async (key: string, versionId?: string) =>
  (
    (await client.delete(key, (versionId ? { versionId } : {}) as never)).res as unknown as {
      headers: Headers
    }
  ).headers
const read = async (key: string, versionId?: string) =>
  String((await client.get(key, (versionId ? { versionId } : {}) as never)).content)
const versioning = (status: 'Enabled' | 'Suspended') => client.putBucketVersioning(bucket, status)
/** Every version of a key, newest first; `+` is the latest, `x` a delete marker. */
const history = async (key: string) => {
  const answer = await world.send({ bucket, query: { versions: null, prefix: key } })
  const rows = [...answer.text.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs)].map(
    ([, kind, row = '']) => ({
      kind,
      id: /<VersionId>(.*?)</.exec(row)?.[1] ?? '',
      latest: row.includes('<IsLatest>true'),
    }),
  )
  return rows
    .map(
      ({ kind, id, latest }) =>
        `${latest ? '+' : ''}${kind === 'Version' ? '' : 'x'}${id === 'null' ? 'null' : 'id'}`,
    )
    .sort()
}

describe('a bucket that never knew versions', () => {
  test('has only null versions and does not speak of them', async () => {
    expect(await put('k', 'one')).toBe('')
    expect(await put('k', 'two')).toBe('')
    expect(await history('k')).toEqual(['+null'])
    expect(await read('k', 'null')).toBe('two')
    expect(await remove('k')).not.toHaveProperty('x-oss-delete-marker')
    expect(await history('k')).toEqual([])
  })
})

describe('versioning, enabled,', () => {
  test('keeps what is overwritten, and the object from before', async () => {
    await put('k', 'before')
    await versioning('Enabled')
    const first = await put('k', 'one')
    const second = await put('k', 'two')
    expect(await read('k')).toBe('two')
    expect([await read('k', second), await read('k', first), await read('k', 'null')]).toEqual([
      'two',
      'one',
      'before',
    ])
    expect(await history('k')).toEqual(['+id', 'id', 'null'])
  })

  test('hides a deleted object behind a marker that can be deleted', async () => {
    await versioning('Enabled')
    const version = await put('k', 'one')
    const marker = await remove('k')
    expect(marker['x-oss-delete-marker']).toBe('true')
    const markerId = marker['x-oss-version-id'] ?? ''
    const hidden = await world.send({ bucket, key: 'k' })
    expect([hidden.status, codeOf(hidden), hidden.headers['x-oss-delete-marker']]).toEqual([
      404,
      'NoSuchKey',
      'true',
    ])
    const named = await world.send({ bucket, key: 'k', query: { versionId: markerId } })
    expect([named.status, codeOf(named)]).toEqual([405, 'MethodNotAllowed'])
    expect(await read('k', version)).toBe('one')
    expect((await client.list({ 'max-keys': 10 }, {})).objects ?? []).toHaveLength(0)
    expect(await remove('k', markerId)).toMatchObject({
      'x-oss-delete-marker': 'true',
      'x-oss-version-id': markerId,
    })
    expect(await read('k')).toBe('one')
  })

  test('marks even what never was', async () => {
    await versioning('Enabled')
    expect((await remove('never'))['x-oss-delete-marker']).toBe('true')
    expect(await history('never')).toEqual(['+xid'])
  })

  test('brings the predecessor up when the current version is deleted for good', async () => {
    await put('k', 'before')
    await versioning('Enabled')
    const first = await put('k', 'one')
    const second = await put('k', 'two')
    await remove('k', second)
    expect(await read('k')).toBe('one')
    expect(await read('k', 'null')).toBe('before')
    await remove('k', first)
    expect(await read('k')).toBe('before')
    await remove('k', 'null')
    expect(await failure(read('k'))).toMatchObject({ code: 'NoSuchKey' })
    expect(await history('k')).toEqual([])
  })

  test('ignores the wish not to overwrite', async () => {
    await versioning('Enabled')
    await put('k', 'one')
    await client.put('k', Buffer.from('two'), { headers: { 'x-oss-forbid-overwrite': 'true' } })
    expect(await read('k')).toBe('two')
  })

  test('has tags and ACL for each version', async () => {
    await versioning('Enabled')
    const versionId = await put('k', 'one')
    await put('k', 'two')
    await client.putObjectTagging('k', { of: 'one' }, { versionId })
    await world.send({
      method: 'PUT',
      bucket,
      key: 'k',
      query: { acl: null, versionId },
      headers: { 'x-oss-object-acl': 'private' },
    })
    expect((await client.getObjectTagging('k')).tag).toEqual({})
    expect((await client.getObjectTagging('k', { versionId })).tag).toEqual({ of: 'one' })
    expect((await client.getACL('k')).acl).toBe('default')
    expect(await history('k')).toEqual(['+id', 'id'])
  })

  test('refuses versions that are not there', async () => {
    await versioning('Enabled')
    const version = await put('k', 'one')
    await put('k', 'two')
    await remove('k', version)
    expect(await failure(read('k', version))).toMatchObject({ code: 'NoSuchVersion', status: 404 })
    expect((await remove('k', version))['x-oss-version-id']).toBe(version)
    expect(await read('k')).toBe('two')
  })

  test.each(['234', 'CAEQ', 'NULL', '', 'CAEQ\u0001', `CAEQ${'a'.repeat(200)}`])(
    'refuses what is no version id, %j, and changes nothing',
    async (versionId) => {
      await versioning('Enabled')
      const version = await put('k', 'one')
      const source = `/${bucket}/k?versionId=${encodeURIComponent(versionId)}`
      const document = (id: string) =>
        `<Delete><Object><Key>k</Key><VersionId>${id}</VersionId></Object></Delete>`
      const both = document(version).replace('</Delete>', document(versionId).replace('<Delete>', ''))
      const md5 = createHash('md5').update(both).digest('base64')
      const requests: RawRequest[] = [
        ...['GET', 'HEAD', 'DELETE'].map((method) => ({
          method,
          key: 'k',
          query: { versionId: versionId || null },
        })),
        ...['GET', 'DELETE'].map((method) => ({
          method,
          key: 'k',
          query: { tagging: null, versionId: versionId || null },
        })),
        { method: 'PUT', key: 'copy', headers: { 'x-oss-copy-source': source } },
      ]
      // The empty element is none.
      if (versionId !== '' && versionId !== 'CAEQ\u0001') {
        requests.push({
          method: 'POST',
          query: { delete: null },
          headers: { 'content-md5': md5 },
          body: both,
        })
      }
      for (const request of requests) {
        const answer = await world.send({ bucket, ...request })
        expect(answer.status).toBe(400)
        if (request.method !== 'HEAD') expect(codeOf(answer)).toBe('InvalidArgument')
      }
      expect(await read('k', version)).toBe('one')
      expect(await history('k')).toEqual(['+id'])
    },
  )

  test('has ids as OSS has them', async () => {
    await versioning('Enabled')
    for (let i = 0; i < 20; i++) expect(await put('k', 'one')).toMatch(/^CAEQ[A-Za-z0-9._-]{60}$/)
  })

  test('is of no consequence to a bucket that never had versions', async () => {
    await put('k', 'one')
    const headers = await remove('k', 'null')
    expect(headers).not.toHaveProperty('x-oss-version-id')
    expect(await failure(read('k'))).toMatchObject({ code: 'NoSuchKey' })
  })
})

describe('versioning, suspended,', () => {
  test('replaces only the null version, wherever it is', async () => {
    await put('k', 'before')
    await versioning('Enabled')
    const kept = await put('k', 'one')
    await versioning('Suspended')
    expect(await put('k', 'two')).toBe('null')
    expect(await history('k')).toEqual(['+null', 'id'])
    expect([await read('k'), await read('k', kept)]).toEqual(['two', 'one'])
    await put('k', 'three')
    expect(await history('k')).toEqual(['+null', 'id'])
  })

  test('puts a null marker in the null version’s place', async () => {
    await versioning('Enabled')
    const kept = await put('k', 'one')
    await versioning('Suspended')
    await put('k', 'two')
    expect(await remove('k')).toMatchObject({ 'x-oss-delete-marker': 'true', 'x-oss-version-id': 'null' })
    expect(await history('k')).toEqual(['+xnull', 'id'])
    await versioning('Enabled')
    await put('k', 'three')
    expect(await history('k')).toEqual(['+id', 'id', 'xnull'])
    await remove('k', 'null')
    expect(await history('k')).toEqual(['+id', 'id'])
    expect(await read('k', kept)).toBe('one')
  })
})

describe('a listing of versions', () => {
  test('goes through all of them by page, newest first within a key', async () => {
    await versioning('Enabled')
    const expected: string[] = []
    for (const key of ['a', 'b/1', 'b/2', 'c']) {
      const ids = [await put(key, '1'), await put(key, '2'), await put(key, '3')]
      expected.push(...ids.reverse().map((id) => `${key} ${id}`))
    }
    const seen: string[] = []
    let markers: Record<string, string> = {}
    for (;;) {
      const page = await client.listObjectVersions({ 'max-keys': 2, ...markers })
      seen.push(...page.objects.map(({ name, versionId }) => `${name} ${versionId}`))
      if (!page.isTruncated) break
      markers = { keyMarker: page.nextKeyMarker ?? '', versionIdMarker: page.nextVersionIdMarker ?? '' }
    }
    expect(seen).toEqual(expected)
    const rolled = await client.listObjectVersions({ delimiter: '/', 'max-keys': 4 })
    expect([rolled.prefixes, rolled.objects.length, rolled.isTruncated]).toEqual([['b/'], 3, true])
    const rest = await client.listObjectVersions({ delimiter: '/', keyMarker: rolled.nextKeyMarker ?? '' })
    expect(rest.objects.map(({ name }) => name)).toEqual(['c', 'c', 'c'])
  })

  test('goes on after a version that is gone', async () => {
    await versioning('Enabled')
    const ids = [await put('k', '1'), await put('k', '2'), await put('k', '3')]
    await remove('k', ids[1])
    const page = await client.listObjectVersions({ keyMarker: 'k', versionIdMarker: ids[1] ?? '' })
    expect(page.objects.map(({ versionId }) => versionId)).toEqual([ids[0]])
  })
})
