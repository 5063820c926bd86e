import { createHash } from 'node:crypto'

/** Percent-encodes everything but what RFC 3986 reserves for no use, as signatures have it. */
export const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** A key in a URL's path. */
export const encodeKey = (key: string) => key.split('/').map(encode).join('/')

/** ISO 8601's basic format in seconds, as signatures have it: `20260131T120000Z`. */
export const basicTime = (time: Date | number) => new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '')

/** Hexadecimal. */
export const md5 = (data: string | Uint8Array) => createHash('md5').update(data).digest('hex')

/** Hexadecimal. */
export const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex')
