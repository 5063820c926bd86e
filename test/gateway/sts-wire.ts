import { sign as signByAws4 } from 'aws4'
import { basicTime } from '../encodings.ts'
import type { WireRequest } from './wire.ts'

export type StsSigning = {
  accessKeyId?: string
  secretAccessKey?: string
  service?: string
  /** Milliseconds since the epoch. */
  now?: number
  target?: string
}

/** A request to STS, signed by aws4. */
export function sign(
  { method, target, headers = {}, body }: WireRequest,
  host: string,
  { accessKeyId = 'local', secretAccessKey = 'local-secret', service = 'sts', now }: StsSigning = {},
): WireRequest {
  const date = now === undefined ? {} : { 'X-Amz-Date': basicTime(now) }
  const signed = signByAws4(
    {
      service,
      region: 'us-east-1',
      method,
      path: target,
      headers: { Host: host, ...headers, ...date },
      ...(body === undefined ? {} : { body: String(body) }),
    },
    { accessKeyId, secretAccessKey },
  )
  const sent = Object.entries(signed.headers ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    String(value),
  ])
  return { method, target, headers: Object.fromEntries(sent), ...(body === undefined ? {} : { body }) }
}

/** A form of the query protocol, signed. @param headers besides. */
export const postSts = (
  form: string,
  host: string,
  signing: StsSigning = {},
  headers: Record<string, string> = {},
): WireRequest => {
  const type = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
  const { target = '/' } = signing
  return sign({ method: 'POST', target, headers: { ...type, ...headers }, body: form }, host, signing)
}
