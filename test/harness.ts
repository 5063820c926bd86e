import { Readable } from 'node:stream'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import OSS from 'ali-oss'
import { Miniflare, Response as WorkerdResponse } from 'miniflare'
import { parseConfig } from '../src/config.ts'
import { createLocalOss, type LocalOss } from '../src/local-oss/index.ts'
import { start } from '../src/node.ts'

/** ali-oss, with the methods its types leave out. */
export type OssBucket = OSS & {
  getObjectTagging(key: string, options?: { versionId?: string }): Promise<{ tag: Record<string, string> }>
  putBucketVersioning(bucket: string, status: 'Enabled' | 'Suspended'): Promise<unknown>
}

export const runtimes = ['node', 'workerd'] as const
export type Runtime = (typeof runtimes)[number]

/** A gateway in front of an embedded OSS, with clients for both of its sides. */
export type World = {
  endpoint: string
  adminEndpoint: string
  localOss: LocalOss
  /** A client of the gateway. */
  s3(options?: S3ClientConfig): S3Client
  /** A client of OSS itself, past the gateway. */
  oss(bucket?: string, region?: string): OssBucket
  /** Requests the gateway has sent to OSS since the last call, by operation. */
  ossRequests(): string[]
  stop(): Promise<void>
}

const credentials = { accessKeyId: 'local', accessKeySecret: 'local-secret' }

/**
 * Starts a world of its own.
 * @param settings environment variables; `GATEWAY_CONFIG` is the document's text.
 */
export async function startWorld(
  runtime: Runtime = 'node',
  settings: Record<string, string> = {},
): Promise<World> {
  const gateway = runtime === 'node' ? await startNode(settings) : await startWorkerd(settings)
  const { localOss, endpoint } = gateway
  const ossPort = await localOss.listen(0, '127.0.0.1')
  let seen: string[] = []
  // What tests themselves do with ali-oss comes over the socket, and is told by its user agent.
  localOss.onRequest(({ operation, headers }) => {
    if (!headers['user-agent']?.startsWith('aliyun-sdk')) seen.push(operation)
  })
  const clients: S3Client[] = []
  return {
    ...gateway,
    s3: (options) => {
      const client = new S3Client({
        endpoint,
        region: 'us-east-1',
        forcePathStyle: true,
        maxAttempts: 1,
        credentials: { accessKeyId: 'local', secretAccessKey: 'local-secret' },
        // workerd on its own never answers `100 Continue`; the SDK would wait six seconds for it.
        expectContinueHeader: runtime === 'node',
        ...options,
      })
      clients.push(client)
      return client
    },
    oss: (bucket, region = 'cn-hangzhou') =>
      new OSS({
        ...credentials,
        endpoint: `http://127.0.0.1:${ossPort}`,
        region: `oss-${region}`,
        authorizationV4: true,
        ...(bucket === undefined ? {} : { bucket }),
      } as OSS.Options) as OssBucket,
    ossRequests: () => {
      const requests = seen
      seen = []
      return requests
    },
    stop: async () => {
      for (const client of clients) client.destroy()
      await gateway.stop()
    },
  }
}

type Started = Pick<World, 'endpoint' | 'adminEndpoint' | 'localOss' | 'stop'>

async function startNode({ GATEWAY_CONFIG, ...settings }: Record<string, string>): Promise<Started> {
  const config = parseConfig(
    { PORT: '0', ADMIN_PORT: '0', LOCAL_OSS_PORT: '0', LOCAL_OSS_DIR: ':memory:', ...settings },
    GATEWAY_CONFIG,
  )
  const running = await start(config, () => {})
  return {
    endpoint: `${config.listen.tls ? 'https' : 'http'}://127.0.0.1:${running.port}`,
    adminEndpoint: `http://127.0.0.1:${running.adminPort}`,
    localOss: running.localOss as LocalOss,
    stop: running.stop,
  }
}

async function startWorkerd({ LOCAL_OSS_COPY_LIMIT, ...settings }: Record<string, string>): Promise<Started> {
  const localOss = await createLocalOss({
    directory: ':memory:',
    credentials,
    ...(LOCAL_OSS_COPY_LIMIT === undefined ? {} : { copyLimit: Number(LOCAL_OSS_COPY_LIMIT) }),
  })
  const miniflare = new Miniflare({
    modules: true,
    scriptPath: 'dist/test/worker.js',
    compatibilityDate: '2026-04-01',
    compatibilityFlags: ['nodejs_compat'],
    cf: false,
    bindings: {
      OSS_REGION: 'cn-hangzhou',
      OSS_ACCESS_KEY_ID: 'local',
      OSS_ACCESS_KEY_SECRET: 'local-secret',
      ...settings,
    },
    outboundService: async (request) => {
      const body = request.body === null ? undefined : drainable(request.body as ReadableStream<Uint8Array>)
      const answer = await localOss
        .transport({
          method: request.method,
          url: request.url,
          headers: Object.fromEntries(request.headers),
          ...(body === undefined ? {} : { body: body.bytes }),
        })
        .finally(() => body?.drain())
      const empty = request.method === 'HEAD' || answer.status === 204 || answer.status === 304
      return new WorkerdResponse(
        empty
          ? null
          : (Readable.toWeb(
              answer.body instanceof Readable ? answer.body : Readable.from(answer.body),
            ) as never),
        {
          status: answer.status,
          headers: answer.headers,
          encodeBody: 'manual',
        } as never,
      )
    },
  })
  const url = await miniflare.ready
  return {
    endpoint: url.origin,
    adminEndpoint: '',
    localOss,
    stop: async () => {
      await miniflare.dispose()
      await localOss.close()
    },
  }
}

/** A body whose rest can be read away: left unread, it would break the connection under the next request. */
function drainable(body: ReadableStream<Uint8Array>) {
  const reader = body.getReader()
  const bytes = {
    [Symbol.asyncIterator]: () => ({
      next: () => reader.read() as Promise<IteratorResult<Uint8Array>>,
      return: async () => ({ done: true as const, value: undefined }),
    }),
  }
  const drain = async () => {
    while (!(await reader.read()).done);
  }
  return { bytes, drain: () => void drain().catch(() => {}) }
}
