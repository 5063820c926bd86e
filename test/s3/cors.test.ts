import { describe, expect, test } from 'vitest'
import { type CorsRule, corsHeaders, requestedHeaders } from '../../src/s3/cors.ts'

const rule = (changes: Partial<CorsRule>): CorsRule => ({
  origins: ['https://a.example'],
  methods: ['GET', 'PUT'],
  headers: [],
  exposed: [],
  maxAge: undefined,
  ...changes,
})
const ask = (rules: CorsRule[], origin: string, method = 'GET', headers: string[] = []) =>
  corsHeaders(rules, { origin, method, headers })

describe('a rule', () => {
  test.each([
    ['https://a.example', 'https://a.example', true],
    ['https://a.example', 'http://a.example', false],
    ['https://a.example', 'https://a.example:443', false],
    ['https://a.example', 'https://A.example', false],
    ['*', 'null', true],
    ['https://*.example', 'https://b.example', true],
    ['https://*.example', 'https://.example', true],
    ['https://*.example', 'https://example', false],
    ['http://ab*ba', 'http://aba', false],
    ['http://a.b', 'http://acb', false],
  ])('for %s fits %s: %s', (pattern, origin, fits) => {
    expect(ask([rule({ origins: [pattern] })], origin) !== undefined).toBe(fits)
  })

  test('fits its methods only', () => {
    expect(ask([rule({})], 'https://a.example', 'PUT')).toBeDefined()
    expect(ask([rule({})], 'https://a.example', 'DELETE')).toBeUndefined()
  })

  test('must allow every header that is asked for', () => {
    const rules = [rule({ headers: ['x-amz-*', 'content-type'] })]
    const asked = requestedHeaders('Content-Type, X-Amz-Meta-A,')
    expect(ask(rules, 'https://a.example', 'PUT', asked)).toMatchObject({
      'access-control-allow-headers': 'content-type, x-amz-meta-a',
    })
    expect(ask(rules, 'https://a.example', 'PUT', [...asked, 'authorization'])).toBeUndefined()
  })
})

test('the first rule that fits speaks, and names the origin with credentials', () => {
  const rules = [
    rule({ methods: ['DELETE'], maxAge: '1' }),
    rule({ exposed: ['ETag', 'x-amz-meta-a'], maxAge: '60' }),
    rule({ origins: ['*'], maxAge: '2' }),
  ]
  expect(ask(rules, 'https://a.example')).toEqual({
    'access-control-allow-origin': 'https://a.example',
    'access-control-allow-methods': 'GET, PUT',
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'ETag, x-amz-meta-a',
    'access-control-max-age': '60',
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  })
})

test('a rule for everyone says so, and allows no credentials', () => {
  const headers = ask([rule({ origins: ['https://a.example', '*'] })], 'https://a.example')
  expect(headers).toMatchObject({ 'access-control-allow-origin': '*' })
  expect(headers).not.toHaveProperty('access-control-allow-credentials')
})
