import type { Context } from 'hono'
import { shortenLogged } from '../bytes/shorten.ts'
import type { Serve } from '../gateway.ts'
import type { HeaderMap, Incoming, Log, Platform, Reply } from '../ports.ts'
import { sleep, timer } from '../runtime/timers.ts'
import { bytesOf, headersOf, passing, toStream, withLength } from './transport.ts'

/** What Workers have that the web platform's types do not. */
type WorkersInit = { encodeBody: 'manual' }

/** Six connections at a time is the platform's limit; the client's own body may hold one. */
const platform: Platform = { connections: 5, requestsWait: false, resolvesDots: true }

/** What Cloudflare says of a connection. */
type Connection = { clientAcceptEncoding?: string; tlsVersion?: string; tlsCipher?: string }

/** @param answered filled with who is to be told that the response has been sent. */
function receive(c: Context, answered: (() => void)[]): Incoming {
  const { raw } = c.req
  const slash = raw.url.indexOf('/', raw.url.indexOf('//') + 2)
  const headers = headersOf(raw.headers)
  // Cloudflare rewrites Accept-Encoding, which some SDKs sign; the original is in `cf`.
  const { cf } = raw as { cf?: Connection }
  if (cf?.clientAcceptEncoding !== undefined) headers['accept-encoding'] = cf.clientAcceptEncoding
  return {
    method: raw.method,
    target: raw.url.slice(slash),
    headers,
    body: raw.body === null ? empty() : bytesOf(raw.body),
    signal: () => raw.signal,
    peer: peerOf(headers, cf),
    onAnswered: (call) => void answered.push(call),
    waitUntil: (work) => c.executionCtx.waitUntil(work.catch(() => {})),
  }
}

/** The platform itself sets the header, whatever a client has sent; run locally it does not. */
function peerOf(headers: HeaderMap, { tlsVersion, tlsCipher }: Connection = {}): Incoming['peer'] {
  const { 'cf-connecting-ip': address } = headers
  if (address === undefined) return undefined
  return () =>
    tlsVersion && tlsCipher ? { address, tls: { version: tlsVersion, cipher: tlsCipher } } : { address }
}

function send({ status, headers, body }: Reply, c: Context, answered: readonly (() => void)[]): Response {
  const init = { status, headers, encodeBody: 'manual' } as ResponseInit & WorkersInit
  const end = () => {
    for (const call of answered) call()
  }
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    end()
    return new Response(body ?? null, init)
  }
  const { 'content-length': length } = headers
  if (answered.length === 0) return new Response(withLength(toStream(body), length), init)
  const { readable, sent } = passing(toStream(body), length)
  c.executionCtx.waitUntil(sent.then(end, end))
  return new Response(readable, init)
}

async function* empty(): AsyncGenerator<Uint8Array> {}

const log: Log = (event, facts) => console.error(JSON.stringify({ event, ...facts }, shortenLogged))

const serve: Serve<object> = async (c, { answer }) => {
  const answered: (() => void)[] = []
  return send(await answer(receive(c, answered)), c, answered)
}

/** What Workers hand in: clock, timers, random values, a log, and how requests are served. */
export const workerPorts = {
  clock: Date.now,
  sleep,
  timer,
  random: Math.random,
  platform,
  log,
  newId: () => crypto.randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase(),
  serve,
}
