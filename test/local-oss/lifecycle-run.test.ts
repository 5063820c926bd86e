import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Client, codeOf, type RawRequest, startWorld, type World } from './setup.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** The example of OSS's page: what was written then expires after 3 days at midnight on 16 April. */
const WRITTEN = Date.UTC(2014, 3, 12, 1)
const MIDNIGHT = Date.UTC(2014, 3, 13)

let world: World
let client: Client
let bucket: string
let clock = WRITTEN
beforeAll(async () => {
  world = await startWorld({ now: () => clock, lifecycle: false })
})
beforeEach(async () => {
  clock = WRITTEN
  client = await world.bucket()
  bucket = client.getBucket()
})
afterAll(() => world.stop())

const send = (raw: RawRequest) => world.send({ bucket, ...raw })
const put = async (key: string, headers: Record<string, string> = {}, body = 'x') => {
  expect((await send({ method: 'PUT', key, headers, body })).status).toBe(200)
}
let ids = 0
const rule = (inner: string, prefix = '', status = 'Enabled') =>
  `<Rule><ID>r${++ids}</ID><Prefix>${prefix}</Prefix><Status>${status}</Status>${inner}</Rule>`
const putRules = async (...rules: string[]) => {
  const headers = { 'x-oss-allow-same-action-overlap': 'true' }
  const body = `<LifecycleConfiguration>${rules.join('')}</LifecycleConfiguration>`
  const answer = await send({ method: 'PUT', query: { lifecycle: null }, headers, body })
  expect(answer.status, answer.text).toBe(200)
}
const runAt = (time: number) => {
  clock = time
  return world.oss.runLifecycle()
}
const days = (count: number) => `<Days>${count}</Days>`
const since = (count: number) => `<NoncurrentDays>${count}</NoncurrentDays>`
const createdBefore = (date: string) => `<CreatedBeforeDate>${date}T00:00:00.000Z</CreatedBeforeDate>`
const expire = (time: string) => `<Expiration>${time}</Expiration>`
const move = (to: string, time: string) =>
  `<Transition>${time}<StorageClass>${to}</StorageClass></Transition>`
const expireOld = (time: string) => `<NoncurrentVersionExpiration>${time}</NoncurrentVersionExpiration>`
const moveOld = (to: string, time: string) =>
  `<NoncurrentVersionTransition>${time}<StorageClass>${to}</StorageClass></NoncurrentVersionTransition>`
