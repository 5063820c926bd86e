import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, startWorld, type World } from './setup.ts'

let world: World
let bucket: string
beforeAll(async () => {
  world = await startWorld()
  bucket = (await world.bucket()).getBucket()
})
afterAll(() => world.stop())

const query = { lifecycle: null }
const put = (rules: string, headers: Record<string, string> = {}) =>
  world.send({
    method: 'PUT',
    bucket,
    query,
    headers,
    body: `<LifecycleConfiguration>${rules}</LifecycleConfiguration>`,
  })
let ids = 0
const rule = (inner: string, prefix = 'a/') =>
  `<Rule><ID>r${++ids}</ID><Prefix>${prefix}</Prefix><Status>Enabled</Status>${inner}</Rule>`
const expire = (time: string) => `<Expiration>${time}</Expiration>`
const move = (storageClass: string, time: string) =>
  `<Transition>${time}<StorageClass>${storageClass}</StorageClass></Transition>`
const days = (count: number) => `<Days>${count}</Days>`
const before = '<CreatedBeforeDate>2016-12-20T00:00:00.000Z</CreatedBeforeDate>'
const old = (name: string, inner: string) => `<NoncurrentVersion${name}>${inner}</NoncurrentVersion${name}>`
const later = (count: number) => `<NoncurrentDays>${count}</NoncurrentDays>`
const tag = (key: string, value: string) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`

describe('a lifecycle rule', () => {
  const good: [what: string, inner: string][] = [
    [
      'from class to colder class to nothing',
      move('Archive', days(9)) + move('IA', days(3)) + expire(days(10)),
    ],
    [
      'through all classes',
      move('IA', days(1)) +
        move('Archive', days(2)) +
        move('ColdArchive', days(3)) +
        move('DeepColdArchive', days(4)),
    ],
    ['by dates', move('IA', before) + expire(before)],
    [
      'that ends uploads by days and objects by date',
      `${expire(before)}<AbortMultipartUpload>${days(3)}</AbortMultipartUpload>`,
    ],
    [
      'for old versions',
      old('Transition', `${later(3)}<StorageClass>IA</StorageClass>`) + old('Expiration', later(9)),
    ],
    [
      'for tags too long and too many',
      expire(days(3)) +
        tag('a'.repeat(129), 'b'.repeat(257)) +
        Array.from({ length: 20 }, (_, i) => tag(`k${i}`, '中文')).join(''),
    ],
    [
      'for all but some objects',
      `${expire(days(3))}<Filter><Not><Prefix>a/b</Prefix>${tag('k', 'v')}</Not></Filter>`,
    ],
    [
      'for objects of some size',
      `${expire(days(3))}<Filter><ObjectSizeGreaterThan>2</ObjectSizeGreaterThan></Filter>`,
    ],
  ]
  test.each(good)('is taken %s', async (_, inner) => {
    expect((await put(rule(inner))).status).toBe(200)
  })

  const bad: [what: string, inner: string, code: string][] = [
    ['that expires objects before they are moved', move('IA', days(4)) + expire(days(3)), 'InvalidArgument'],
    ['that expires objects when they are moved', move('IA', days(3)) + expire(days(3)), 'InvalidArgument'],
    ['to colder classes first', move('IA', days(5)) + move('Archive', days(2)), 'InvalidArgument'],
    [
      'to colder classes first, of old versions',
      old('Transition', `${later(20)}<StorageClass>IA</StorageClass>`) +
        old('Transition', `${later(12)}<StorageClass>Archive</StorageClass>`),
      'InvalidArgument',
    ],
    [
      'that expires old versions too early',
      old('Transition', `${later(20)}<StorageClass>IA</StorageClass>`) + old('Expiration', later(9)),
      'InvalidArgument',
    ],
    ['to Standard', move('Standard', days(5)), 'InvalidArgument'],
    ['for tags of other characters', expire(days(3)) + tag('%&amp;', 'v'), 'InvalidArgument'],
    ['for values of other characters', expire(days(3)) + tag('k', ')%'), 'InvalidArgument'],
    ['by days and by dates', move('IA', days(356)) + expire(before), 'InvalidRequest'],
    ['that moves to no class', `<Transition>${days(3)}</Transition>`, 'MalformedXML'],
  ]
  test.each(bad)('is refused %s', async (_, inner, code) => {
    const answer = await put(rule(inner))
    expect([answer.status, codeOf(answer)]).toEqual([400, code])
  })

  const size = (name: string, bytes: string) => `<ObjectSize${name}>${bytes}</ObjectSize${name}>`
  const sizes = (...inner: string[]) => `${expire(days(3))}<Filter>${inner.join('')}</Filter>`
  const time = (element: string, value: string) => `<${element}>${value}</${element}>`
  const values: [what: string, inner: string, code: string, ec?: string][] = [
    ['days that are none', expire(time('Days', 'x')), 'MalformedXML'],
    ['parts of a day', expire(time('Days', '1.5')), 'MalformedXML'],
    ['days of no number', move('IA', time('Days', '')), 'MalformedXML'],
    ['no days', expire(days(0)), 'InvalidArgument'],
    ['more days than there are', expire(time('Days', '2147483648')), 'InvalidArgument'],
    ['no days of old versions', old('Expiration', later(0)), 'InvalidArgument'],
    ['no days of uploads', `<AbortMultipartUpload>${days(0)}</AbortMultipartUpload>`, 'InvalidArgument'],
    ['a day alone', expire(time('CreatedBeforeDate', '2022-12-08')), 'InvalidArgument', '0014-00000087'],
    [
      'a time of day',
      expire(time('CreatedBeforeDate', '2022-12-08T01:00:00.000Z')),
      'InvalidArgument',
      '0014-00000087',
    ],
    [
      'a day that is not in the calendar',
      expire(time('Date', '2022-13-08T00:00:00.000Z')),
      'InvalidArgument',
      '0014-00000087',
    ],
    [
      'a move from a date on',
      move('IA', time('Date', '2022-12-08T00:00:00.000Z')),
      'MalformedXML',
      '0014-00000046',
    ],
    [
      'markers that stay, and no time',
      expire(time('ExpiredObjectDeleteMarker', 'false')),
      'MalformedXML',
      '0014-00000060',
    ],
    ['a size that is none', sizes(size('GreaterThan', 'x')), 'InvalidArgument', '0014-00000039'],
    ['a size below nothing', sizes(size('LessThan', '-1')), 'InvalidArgument', '0014-00000040'],
    [
      'sizes that nothing has',
      sizes(size('GreaterThan', '200'), size('LessThan', '100')),
      'InvalidArgument',
      '0014-00000041',
    ],
  ]
  test.each(values)('is refused with %s', async (_, inner, code, ec) => {
    const answer = await put(rule(inner))
    expect([answer.status, codeOf(answer), answer.headers['x-oss-ec']]).toEqual([400, code, ec])
  })

  test.each(['', '<ID/>'])('without an id (%s) gets one of its own', async (id) => {
    const bare = `<Rule>${id}<Prefix>a/</Prefix><Status>Enabled</Status>${expire(days(3))}</Rule>`
    expect((await put(bare)).status).toBe(200)
    expect((await world.send({ bucket, query })).text).toMatch(
      /<Rule><ID>[0-9a-f-]{36}<\/ID><Prefix>a\/<\/Prefix>/,
    )
  })

  test.each([days(3), '<Date>2026-01-01T00:00:00.000Z</Date>'])(
    'of the first API is one of today: %s',
    async (time) => {
      expect((await put(rule(time))).status).toBe(200)
      expect((await world.send({ bucket, query })).text).toContain(expire(time))
    },
  )

  test('of both APIs is one of today', async () => {
    expect((await put(rule(days(2) + expire(days(3))))).status).toBe(200)
    const { text } = await world.send({ bucket, query })
    expect(text).toContain(expire(days(3)))
    expect(text).not.toContain(days(2))
  })
})

describe('two rules', () => {
  const both = (first: string, second: string, ...prefixes: [string, string]) =>
    rule(first, prefixes[0]) + rule(second, prefixes[1])
  const three = expire(days(3))
  const earlier: [what: string, rules: string, isRefused: boolean][] = [
    ['Archive before IA', both(move('IA', days(9)), move('Archive', days(8)), 'a/', 'a/b'), true],
    [
      'Archive before IA, the other way round',
      both(move('Archive', days(8)), move('IA', days(9)), 'a/b', 'a/'),
      true,
    ],
    ['deletion before a class', both(move('IA', days(9)), expire(days(8)), '', 'a'), true],
    ['both on one day', both(move('IA', days(9)), move('Archive', days(9)), 'a/', 'a/b'), false],
    ['for other prefixes', both(move('IA', days(9)), expire(days(8)), 'a/', 'b/'), false],
    ['for other tags', both(move('IA', days(9)) + tag('k', '1'), expire(days(8)), 'a', 'a'), false],
  ]
  test.each(earlier)('with %s, whatever overlap is allowed', async (_, rules, isRefused) => {
    const answer = await put(rules, { 'x-oss-allow-same-action-overlap': 'true' })
    expect([codeOf(answer), answer.headers['x-oss-ec']]).toEqual(
      isRefused ? ['InvalidArgument', '0014-00000082'] : [undefined, undefined],
    )
  })

  const rows: [what: string, rules: string, overlap: boolean][] = [
    ['for a prefix and a part of it', both(three, expire(days(9)), 'a/', 'a/b'), true],
    ['for the same prefix', both(three, expire(before), 'a', 'a'), true],
    ['for all and some', both(three, three, '', 'x'), true],
    ['for other prefixes', both(three, three, 'a/', 'b/'), false],
    ['that do other things', both(three, move('IA', days(1)), 'a/', 'a/'), false],
    ['to other classes', both(move('Archive', days(9)), move('IA', days(1)), 'a/', 'a/'), false],
    ['for other tags', both(three + tag('k', '1'), three + tag('k', '2'), 'a/', 'a/'), false],
    ['for the same tags', both(three + tag('k', '1'), three + tag('k', '1'), 'a/', 'a/'), true],
  ]
  test.each(rows)('%s', async (_, rules, overlap) => {
    const answer = await put(rules)
    expect(codeOf(answer)).toBe(overlap ? 'InvalidArgument' : undefined)
    if (overlap) expect(answer.text).toContain('<Message>Overlap for same action type Expiration</Message>')
    expect((await put(rules, { 'x-oss-allow-same-action-overlap': 'true' })).status).toBe(200)
  })
})
