import { lookup } from 'node:dns'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { isPrivateAddress } from './private-address.ts'

/** A callback to one URL. It has no signature: only OSS can sign by the key that `x-oss-pub-key-url` names. */
export type CallbackRequest = {
  url: string
  /** By lower-case name. */
  headers: Readonly<Record<string, string>>
  body: string
  /** Whether a TLS connection says which host is meant. */
  sni: boolean
  /** Aborted when the answer comes too late. */
  signal: AbortSignal
}

/** What the server called has answered. */
export type CallbackAnswer = { status: number; body: string }

/** Delivers callbacks. @throws whatever hinders it: the upload is then answered that the server cannot be reached. */
export type SendCallback = (request: CallbackRequest) => Promise<CallbackAnswer>

/** Why a callback failed, in OSS's words. */
export class CallbackFailure extends Error {
  override name = 'CallbackFailure'
}

/** Bytes of an answer (https://help.aliyun.com/en/oss/developer-reference/callback). */
const MAX_ANSWER = 3 * 1024 ** 2

/**
 * Posts callbacks, by IPv4, and follows no redirection.
 * @param isRefused whether there is no connecting to an address.
 */
export function createSender(isRefused: (address: string) => boolean): SendCallback {
  const lookUp: LookupFunction = (hostname, options, done) => {
    lookup(hostname, { ...options, family: 4 }, (error, found, family) => {
      const addresses = typeof found === 'string' ? [found] : (found ?? []).map(({ address }) => address)
      const refused = addresses.find(isRefused)
      const cause = refused === undefined ? error : new Error(`there is no calling ${refused}`)
      done(cause, found, family)
    })
  }
  return async ({ url, headers, body, sni, signal }) => {
    const target = new URL(url)
    const request = target.protocol === 'https:' ? requestHttps : requestHttp
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = {
        method: 'POST',
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' },
        agent: false,
        lookup: lookUp,
        signal,
        ...(sni ? {} : { servername: '' }),
      }
      request(target, options, resolve).on('error', reject).end(body)
    })
    return { status: answer.statusCode ?? 0, body: await read(answer) }
  }
}

/** Calls servers of the Internet alone. */
export const sendToInternet = createSender(isPrivateAddress)

async function read(answer: IncomingMessage): Promise<string> {
  const length = Number(answer.headers['content-length'] ?? Number.NaN)
  if (!(length <= MAX_ANSWER)) {
    answer.destroy()
    throw new CallbackFailure('Error status : 400.User server return too long content-length value.')
  }
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
