import { isUtf8 } from 'node:buffer'
import { OssError } from './errors.ts'
import { headerBytes } from './http.ts'

/** What a URL addresses, by hand from its raw text: a URL object would rewrite `..` and escapes. */
export type Address = {
  /** Empty for the service itself. */
  bucket: string
  /** The key's exact bytes; empty for the bucket itself. */
  key: Buffer
  /** The region of the host name, if it names one. */
  region: string | undefined
  host: string
  /** By the host for transfer acceleration. */
  accelerated: boolean
  /** As received, without the `?`. */
  rawQuery: string
}

const URL_PARTS = /^[a-z]+:\/\/([^/?]*)([^?]*)(?:\?(.*))?$/is

/** The host of a URL, with its port. */
export const hostOf = (url: string) => URL_PARTS.exec(url)?.[1] ?? ''

/**
 * Splits an absolute URL into bucket, key, region and query.
 * Virtual-hosted names, and path style for an IP address or a one-label host as OSS allows it to some callers.
 * @throws OssError SecondLevelDomainForbidden for path style on an OSS endpoint, InvalidObjectName for broken escapes.
 */
export function parseAddress(url: string): Address {
  const [, host = '', path = '', rawQuery = ''] = URL_PARTS.exec(url) ?? []
  const { bucket, region, pathStyle, accelerated = false } = parseHost(host)
  const rest = path.slice(1)
  const address = { region, host, accelerated, rawQuery }
  if (!pathStyle) {
    if (bucket === '' && rest !== '') throw new OssError('SecondLevelDomainForbidden')
    return { ...address, bucket, key: decodeKey(rest) }
  }
  const slash = rest.indexOf('/')
  if (slash < 0) return { ...address, bucket: percentDecode(rest).toString(), key: Buffer.alloc(0) }
  return {
    ...address,
    bucket: percentDecode(rest.slice(0, slash)).toString(),
    key: decodeKey(rest.slice(slash + 1)),
  }
}

type Host = { bucket: string; region: string | undefined; pathStyle: boolean; accelerated?: boolean }

function parseHost(authority: string): Host {
  const host = authority.toLowerCase().replace(/:\d+$/, '')
  const oss =
    /^(?:(.*)\.)?(?:oss-([a-z0-9-]+?)(?:-internal)?|([a-z0-9-]+)\.oss)\.aliyuncs\.com$/.exec(host) ??
    /^()oss()\.aliyuncs\.com$/.exec(host)
  if (oss) {
    const region = oss[2] ?? oss[3]
    // An acceleration name is no region.
    const accelerated = /^accelerate(-overseas)?$/.test(region ?? '')
    const named = accelerated ? undefined : region || undefined
    return { bucket: oss[1] ?? '', region: named, pathStyle: false, accelerated }
  }
  const isAddress = /^(\d+\.){3}\d+$/.test(host) || host.startsWith('[')
  const dot = host.indexOf('.')
  if (isAddress || dot < 0) return { bucket: '', region: undefined, pathStyle: true }
  return { bucket: host.slice(0, dot), region: undefined, pathStyle: false }
}

function decodeKey(raw: string): Buffer {
  const key = percentDecode(raw)
  if (!isUtf8(key)) throw new OssError('InvalidObjectName')
  return key
}

/**
 * Decodes percent escapes once, to bytes; `+` stays a plus.
 * @throws OssError InvalidObjectName when a `%` is no escape.
 */
export function percentDecode(raw: string): Buffer {
  const bytes = headerBytes(raw)
  if (!raw.includes('%')) return bytes
  const decoded = Buffer.alloc(bytes.length)
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    let byte = bytes[i] as number
    if (byte === 0x25) {
      const hex = bytes.toString('latin1', i + 1, i + 3)
      if (!/^[0-9a-f]{2}$/i.test(hex)) throw new OssError('InvalidObjectName')
      byte = Number.parseInt(hex, 16)
      i += 2
    }
    decoded[length++] = byte
  }
  return decoded.subarray(0, length)
}

/** Each byte outside `A-Z a-z 0-9 - . _ ~` and the characters of `keep` as `%XX`. */
export function percentEncode(value: string | Buffer, keep = ''): string {
  const bytes = Buffer.from(value as string)
  let encoded = ''
  for (const byte of bytes) {
    const char = String.fromCharCode(byte)
    encoded +=
      /[A-Za-z0-9\-._~]/.test(char) || keep.includes(char)
        ? char
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

/** Query parameters by decoded name; a bare name has the empty value, of repeated names the last counts. */
export function parseQuery(rawQuery: string): Map<string, string> {
  const query = new Map<string, string>()
  for (const pair of rawQuery.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = equals < 0 ? pair : pair.slice(0, equals)
    query.set(formDecode(name), equals < 0 ? '' : formDecode(pair.slice(equals + 1)))
  }
  return query
}

/** Decodes as forms and queries are: percent escapes, and `+` for a blank. @throws as {@link percentDecode} does. */
export function formDecode(raw: string): string {
  return percentDecode(raw.replaceAll('+', '%20')).toString('utf8')
}
