import OSS from 'ali-oss'
import { doctor } from '../../../src/cli/doctor/command.ts'
import { type Network, nodeNetwork, USUAL_PATIENCE } from '../../../src/cli/doctor/network.ts'
import type { Report } from '../../../src/cli/doctor/report.ts'
import { parseConfig } from '../../../src/config/parse-config.ts'
import { createLocalOss, type LocalOss, type LocalOssOptions } from '../../../src/local-oss/index.ts'
import { serve } from '../../../src/node/serve.ts'
import type { OssBucket } from '../../harness.ts'

const owner = { accessKeyId: 'owner', accessKeySecret: 'owner-secret' }

/** How a deployment is set up. */
export type Setup = {
  /** Settings of the gateway and of doctor; of doctor alone. `GATEWAY_CONFIG` is the document's text. */
  settings?: Record<string, string>
  doctorSettings?: Record<string, string | undefined>
  oss?: Partial<LocalOssOptions>
  /** Changes what doctor meets on the network. */
  network?: (real: Network) => Network
}

export type Ran = { code: number; out: string; err: string }

/** A gateway in front of an embedded OSS, over sockets, and doctor beside it with the same settings. */
export type DoctorWorld = {
  endpoint: string
  ossEndpoint: string
  localOss: LocalOss
  /** The owner's client of OSS. */
  oss(bucket: string, region?: string): OssBucket
  /** Doctor, asked for the running gateway unless the arguments say otherwise. */
  run(args: readonly string[], signal?: AbortSignal): Promise<Ran>
  report(args: readonly string[], signal?: AbortSignal): Promise<Report>
  stop(): Promise<void>
}

/** A gateway in front of an embedded OSS, each on a port, for doctor to ask. */
export async function startDoctorWorld({
  settings = {},
  doctorSettings = {},
  oss: options = {},
  network = (real) => real,
}: Setup = {}): Promise<DoctorWorld> {
  const localOss = await createLocalOss({ directory: ':memory:', credentials: owner, ...options })
  const ossEndpoint = `http://127.0.0.1:${await localOss.listen(0)}`
  const environment: Record<string, string> = {
    PORT: '0',
    ADMIN_PORT: '0',
    OSS_REGION: 'cn-hangzhou',
    OSS_ENDPOINT: ossEndpoint,
    OSS_ACCESS_KEY_ID: owner.accessKeyId,
    OSS_ACCESS_KEY_SECRET: owner.accessKeySecret,
    S3_ACCESS_KEY_ID: 'client',
    S3_SECRET_ACCESS_KEY: 'client-secret',
    ...settings,
  }
  const configOf = ({ GATEWAY_CONFIG, ...variables }: Record<string, string | undefined>) =>
    parseConfig(variables, GATEWAY_CONFIG)
  const running = await serve(configOf(environment), () => {})
  const endpoint = `http://127.0.0.1:${running.port}`

  async function run(args: readonly string[], signal?: AbortSignal): Promise<Ran> {
    const output = { out: '', err: '' }
    const named = args.includes('--endpoint') ? [] : ['--endpoint', endpoint]
    const code = await doctor(
      [...named, ...args],
      () => configOf({ ...environment, ...doctorSettings }),
      {
        stdout: { write: (text: string) => (output.out += text) },
        stderr: { write: (text: string) => (output.err += text) },
      },
      signal,
      { network: network(nodeNetwork({ ...USUAL_PATIENCE, early: 500 })), now: Date.now },
    )
    return { code, ...output }
  }

  return {
    endpoint,
    ossEndpoint,
    localOss,
    oss: (bucket, region = 'cn-hangzhou') =>
      new OSS({
        ...owner,
        bucket,
        endpoint: ossEndpoint,
        region: `oss-${region}`,
        authorizationV4: true,
      } as OSS.Options) as OssBucket,
    run,
    report: async (args, signal) => JSON.parse((await run([...args, '--json'], signal)).out) as Report,
    async stop() {
      await running.stop()
      await localOss.close()
    },
  }
}
