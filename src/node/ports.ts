import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config/index.ts'
import { createLocalOss, type LocalOss } from '../local-oss/index.ts'
import {
  type Body,
  type HeaderMap,
  headerMap,
  type Platform,
  type Sleep,
  type Timer,
  type Transport,
} from '../ports.ts'
import { decodeHeader, encodeHeader } from './header-text.ts'
import { serveOnNode } from './server.ts'
import { ossTransport } from './upstream.ts'

export { isLocalOssDirectory } from '../local-oss/index.ts'

/** What Node hands in: clock, timers, random values, and how requests are served. */
export const nodePorts = {
  clock: Date.now,
  sleep: ((ms, signal) => sleep(ms, undefined, { signal })) satisfies Sleep,
  timer: ((ms, call) => {
    const timeout = setTimeout(call, ms)
    return () => clearTimeout(timeout)
  }) satisfies Timer,
  random: Math.random,
  platform: { connections: 256 } satisfies Platform,
  newId,
  serve: serveOnNode,
}

const ID_LENGTH = 16
/** Ids to come: random bytes cost the same, few or many. */
let ids = ''
let nextId = 0

function newId(): string {
  if (nextId === ids.length) {
    ids = randomBytes(128 * ID_LENGTH)
      .toString('hex')
      .toUpperCase()
    nextId = 0
  }
  nextId += ID_LENGTH
  return ids.slice(nextId - ID_LENGTH, nextId)
}

/** OSS, real or embedded. */
export type Upstream = { transport: Transport; close: () => Promise<void>; localOss: LocalOss | undefined }

/** @throws Error when the embedded OSS's folder is in use or cannot be written. */
export async function openUpstream({ localOss: embedded, credentials, document }: Config): Promise<Upstream> {
  if (embedded === undefined) {
    const { transport, close } = ossTransport(document.timeouts.oss)
    return { transport, close, localOss: undefined }
  }
  const { accessKeyId, accessKeySecret } = credentials
  const { directory, copyLimit } = embedded
  const localOss = await createLocalOss({
    directory,
    copyLimit,
    credentials: { accessKeyId, accessKeySecret },
  })
  return {
    transport: withTextHeaders(localOss.transport as Transport),
    close: () => localOss.close(),
    localOss,
  }
}

/** A transport for text headers over one whose headers are bytes. */
export function withTextHeaders(transport: Transport): Transport {
  return async (request) => {
    const { body } = request
    const sent = body === undefined || body instanceof Uint8Array ? undefined : counted(body, request.headers)
    const response = await transport({
      ...request,
      headers: mapValues(request.headers, encodeHeader),
      ...(sent === undefined ? {} : { body: sent.body }),
    })
    if (response.status < 300 && sent?.isTaken() === false) {
      throw new Error('a success came before the request was out')
    }
    return { ...response, headers: mapValues(response.headers, decodeHeader) }
  }
}

/** A body in flight, and whether all of it was taken. */
function counted(body: Body, { 'content-length': length }: HeaderMap) {
  let left = length === undefined ? Number.POSITIVE_INFINITY : Number(length)
  async function* passed(): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      left -= piece.length
      yield piece
    }
    if (length === undefined) left = 0
  }
  return { body: passed(), isTaken: () => left <= 0 }
}

function mapValues(headers: HeaderMap, change: (value: string) => string): HeaderMap {
  const changed = headerMap()
  for (const name in headers) changed[name] = change(headers[name] as string)
  return changed
}
