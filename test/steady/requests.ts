import { Agent, request } from 'undici'
import { sign, type WireRequest } from '../gateway/wire.ts'

/** An answer, its body thrown away. */
export type Answered = { status: number; retryAfter: string | undefined }

const body = Buffer.alloc(4096, 'x')
const kinds: Record<string, { request: WireRequest; status: number; body?: Buffer; secret?: string }> = {
  get: { request: { method: 'GET', target: '/bucket/object/4096' }, status: 200 },
  head: { request: { method: 'HEAD', target: '/bucket/object/4096' }, status: 200 },
  put: {
    request: { method: 'PUT', target: '/bucket/put/4096', headers: { 'content-length': '4096' } },
    status: 200,
    body,
  },
  copy: {
    request: {
      method: 'PUT',
      target: '/bucket/copy',
      headers: { 'x-amz-copy-source': 'bucket/object/4096', 'content-length': '0' },
    },
    status: 200,
  },
  list: { request: { method: 'GET', target: '/bucket?list-type=2' }, status: 200 },
  missing: { request: { method: 'GET', target: '/bucket/missing' }, status: 404 },
  denied: { request: { method: 'GET', target: '/bucket/object/4096' }, status: 403, secret: 'another' },
}
export const mixed = Object.keys(kinds)

/** Signed requests of each kind, whose signatures serve for a quarter of an hour. */
export function requestsOf(endpoint: string) {
  const agent = new Agent({ connections: null, pipelining: 1, keepAliveTimeout: 30_000 })
  const { host } = new URL(endpoint)
  let signedAt = 0
  let signed: Record<string, Record<string, string>> = {}
  const headersOf = (kind: string) => {
    if (Date.now() - signedAt > 300_000) {
      signedAt = Date.now()
      signed = Object.fromEntries(
        Object.entries(kinds).map(([name, { request, secret }]) => [
          name,
          sign(request, host, secret === undefined ? {} : { secretAccessKey: secret }).headers ?? {},
        ]),
      )
    }
    const { host: _, ...headers } = signed[kind] as Record<string, string>
    return headers
  }
  return {
    send: async (kind: string): Promise<Answered> => {
      const { request: wire, body } = kinds[kind] as (typeof kinds)[string]
      const answer = await request(`${endpoint}${wire.target}`, {
        dispatcher: agent,
        method: wire.method as 'GET',
        headers: headersOf(kind),
        ...(body === undefined ? {} : { body }),
      })
      await answer.body.dump()
      const retryAfter = answer.headers['retry-after'] as string | undefined
      return { status: answer.statusCode, retryAfter }
    },
    /** The status that is right for that kind. */
    expected: (kind: string) => (kinds[kind] as (typeof kinds)[string]).status,
    close: () => agent.destroy(),
  }
}
