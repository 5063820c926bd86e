import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../src/config/document-json.ts'
import { readYaml } from '../../src/config/document-text.ts'

function readBy(read: typeof readJson, text: string) {
  const problems: string[] = []
  const value = read(text, problems)
  return { value, problems }
}

describe('a settings document in JSON', () => {
  test.each<[text: string, value: object | undefined]>([
    ['{}', {}],
    ['{"copy": {"parallel": 1e3, "maxSize": "5GiB"}}', { copy: { parallel: '1e3', maxSize: '5GiB' } }],
    ['{"cors":true,"clients":[]}', { cors: 'true', clients: [] }],
    ['{"a":[1, -0.5,"null",{"b":false}]}', { a: ['1', '-0.5', 'null', { b: 'false' }] }],
    ['{"\\u0061": "\\"\\\\\\/\\ud83d\\ude00"}', { a: '"\\/😀' }],
    ['{"constructor": "x"}', { constructor: 'x' }],
  ])('%s', (text, value) => {
    expect(readBy(readJson, text)).toEqual({ value, problems: [] })
  })

  test('a name that objects have of their own is only a name', () => {
    const { value } = readBy(readJson, '{"__proto__": {"cors": "false"}}')
    expect(Object.keys(value ?? {})).toEqual(['__proto__'])
    expect((value as { cors?: string }).cors).toBeUndefined()
  })

  const noJson = 'GATEWAY_CONFIG is no JSON, which it has to be on Workers'
  const mistakes: [text: string, problem: string][] = [
    ['cors: true', `${noJson}: line 1, column 1`],
    ['{"cors": yes}', `${noJson}: line 1, column 9`],
    ['{"cors": tru}', `${noJson}: line 1, column 9`],
    ['{"cors": true,}', `${noJson}: line 1, column 15`],
    ['{"cors": true', `${noJson}: line 1, column 14`],
    ['{"cors": true} {}', `${noJson}: line 1, column 15`],
    ["{'cors': true}", `${noJson}: line 1, column 2`],
    ['{"cors" true}', `${noJson}: line 1, column 9`],
    ['{\n  "a": [1 2]\n}', `${noJson}: line 2, column 11`],
    ['{"a": "\\x"}', `${noJson}: line 1, column 7`],
    ['{"a": "b\nc"}', `${noJson}: line 1, column 7`],
    ['{"a": "b', `${noJson}: line 1, column 6`],
    ['{"a": 010}', `${noJson}: line 1, column 8`],
    ['{"a": +1}', `${noJson}: line 1, column 6`],
    ['{true: 1}', `${noJson}: line 1, column 2`],
    ['{"a": 1, "b": {"c": 1,\n"c": 2}}', 'GATEWAY_CONFIG: line 2, column 1: a name stands there twice'],
    ['{"a": 1, "\\u0061": 2}', 'GATEWAY_CONFIG: line 1, column 10: a name stands there twice'],
    [
      '{"a": null}',
      'GATEWAY_CONFIG: line 1, column 7: null is no value: leave the name out, or put a text in quotation marks',
    ],
    ...['', ' \r\n\t', '""'].map((text): [string, string] => [
      text,
      'GATEWAY_CONFIG: the document is empty; {} is one that says nothing',
    ]),
    ['[]', 'GATEWAY_CONFIG: the document must be names with values, not a list'],
    ['"text"', 'GATEWAY_CONFIG: the document must be names with values, not a text'],
    [`{"a": ${'['.repeat(101)}`, 'GATEWAY_CONFIG: line 1, column 106: it is nested too deeply'],
    [`{"a": ${'['.repeat(200_000)}`, 'GATEWAY_CONFIG: line 1, column 106: it is nested too deeply'],
    [`"${'x'.repeat(256 * 1024)}`, 'GATEWAY_CONFIG: it has more than 262144 characters'],
  ]
  test.each(mistakes.map((row) => [row[0].slice(0, 60), ...row] as const))(
    '%s is a mistake',
    (_, text, problem) => {
      expect(readBy(readJson, text)).toEqual({ value: undefined, problems: [problem] })
    },
  )

  test('is what it is in YAML, of which JSON is a part', () => {
    const leaf = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
    )
    const { document } = fc.letrec((tie) => ({
      document: fc.dictionary(
        fc.string({ maxLength: 8 }).filter((name) => name !== '__proto__'),
        tie('value'),
        { maxKeys: 5 },
      ),
      value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('value'), { maxLength: 4 }), tie('document')),
    }))
    fc.assert(
      fc.property(document, fc.constantFrom(0, 1, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        expect(readBy(readJson, text)).toEqual(readBy(readYaml, text))
      }),
    )
  })

  test('takes a time that grows with its length, whatever it is', () => {
    for (const piece of ['"', '\\', '[', '{"a":', ' ', '1', '1e', '-', '"\\"', 'true'])
      expect(readBy(readJson, `{"a": ${piece.repeat(250_000 / piece.length)}`).problems).toHaveLength(1)
  })
})
