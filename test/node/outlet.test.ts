import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { type Call, ClientConnection } from '../../src/http/client-connection.ts'
import { Outlet } from '../../src/http/outlet.ts'

const close: (() => void)[] = []
afterEach(() => {
  for (const one of close.splice(0)) one()
})

/** An outlet, its socket, and the other side's. */
async function pair(): Promise<{ outlet: Outlet; socket: Socket; reader: Socket }> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const reader = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  close.push(() => {
    reader.destroy()
    socket.destroy()
    server.close()
  })
  return { outlet: new Outlet(socket), socket, reader }
}

const sentBy = ({ bytesWritten, writableLength }: Socket) => bytesWritten - writableLength

describe('what goes out on a connection', () => {
  test('is sent at the end of the turn where it is small, in its order', async () => {
    const { outlet, socket, reader } = await pair()
    outlet.write('one ')
    outlet.write(Buffer.from('two '))
    outlet.writeText('three ', 'vier', 4)
    expect(sentBy(socket)).toBe(0)
    await turn()
    expect(sentBy(socket)).toBe(18)
    socket.end()
    expect(String(await buffer(reader))).toBe('one two three vier')
  })

  test('is sent at once, behind what waits, where it is as much as a socket keeps', async () => {
    const { outlet, socket, reader } = await pair()
    const piece = Buffer.alloc(socket.writableHighWaterMark, 'x')
    outlet.write('head ')
    outlet.writePiece(piece)
    expect(sentBy(socket)).toBe(5 + piece.length)
    outlet.write(' tail')
    socket.end()
    expect(String(await buffer(reader))).toBe(`head ${piece} tail`)
  })

  test('leaves lent memory free once it is sent', async () => {
    const { outlet, socket, reader } = await pair()
    const small = Buffer.from('small ')
    expect(outlet.writePiece(small)).toBe(true)
    const large = Buffer.alloc(socket.writableHighWaterMark, 'y')
    const sent = `small ${large}`
    expect(outlet.writePiece(large)).toBe(true)
    small.fill('?')
    large.fill('?')
    socket.end()
    expect(String(await buffer(reader))).toBe(sent)
  })

  test('holds lent memory as long as it is not sent', async () => {
    const { outlet, socket, reader } = await pair()
    const piece = Buffer.alloc(1024 * 1024, 'z')
    let pieces = 1
    while (outlet.writePiece(piece)) pieces++
    // Nobody reads: what the system does not take is still the socket's.
    expect(socket.writableLength).toBeGreaterThan(0)
    const drained = once(socket, 'drain')
    const all = buffer(reader)
    await drained
    expect(socket.writableLength).toBe(0)
    socket.end()
    expect(await all).toHaveLength(pieces * piece.length)
  })

  test('is text in UTF-8 behind a head in Latin-1', async () => {
    const { outlet, socket, reader } = await pair()
    const text = '<Key>grüße</Key>'
    outlet.writeText('x: \xe4\r\n', text, Buffer.byteLength(text))
    outlet.writeText('y: \xe4\r\n', 'ascii', 5)
    socket.end()
    const expected = [Buffer.from('x: \xe4\r\n', 'latin1'), Buffer.from(text)]
    expected.push(Buffer.from('y: \xe4\r\nascii', 'latin1'))
    expect(await buffer(reader)).toEqual(Buffer.concat(expected))
  })

  test('is sent before the connection is cut only where that is asked for', async () => {
    const { outlet, socket, reader } = await pair()
    outlet.write('lost')
    socket.destroy()
    expect(String(await buffer(reader))).toBe('')
    const other = await pair()
    other.outlet.write('kept')
    other.outlet.send()
    other.socket.destroy()
    expect(String(await buffer(other.reader))).toBe('kept')
  })

  test('is taken and forgotten on a closed connection', async () => {
    const { outlet, socket } = await pair()
    socket.destroy()
    outlet.write('nothing')
    expect(outlet.writePiece(Buffer.alloc(100_000))).toBe(true)
    await turn()
    expect(socket.bytesWritten).toBe(0)
  })

  test('of many connections goes out in the same turn', async () => {
    const pairs = await Promise.all(Array.from({ length: 80 }, pair))
    for (const [at, { outlet }] of pairs.entries()) outlet.write(`answer ${at}`)
    // The first have not waited for the last.
    expect(sentBy((pairs[0] as (typeof pairs)[0]).socket)).toBeGreaterThan(0)
    expect(pairs.filter(({ socket }) => sentBy(socket) === 0).length).toBeGreaterThan(0)
    await turn()
    expect(pairs.map(({ socket }) => sentBy(socket))).toEqual(pairs.map((_, at) => `answer ${at}`.length))
  })
})

describe('a request that waits for the end of the turn', () => {
  async function asked() {
    const { socket: server, reader: socket } = await pair()
    const sent: Buffer[] = []
    server.on('data', (bytes) => sent.push(bytes))
    let read = (_: Buffer): boolean => false
    let freed = 0
    const connection = new ClientConnection(
      (onRead) => {
        read = onRead
        return socket
      },
      'connect',
      () => freed++,
    )
    socket.emit('connect')
    const ends: [error: Error | undefined, hasSent: boolean][] = []
    const statuses: number[] = []
    const call: Call = {
      request: { method: 'PUT', url: '', headers: {} },
      head: 'PUT / HTTP/1.1\r\n\r\n',
      onAnswer: ({ status }) => statuses.push(status),
      onEnd: (error) => ends.push([error, connection.hasSent]),
    }
    connection.send(call)
    const answer = () => read(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
    return { connection, socket, sent, ends, statuses, answer, freed: () => freed }
  }

  test('has not been sent, and never is where its connection fails before', async () => {
    const { connection, sent, ends } = await asked()
    connection.fail(new Error('closed'))
    expect(ends).toEqual([[new Error('closed'), false]])
    await turn()
    await turn()
    expect(sent).toEqual([])
  })

  test('has been sent after it', async () => {
    const { connection } = await asked()
    await turn()
    expect(connection.hasSent).toBe(true)
  })

  test('is answered on its connection, which is free then', async () => {
    const { answer, statuses, freed, socket } = await asked()
    await turn()
    answer()
    expect([statuses, freed(), socket.destroyed]).toEqual([[200], 1, false])
  })

  test('leaves its connection to nobody when an answer was there before it', async () => {
    const { answer, statuses, freed, socket } = await asked()
    answer()
    // Nor is it taken for the answer to what has not been asked.
    expect([statuses, freed(), socket.destroyed]).toEqual([[], 0, true])
  })
})
