import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import { ossTransport } from '../../src/node/oss-transport.ts'

// Elsewhere only 127.0.0.1 is an address of one's own.
describe.skipIf(process.platform !== 'linux')('connections are kept', () => {
  async function inFrontOf(answer: RequestListener) {
    // Connections by the other side's address, which is another's for each host.
    const open = new Set<string>()
    // undici would heed a shorter time that is told to it.
    const server = createServer({ keepAliveTimeout: 120_000 }, answer)
    server.on('connection', (socket) => {
      const host = socket.localAddress as string
      open.add(host)
      socket.on('close', () => open.delete(host))
    })
    await new Promise<void>((resolve) => server.listen(0, resolve))
    const { port } = server.address() as AddressInfo
    const timeouts = parseConfig({}).document.timeouts.oss
    const { transport, close, renewed } = ossTransport(timeouts)
    const ask = async (name: string, anonymous = false, by = transport) => {
      const request = { method: 'GET', url: `http://${name}:${port}/`, headers: {}, anonymous }
      const { body } = await by(request)
      for await (const _ of body);
    }
    const end = async () => {
      await close()
      server.close()
    }
    return { open, ask, end, renewed: () => renewed(timeouts) }
  }
  const nameOf = (i: number) => `127.0.${i >> 8}.${i & 255 || 1}`

  test('to so many hosts, however many names are asked for', async () => {
    const { open, ask, end } = await inFrontOf((_, response) => response.end())
    for (let i = 0; i < 600; i++) await ask(nameOf(i))
    await expect.poll(() => open.size).toBeLessThan(520)
    expect(open.size).toBeGreaterThan(400)
    await end()
    await expect.poll(() => open.size).toBe(0)
  })

  test('to those that have answered with a success, rather than to made-up ones', async () => {
    const { open, ask, end } = await inFrontOf((request, response) => {
      if (!request.headers.host?.startsWith('127.0.0.2:')) response.statusCode = 404
      response.end()
    })
    await ask('127.0.0.2')
    for (let i = 3; i < 603; i++) await ask(nameOf(i))
    await expect.poll(() => open.size).toBeLessThan(520)
    expect(open.has('::ffff:127.0.0.2')).toBe(true)
    expect(open.has('::ffff:127.0.0.3')).toBe(false)
    await end()
  })

  test('to those that signed requests have asked, however many are asked without a signature', async () => {
    const { open, ask, end } = await inFrontOf((_, response) => response.writeHead(404).end())
    for (let i = 2; i < 102; i++) await ask(nameOf(i))
    for (let i = 102; i < 702; i++) await ask(nameOf(i), true)
    await expect.poll(() => open.size).toBeLessThan(220)
    for (let i = 2; i < 102; i++) expect(open.has(`::ffff:${nameOf(i)}`)).toBe(true)
    await end()
  })

  test('and opened without a signature to a few at a time of which nobody knows that they exist', async () => {
    const held: (() => void)[] = []
    const { open, ask, end, renewed } = await inFrontOf((request, response) => {
      if (request.headers.host?.startsWith('127.0.0.2:')) response.writeHead(403).end()
      else held.push(() => response.writeHead(404).end())
    })
    await ask('127.0.0.2', true)
    // Also of those that come under settings that were read again.
    const other = renewed()
    const asked = Array.from({ length: 40 }, (_, i) => ask(nameOf(i + 3), true, i % 2 ? other : undefined))
    await expect.poll(() => held.length).toBe(8)
    // What exists is not kept waiting, nor is what was signed.
    await Promise.all([ask('127.0.0.2', true), ask('127.0.0.2')])
    expect([open.size, held.length]).toEqual([9, 8])
    const release = setInterval(() => held.shift()?.())
    await Promise.all(asked)
    clearInterval(release)
    await end()
  })
})
