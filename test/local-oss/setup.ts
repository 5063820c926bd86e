import { rmSync } from 'node:fs'
import { mkdtemp, readdir } from 'node:fs/promises'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OSS from 'ali-oss'
import { vi } from 'vitest'
import { createLocalOss, type LocalOss, type LocalOssOptions } from '../../src/local-oss/index.ts'
import { basicTime } from '../encodings.ts'
import { signUtils } from '../oss-signer.ts'

export const credentials = { accessKeyId: 'local', accessKeySecret: 'local-secret' }

type Result = { res: { status: number; headers: Record<string, string> } }
type Options = Record<string, unknown>

/** What ali-oss can do and its types do not know. */
export type Client = OSS & {
  getBucket(): string
  putBucketRequestPayment(name: string, payer: string): Promise<Result>
  getBucketRequestPayment(name: string): Promise<{ payer: string }>
  putBucketEncryption(name: string, rule: object): Promise<Result>
  getObjectMeta(key: string, options?: Options): Promise<Result>
  listObjectVersions(query?: Options): Promise<{
    objects: { name: string; versionId: string; isLatest: boolean; etag: string }[]
    deleteMarker: { name: string; versionId: string }[]
    prefixes: string[] | null
    isTruncated: boolean
    nextKeyMarker: string | null
    nextVersionIdMarker: string | null
  }>
  getSymlink(key: string, options?: Options): Promise<Result & { targetName: string }>
  putBucketVersioning(name: string, status: string): Promise<Result>
  getBucketVersioning(name: string): Promise<{ versionStatus: string | undefined }>
  getBucketStat(name: string): Promise<{ stat: Record<string, string> }>
  putBucketPolicy(name: string, policy: object): Promise<Result>
  getBucketPolicy(name: string): Promise<{ policy: unknown }>
  deleteBucketPolicy(name: string): Promise<Result>
  putBucketTags(name: string, tags: Record<string, string>): Promise<Result>
  getBucketTags(name: string): Promise<{ tag: Record<string, string> }>
  deleteBucketTags(name: string): Promise<Result>
  putObjectTagging(key: string, tags: Record<string, string>, options?: Options): Promise<Result>
  getObjectTagging(key: string, options?: Options): Promise<{ tag: Record<string, string> }>
  deleteObjectTagging(key: string, options?: Options): Promise<Result>
}

export type RawRequest = {
  method?: string
  bucket?: string
  key?: string
  query?: Record<string, string | null>
  headers?: Record<string, string>
  body?: string | Buffer
  region?: string
  additionalHeaders?: string[]
  /** Who signs; default the first account. */
  as?: { accessKeyId: string; accessKeySecret: string }
  /** Replaces the signature; `null` sends none. */
  authorization?: string | null
}

export type RawResponse = { status: number; headers: IncomingHttpHeaders; body: Buffer; text: string }

/** A service on a socket, and clients for it. */
export type World = {
  oss: LocalOss
  port: number
  /** An SDK client in a new bucket. */
  bucket(options?: Options): Promise<Client>
  client(bucket?: string, options?: Options): Client
  /** Sends what the SDK cannot, signed by the SDK's signer. */
  send(raw: RawRequest): Promise<RawResponse>
  /** Fetches a URL of an OSS host from the service. */
  fetch(url: string, init?: Pick<RawRequest, 'method' | 'headers' | 'body'>): Promise<RawResponse>
  stop(): Promise<void>
}

let buckets = 0

const temporary: string[] = []
process.once('exit', () => {
  for (const directory of temporary) rmSync(directory, { recursive: true, force: true })
})

/** A new directory, gone when the tests are over. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'local-oss-'))
  temporary.push(directory)
  return directory
}

/** Names of the files that hold object bytes. */
export async function blobFiles(directory: string): Promise<string[]> {
  const shards = await readdir(join(directory, 'blobs'))
  const names = await Promise.all(shards.map((shard) => readdir(join(directory, 'blobs', shard))))
  return names.flat()
}

