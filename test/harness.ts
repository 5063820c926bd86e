import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import OSS from 'ali-oss'
import { HttpOptions_Style, Miniflare } from 'miniflare'
import { parse } from 'yaml'
import { parseConfig } from '../src/config/parse-config.ts'
import { createLocalOss, type LocalOss, type LocalOssOptions } from '../src/local-oss/index.ts'
import { serve } from '../src/node/serve.ts'
import { builtWorker } from './build-worker.ts'

/** ali-oss, with the methods its types leave out. */
export type OssBucket = OSS & {
  putObjectTagging(key: string, tag: Record<string, string>): Promise<unknown>
  getObjectTagging(key: string, options?: { versionId?: string }): Promise<{ tag: Record<string, string> }>
  putBucketVersioning(bucket: string, status: 'Enabled' | 'Suspended'): Promise<unknown>
}

export type Runtime = 'node' | 'workerd'
/** Node in process with its OSS, or, as in front of the real one, over sockets. */
export type Setup = Runtime | 'sockets'

const { RUNTIME } = process.env
/** Those that the suite is for: both, or RUNTIME (vitest.config.ts, vitest.workers.config.ts). */
export const runtimes = (['node', 'workerd'] as const).filter((name) => name === (RUNTIME ?? name))
/** The same for an OSS with options of its own. */
export const setups = runtimes.map((name): Setup => (name === 'node' ? 'sockets' : name))

/** A gateway in front of an embedded OSS, with clients for both of its sides. */
export type World = {
  endpoint: string
  adminEndpoint: string
  localOss: LocalOss
  /** A client of the gateway. */
  s3(options?: S3ClientConfig): S3Client
  /** A client of OSS itself, past the gateway. */
  oss(bucket?: string, region?: string, key?: typeof credentials): OssBucket
  /** What the runtime has printed; workerd only. */
  printed(): string
  /** Requests the gateway has sent to OSS since the last call, by operation. */
  ossRequests(): string[]
  /** @param limit milliseconds after which requests in flight are given up; Node only. */
  stop(limit?: number): Promise<void>
}

/** The endpoint of the embedded OSS in a settings document, for upstreams there. */
export const OSS_HERE = 'OSS-HERE'

const credentials = { accessKeyId: 'local', accessKeySecret: 'local-secret' }

/** The SDK warns on the console of each body without a length, an empty one as well. */
const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/**
 * Starts a world of its own.
 * @param settings environment variables; `GATEWAY_CONFIG` is the document's text, where {@link OSS_HERE} stands for the
 * embedded OSS.
 * @param oss options of the embedded OSS, where it is not the gateway's own: with all setups but `node`.
 */
