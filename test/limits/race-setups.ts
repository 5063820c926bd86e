import { S3Client } from '@aws-sdk/client-s3'
import { parseConfig } from '../../src/config/parse-config.ts'
import { createLocalOss, type LocalOss } from '../../src/local-oss/index.ts'
import { serve } from '../../src/node/serve.ts'
import { type Runtime, startWorld, type World } from '../harness.ts'
import { clientOf, killGateways, started } from '../node/gateway-process.ts'

/** Gateways in front of one OSS, with a client for each way to them. */
export type RaceSetup = {
  clients: S3Client[]
  localOss: LocalOss
  stop: () => Promise<void>
}

const credentials = { accessKeyId: 'local', accessKeySecret: 'local-secret' }

const clientAt = (port: number) =>
  new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.accessKeySecret },
  })

const ofWorld = (world: World): RaceSetup => ({
  clients: [world.s3()],
  localOss: world.localOss,
  stop: () => world.stop(),
})

const one = (runtime: Runtime, conditionalWrites: string) => async () =>
  ofWorld(await startWorld(runtime, { GATEWAY_CONFIG: `conditionalWrites: ${conditionalWrites}` }))

async function localOssOnPort() {
  const localOss = await createLocalOss({ directory: ':memory:', credentials })
  const settings = {
    OSS_ENDPOINT: `http://127.0.0.1:${await localOss.listen(0, '127.0.0.1')}`,
    OSS_ACCESS_KEY_ID: credentials.accessKeyId,
    OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
  }
  return { localOss, settings }
}

async function twoGateways(): Promise<RaceSetup> {
  const { localOss, settings } = await localOssOnPort()
  const config = parseConfig({ PORT: '0', ADMIN_PORT: '0', ...settings })
  const gateways = [await serve(config, () => {}), await serve(config, () => {})]
  return {
    clients: gateways.map(({ port }) => clientAt(port)),
    localOss,
    stop: async () => {
      for (const gateway of gateways) await gateway.stop()
      await localOss.close()
    },
  }
}

async function twoWorkers(): Promise<RaceSetup> {
  const { localOss, settings } = await localOssOnPort()
  const gateway = await started({ WORKERS: '2', ...settings })
  return {
    // Of one client, all connections could lead to the same process.
    clients: Array.from({ length: 4 }, () => clientOf(gateway)),
    localOss,
    stop: async () => {
      killGateways()
      await localOss.close()
    },
  }
}

async function gatewayAndWorkerd(): Promise<RaceSetup> {
  const worker = await startWorld('workerd')
  const { localOss } = worker
  const settings = {
    PORT: '0',
    ADMIN_PORT: '0',
    OSS_ENDPOINT: `http://127.0.0.1:${await localOss.listen(0, '127.0.0.1')}`,
    OSS_ACCESS_KEY_ID: credentials.accessKeyId,
    OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
  }
  const gateway = await serve(parseConfig(settings), () => {})
  return {
    clients: [worker.s3(), clientAt(gateway.port)],
    localOss,
    stop: async () => {
      await gateway.stop()
      await worker.stop()
    },
  }
}

/** What clients write through; the last says whether unconditional writes are held as well. */
export const raceSetups: [name: string, start: () => Promise<RaceSetup>, all: boolean][] = [
  ['one process, in turns', one('node', 'process'), true],
  ['one process, with locks', one('node', 'lock'), true],
  // What meets in OSS alone.
  ['workerd', one('workerd', 'lock'), false],
  ['two gateways', twoGateways, false],
  ['two worker processes', twoWorkers, false],
  ['a gateway and workerd', gatewayAndWorkerd, false],
]
