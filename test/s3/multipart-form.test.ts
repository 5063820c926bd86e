import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { S3Error } from '../../src/s3/error.ts'
import { readForm } from '../../src/s3/multipart-form.ts'

const BOUNDARY = 'x-----boundary'
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`

const field = (name: string, value: string) =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const fileHead = (fileName = 'a.txt') =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${fileName}"\r\nContent-Type: text/plain\r\n\r\n`
const CLOSE = `\r\n--${BOUNDARY}--`

/** The bytes, cut where `cuts` say. */
async function* cut(bytes: Buffer, cuts: readonly number[]) {
  const ends = [...new Set(cuts.map((at) => at % (bytes.length + 1)))].sort((a, b) => a - b)
  let from = 0
  for (const end of [...ends, bytes.length]) {
    yield bytes.subarray(from, end)
    from = end
  }
}

async function read(text: string | Buffer, { cuts = [] as number[], type = TYPE } = {}) {
  const { fields, fileName, file } = await readForm(type, cut(Buffer.from(text as string), cuts))
  const pieces: Uint8Array[] = []
  for await (const piece of file) pieces.push(piece)
  return { fields: Object.fromEntries(fields), fileName, bytes: Buffer.concat(pieces) }
}

const refusalOf = (promise: Promise<unknown>): Promise<S3Error> =>
  promise.then(
    () => {
      throw new Error('it was accepted')
    },
    (error) => error,
  )

describe('a form', () => {
  test('is its fields and its file', async () => {
    const form = `${field('Key', 'a/b')}${field('policy', 'e30=')}${fileHead()}hello${CLOSE}\r\n`
    expect(await read(form)).toEqual({
      fields: { key: 'a/b', policy: 'e30=' },
      fileName: 'a.txt',
      bytes: Buffer.from('hello'),
    })
  })

  test('means the same however its bytes are cut, and whatever the file holds', async () => {
    const dangerous = fc.constantFrom(
      '\r\n',
      '--',
      `\r\n--`,
      `\r\n--${BOUNDARY.slice(0, -1)}`,
      `--${BOUNDARY}`,
      '\r',
    )
    const pieces = fc.array(
      fc.oneof(
        dangerous.map((text) => Buffer.from(text)),
        fc.uint8Array({ maxLength: 20 }),
      ),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(pieces, fc.array(fc.nat(2000), { maxLength: 10 }), async (parts, cuts) => {
        const content = Buffer.concat(parts)
        fc.pre(!content.includes(`\r\n--${BOUNDARY}`))
        const form = Buffer.concat([Buffer.from(field('key', 'k') + fileHead()), content, Buffer.from(CLOSE)])
        const { bytes, fields } = await read(form, { cuts })
        expect(fields).toEqual({ key: 'k' })
        expect(bytes.equals(content)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('cut short anywhere is refused, after its file at the latest', async () => {
    const form = `${field('key', 'k')}${fileHead()}hello${CLOSE}`
    for (let length = 0; length < form.length; length++) {
      expect((await refusalOf(read(form.slice(0, length)))).code).toBe('MalformedPOSTRequest')
    }
  })

  test('may have fields after its file, which say nothing', async () => {
    const form = `${field('key', 'k')}${fileHead()}hello\r\n${field('key', 'other')}${field('submit', 'Go')}--${BOUNDARY}--`
    expect(await read(form)).toMatchObject({ fields: { key: 'k' }, bytes: Buffer.from('hello') })
  })

  test.each([
    ['C:\\docs\\a "1".txt', 'a "1".txt', 'C:\\docs\\a %221%22.txt'],
    ['a\\"b', 'a"b', 'a\\"b'],
    ['ü/中文.txt', '中文.txt', 'ü/中文.txt'],
    ['', '', ''],
  ])('of a file named %s gives the name %s', async (_, name, written) => {
    expect((await read(`${fileHead(written)}x${CLOSE}`)).fileName).toBe(name)
  })

  test('may quote its boundary', async () => {
    const type = 'Multipart/Form-Data; charset=utf-8; boundary="x y"'
    const form = '--x y\r\nContent-Disposition: form-data; name=file\r\n\r\n1\r\n--x y--'
    expect((await read(form, { type })).bytes.toString()).toBe('1')
  })
})

describe('is refused', () => {
  const file = `${fileHead()}hello${CLOSE}`
  const rows: [name: string, form: string, code: string][] = [
    ['a form without a file', `${field('key', 'k')}--${BOUNDARY}--`, 'InvalidArgument'],
    ['a form with two', `${fileHead()}a\r\n${fileHead()}b${CLOSE}`, 'InvalidArgument'],
    ['a field given twice', `${field('key', 'a')}${field('KEY', 'b')}${file}`, 'InvalidArgument'],
    ['another boundary', file.replaceAll(BOUNDARY, 'other'), 'MalformedPOSTRequest'],
    ['text before the first boundary', `hello\r\n${file}`, 'MalformedPOSTRequest'],
    [
      'something after a boundary',
      file.replace(`${BOUNDARY}\r\n`, `${BOUNDARY}x\r\n`),
      'MalformedPOSTRequest',
    ],
    [
      'a part without a name',
      `--${BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\n\r\n${file}`,
      'MalformedPOSTRequest',
    ],
    [
      'a part with two names',
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="key"; name="acl"\r\n\r\nx\r\n${file}`,
      'MalformedPOSTRequest',
    ],
    ['a part without a header', `--${BOUNDARY}\r\n\r\nx\r\n${file}`, 'MalformedPOSTRequest'],
    ['a part with a huge header', field(`a${'x'.repeat(5000)}`, '') + file, 'MalformedPOSTRequest'],
    ['fields of over 20 KB', field('a', 'x'.repeat(20 * 1024)) + file, 'MaxPostPreDataLengthExceededError'],
    [
      'many fields of over 20 KB',
      Array.from({ length: 400 }, (_, i) => field(`f${i}`, 'x')).join('') + file,
      'MaxPostPreDataLengthExceededError',
    ],
  ]
  test.each(rows)('%s', async (_, form, code) => {
    expect((await refusalOf(read(form))).code).toBe(code)
  })

  test('a field that is not UTF-8', async () => {
    const form = Buffer.concat([
      Buffer.from(field('a', 'x').slice(0, -3)),
      Buffer.from([0xff]),
      Buffer.from(`\r\n${file}`),
    ])
    expect((await refusalOf(read(form))).code).toBe('MalformedPOSTRequest')
  })

  test('fields that never end, before more than their limit was read', async () => {
    let given = 0
    async function* endless() {
      yield Buffer.from(field('key', 'k').slice(0, -2))
      for (;;) {
        given += 1000
        yield Buffer.alloc(1000, 'x')
      }
    }
    expect((await refusalOf(readForm(TYPE, endless()))).code).toBe('MaxPostPreDataLengthExceededError')
    expect(given).toBeLessThan(23_000)
  })

  test.each([undefined, 'application/x-www-form-urlencoded', 'multipart/mixed; boundary=x'])(
    'the content type %s',
    async (type) => {
      expect(await refusalOf(readForm(type, cut(Buffer.from(file), [])))).toMatchObject({
        code: 'PreconditionFailed',
        elements: { Condition: 'Bucket POST must be of the enclosure-type multipart/form-data' },
      })
    },
  )

  test.each([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    `multipart/form-data; boundary=${'x'.repeat(71)}`,
    `${TYPE}; boundary=${BOUNDARY}`,
  ])('no boundary: %s', async (type) => {
    expect((await refusalOf(readForm(type, cut(Buffer.from(file), [])))).code).toBe('MalformedPOSTRequest')
  })
})
