import { describe, expect, test } from 'vitest'
import { parseJson } from '../../src/bytes/json.ts'

describe('JSON is read', () => {
  test.each([
    '{}',
    '[]',
    '"a"',
    '{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}',
    '{"a":"\\"a\\":","b":"{\\"a\\":1,\\"a\\":2}"}',
    '{"a":["a","a"],"\\u0061a":"a"}',
    '{"a\\\\":1,"a":2}',
  ])('%s', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text))
  })

  test.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a" : 1, "b":{}, "a"\n:2}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['[{"x":{"b":[{"b":1}],"b":2}}]', 'b'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('%s names a member twice', (text, member) => {
    expect(() => parseJson(text)).toThrow(expect.objectContaining({ name: 'DuplicateNameError', member }))
  })

  test('a long one in linear time', () => {
    const text = JSON.stringify({ a: '\\"'.repeat(5000), b: ' '.repeat(5000) })
    expect(parseJson(text)).toEqual(JSON.parse(text))
  })

  test.each(['', '{', "{'a':1}", '{"a":1}}'])('%j is none', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError)
  })
})
