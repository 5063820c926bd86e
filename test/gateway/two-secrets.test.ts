import { createHmac } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../encodings.ts'
import { runtimes, startWorld, type World } from '../harness.ts'
import { postForm, signFields } from './form.ts'
import { presign, send, sign, type WireRequest } from './wire.ts'

const accessKeyId = 'rotated'
const [fresh, old] = ['the-new-secret', 'the-old-secret']
const clients = [{ accessKeyId, secretAccessKeys: [fresh, old] }]

type Sign = (host: string, secretAccessKey: string) => WireRequest

const put = { method: 'PUT', target: '/bucket/key', body: 'hello' }
const sha1 = (secret: string, text: string) => createHmac('sha1', secret).update(text).digest('base64')

/** A body in one signed chunk, and the empty last one. */
const inChunks: Sign = (host, secretAccessKey) => {
  const { body } = put
  const headers = { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': String(body.length) }
  const payload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
  const signed = sign({ ...put, headers }, host, { accessKeyId, secretAccessKey, payload })
  const { key, timestamp, scope, seed } = signed.chunks
  let previous = seed
  const chunk = (text: string) => {
    const lines = ['AWS4-HMAC-SHA256-PAYLOAD', timestamp, scope, previous, sha256(''), sha256(text)]
    previous = createHmac('sha256', key).update(lines.join('\n')).digest('hex')
    return `${text.length.toString(16)};chunk-signature=${previous}\r\n${text}\r\n`
  }
  return { ...signed, body: chunk(body) + chunk('') }
}

const ways: Record<string, Sign> = {
  'SigV4 headers': (host, secretAccessKey) => sign(put, host, { accessKeyId, secretAccessKey }),
  'a presigned URL of SigV4': (host, secretAccessKey) => presign(put, host, { accessKeyId, secretAccessKey }),
  'signed chunks': inChunks,
  'SigV2 headers': (_, secret) => {
    const date = new Date().toUTCString()
    const signature = sha1(secret, `PUT\n\n\n${date}\n/bucket/key`)
    return { ...put, headers: { date, authorization: `AWS ${accessKeyId}:${signature}` } }
  },
  'a presigned URL of SigV2': (_, secret) => {
    const expires = Math.floor(Date.now() / 1000) + 600
    const signature = encodeURIComponent(sha1(secret, `PUT\n\n\n${expires}\n/bucket/key`))
    const query = `AWSAccessKeyId=${accessKeyId}&Expires=${expires}&Signature=${signature}`
    return { ...put, target: `${put.target}?${query}` }
  },
  'a form of SigV4': (_, secretAccessKey) =>
    postForm(signFields({ key: 'key' }, 'bucket', { accessKeyId, secretAccessKey }), 'hello'),
  'a form of SigV2': (_, secretAccessKey) =>
    postForm(signFields({ key: 'key' }, 'bucket', { accessKeyId, secretAccessKey, version: 2 }), 'hello'),
}

describe.each(runtimes)('a key with two secrets on %s', (runtime) => {
  let world: World
  const answerTo = (way: Sign, secret: string) =>
    send(world.endpoint, way(new URL(world.endpoint).host, secret))

  beforeAll(async () => {
    world = await startWorld(runtime, { GATEWAY_CONFIG: JSON.stringify({ clients }) })
    await world.s3().send(new CreateBucketCommand({ Bucket: 'bucket' }))
  })
  afterAll(() => world.stop())

  test.each(Object.entries(ways))('signs by either with %s, and the answers are alike', async (_, way) => {
    const namesOf = ({ status, headers }: Awaited<ReturnType<typeof send>>) => [
      status,
      Object.keys(headers).sort(),
    ]
    const [first, second] = [await answerTo(way, fresh), await answerTo(way, old)]
    expect(first.error).toEqual({})
    expect([200, 204]).toContain(first.status)
    expect(namesOf(second)).toEqual(namesOf(first))
  })

  test.each(Object.entries(ways))('is refused with a third by %s', async (_, way) => {
    const { status, error } = await answerTo(way, 'the-wrong-secret')
    expect(status).toBe(403)
    expect(error).toMatchObject({ Code: 'SignatureDoesNotMatch', AWSAccessKeyId: accessKeyId })
  })

  test('takes no chunk of one secret after a head of the other', async () => {
    const host = new URL(world.endpoint).host
    const [head, chunks] = [inChunks(host, fresh), inChunks(host, old)]
    const { error } = await send(world.endpoint, { ...head, body: chunks.body ?? '' })
    expect(error.Code).toBe('SignatureDoesNotMatch')
  })
})

test('the access log tells by which secret each was signed, of a key that has two', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'two-secrets-'))
  const to = join(directory, 'access.log')
  const single = { accessKeyId: 'single', secretAccessKey: 'the-only-secret' }
  const settings = { clients: [...clients, single], accessLog: { to } }
  const world = await startWorld('node', { GATEWAY_CONFIG: JSON.stringify(settings) })
  const host = new URL(world.endpoint).host
  await world.oss().putBucket('bucket')
  const expected: unknown[] = []
  for (const way of Object.values(ways)) {
    for (const [secret, number] of [
      [fresh, 1],
      [old, 2],
      ['the-wrong-secret', undefined],
    ] as const) {
      await send(world.endpoint, way(host, secret))
      expected.push([number === undefined ? undefined : accessKeyId, number])
    }
  }
  await send(world.endpoint, sign(put, host, single))
  expected.push(['single', undefined])
  const entries = async () => {
    const lines = (await readFile(to, 'utf8')).split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line)).map((entry) => [entry.requester, entry.secret_number])
  }
  await expect.poll(async () => (await entries()).length).toBe(expected.length)
  // What is refused may be logged once the next has come.
  const sorted = (list: unknown[]) => list.map(String).sort()
  expect(sorted(await entries())).toEqual(sorted(expected))
  await world.stop()
  await rm(directory, { recursive: true })
})
