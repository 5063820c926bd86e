import { describe, expect, test } from 'vitest'
import { openSession, type SessionClaims, sealSession } from '../../src/s3/session-token.ts'

const secret = 'a-secret-that-short-lived-keys-are-made-of'
const parentSecret = 'the-secret-of-the-client'
const claims: SessionClaims = {
  accessKeyId: 'ASIA0123456789ABCDEF',
  parent: 'client',
  expires: 1_700_000_000_000,
  name: 'a-session',
  policy: '{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}',
}
const sealed = sealSession(claims, secret, parentSecret)

const open = (
  token: string,
  {
    id = claims.accessKeyId,
    secrets = [secret],
    parents = { client: [parentSecret] } as Record<string, string[]>,
  } = {},
) => openSession(token, id, secrets, (parent) => parents[parent])

describe('what was sealed', () => {
  test.each<[what: string, more: Partial<SessionClaims>]>([
    ['all of it', {}],
    ['no name', { name: undefined }],
    ['no policy', { policy: undefined }],
    ['letters of more than a byte', { name: '\u4e2d', policy: '"\u00e9\ud83d\ude00' }],
  ])('is opened again, with %s', (_, more) => {
    const all = { ...claims, ...more }
    const { sessionToken, secretAccessKey } = sealSession(all, secret, parentSecret)
    expect(open(sessionToken)).toEqual({ claims: all, secretAccessKey })
  })

  test.each([
    ['the second of the gateways', { secrets: ['another', secret] }],
    ['the second of the client', { parents: { client: ['another', parentSecret] } }],
  ])('is opened by %s', (_, how) => {
    expect(open(sealed.sessionToken, how)?.secretAccessKey).toBe(sealed.secretAccessKey)
  })

  test.each([
    ['no secret', { secrets: [] }],
    ['another secret of the gateways', { secrets: ['another'] }],
    ["another secret of the client's", { parents: { client: ['another'] } }],
    ['a client that has gone', { parents: { other: [parentSecret] } }],
    ['the id of another key', { id: 'ASIA0123456789ABCDE0' }],
    ["the id of the client's own key", { id: 'client' }],
    ['the secrets the other way round', { secrets: [parentSecret], parents: { client: [secret] } }],
  ])('is not opened with %s', (_, how) => {
    expect(open(sealed.sessionToken, how)).toBeUndefined()
  })
})

describe('a secret', () => {
  test.each<[what: string, more: Partial<SessionClaims>]>([
    ['another id', { accessKeyId: 'ASIA0123456789ABCDE0' }],
    ['another client', { parent: 'clienT' }],
    ['another end', { expires: claims.expires + 1000 }],
    ['another name', { name: 'b-session' }],
    ['no policy', { policy: undefined }],
  ])('is another one with %s', (_, more) => {
    expect(sealSession({ ...claims, ...more }, secret, parentSecret).secretAccessKey).not.toBe(
      sealed.secretAccessKey,
    )
  })

  test('is in its token in no form', () => {
    const { sessionToken, secretAccessKey } = sealed
    const [payload = '', tag = ''] = sessionToken.split('.')
    const bytes = Buffer.from(secretAccessKey, 'base64')
    for (const text of [sessionToken, Buffer.from(payload, 'base64url').toString(), tag]) {
      for (const form of [
        secretAccessKey,
        bytes.toString('hex'),
        bytes.toString('base64url'),
        secret,
        parentSecret,
      ]) {
        expect(text).not.toContain(form)
      }
    }
    expect(Buffer.from(tag, 'base64url').subarray(0, 30)).not.toEqual(bytes.subarray(0, 30))
  })
})

describe('a token that was tampered with is opened by nobody', () => {
  const { sessionToken } = sealed
  const [payload = '', tag = ''] = sessionToken.split('.')

  test('at each of its characters', () => {
    for (let at = 0; at < sessionToken.length; at++) {
      for (const other of ['A', 'B', '_', '.', '=', ' ', '']) {
        const token = sessionToken.slice(0, at) + other + sessionToken.slice(at + 1)
        if (token !== sessionToken) expect([at, other, open(token)]).toEqual([at, other, undefined])
      }
    }
  })

  test('in each bit of its claims and its tag', () => {
    const flipped = (text: string, bit: number) => {
      const bytes = Buffer.from(text, 'base64url')
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      return bytes.toString('base64url')
    }
    const bits = (text: string) => Buffer.from(text, 'base64url').length * 8
    for (let bit = 0; bit < bits(payload); bit++)
      expect(open(`${flipped(payload, bit)}.${tag}`)).toBeUndefined()
    for (let bit = 0; bit < bits(tag); bit++) expect(open(`${payload}.${flipped(tag, bit)}`)).toBeUndefined()
  })

  const as = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const other = sealSession({ ...claims, policy: undefined }, secret, parentSecret).sessionToken
  test.each([
    ['without claims', `.${tag}`],
    ['without a tag', payload],
    ['with an empty tag', `${payload}.`],
    ['with half a tag', `${payload}.${tag.slice(0, 20)}`],
    ['with a longer tag', `${payload}.${tag}A`],
    ['with a tag that is spelt otherwise', `${payload}.${tag.slice(0, -1)}${tag.endsWith('A') ? 'B' : 'A'}`],
    ['with the tag of another', `${payload}.${other.split('.')[1]}`],
    ['with the claims of another', `${other.split('.')[0]}.${tag}`],
    ['in two', `${sessionToken}.${tag}`],
    ['after a blank', ` ${sessionToken}`],
    ['with a line after it', `${sessionToken}\n`],
    ['of no JSON', `${Buffer.from('[').toString('base64url')}.${tag}`],
    ['of null', `${as(null)}.${tag}`],
    ['of an object', `${as({ 0: claims.accessKeyId })}.${tag}`],
    ['of numbers', `${as([1, 2, 3, 4, 5])}.${tag}`],
    ['of lists', `${as([[claims.accessKeyId], ['client'], 1, null, null])}.${tag}`],
    ['without an end', `${as([claims.accessKeyId, 'client', 'never', null, null])}.${tag}`],
    ['that is nothing', ''],
    ['that is long', `${'A'.repeat(100_000)}.${tag}`],
  ])('%s', (_, token) => {
    expect(open(token)).toBeUndefined()
  })
})

test('a client that is named like a member of all objects is none', () => {
  const { sessionToken } = sealSession({ ...claims, parent: 'constructor' }, secret, parentSecret)
  expect(
    openSession(sessionToken, claims.accessKeyId, [secret], (id) => new Map<string, string[]>().get(id)),
  ).toBeUndefined()
})
