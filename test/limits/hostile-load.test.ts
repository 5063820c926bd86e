import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import { type Running, serve } from '../../src/node/serve.ts'
import { postForm, signFields } from '../gateway/form.ts'
import { presign, send, sign, type WireRequest } from '../gateway/wire.ts'
import type { World } from '../harness.ts'
import { exchange, expectUnharmed, head, signedHead, startHostileWorld } from '../node/hostile-wire.ts'

const put = { method: 'PUT', target: '/bucket/key' }

describe('hundreds of the same leave nothing behind:', () => {
  const ROUNDS = 200
  const TOGETHER = 20
  /** Bytes; what is kept of each of the large ones would be many times as much. */
  const MOST_GROWTH = 16 * 1024 ** 2
  let world: World
  let host: string
  let collect: () => void

  beforeAll(async () => {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc')
    ;({ world, host } = await startHostileWorld())
  })
  afterAll(() => world.stop())

  const large = 'x'.repeat(250_000)
  const deep = Buffer.from('<a>'.repeat(210_000))
  const bomb = gzipSync(' '.repeat(5_000_000))
  const fields = postForm(Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`f${i}`, 'a'])), '')
  const lines = Array.from({ length: 15_000 }, () => 'a:')

  test.each<[name: string, make: () => string | WireRequest]>([
    ['a header of hundreds of kilobytes', () => head('GET / HTTP/1.1', 'host: a', `x: ${large}`)],
    ['thousands of headers', () => head('GET / HTTP/1.1', 'host: a', ...lines)],
    ['chunks that are none', () => `${signedHead(put, host, {}, 'transfer-encoding: chunked')}5;${large}`],
    [
      'thousands of parameters',
      () => sign({ method: 'GET', target: `/bucket?versionId=&${'a&'.repeat(7_000)}` }, host),
    ],
    ['a deep document', () => sign({ method: 'POST', target: '/bucket?delete', body: deep }, host)],
    ['a compressed document', () => sign({ method: 'POST', target: '/bucket?delete', body: bomb }, host)],
    ['a form of thousands of fields', () => fields],
    ['a body of nobody', () => ({ ...put, body: deep })],
    ['a body that is cut', () => ({ ...sign({ ...put, body: deep }, host), cutAfter: 100_000 })],
  ])('%s', async (_, make) => {
    const request = make()
    const ask = () =>
      typeof request === 'string' ? exchange(world, request) : send(world.endpoint, request).catch(() => {})
    const rounds = async (count: number) => {
      for (let i = 0; i < count; i += TOGETHER) await Promise.all(Array.from({ length: TOGETHER }, ask))
    }
    const used = () => {
      collect()
      const { heapUsed, external } = process.memoryUsage()
      return heapUsed + external
    }
    await rounds(TOGETHER)
    const most = used() + MOST_GROWTH
    await rounds(ROUNDS)
    // Connections take a moment to close.
    await expect.poll(used).toBeLessThan(most)
    world.ossRequests()
    await expectUnharmed(world)
  })
})

describe('the log', () => {
  let running: Running
  const lines: string[] = []

  beforeAll(async () => {
    const settings = { PORT: '0', ADMIN_PORT: '0', LOCAL_OSS_PORT: '0', LOCAL_OSS_DIR: ':memory:' }
    // As the command line writes it.
    running = await serve(parseConfig(settings), (event, facts) =>
      lines.push(JSON.stringify({ event, ...facts })),
    )
  })
  afterAll(() => running.stop())

  test('has one line for each failure, and nothing in it that is secret or could be taken for a line', async () => {
    const endpoint = `http://127.0.0.1:${running.port}`
    const host = new URL(endpoint).host
    const key = encodeURIComponent('a\n{"event":"forged"}\r\n\u2028\u0000"')
    const put = { method: 'PUT', target: `/bucket/${key}`, body: 'the object’s bytes' }
    const headers = { 'x-amz-meta-a': 'the metadata', 'content-type': 'the-type' }
    const requests = [
      sign({ ...put, headers }, host),
      sign({ method: 'GET', target: `/bucket/${key}?versionId=null` }, host),
      sign({ method: 'GET', target: `/bucket?prefix=${key}` }, host),
      sign({ ...put, body: '', headers: { 'x-amz-copy-source': `bucket/${key}` } }, host),
      presign(put, host),
      postForm(
        signFields({ key: decodeURIComponent(key), 'x-amz-meta-a': 'the metadata' }, 'bucket'),
        'hello',
      ),
      { ...put, headers: { authorization: 'AWS4-HMAC-SHA256 a\tb' } },
      { ...put, headers: { origin: 'https://evil.example\\n' } },
    ]
    running.localOss?.faults.add({
      times: 100,
      action: { kind: 'error', status: 500, code: 'InternalError', message: 'a\nb' },
    })
    for (const request of requests) expect((await send(endpoint, request)).status).toBeGreaterThanOrEqual(400)
    expect(lines.length).toBeGreaterThanOrEqual(5)
    const signatures = requests.flatMap(({ target, headers = {} }) => [
      ...Object.values<string>(headers),
      ...(target.match(/(?<=Signature=)\w+/) ?? []),
    ])
    for (const line of lines) {
      expect(JSON.parse(line).event).toMatch(/^[a-z -]+$/)
      expect(line).not.toMatch(/[\p{Cc}\u2028]/u)
      expect(line).not.toMatch(/local-secret|AWS4|the object|the metadata|the-type|forged/)
      for (const text of signatures) expect(line).not.toContain(text)
    }
  })
})
