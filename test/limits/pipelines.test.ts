import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startWorld, type World } from '../harness.ts'
import { Connection, headOf } from './connection.ts'
import { clearFilledWorld, GET, large, PUT, startFilledWorld } from './filled-world.ts'

const warnings: string[] = []
const note = ({ name }: Error) => warnings.push(name)

beforeAll(() => void process.on('warning', note))
afterAll(() => {
  process.off('warning', note)
  expect(warnings).not.toContain('MaxListenersExceededWarning')
})

describe.each(['node', 'sockets'] as const)('with OSS %s', (setup) => {
  let world: World
  const connection = () => new Connection(world.endpoint)
  const isThere = async (key: string) =>
    (await connection().ask({ method: 'HEAD', target: `/bucket/${key}` })).status === 200

  beforeAll(async () => {
    world = await startFilledWorld(setup)
  })
  afterAll(() => world.stop())
  beforeEach(() => void world.ossRequests())
  afterEach(() => clearFilledWorld(world))

  describe('requests behind one another', () => {
    test('are answered in their order, sixty in one packet', async () => {
      const host = new URL(world.endpoint).host
      const targets = Array.from({ length: 60 }, (_, i) =>
        i % 3 === 1 ? '/bucket/none' : i % 7 === 2 ? '/bucket/large' : '/bucket/key',
      )
      const one = connection().write(targets.map((target) => headOf({ ...GET, target }, host)).join(''))
      const sizes = { '/bucket/none': 404, '/bucket/large': large.length, '/bucket/key': 5 }
      for (const target of targets) {
        const { status, body } = await one.answer()
        expect(status === 404 ? status : body.length).toBe(sizes[target as keyof typeof sizes])
      }
      expect((await one.ask(GET)).status).toBe(200)
    })

    test('see what those before them wrote', async () => {
      const host = new URL(world.endpoint).host
      const one = connection()
      one.write(`${headOf({ ...PUT, body: 'written' }, host)}written${headOf(GET, host)}`)
      expect((await one.answer('PUT')).status).toBe(200)
      expect((await one.answer()).body.toString()).toBe('hello')
    })

    test('that never came whole leave those before them whole', async () => {
      const host = new URL(world.endpoint).host
      for (const rest of ['no HTTP\r\n\r\n', 'GET /bucket/k', `${headOf(PUT, host, 'content-length: 9')}x`]) {
        const one = connection()
          .write(headOf({ ...GET, target: '/bucket/large' }, host))
          .write(rest)
        await expect.poll(() => one.size).toBeGreaterThan(0)
        one.write('x').socket.end()
        expect((await one.answer()).body.equals(large)).toBe(true)
      }
    })

    test('let OSS go when their client goes', async () => {
      world.localOss.faults.add({
        operation: 'GetObject',
        times: 20,
        action: { kind: 'delay', ms: 100 },
      })
      for (let i = 0; i < 10; i++) {
        const one = connection()
        for (let j = 0; j < 5; j++) one.begin({ ...GET, target: '/bucket/large' })
        one.begin({ ...PUT, body: 'x' }).write('x')
        await expect.poll(() => one.size, { interval: 5 }).toBeGreaterThan(0)
        one.socket.resetAndDestroy()
      }
      expect((await connection().ask(GET)).status).toBe(200)
    })
  })

  describe('who closes his side behind his request', () => {
    test.each<[name: string, target: string, length: number]>([
      ['a small answer', '/bucket/key', 5],
      ['a large answer', '/bucket/large', large.length],
      ['a document', '/bucket/none', 0],
    ])('gets %s, and the connection is closed', async (_, target, length) => {
      const one = connection().begin({ method: 'GET', target })
      one.socket.end()
      const { body } = await one.answer()
      if (length > 0) expect(body.length).toBe(length)
      await one.closed
    })

    test('gets what OSS is slow with', async () => {
      world.localOss.faults.add({ operation: 'GetObject', action: { kind: 'delay', ms: 500 } })
      const one = connection().begin(GET)
      one.socket.end()
      expect((await one.answer()).body.toString()).toBe('hello')
    })

    test('has written what he sent', async () => {
      const one = connection()
        .begin({ ...PUT, body: large })
        .write(large)
      one.socket.end()
      expect((await one.answer('PUT')).status).toBe(200)
      expect(await isThere('written')).toBe(true)
    })

    test.each([9, large.length])(
      'but not behind all of it hears so, and nothing is written (%d)',
      async (length) => {
        const one = connection()
          .begin(PUT, `content-length: ${length}`)
          .write(large.subarray(0, length - 1))
        one.socket.end()
        expect(await one.answer('PUT')).toMatchObject({ status: 400, error: { Code: 'IncompleteBody' } })
        await one.closed
        expect(await isThere('written')).toBe(false)
      },
    )
  })

  describe('an answer of OSS', () => {
    test('that breaks off cuts the connection', async () => {
      for (const afterBytes of [1, 100_000]) {
        world.localOss.faults.add({ operation: 'GetObject', action: { kind: 'truncate', afterBytes } })
        await expect(connection().ask({ ...GET, target: '/bucket/large' })).rejects.toThrow(
          'connection ended',
        )
      }
    })

    test('that breaks off before it is looked at cuts the connection', async () => {
      world.localOss.faults.add({ operation: 'GetBucketCors', action: { kind: 'delay', ms: 500 } })
      world.localOss.faults.add({ operation: 'GetObject', action: { kind: 'truncate', afterBytes: 3 } })
      const browser = connection()
      const request = { ...GET, headers: { origin: 'https://example.com' } }
      await expect(browser.ask(request)).rejects.toThrow('connection ended')
    })
  })
})

test('an answer whose headers cannot be written is an error of its own, and the connection goes on', async () => {
  const world = await startWorld('node')
  const one = new Connection(world.endpoint)
  await one.ask({ method: 'PUT', target: '/bucket' })
  for (const etag of ['"a\nb"', '"a\0b"', '"a\r\nx: y"']) {
    world.localOss.faults.add({
      operation: ['GetObject', 'HeadObject'],
      times: 2,
      action: { kind: 'garbage', body: '', headers: { etag } },
    })
    expect(await one.ask(GET)).toMatchObject({ status: 500, error: { Code: 'InternalError' } })
    expect((await one.ask({ ...GET, method: 'HEAD' })).status).toBe(500)
  }
  one.socket.destroy()
  await world.stop()
})
