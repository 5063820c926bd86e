import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import aws4 from 'aws4'
import { XMLParser } from 'fast-xml-parser'
import { inject } from 'vitest'
import { basicTime, encode, encodeKey, sha256 } from '../encodings.ts'
import type { Mapped } from './setup.ts'

export const target = inject('target')
const { accessKeyId, secretAccessKey } = target
const region = process.env.S3_REGION ?? 'us-east-1'
export const { host } = new URL(target.endpoint)

/** What goes over the wire; the path is built from bucket and key, percent-encoded once. */
export type Ask = {
  method?: string
  /** Left out: the row's own bucket; null: the service. */
  bucket?: string | null
  key?: string
  /** The path as it is, instead of bucket and key. */
  path?: string
  query?: Readonly<Record<string, string>>
  headers?: Readonly<Record<string, string>>
  body?: string | Uint8Array
  /** Headers that are sent, but not signed. */
  unsigned?: Readonly<Record<string, string>>
  /** `query` presigns, `none` asks as nobody. */
  sign?: 'header' | 'query' | 'none'
  accessKeyId?: string
  secretAccessKey?: string
  /** The time of signing. */
  now?: Date
  /** Sends the body in HTTP's chunked coding, without a Content-Length. */
  chunked?: boolean
}

export type Answer = {
  status: number
  headers: Record<string, string>
  body: Buffer
  text: string
  /** The parsed document, its root element included; empty if the answer is not XML. */
  xml: Xml
}
export type Xml = { [name: string]: string | Xml | Xml[] }

const lists = new Set([
  'ListBucketResult.Contents',
  'ListBucketResult.CommonPrefixes',
  'ListVersionsResult.Version',
  'ListVersionsResult.DeleteMarker',
  'ListVersionsResult.CommonPrefixes',
  'ListMultipartUploadsResult.Upload',
  'ListMultipartUploadsResult.CommonPrefixes',
  'ListPartsResult.Part',
  'ListAllMyBucketsResult.Buckets.Bucket',
  'DeleteResult.Deleted',
  'DeleteResult.Error',
  'Tagging.TagSet.Tag',
  'AccessControlPolicy.AccessControlList.Grant',
  'CORSConfiguration.CORSRule',
  'LifecycleConfiguration.Rule',
  'GetObjectAttributesResponse.ObjectParts.Part',
])
const parser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  ignoreAttributes: true,
  htmlEntities: true,
  jPath: true,
  isArray: (_name: string, path: unknown) => lists.has(String(path)),
})

type Signed = { path: string; headers: Record<string, string> }

/** The request's path and headers with the signature in one of them. */
export function signed(ask: Ask): Signed {
  const { method = 'GET', key = '', query = {}, body = '', now = new Date() } = ask
  const { bucket, ...own } = asWhole(ask)
  const path = ask.path ?? (bucket == null ? '/' : `/${bucket}${key === '' ? '' : `/${encodeKey(key)}`}`)
  const search = Object.entries(query)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&')
  const whole = search === '' ? path : `${path}?${search}`
  const given: Record<string, string> = { host, ...ask.headers }
  if (ask.sign === 'none') return { path: whole, headers: { ...given, ...ask.unsigned } }
  const inQuery = ask.sign === 'query'
  if (!inQuery) {
    given['x-amz-content-sha256'] ??= sha256(body)
    given['x-amz-date'] ??= basicTime(now)
  }
  const request = aws4.sign(
    {
      service: 's3',
      region,
      method,
      path: inQuery ? withDate(whole, now) : whole,
      headers: given,
      signQuery: inQuery,
    },
    {
      accessKeyId: ask.accessKeyId ?? own.accessKeyId ?? accessKeyId,
      secretAccessKey: ask.secretAccessKey ?? own.secretAccessKey ?? secretAccessKey,
    },
  )
  // aws4 re-encodes what it signs; the path stays as it was written.
  const sent = inQuery ? (request.path ?? whole) : whole
  return { path: sent, headers: { ...(request.headers as Record<string, string>), ...ask.unsigned } }
}

/** What sets a bucket's own matters, of the whole bucket where the one that is asked is a part of it. */
function asWhole({
  method = 'GET',
  bucket,
  key,
  path,
}: Ask): Pick<Ask, 'bucket' | 'accessKeyId' | 'secretAccessKey'> {
  const whole = bucket == null ? undefined : target.mapped?.names[bucket]
  const isOfWhole = key === undefined && path === undefined && (method === 'PUT' || method === 'DELETE')
  if (!isOfWhole || whole === undefined || target.mapped?.whole === undefined)
    return { bucket: bucket ?? null }
  return { ...target.mapped.whole, bucket: whole }
}

const withDate = (path: string, now: Date) =>
  `${path}${path.includes('?') ? '&' : '?'}X-Amz-Date=${basicTime(now)}`

/** Sends one request and reads its answer. */
export function send(ask: Ask): Promise<Answer> {
  return transmit(ask, signed(ask))
}

export function transmit(
  { method = 'GET', body = '', chunked = false }: Ask,
  request: Signed,
): Promise<Answer> {
  const { hostname, port, protocol } = new URL(target.endpoint)
  const bytes = Buffer.from(body as string)
  const headers: OutgoingHttpHeaders = { ...request.headers }
  if (chunked) headers['transfer-encoding'] = 'chunked'
  else if (bytes.length > 0 || method === 'PUT' || method === 'POST')
    headers['content-length'] ??= bytes.length
  return new Promise((resolve, reject) => {
    const outgoing = (protocol === 'https:' ? httpsRequest : httpRequest)({
      hostname,
      port,
      method,
      path: request.path,
      headers,
      agent: false,
    })
    outgoing.on('response', async (incoming) => {
      const parts: Buffer[] = []
      for await (const part of incoming) parts.push(part as Buffer)
      const received = Buffer.concat(parts)
      const text = received.toString()
      resolve({
        status: incoming.statusCode ?? 0,
        headers: Object.fromEntries(
          Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
        ),
        body: received,
        text,
        xml: text.startsWith('<') ? (parser.parse(text.replace(/^<\?xml[^>]*\?>\s*/, '')) as Xml) : {},
      })
    })
    outgoing.on('error', reject)
    outgoing.end(bytes)
  })
}

/** The SDK's client of the endpoint. */
export const client = (options: S3ClientConfig = {}) =>
  new S3Client({
    endpoint: target.endpoint,
    region,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
    // A Worker on its own never answers `100 Continue`; the SDK would wait six seconds for it.
    expectContinueHeader: false,
    ...options,
  })

export const newName = () =>
  target.mapped === undefined ? `conformance-${randomBytes(6).toString('hex')}` : unusedName(target.mapped)

function unusedName({ names, folder }: Mapped): string {
  for (const name of Object.keys(names)) {
    try {
      mkdirSync(join(folder, name))
      return name
    } catch {
      // Another file's.
    }
  }
  throw new Error('there are more buckets than names')
}

/** @throws unless the answer is a success. */
export async function must(ask: Ask): Promise<Answer> {
  const answer = await send(ask)
  if (answer.status >= 300) throw new Error(`${ask.method ?? 'GET'} answered ${answer.status} ${answer.text}`)
  return answer
}
