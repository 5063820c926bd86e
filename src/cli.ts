#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { EXPLAIN_USAGE, explain } from './cli-explain.ts'
import { type Config, ConfigError, parseConfig } from './config.ts'
import { type Running, start } from './node.ts'
import { isWorker, type Settings, serveAsWorker, startWorkers, type Workers } from './node-workers.ts'
import type { Log } from './ports.ts'

const USAGE = `Usage: s3-oss-gateway [command]

  serve         run the gateway (the default); settings come from the environment
  ${EXPLAIN_USAGE}
  check-config  read the settings, say what is wrong with them, and exit
  help          this text
`

const log: Log = (event, facts) => {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...facts })}\n`)
}

/** @throws ConfigError with every mistake. */
function readSettings(): Settings {
  const file = process.env.GATEWAY_CONFIG
  let document: string | undefined
  try {
    document = file ? readFileSync(file, 'utf8') : undefined
  } catch (error) {
    throw new ConfigError([`GATEWAY_CONFIG: ${(error as Error).message}`])
  }
  return { config: parseConfig(process.env, document), document }
}

function settingsOrFail(): Settings {
  try {
    return readSettings()
  } catch (error) {
    const { problems } = error as ConfigError
    fail(2, ['The settings are not right:', ...problems.map((line) => `  ${line}`)])
  }
}

function fail(code: number, lines: readonly string[]): never {
  process.stderr.write(`${lines.join('\n')}\n`)
  process.exit(code)
}

async function serve(): Promise<void> {
  const settings = settingsOrFail()
  const { config } = settings
  const count = config.workers === 'auto' ? availableParallelism() : config.workers
  const starting = (count > 1 ? startWorkers(settings, count, readSettings, log) : start(config, log)).catch(
    (error: Error) => fail(1, [`The gateway cannot start: ${error.message}`]),
  )
  obeySignals(starting)
  const running = await starting
  process.stdout.write(greeting(config, running, count))
}

/** One Ctrl-C can come twice: from the terminal to all its processes, and passed on by npm. Milliseconds. */
const SAME_SIGNAL = 1_000

function obeySignals(gateway: Promise<Running | Workers>): void {
  let told: number | undefined
  const stop = () => {
    if (told === undefined) {
      told = performance.now()
      gateway
        .then((running) => running.stop())
        .then(
          () => process.exit(0),
          (error: Error) => fail(1, [`The gateway did not stop cleanly: ${error.message}`]),
        )
    } else if (performance.now() - told > SAME_SIGNAL) {
      fail(1, ['Told to stop a second time: the gateway gives up what is in flight.'])
    }
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.on('SIGHUP', () => {
    void gateway.then((running) => {
      if ('reload' in running) running.reload()
      else log('SIGHUP ignored', { why: 'a single process cannot replace itself: set WORKERS to 2 or more' })
    })
  })
}

function greeting(
  config: Config,
  { port, adminPort, localOssPort }: Running | Workers,
  workers: number,
): string {
  const { host, tls } = config.listen
  const at = host.includes(':') ? `[${host}]` : host
  const endpoint = `${tls ? 'https' : 'http'}://${at}:${port}`
  const lines = [`S3 endpoint   ${endpoint}`]
  if (adminPort > 0) lines.push(`Health        http://${at}:${adminPort}/healthz and /readyz`)
  if (workers > 1)
    lines.push(`Workers       ${workers}, replaced one after the other at SIGHUP to ${process.pid}`)
  if (config.localOss === undefined) {
    lines.push(`OSS           ${config.endpoint.protocol}//${config.endpoint.host}`)
    return `${lines.join('\n')}\n`
  }
  const { accessKeyId, accessKeySecret } = config.credentials
  const [client] = config.clients.values()
  lines.push(
    `OSS           embedded, kept in ${config.localOss.directory}${localOssPort > 0 ? `, for OSS tools at http://${at}:${localOssPort}` : ''} (${accessKeyId} / ${accessKeySecret})`,
    'Set OSS_REGION, OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET to run in front of Alibaba Cloud OSS.',
    '',
    'Try it:',
    '',
    `export AWS_ACCESS_KEY_ID=${client?.accessKeyId} AWS_SECRET_ACCESS_KEY=${client?.secretAccessKey} AWS_DEFAULT_REGION=us-east-1`,
    `aws --endpoint-url ${endpoint} s3 mb s3://my-bucket`,
    `aws --endpoint-url ${endpoint} s3 cp README.md s3://my-bucket/hello.txt`,
    `aws --endpoint-url ${endpoint} s3 cp s3://my-bucket/hello.txt s3://my-bucket/copy.txt`,
  )
  return `${lines.join('\n')}\n`
}

const command = process.argv[2] ?? 'serve'
switch (command) {
  case 'serve':
    if (isWorker()) serveAsWorker(log)
    else await serve()
    break
  case 'explain':
    process.stdout.write(
      await explain(process.argv.slice(3), settingsOrFail().config, log).catch((error: Error) =>
        fail(1, [error.message]),
      ),
    )
    break
  case 'check-config':
    settingsOrFail()
    process.stdout.write('The settings are right.\n')
    break
  case 'help':
  case '--help':
  case '-h':
    process.stdout.write(USAGE)
    break
  default:
    fail(2, [`There is no command ${JSON.stringify(command)}.`, USAGE])
}
