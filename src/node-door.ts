import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context } from 'hono'
import type { Door } from './app.ts'
import { decodeHeader, encodeHeaders } from './node-headers.ts'
import { type HeaderMap, headerMap, type Incoming, type Log, type Reply } from './ports.ts'

/** A door that knows what has come in through it and is not done. */
export type NodeDoor = Door & {
  /** Tells every request in flight that its client is not to be waited for. */
  giveUp(reason: Error): void
  /** Resolves when nothing is left that must come to its end. */
  settled(): Promise<void>
}

/** Node's door: the raw request in, the raw response out, no web streams between. */
export function nodeDoor(log: Log): NodeDoor {
  const inFlight = new Set<AbortController>()
  const works = new Set<Promise<unknown>>()

  function waitUntil(work: Promise<unknown>): void {
    works.add(work)
    void work.finally(() => works.delete(work))
  }

  return {
    receive: (c: Context) => {
      const { incoming, outgoing } = c.env as HttpBindings
      const gone = new AbortController()
      inFlight.add(gone)
      outgoing.once('close', () => {
        inFlight.delete(gone)
        if (!outgoing.writableFinished) gone.abort(new Error('the client went away'))
      })
      return { ...receive(incoming as IncomingMessage), signal: gone.signal, waitUntil }
    },
    send: async (c: Context, reply: Reply) => {
      const { outgoing } = c.env as HttpBindings
      await send(outgoing as ServerResponse, reply, log)
      return RESPONSE_ALREADY_SENT
    },
    giveUp: (reason) => {
      for (const gone of inFlight) gone.abort(reason)
    },
    settled: async () => {
      while (works.size > 0) await Promise.all(works)
    },
  }
}

function receive(incoming: IncomingMessage): Omit<Incoming, 'signal'> {
  return {
    method: incoming.method ?? '',
    target: incoming.url ?? '',
    headers: parseHeaders(incoming.rawHeaders),
    // A reader that stops early must not take the connection with it: the client is still to hear why.
    body: { [Symbol.asyncIterator]: () => incoming.iterator({ destroyOnReturn: false }) },
  }
}

/** Names in lower case, repeated values joined as SigV4 joins them. */
function parseHeaders(raw: readonly string[]): HeaderMap {
  const headers = headerMap()
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    const value = decodeHeader(raw[i + 1] as string)
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`
  }
  return headers
}

async function send(outgoing: ServerResponse, { status, headers, body }: Reply, log: Log): Promise<void> {
  if (typeof body === 'string') {
    const bytes = Buffer.from(body)
    outgoing
      .writeHead(status, { ...encodeHeaders(headers), 'content-length': String(bytes.length) })
      .end(bytes)
    return
  }
  outgoing.writeHead(status, encodeHeaders(headers))
  if (body === undefined) {
    outgoing.end()
    return
  }
  try {
    await pipeline(body instanceof Readable ? body : Readable.from(body), outgoing)
  } catch (error) {
    // The status is out: a cut connection is the only way left to say that the body is not whole.
    if (!outgoing.errored && outgoing.socket) log('response cut', { cause: (error as Error).message })
    outgoing.destroy()
  }
}
