import { resolve } from 'node:path'
import type { Config } from '../../config/index.ts'
import { openAllCredentials } from '../../node/credentials.ts'
import { nodePorts } from '../../node/ports.ts'
import { isLocalOssDirectory, openUpstream, type Upstream } from '../../node/upstream.ts'
import { createOssClient } from '../../oss/client.ts'
import { OssError } from '../../oss/error.ts'
import type { Credentials } from '../../ports.ts'
import { UsageError } from '../usage-error.ts'
import { EXPLAIN_USAGE, parseArguments } from './arguments.ts'
import { explainCopy } from './explain-copy.ts'
import { renderExplanation } from './explanation-text.ts'
import type { OssRules } from './predict-refusal.ts'

export { EXPLAIN_USAGE } from './arguments.ts'

type Streams = { stdout: { write(text: string): unknown }; stderr: { write(text: string): unknown } }

/**
 * The command `explain`. Writes nothing anywhere but to the two streams.
 * @param args the arguments after `explain`. @param settings reads them, or ends the process.
 * @returns the exit code: 0 where the copy would be made, 1 where it is refused or OSS cannot be asked, 2 for mistakes
 * in the command line.
 */
export async function explain(
  args: readonly string[],
  settings: () => Config,
  streams: Streams,
): Promise<number> {
  const { stdout, stderr } = streams
  try {
    const asked = parseArguments(args)
    if (asked === undefined) {
      stdout.write(`Usage: s3-oss-gateway ${EXPLAIN_USAGE}\n`)
      return 0
    }
    const configured = settings()
    const { clients } = configured
    const client = asked.client === undefined ? [...clients.values()][0] : clients.get(asked.client)
    if (client === undefined) throw new UsageError([`the settings have no client ${asked.client}`])
    const { credentials, upstreams } = await openAllCredentials(configured, () => {})
    const { upstream, config } = await openOss(configured, credentials)
    try {
      const ports = {
        ...nodePorts,
        config,
        transport: upstream.transport,
        credentials,
        upstreams,
        log: () => {},
      }
      const explanation = await explainCopy(ports, { ...asked, client }, rulesOf(configured))
      stdout.write(
        asked.json
          ? `${JSON.stringify(explanation, (_, value) => (value instanceof Map ? Object.fromEntries(value) : value), 2)}\n`
          : renderExplanation(explanation, asked),
      )
      return explanation.answer.refused === undefined ? 0 : 1
    } finally {
      for (const one of [credentials, ...upstreams.values()]) one.close()
      await upstream.close()
    }
  } catch (error) {
    if (!(error instanceof UsageError)) {
      stderr.write(`${(error as Error).message}\n`)
      return 1
    }
    stderr.write(`${error.problems.join('\n')}\n\nUsage: s3-oss-gateway ${EXPLAIN_USAGE}\n`)
    return 2
  }
}

const rulesOf = ({ localOss }: Config): OssRules => ({ copyLimit: localOss?.copyLimit })

type OpenOss = { upstream: Upstream; config: Config }

/**
 * OSS; the embedded one through its own port while a gateway is running on it.
 * @throws Error where there is no embedded OSS, or it cannot be opened or reached.
 */
async function openOss(config: Config, credentials: Credentials): Promise<OpenOss> {
  const { localOss } = config
  if (localOss === undefined) return { upstream: await openUpstream(config), config }
  const isInMemory = localOss.directory === ':memory:'
  if (!isInMemory) {
    const directory = resolve(localOss.directory)
    if (!(await isLocalOssDirectory(directory))) {
      throw new Error(
        `There is no embedded OSS in ${directory}: there is nothing to explain. Start the gateway first, or set LOCAL_OSS_DIR to where it keeps its data; for Alibaba Cloud OSS set OSS_REGION and its keys.`,
      )
    }
  }
  const opened = isInMemory
    ? new Error('an embedded OSS in memory (LOCAL_OSS_DIR) is in the memory of its gateway')
    : await openUpstream(config, undefined, { lifecycle: false }).catch((error: Error) => error)
  return opened instanceof Error
    ? openByPort(config, credentials, localOss.port, opened)
    : { upstream: opened, config }
}

/** The embedded OSS of a running gateway. @param why the store cannot be opened here. @throws Error. */
async function openByPort(
  configured: Config,
  credentials: Credentials,
  port: number,
  why: Error,
): Promise<OpenOss> {
  const host = `127.0.0.1:${port}`
  // Custom domains lead to the embedded OSS within its own process alone.
  const endpoint = { ...configured.endpoint, protocol: 'http:' as const, host, domains: undefined }
  const config = { ...configured, endpoint, localOss: undefined }
  const advice = `use the settings of the gateway that is running on it, LOCAL_OSS_PORT among them, or stop it`
  if (port === 0) throw new Error(`${why.message}, and LOCAL_OSS_PORT is 0: ${advice}.`)
  const upstream = await openUpstream(config)
  const { transport } = upstream
  const oss = createOssClient({
    transport,
    clock: nodePorts.clock,
    endpoint,
    credentials,
  })
  try {
    await oss.sendForXml({ method: 'GET', query: { 'max-keys': '1' } }, 'ListAllMyBucketsResult')
    return { upstream, config }
  } catch (error) {
    await upstream.close()
    const said = error instanceof OssError ? `${error.code}: ${error.message}` : (error as Error).message
    throw new Error(
      `${why.message}, and http://${host} (LOCAL_OSS_PORT) does not answer as it would (${said}): ${advice}.`,
    )
  }
}
