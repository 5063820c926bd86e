import { randomBytes, randomUUID } from 'node:crypto'
import { sha256 } from '../test/encodings.ts'
import { sign, type WireRequest } from '../test/gateway/wire.ts'

/** What clients sign with. */
export const client = { accessKeyId: 'bench-s3', secretAccessKey: 'bench-s3-secret' }

/** The same for every contestant, so that they are all sent the same bytes. */
const HOST = '127.0.0.1:9000'

/** What distinguishes a request; the rest is what an SDK adds. */
export type Plain = {
  method: string
  target: string
  headers?: Record<string, string>
  body?: Buffer
  /** The value of x-amz-content-sha256; the hash of the body where it is absent. */
  payload?: string
}

export type Signed = ReturnType<typeof sign>

/** A request as an AWS SDK sends it, signed now. */
export function signed({ method, target, headers = {}, body, payload }: Plain): Signed {
  const request: WireRequest = {
    method,
    target,
    headers: {
      'user-agent': 'aws-sdk-js/3.1169.0 ua/2.1 os/linux lang/js md/nodejs#20.20.2 api/s3#3.1169.0 m/E,b',
      'accept-encoding': 'identity',
      'amz-sdk-invocation-id': randomUUID(),
      'amz-sdk-request': 'attempt=1; max=3',
      ...(body === undefined ? {} : { 'content-length': String(body.length) }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  }
  return sign(request, HOST, {
    ...client,
    payload: payload ?? sha256(body ?? ''),
    unsigned: ['user-agent', 'accept-encoding'],
  })
}

/** The request's head as it goes over the wire. */
export function headText({ method, target, headers = {} }: WireRequest): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** Requests one after the other, each behind its length: what `wrk.lua` and `flood.ts` read. */
export function asFile(requests: readonly Signed[]): Buffer {
  return Buffer.concat(
    requests.flatMap((request) => {
      const bytes = Buffer.concat([Buffer.from(headText(request)), Buffer.from(request.body ?? '')])
      return [Buffer.from(`${bytes.length}\n`), bytes]
    }),
  )
}

/** So many different bodies of 4 KiB as there are indices. */
export function smallBody(index: number): Buffer {
  const body = Buffer.from(SMALL)
  body.writeUInt32BE(index)
  return body
}

const SMALL = randomBytes(4096)