/** Waits, for seconds at most, until `check` no longer fails. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await check()
      return
    } catch (cause) {
      if (attempt === 250) throw cause
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** An embedded OSS on a port. @param options instead of one in memory with one account. */
export async function startWorld(options: Partial<LocalOssOptions> = {}): Promise<World> {
  const oss = await createLocalOss({ directory: ':memory:', credentials, ...options })
  const port = await oss.listen(0)
  const agent = new Agent({ keepAlive: true })

  const client = (bucket?: string, more: Options = {}) =>
    new OSS({
      ...credentials,
      endpoint: `http://127.0.0.1:${port}`,
      region: 'oss-cn-hangzhou',
      authorizationV4: true,
      ...(bucket === undefined ? {} : { bucket }),
      ...more,
      agent,
    } as OSS.Options) as Client

  const exchange = (
    host: string,
    path: string,
    { method = 'GET', headers = {}, body }: Pick<RawRequest, 'method' | 'headers' | 'body'>,
  ) =>
    new Promise<RawResponse>((resolve, reject) => {
      const sent = request(
        { port, host: '127.0.0.1', path, method, agent, headers: { ...headers, host } },
        (answer) => {
          const chunks: Buffer[] = []
          answer.on('data', (chunk: Buffer) => chunks.push(chunk))
          answer.on('error', reject)
          answer.on('end', () => {
            const all = Buffer.concat(chunks)
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              body: all,
              text: all.toString(),
            })
          })
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })

  return {
    oss,
    port,
    client,
    async bucket(more) {
      const name = `bucket-${++buckets}-${port}`
      const made = client(name, more)
      await made.putBucket(name)
      return made
    },
    send(raw) {
      const { method = 'GET', bucket, key = '', query = {}, region = 'cn-hangzhou', additionalHeaders } = raw
      const headers: Record<string, string> = {
        'x-oss-date': basicTime(Date.now()),
        'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
        ...raw.headers,
      }
      const { accessKeyId, accessKeySecret } = raw.as ?? credentials
      const signed = { headers, queries: query }
      const authorization =
        raw.authorization === undefined
          ? signUtils.authorizationV4(
              accessKeyId,
              accessKeySecret,
              region,
              method,
              signed,
              bucket,
              key,
              additionalHeaders,
            )
          : raw.authorization
      if (authorization !== null) headers.authorization = authorization
      if (raw.body !== undefined) headers['content-length'] ??= String(Buffer.byteLength(raw.body))
      const pairs = Object.entries(query).map(([name, value]) =>
        value === null
          ? encodeURIComponent(name)
          : `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
      )
      const path = `/${key.split('/').map(encodeURIComponent).join('/')}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`
      const endpoint = `oss-${region}.aliyuncs.com`
      const host = bucket === undefined ? endpoint : `${bucket}.${endpoint}`
      return exchange(host, path, { method, headers, ...(raw.body === undefined ? {} : { body: raw.body }) })
    },
    fetch(url, init = {}) {
      const { host, pathname, search } = new URL(url)
      return exchange(host, pathname + search, init)
    },
    async stop() {
      agent.destroy()
      await oss.close()
    },
  }
}

/** Does something when it is that many milliseconds later for the whole process; timers go on as they do. */
export async function later<T>(ahead: number, work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ahead })
  try {
    return await work()
  } finally {
    vi.useRealTimers()
  }
}

/** What an SDK call fails with. */
export async function failure(
  call: Promise<unknown>,
): Promise<{ code?: string; status?: number; ecCode?: string; message: string }> {
  try {
    await call
  } catch (cause) {
    return cause as Error
  }
  throw new Error('it should have failed')
}

/** The `Code` of an error document. */
export const codeOf = ({ text }: RawResponse) => /<Code>(.*?)<\/Code>/.exec(text)?.[1]
