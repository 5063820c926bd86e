import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BOUNDARY, postForm, signFields } from '../gateway/form.ts'
import { sign } from '../gateway/wire.ts'
import { type FuzzWorld, HOST, openWorld, runs } from './world.ts'

let world: FuzzWorld
beforeAll(async () => {
  world = await openWorld()
  await world.ask(sign({ method: 'PUT', target: '/bucket', headers: { 'content-length': '0' } }, HOST))
})
afterAll(() => world.close())

const LIMIT = 8
const now = Date.now()
// biome-ignore lint/suspicious/noTemplateCurlyInString: S3's own variable
const KEY = 'up/${filename}'
const policy = [
  { bucket: 'bucket' },
  ['starts-with', '$key', 'up/'],
  ['content-length-range', 1, LIMIT],
  { acl: 'private' },
]
const signed = ([2, 4] as const).map((version) =>
  signFields({ key: KEY, acl: 'private' }, 'bucket', {
    version,
    now,
    conditions: [
      ...policy,
      ...(version === 2
        ? []
        : ['algorithm', 'credential', 'date'].map((name) => ['starts-with', `$x-amz-${name}`, ''])),
    ],
  }),
)
const end = `\r\n--${BOUNDARY}--\r\n`

const edits = fc.array(
  fc.record({
    at: fc.nat(4000),
    cut: fc.nat(6),
    put: fc.constantFrom(
      '',
      '\r\n',
      '--',
      `--${BOUNDARY}`,
      `\r\n--${BOUNDARY}`,
      `\r\n--${BOUNDARY}--`,
      end,
      '"',
      ';',
      'name="file"',
      'name="key"',
      `\r\n--${BOUNDARY}\r\nContent-Disposition: form-data; name="acl"\r\n\r\npublic-read`,
      `\r\n--${BOUNDARY}\r\nContent-Disposition: form-data; name="x-amz-meta-a"\r\n\r\nb`,
      '%00',
      '\0',
      'é',
      '../',
      '\\',
      '=',
    ),
  }),
  { maxLength: 3 },
)
const cuts = fc.array(fc.nat(4000), { maxLength: 6 })
const files = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', '\r\n', `--${BOUNDARY}`, '\r\n--'),
)
const names = fc.constantFrom('a.txt', '', '../../x', 'a\\b', '中.txt', '%22', 'C:\\x')

test('a form that was touched stores what its policy allows, or nothing', async () => {
  let stored = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...signed),
      files,
      names,
      edits,
      cuts,
      async (fields, file, fileName, edits, cuts) => {
        const form = postForm(fields, file, { fileName })
        const text = edits.reduce(
          (text, { at, cut, put }) => {
            const from = at % (text.length + 1)
            return text.slice(0, from) + Buffer.from(put).toString('latin1') + text.slice(from + cut)
          },
          Buffer.from(form.body as Uint8Array).toString('latin1'),
        )
        const body = Buffer.from(text, 'latin1')
        const ends = [...cuts.map((at) => at % (body.length + 1)), body.length].sort((a, b) => a - b)
        const pieces = ends.map((end, i) => body.subarray(ends[i - 1] ?? 0, end))
        const headers = { ...form.headers, host: HOST, 'content-length': String(body.length) }
        const { writes, status } = await world.ask({ ...form, headers, pieces })
        if (edits.length === 0)
          expect(status === 204).toBe(Buffer.byteLength(file) >= 1 && Buffer.byteLength(file) <= LIMIT)
        for (const { url, bytes, headers } of writes) {
          stored++
          expect(status).toBe(204)
          expect(url).toMatch(/^https:\/\/bucket\.oss-cn-hangzhou\.aliyuncs\.com\/up\//)
          expect(bytes.length).toBeGreaterThanOrEqual(1)
          expect(bytes.length).toBeLessThanOrEqual(LIMIT)
          expect(headers['x-oss-object-acl']).toBe('private')
          expect(headers).not.toHaveProperty('x-oss-meta-a')
        }
      },
    ),
    runs(),
  )
  expect(stored).toBeGreaterThan(0)
})

const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '',
    'STANDARD',
    'AES256',
    '201',
    '<Tagging/>',
    '<Tagging><TagSet><Tag><Key>&#xD800;</Key><Value/></Tag></TagSet></Tagging>',
    'https://x/',
    'http://[',
    'https://ü.example/?a#b',
    'a\r\nb: c',
    'public-read',
    '\ud800',
  ),
)
const anyName = fc.oneof(
  fc.constantFrom(
    'acl',
    'tagging',
    'Content-Type',
    'Content-Disposition',
    'Expires',
    'success_action_redirect',
    'success_action_status',
    'redirect',
    'x-amz-storage-class',
    'x-amz-server-side-encryption',
    'x-amz-meta-',
    'x-amz-meta-é',
    'x-amz-checksum-crc32',
    'x-amz-checksum-algorithm',
    'content-md5',
    'x-amz-website-redirect-location',
    'x-amz-copy-source',
    'x-ignore-a',
    'x-amz-security-token',
    '__proto__',
    'constructor',
    'x-amz-grant-read',
    'file',
    'bucket',
    'x-amz-object-lock-mode',
    'x-amz-expected-bucket-owner',
    'x-amz-request-payer',
  ),
  fc.string({ maxLength: 6 }),
)

test('a form that its signer filled in oddly is taken or refused', async () => {
  const odd = fc.dictionary(
    anyName.map((name) => name.replace(/["\r\n\\]/g, '')),
    anything,
    { maxKeys: 3 },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(2 as const, 4 as const),
      fc.oneof(fc.constant('up/k'), anything),
      odd,
      files,
      async (version, key, odd, file) => {
        const fields = signFields({ ...odd, key }, 'bucket', { version, now })
        const form = postForm(fields, file)
        const length = (form.body as Uint8Array).length
        const { writes } = await world.ask({
          ...form,
          headers: { ...form.headers, host: HOST, 'content-length': String(length) },
        })
        for (const { bytes } of writes) expect(bytes.toString()).toBe(Buffer.from(file).toString())
      },
    ),
    runs(),
  )
})

const conditions = fc.jsonValue({ maxDepth: 3 })
test('a policy of any JSON is understood or refused', async () => {
  const lists = fc.oneof(
    conditions,
    fc.array(
      fc.oneof(
        conditions,
        fc.tuple(
          fc.constantFrom('eq', 'starts-with', 'content-length-range'),
          fc.constantFrom<unknown>('$key', '$', '', 0, { toString: 1 }, ['x']),
          conditions,
        ),
      ),
    ),
  )
  await fc.assert(
    fc.asyncProperty(lists, async (conditions) => {
      const form = postForm(
        signFields({ key: 'up/k' }, 'bucket', {
          version: 2,
          now,
          conditions: (conditions ?? {}) as readonly unknown[],
        }),
        'hello',
      )
      const { writes } = await world.ask({
        ...form,
        headers: { ...form.headers, host: HOST, 'content-length': String((form.body as Uint8Array).length) },
      })
      // No JSON of ours names the bucket.
      expect(writes).toEqual([])
    }),
    runs(),
  )
})