const tag = (key: string, value: string) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`
const filter = (inner: string) => `<Filter>${inner}</Filter>`
const not = (inner: string) => filter(`<Not>${inner}</Not>`)
const classed = (name: string) => ({ 'x-oss-storage-class': name })

const head = (key: string) => send({ method: 'HEAD', key })
/** The class of an object, or that it is gone. */
const stateOf = async (key: string) => {
  const { status, headers } = await head(key)
  return status === 404 ? 'gone' : headers['x-oss-storage-class']
}

describe('a rule is carried out at the midnight after its days, and not before:', () => {
  type Object = { key?: string; headers?: Record<string, string>; size?: number }
  const rows: [what: string, rules: string[], object: Object, due: number, is: string][] = [
    ['it expires', [rule(expire(days(3)))], {}, 4, 'gone'],
    ['it expires what has its prefix', [rule(expire(days(1)), 'a/')], { key: 'a/b' }, 2, 'gone'],
    ['it expires by a date', [rule(expire(createdBefore('2014-04-20')))], {}, 8, 'gone'],
    ['it expires from a date on', [rule(expire('<Date>2014-04-20T00:00:00.000Z</Date>'))], {}, 8, 'gone'],
    ['it moves to IA', [rule(move('IA', days(1)))], {}, 2, 'IA'],
    ['it moves to Archive', [rule(move('Archive', days(1)))], {}, 2, 'Archive'],
    ['it moves to ColdArchive', [rule(move('ColdArchive', days(1)))], {}, 2, 'ColdArchive'],
    ['it moves to DeepColdArchive', [rule(move('DeepColdArchive', days(1)))], {}, 2, 'DeepColdArchive'],
    ['it moves by a date', [rule(move('IA', createdBefore('2014-04-20')))], {}, 8, 'IA'],
    [
      'it moves what is cold to where it is colder',
      [rule(move('ColdArchive', days(1)))],
      { headers: classed('Archive') },
      2,
      'ColdArchive',
    ],
    ['it is about empty objects too', [rule(move('IA', days(1)))], { size: 0 }, 2, 'IA'],
    [
      'it is about all of its tags',
      [rule(expire(days(1)) + tag('a', '1') + tag('b', ''))],
      { headers: { 'x-oss-tagging': 'b&c=3&a=1' } },
      2,
      'gone',
    ],
    [
      'it is about larger objects',
      [rule(expire(days(1)) + filter('<ObjectSizeGreaterThan>9</ObjectSizeGreaterThan>'))],
      { size: 10 },
      2,
      'gone',
    ],
    [
      'it is about smaller objects',
      [rule(expire(days(1)) + filter('<ObjectSizeLessThan>11</ObjectSizeLessThan>'))],
      { size: 10 },
      2,
      'gone',
    ],
    [
      'it leaves alone what has the prefix and the tag',
      [rule(expire(days(1)) + not(`<Prefix>a/</Prefix>${tag('k', 'v')}`))],
      { key: 'a/b' },
      2,
      'gone',
    ],
    [
      'several move by steps',
      [rule(move('IA', days(1)) + move('Archive', days(2)) + expire(days(9)))],
      {},
      2,
      'IA',
    ],
    ['deletion goes first', [rule(move('IA', days(1))), rule(expire(days(1)))], {}, 2, 'gone'],
    [
      'the coldest goes first',
      [rule(move('IA', days(1))), rule(move('ColdArchive', days(1)))],
      {},
      2,
      'ColdArchive',
    ],
    ['the earliest of two counts', [rule(expire(days(9))), rule(expire(days(1)), 'k')], {}, 2, 'gone'],
    [
      'the earliest counts, even where another is more particular',
      [rule(expire(days(1))), rule(expire(days(9)), 'k')],
      {},
      2,
      'gone',
    ],
    [
      'what one rule leaves alone another may delete',
      [rule(expire(days(9)), 'dir/'), rule(expire(days(1)) + not('<Prefix>dir/</Prefix>'))],
      { key: 'dir/a' },
      10,
      'gone',
    ],
  ]
  test.each(rows)('%s', async (_, rules, { key = 'k', headers = {}, size = 1 }, due, is) => {
    await put(key, headers, 'x'.repeat(size))
    const was = await stateOf(key)
    const modified = (await head(key)).headers['last-modified']
    await putRules(...rules)
    await runAt(MIDNIGHT + (due - 1) * DAY - 1)
    expect(await stateOf(key)).toBe(was)
    await runAt(MIDNIGHT + (due - 1) * DAY)
    expect(await stateOf(key)).toBe(is)
    if (is !== 'gone') expect((await head(key)).headers['last-modified']).toBe(modified)
  })
})

describe('a rule leaves alone', () => {
  const three = expire(days(3))
  const rows: [what: string, rule: string, key: string, headers: Record<string, string>][] = [
    ['everything while it is disabled', rule(three, '', 'Disabled'), 'k', {}],
    ['what has another prefix', rule(three, 'a/'), 'ab', {}],
    [
      'what lacks one of its tags',
      rule(three + tag('a', '1') + tag('b', '2')),
      'k',
      { 'x-oss-tagging': 'a=1' },
    ],
    ['what has another value of its tag', rule(three + tag('a', '1')), 'k', { 'x-oss-tagging': 'a=2' }],
    ['what has its excluded prefix', rule(three + not('<Prefix>a/</Prefix>')), 'a/b', {}],
    ['what has its excluded tag', rule(three + not(tag('a', '1'))), 'k', { 'x-oss-tagging': 'a=1' }],
    ['what is no larger', rule(three + filter('<ObjectSizeGreaterThan>1</ObjectSizeGreaterThan>')), 'k', {}],
    ['what is no smaller', rule(three + filter('<ObjectSizeLessThan>1</ObjectSizeLessThan>')), 'k', {}],
    ['what was written after its date', rule(expire(createdBefore('2014-04-12'))), 'k', {}],
    ['what is as cold', rule(move('Archive', days(1))), 'k', classed('Archive')],
    ['what is colder', rule(move('IA', days(1))), 'k', classed('DeepColdArchive')],
    [
      'current versions, where it is about old ones',
      rule(expireOld(since(2)) + moveOld('IA', since(1))),
      'k',
      {},
    ],
  ]
  test.each(rows)('%s', async (_, rule, key, headers) => {
    await put(key, headers)
    const was = await stateOf(key)
    await putRules(rule)
    await runAt(WRITTEN + 100 * DAY)
    expect(await stateOf(key)).toBe(was)
  })

  test('everything when it is taken away', async () => {
    await put('k')
    await putRules(rule(expire(days(1))))
    await send({ method: 'DELETE', query: { lifecycle: null } })
    await runAt(WRITTEN + 100 * DAY)
    expect(await stateOf('k')).toBe('Standard')
  })
})

describe('what a rule moves', () => {
  const CLASSES = ['IA', 'Archive', 'ColdArchive', 'DeepColdArchive']

  test('goes through its classes as the days pass, and then expires', async () => {
    await put('k', { 'x-oss-meta-a': 'b', 'x-oss-tagging': 'c=d' }, 'content')
    await putRules(rule(CLASSES.map((name, i) => move(name, days(i + 1))).join('') + expire(days(5))))
    const states: unknown[] = []
    for (const day of [1, 2, 3, 4, 5]) {
      await runAt(WRITTEN + (day + 1) * DAY)
      states.push(await stateOf('k'))
      if (day === 1) expect(String((await client.get('k')).content)).toBe('content')
    }
    expect(states).toEqual([...CLASSES, 'gone'])
  })

  test('skips the classes whose days have passed', async () => {
    await put('k')
    await putRules(rule(CLASSES.map((name, i) => move(name, days(i + 1))).join('')))
    await runAt(WRITTEN + 4 * DAY)
    expect(await stateOf('k')).toBe('ColdArchive')
  })

  test('keeps all that it is but its class, and has to be restored', async () => {
    await put('k', { 'x-oss-meta-a': 'b', 'x-oss-tagging': 'c=d', 'cache-control': 'no-cache' }, 'content')
    const { date: _, ...told } = (await head('k')).headers
    await putRules(rule(move('Archive', days(1))))
    await runAt(WRITTEN + 2 * DAY)
    const stable = (headers: object) =>
      Object.fromEntries(
        Object.entries(headers).filter(([name]) => !/^x-oss-(request-id|server-time)$|^date$/.test(name)),
      )
    const after = stable((await head('k')).headers)
    expect(after).toEqual({ ...stable(told), 'x-oss-storage-class': 'Archive' })
    expect(codeOf(await send({ key: 'k' }))).toBe('InvalidObjectState')
    expect((await send({ method: 'POST', key: 'k', query: { restore: null } })).status).toBe(202)
    expect((await send({ key: 'k' })).text).toBe('content')
  })

  test('is restored no more when it moves on', async () => {
    await put('k', classed('Archive'))
    await send({
      method: 'POST',
      key: 'k',
      query: { restore: null },
      body: '<RestoreRequest><Days>7</Days></RestoreRequest>',
    })
    expect((await send({ key: 'k' })).status).toBe(200)
    await putRules(rule(move('ColdArchive', days(1))))
    await runAt(WRITTEN + 2 * DAY)
    expect((await head('k')).headers['x-oss-restore']).toBeUndefined()
    expect(codeOf(await send({ key: 'k' }))).toBe('InvalidObjectState')
  })

  const told: [to: string, isTold: boolean][] = [
    ['IA', false],
    ['Archive', false],
    ['ColdArchive', true],
    ['DeepColdArchive', true],
  ]
  test.each(told)('to %s tells when: %s', async (to, isTold) => {
    await put('moved')
    await put('written', classed(to))
    await putRules(rule(move(to, days(1)), 'moved'))
    await runAt(WRITTEN + 2 * DAY)
    const [header, element] = [new Date(clock).toUTCString(), new Date(clock).toISOString()]
    for (const query of [{}, { objectMeta: null }]) {
      const { headers } = await send({ method: 'HEAD', key: 'moved', query })
      expect(headers['x-oss-transition-time']).toBe(isTold ? header : undefined)
      const other = await send({ method: 'HEAD', key: 'written', query })
      expect(other.headers['x-oss-transition-time']).toBeUndefined()
    }
    for (const query of [{}, { 'list-type': '2' }, { versions: null }]) {
      const { text } = await send({ query })
      const times = [...text.matchAll(/<TransitionTime>(.*?)<\/TransitionTime>/g)].map(([, time]) => time)
      expect(times).toEqual(isTold ? [element] : [])
    }
  })

  test('is no link, and nothing that can be appended to where it would be cold', async () => {
    await put('target')
    await client.putSymlink('link', 'target', {} as never)
    const append = (key: string) =>
      send({ method: 'POST', key, query: { append: null, position: '0' }, body: 'x' })
    await append('open')
    await append('sealed')
    await send({ method: 'POST', key: 'sealed', query: { seal: null, position: '1' } })
    await putRules(rule(move('ColdArchive', days(1))), rule(move('IA', days(1)), 'o'))
    await runAt(WRITTEN + 2 * DAY)
    const states = await Promise.all(['link', 'open', 'sealed'].map(stateOf))
    expect(states).toEqual(['Standard', 'IA', 'ColdArchive'])
  })
})

describe('where there are versions', () => {
  beforeEach(() => client.putBucketVersioning(bucket, 'Enabled'))
  /** The versions of keys, by key and the current ones first: an object's class, or `marker`. */
  const versions = async () => {
    const { text } = await send({ query: { versions: null } })
    const found = [...text.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/g)].map(([, kind, inner = '']) => ({
      key: /<Key>(.*?)</.exec(inner)?.[1] ?? '',
      isOld: inner.includes('<IsLatest>false'),
      is: kind === 'DeleteMarker' ? 'marker' : /<StorageClass>(.*?)</.exec(inner)?.[1],
    }))
    const order = (a: (typeof found)[0], b: (typeof found)[0]) =>
      a.key === b.key ? Number(a.isOld) - Number(b.isOld) : a.key < b.key ? -1 : 1
    return found.sort(order).map(({ is }) => is)
  }

  test('an expired object gets a delete marker, and its version stays', async () => {
    await put('k')
    await putRules(rule(expire(days(1))))
    await runAt(WRITTEN + 2 * DAY)
    expect(await stateOf('k')).toBe('gone')
    expect(await versions()).toEqual(['marker', 'Standard'])
    await runAt(WRITTEN + 9 * DAY)
    expect(await versions()).toEqual(['marker', 'Standard'])
  })

  test('an old version expires so many days after it was replaced', async () => {
    await put('k')
    clock += 10 * DAY
    await put('k')
    await putRules(rule(expireOld(since(3))))
    await runAt(MIDNIGHT + 13 * DAY - 1)
    expect(await versions()).toEqual(['Standard', 'Standard'])
    await runAt(MIDNIGHT + 13 * DAY)
    expect(await versions()).toEqual(['Standard'])
    expect(String((await client.get('k')).content)).toBe('x')
  })

  test('old versions move by steps, and the current one by its own', async () => {
    await put('k')
    clock += DAY
    await put('k')
    await putRules(
      rule(
        moveOld('IA', since(1)) + moveOld('Archive', since(2)) + expireOld(since(3)) + move('IA', days(3)),
      ),
    )
    const seen: unknown[] = []
    for (const day of [2, 3, 4, 5]) {
      await runAt(MIDNIGHT + day * DAY)
      seen.push(await versions())
    }
    expect(seen).toEqual([['Standard', 'IA'], ['Standard', 'Archive'], ['IA'], ['IA']])
  })

  test('a marker that is left alone is removed, and no other', async () => {
    await client.delete('alone')
    await put('over')
    await client.delete('over')
    await put('k')
    await putRules(rule(expire('<ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>')))
    await runAt(clock + HOUR)
    // `k`, and `over` with its marker.
    expect(await versions()).toEqual(['Standard', 'marker', 'Standard'])
  })

  test('all of a bucket is cleaned up by one rule, markers too', async () => {
    await put('k')
    await put('k')
    await client.delete('k')
    await put('other')
    await putRules(rule(expire(days(1)) + expireOld(since(1))))
    for (let day = 1; day < 6; day++) await runAt(WRITTEN + day * DAY)
    expect(await versions()).toEqual([])
  })

  test('old delete markers expire with the versions around them', async () => {
    await put('k')
    await client.delete('k')
    await put('k')
    await putRules(rule(expireOld(since(1))))
    await runAt(WRITTEN + 2 * DAY)
    expect(await versions()).toEqual(['Standard'])
  })

  test('a rule for tags or sizes is about no marker', async () => {
    await client.delete('k')
    const size = filter('<ObjectSizeLessThan>9</ObjectSizeLessThan>')
    await putRules(rule(expire(days(1)) + tag('a', 'b')), rule(expire(days(1)) + size))
    await runAt(WRITTEN + 9 * DAY)
    expect(await versions()).toEqual(['marker'])
  })

  test('a suspended bucket’s null version gives way to a marker', async () => {
    await put('k')
    await client.putBucketVersioning(bucket, 'Suspended')
    await put('k')
    await putRules(rule(expire(days(1))))
    await runAt(WRITTEN + 2 * DAY)
    expect(await versions()).toEqual(['marker', 'Standard'])
    const { text } = await send({ query: { versions: null } })
    expect(/<DeleteMarker>.*<\/DeleteMarker>/.exec(text)?.[0]).toContain('<VersionId>null</VersionId>')
  })

  test('many keys and versions are done with at once', async () => {
    // More than a page of a list has, and than are done at a time.
    const keys = Array.from({ length: 130 }, (_, i) => `k${i}`)
    for (const round of [1, 2]) await Promise.all(keys.map((key) => put(key, {}, `${round}`)))
    await putRules(rule(expireOld(since(1)) + move('IA', days(1))))
    await runAt(WRITTEN + 2 * DAY)
    const { text } = await send({ query: { versions: null, 'max-keys': '1000' } })
    expect(text.match(/<Version>/g)).toHaveLength(keys.length)
    expect(text.match(/<StorageClass>IA</g)).toHaveLength(keys.length)
  })
})

describe('what may not be deleted', () => {
  const retain = (mode: string, until: number) =>
    `<Retention><Mode>${mode}</Mode><RetainUntilDate>${new Date(until).toISOString()}</RetainUntilDate></Retention>`
  const hold = (status: string) => `<LegalHold><Status>${status}</Status></LegalHold>`
  beforeEach(async () => {
    const enabled = '<ObjectWormEnabled>Enabled</ObjectWormEnabled>'
    const body = `<ObjectWormConfiguration>${enabled}</ObjectWormConfiguration>`
    await client.putBucketVersioning(bucket, 'Enabled')
    expect(await send({ method: 'PUT', query: { objectWorm: null }, body })).toMatchObject({ status: 200 })
  })
  const UNTIL = WRITTEN + 5 * DAY
  const rows: [what: string, query: string, kept: string, released?: string][] = [
    ['a retention period in compliance mode', 'retention', retain('COMPLIANCE', UNTIL)],
    ['a retention period in governance mode', 'retention', retain('GOVERNANCE', UNTIL)],
    ['a legal hold', 'legalHold', hold('ON'), hold('OFF')],
  ]
  test.each(rows)('by %s is moved, and is deleted when that has ended', async (_, query, kept, released) => {
    await put('k')
    const versionId = (await head('k')).headers['x-oss-version-id'] as string
    const set = (body: string) => send({ method: 'PUT', key: 'k', query: { [query]: null, versionId }, body })
    expect(await set(kept)).toMatchObject({ status: 200 })
    await put('k')
    await putRules(rule(moveOld('IA', since(1)) + expireOld(since(2))))
    const old = () => send({ method: 'HEAD', key: 'k', query: { versionId } })
    for (const day of [2, 3, 4]) {
      await runAt(WRITTEN + day * DAY)
      expect((await old()).headers['x-oss-storage-class']).toBe('IA')
    }
    if (released !== undefined) await set(released)
    await runAt(WRITTEN + 6 * DAY)
    expect((await old()).status).toBe(404)
  })
})

describe('what may not be deleted in its bucket', () => {
  test('is moved, and is deleted when that has ended', async () => {
    await put('k')
    const period = '<RetentionPeriodInDays>5</RetentionPeriodInDays>'
    const body = `<InitiateWormConfiguration>${period}</InitiateWormConfiguration>`
    const { headers } = await send({ method: 'POST', query: { worm: null }, body })
    const wormId = headers['x-oss-worm-id'] as string
    expect((await send({ method: 'POST', query: { wormId } })).status).toBe(200)
    await putRules(rule(move('IA', days(1)) + expire(days(2))))
    for (const day of [2, 3, 4]) {
      await runAt(WRITTEN + day * DAY)
      expect(await stateOf('k')).toBe('IA')
    }
    await runAt(WRITTEN + 6 * DAY)
    expect(await stateOf('k')).toBe('gone')
  })
})

describe('a pending upload', () => {
  const abort = (time: string) => `<AbortMultipartUpload>${time}</AbortMultipartUpload>`
  const pending = async () => {
    const { uploads } = (await client.listUploads({ 'max-uploads': 100 })) as { uploads: { name: string }[] }
    return uploads.map(({ name }) => name)
  }

  test('ends at the midnight after its days, with its parts', async () => {
    const { uploadId } = await client.initMultipartUpload('a/b')
    await send({ method: 'PUT', key: 'a/b', query: { uploadId, partNumber: '1' }, body: 'part' })
    await client.initMultipartUpload('c')
    await putRules(rule(abort(days(3)), 'a/'))
    await runAt(MIDNIGHT + 3 * DAY - 1)
    expect(await pending()).toEqual(['a/b', 'c'])
    await runAt(MIDNIGHT + 3 * DAY)
    expect(await pending()).toEqual(['c'])
    expect(codeOf(await send({ key: 'a/b', query: { uploadId } }))).toBe('NoSuchUpload')
  })

  test('ends by a date', async () => {
    await client.initMultipartUpload('a')
    await putRules(rule(abort(createdBefore('2014-04-20'))))
    await runAt(Date.UTC(2014, 3, 20) - 1)
    expect(await pending()).toEqual(['a'])
    await runAt(Date.UTC(2014, 3, 20))
    expect(await pending()).toEqual([])
  })

  test.each([
    ['a rule for tags', rule(abort(days(1)) + tag('a', 'b'))],
    ['a rule for sizes', rule(abort(days(1)) + filter('<ObjectSizeLessThan>9</ObjectSizeLessThan>'))],
    ['a rule that expires objects', rule(expire(days(1)))],
  ])('is none of the business of %s', async (_, rule) => {
    await client.initMultipartUpload('a')
    await putRules(rule)
    await runAt(WRITTEN + 9 * DAY)
    expect(await pending()).toEqual(['a'])
  })
})

describe('a read of what will expire', () => {
  const expiration = async (key: string, query: Record<string, string> = {}) => {
    const answers = await Promise.all(['GET', 'HEAD'].map((method) => send({ method, key, query })))
    const [get, head] = answers.map(({ headers }) => headers['x-oss-expiration'])
    expect(get).toBe(head)
    return get
  }
  const at = (date: string, rule: string) => `expiry-date="${date} 00:00:00 GMT", rule-id="${rule}"`
  const named = (id: string, inner: string, prefix = '') =>
    `<Rule><ID>${id}</ID><Prefix>${prefix}</Prefix><Status>Enabled</Status>${inner}</Rule>`

  const rows: [what: string, rules: string[], told: string | undefined][] = [
    ['when, and by which rule', [named('r', expire(days(3)))], at('Wed, 16 Apr 2014', 'r')],
    [
      'the first of several',
      [named('late', expire(days(9))), named('soon', expire(days(3)), 'k')],
      at('Wed, 16 Apr 2014', 'soon'),
    ],
    ['a date', [named('r', expire(createdBefore('2014-04-20')))], at('Sun, 20 Apr 2014', 'r')],
    ['an id of any letters', [named('ä "r"', expire(days(3)))], at('Wed, 16 Apr 2014', '%C3%A4%20%22r%22')],
    [
      'nothing of a date that has passed before',
      [named('r', expire(createdBefore('2014-04-01')))],
      undefined,
    ],
    ['nothing of other rules', [named('r', expire(days(3)), 'other')], undefined],
    ['nothing of moves', [named('r', move('IA', days(3)))], undefined],
    ['nothing of a day that no calendar has', [named('r', expire(days(2_147_483_647)))], undefined],
  ]
  test.each(rows)('tells %s', async (_, rules, told) => {
    await put('k')
    await putRules(...rules)
    expect(await expiration('k')).toBe(told)
  })

  test('tells it of the current version alone', async () => {
    await client.putBucketVersioning(bucket, 'Enabled')
    await put('k')
    const versionId = (await head('k')).headers['x-oss-version-id'] as string
    await put('k')
    await putRules(named('r', expire(days(3))))
    expect(await expiration('k')).toBe(at('Wed, 16 Apr 2014', 'r'))
    expect(await expiration('k', { versionId })).toBeUndefined()
  })

  test('tells it of a disabled rule not at all', async () => {
    await put('k')
    await putRules(rule(expire(days(3)), '', 'Disabled'))
    expect(await expiration('k')).toBeUndefined()
  })
})
