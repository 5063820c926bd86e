import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { presign, sign } from '../gateway/wire.ts'
import { type FuzzWorld, HOST, headerSafe, mutated, openWorld, runs } from './world.ts'

let world: FuzzWorld
beforeAll(async () => {
  world = await openWorld()
  await world.ask(sign({ method: 'PUT', target: '/bucket', headers: { 'content-length': '0' } }, HOST))
})
afterAll(() => world.close())

const put = { method: 'PUT', target: '/bucket/key', headers: { 'content-length': '5' }, body: 'hello' }
const v4 = sign(put, HOST)
const date = new Date().toUTCString()
const v2Signature = createHmac('sha1', 'local-secret')
  .update(`PUT\n\n\n${date}\n/bucket/key`)
  .digest('base64')
const v2 = {
  ...put,
  headers: { ...put.headers, host: HOST, date, authorization: `AWS local:${v2Signature}` },
}
const pieces = [
  '=',
  ',',
  ', ',
  ';',
  '/',
  ' ',
  'Credential=',
  'SignedHeaders=',
  'Signature=',
  'AWS ',
  'AWS4-HMAC-SHA256',
  'local',
  'reader',
  ':',
  'host',
  '__proto__',
  'aws4_request',
  's3',
  '\t',
  'é',
]

test('an Authorization header that was touched writes nothing', async () => {
  const headers = mutated([v4.headers?.authorization ?? '', v2.headers.authorization], pieces).map(headerSafe)
  const [v4Signature = '', credential = ''] = [/Signature=(\w+)/, /Credential=([^,]+)/].map(
    (part) => part.exec(v4.headers?.authorization ?? '')?.[1],
  )
  await fc.assert(
    fc.asyncProperty(headers, fc.boolean(), async (authorization, isV4) => {
      const request = isV4 ? v4 : v2
      const { writes } = await world.ask({ ...request, headers: { ...request.headers, authorization } })
      if (writes.length === 0) return
      // Only blanks and the order of its parts are free.
      if (isV4) {
        const parts = authorization.replace(/[ \t]/g, '')
        expect(parts).toContain(`Signature=${v4Signature}`)
        expect(parts).toContain(`Credential=${credential}`)
        expect(parts).toContain('host;x-amz-content-sha256;x-amz-date')
      } else expect(authorization).toBe(v2.headers.authorization)
    }),
    runs(),
  )
})

const anyHeader = fc.tuple(
  fc.constantFrom(
    'x-amz-copy-source',
    'x-amz-acl',
    'x-amz-meta-a',
    'x-amz-date',
    'x-amz-content-sha256',
    'x-amz-decoded-content-length',
    'x-amz-security-token',
    'host',
    'authorization',
    'x-amz-tagging',
  ),
  fc.oneof(
    fc.constantFrom(
      '',
      'bucket/key',
      'public-read',
      'UNSIGNED-PAYLOAD',
      'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      '0',
      'a=b',
    ),
    fc.string({ unit: 'grapheme' }).map(headerSafe),
  ),
)

test('a header that was added or changed after signing writes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(anyHeader, fc.boolean(), async ([name, value], isV4) => {
      const request: {
        method: string
        target: string
        headers?: Record<string, string>
        body?: string | Uint8Array
      } = isV4 ? v4 : v2
      if (request.headers?.[name] === value) return
      const { writes } = await world.ask({ ...request, headers: { ...request.headers, [name]: value } })
      // Version 2 signs the bucket, whatever host it was asked at.
      if (name !== 'host' || isV4) expect(writes).toEqual([])
      for (const { url } of writes) expect(url).toBe('https://bucket.oss-cn-hangzhou.aliyuncs.com/key')
    }),
    runs(),
  )
})

const expires = Math.floor(Date.now() / 1000) + 86_400
const queryV2 = (text: string) =>
  encodeURIComponent(createHmac('sha1', 'local-secret').update(text).digest('base64'))
const presigned = [
  presign(put, HOST, { unsigned: ['content-length'] }).target,
  `/bucket/key?AWSAccessKeyId=local&Expires=${expires}&Signature=${queryV2(`PUT\n\n\n${expires}\n/bucket/key`)}`,
]

test('a presigned query that was touched writes its own key or nothing', async () => {
  const targets = mutated(presigned, [
    '&',
    '=',
    '%',
    '%26',
    '%3D',
    '+',
    '%2B',
    '/',
    '?',
    '#',
    '..',
    '&x-amz-copy-source=bucket%2Fother',
    '&x-amz-acl=public-read',
    '&X-Amz-Expires=604800',
    '&acl',
    '&uploadId=x',
    '&tagging',
    '&delete',
    '&content-type=a',
    'X-Amz-Signature=',
    'Signature=',
    '%00',
    '%0A',
    '&versionId=x',
    '&__proto__=x',
    '&X-Amz-Security-Token=x',
    '&partNumber=1',
  ]).map((target) => `/${encodeURI(target).replaceAll('%25', '%').replace(/^\//, '')}`)
  await fc.assert(
    fc.asyncProperty(targets, async (target) => {
      const { writes } = await world.ask({
        method: 'PUT',
        target,
        headers: { host: HOST, 'content-length': '5' },
        body: 'hello',
      })
      for (const { url, headers } of writes) {
        expect(url).toBe('https://bucket.oss-cn-hangzhou.aliyuncs.com/key')
        expect(headers['x-oss-object-acl']).toBe('private')
        expect(headers).not.toHaveProperty('x-oss-copy-source')
      }
    }),
    runs(),
  )
})
