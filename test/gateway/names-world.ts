import { S3Client } from '@aws-sdk/client-s3'
import { serve } from '@hono/node-server'
import { createApp } from '../../src/app.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import type { LocalOss } from '../../src/local-oss/index.ts'
import { nodePorts } from '../../src/node/ports.ts'
import { withTextHeaders } from '../../src/node/upstream.ts'
import type { Transport } from '../../src/ports.ts'
import { credentialsOf } from '../credentials-of.ts'

/** A gateway whose requests to OSS's names are answered by an embedded OSS. */
export type NamesWorld = {
  endpoint: string
  s3: S3Client
  /** Method and origin of each request to OSS since the last call. */
  hosts: () => string[]
  /** What the gateway has logged, each as JSON. */
  logged: string[]
  stop: () => void
}

/** A gateway in front of OSS's hosts and custom domains, which all lead to one embedded OSS. */
export async function startNamesWorld(
  localOss: LocalOss,
  environment: Record<string, string>,
  document: object = {},
): Promise<NamesWorld> {
  let hosts: string[] = []
  const logged: string[] = []
  const inProcess = withTextHeaders(localOss.transport as Transport)
  const transport: Transport = (request) => {
    hosts.push(`${request.method} ${new URL(request.url).origin}`)
    return inProcess(request)
  }
  const config = parseConfig(
    {
      OSS_REGION: 'cn-hangzhou',
      OSS_ACCESS_KEY_ID: 'local',
      OSS_ACCESS_KEY_SECRET: 'local-secret',
      ...environment,
    },
    JSON.stringify(document),
  )
  const log = (_: string, facts: object) => void logged.push(JSON.stringify(facts))
  const app = createApp({
    ...nodePorts,
    sleep: async () => {},
    config,
    credentials: credentialsOf(config),
    transport,
    log,
  })
  let server: ReturnType<typeof serve> | undefined
  const port = await new Promise<number>((resolve) => {
    server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (info) => resolve(info.port))
  })
  const endpoint = `http://127.0.0.1:${port}`
  const s3 = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local-secret' },
  })
  return {
    endpoint,
    s3,
    logged,
    hosts: () => {
      const asked = hosts
      hosts = []
      return asked
    },
    stop: () => {
      s3.destroy()
      server?.close()
    },
  }
}
