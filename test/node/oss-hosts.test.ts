import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config/index.ts'
import { socketTransport } from '../../src/node/upstream.ts'

// Elsewhere only 127.0.0.1 is an address of one's own.
test.skipIf(process.platform !== 'linux')(
  'connections are kept to so many hosts, however many names are asked for',
  async () => {
    let open = 0
    const server = createServer((_, response) => response.end())
    server.on('connection', (socket) => {
      open++
      socket.on('close', () => open--)
    })
    await new Promise<void>((resolve) => server.listen(0, resolve))
    const { port } = server.address() as AddressInfo
    const { transport, close } = socketTransport(parseConfig({}).document.timeouts.oss)
    for (let i = 0; i < 600; i++) {
      const host = `127.0.${i >> 8}.${i & 255 || 1}`
      const { body } = await transport({ method: 'GET', url: `http://${host}:${port}/`, headers: {} })
      for await (const _ of body);
    }
    await expect.poll(() => open).toBeLessThan(520)
    expect(open).toBeGreaterThan(400)
    await close()
    server.close()
  },
)