export async function startWorld(
  runtime: Setup = 'node',
  settings: Record<string, string> = {},
  oss: Partial<LocalOssOptions> = {},
): Promise<World> {
  const starts = { node: startNode, workerd: startWorkerd, sockets: startOverSockets }
  const gateway = await starts[runtime](settings, oss)
  const { localOss, endpoint } = gateway
  const ossPort = await localOss.listen(0, '127.0.0.1')
  let seen: string[] = []
  // What tests themselves do with ali-oss comes over the socket, and is told by its user agent.
  localOss.onRequest(({ operation, headers }) => {
    if (!headers['user-agent']?.startsWith('aliyun-sdk')) seen.push(operation)
  })
  const clients: S3Client[] = []
  return {
    printed: () => '',
    ...gateway,
    s3: (options) => {
      const client = new S3Client({
        endpoint,
        region: 'us-east-1',
        forcePathStyle: true,
        maxAttempts: 1,
        logger: silent,
        credentials: { accessKeyId: 'local', secretAccessKey: 'local-secret' },
        // workerd on its own never answers `100 Continue`; the SDK would wait six seconds for it.
        expectContinueHeader: runtime !== 'workerd',
        // workerd closes a connection that nobody uses for five seconds, which on a busy machine may be as it is used again.
        ...(runtime === 'workerd' ? { requestHandler: { httpAgent: { keepAlive: false } } } : {}),
        ...options,
      })
      clients.push(client)
      return client
    },
    oss: (bucket, region = 'cn-hangzhou', key = credentials) =>
      new OSS({
        ...key,
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
    stop: async (limit) => {
      for (const client of clients) client.destroy()
      await gateway.stop(limit)
    },
  }
}

type Started = Pick<World, 'endpoint' | 'adminEndpoint' | 'localOss' | 'stop'> &
  Partial<Pick<World, 'printed'>>

async function startOverSockets(
  { GATEWAY_CONFIG, LOCAL_OSS_COPY_LIMIT, ...settings }: Record<string, string>,
  oss: Partial<LocalOssOptions>,
): Promise<Started> {
  const localOss = await createLocalOss({
    directory: ':memory:',
    credentials,
    ...oss,
    ...(LOCAL_OSS_COPY_LIMIT === undefined ? {} : { copyLimit: Number(LOCAL_OSS_COPY_LIMIT) }),
  })
  const ossEndpoint = `http://127.0.0.1:${await localOss.listen(0, '127.0.0.1')}`
  const environment = {
    PORT: '0',
    ADMIN_PORT: '0',
    OSS_REGION: 'cn-hangzhou',
    OSS_ENDPOINT: ossEndpoint,
    OSS_ACCESS_KEY_ID: credentials.accessKeyId,
    OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
    ...settings,
  }
  const document = GATEWAY_CONFIG?.replaceAll(OSS_HERE, ossEndpoint)
  const running = await serve(parseConfig(environment, document), () => {})
  return {
    endpoint: `http://127.0.0.1:${running.port}`,
    adminEndpoint: `http://127.0.0.1:${running.adminPort}`,
    localOss,
    stop: async (limit) => {
      await running.stop(limit)
      await localOss.close()
    },
  }
}

async function startNode({
  GATEWAY_CONFIG,
  ADMIN_PORT = '0',
  ...settings
}: Record<string, string>): Promise<Started> {
  const parsed = parseConfig(
    { PORT: '0', ADMIN_PORT: '0', LOCAL_OSS_PORT: '0', LOCAL_OSS_DIR: ':memory:', ...settings },
    GATEWAY_CONFIG,
  )
  // `any`: a port that is free when it is listened on, which none chosen beforehand is sure to be.
  const config = ADMIN_PORT === 'any' ? { ...parsed, listen: { ...parsed.listen, adminPort: 0 } } : parsed
  const running = await serve(config, () => {})
  return {
    endpoint: `${config.listen.tls ? 'https' : 'http'}://127.0.0.1:${running.port}`,
    adminEndpoint: `http://127.0.0.1:${running.adminPort}`,
    localOss: running.localOss as LocalOss,
    stop: running.stop,
  }
}

async function startWorkerd(
  { LOCAL_OSS_COPY_LIMIT, GATEWAY_CONFIG, ...settings }: Record<string, string>,
  oss: Partial<LocalOssOptions>,
): Promise<Started> {
  // By OSS's names, which all lead there.
  const document = GATEWAY_CONFIG?.replaceAll(OSS_HERE, 'https://oss-cn-hangzhou.aliyuncs.com')
  const localOss = await createLocalOss({
    directory: ':memory:',
    credentials,
    ...oss,
    ...(LOCAL_OSS_COPY_LIMIT === undefined ? {} : { copyLimit: Number(LOCAL_OSS_COPY_LIMIT) }),
  })
  const proxy = await listenAsProxy(localOss)
  let printed = ''
  const { cf, ...script } = builtWorker
  const miniflare = new Miniflare({
    cf,
    handleRuntimeStdio: (stdout, stderr) => {
      for (const stream of [stdout, stderr]) stream.on('data', (bytes) => (printed += bytes))
      stderr.pipe(process.stderr, { end: false })
    },
    workers: [
      {
        name: 'gateway',
        ...script,
        // The Worker itself: Miniflare's own front unpacks and repacks compressed bodies.
        unsafeDirectSockets: [{ port: 0 }],
        bindings: {
          OSS_REGION: 'cn-hangzhou',
          OSS_ACCESS_KEY_ID: 'local',
          OSS_ACCESS_KEY_SECRET: 'local-secret',
          ...settings,
          // Tests of both runtimes write it in YAML.
          ...(document === undefined ? {} : { GATEWAY_CONFIG: parse(document) }),
        },
        wrappedBindings: { METRICS: 'dataset', CALL_METRICS: 'calls' },
        // A socket, not a function: Miniflare, which would answer for the function, compresses what is marked as
        // compressed and holds cut bodies back.
        outboundService: {
          external: { address: `127.0.0.1:${proxy.port}`, http: { style: HttpOptions_Style.PROXY } },
        },
      },
      // Miniflare's own dataset keeps nothing.
      { name: 'dataset', modules: true, script: printingDataset('data point') },
      { name: 'calls', modules: true, script: printingDataset('calls') },
    ],
  })
  await miniflare.ready
  const url = await miniflare.unsafeGetDirectURL()
  return {
    endpoint: url.origin,
    adminEndpoint: '',
    printed: () => printed,
    localOss,
    stop: async () => {
      await miniflare.dispose()
      proxy.close()
      await localOss.close()
    },
  }
}

/** A dataset that prints the data points that are written to it. */
const printingDataset = (name: string) => `
  const writeDataPoint = (point) => console.log('${name} ' + JSON.stringify(point))
  export default () => ({ writeDataPoint })
`

/** The local OSS behind a proxy's port: workerd sends it whole URLs, and no Host. */
async function listenAsProxy({ transport }: LocalOss) {
  const server = createServer({ requireHostHeader: false }, async (request, response) => {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    try {
      const answer = await transport({
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers as Record<string, string>,
        body: request,
        signal: gone.signal,
      })
      response.writeHead(answer.status, answer.headers)
      await pipeline(answer.body, response)
    } catch {
      response.destroy()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, close }
}
