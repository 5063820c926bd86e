#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { EXPLAIN_USAGE, explain } from './cli-explain.ts'
import { type Config, ConfigError, parseConfig } from './config.ts'
import { start } from './node.ts'
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

function readConfig(): Config {
  const file = process.env.GATEWAY_CONFIG
  try {
    return parseConfig(process.env, file ? readFileSync(file, 'utf8') : undefined)
  } catch (error) {
    if (error instanceof ConfigError)
      fail(2, ['The settings are not right:', ...error.problems.map((line) => `  ${line}`)])
    fail(2, [`GATEWAY_CONFIG: ${(error as Error).message}`])
  }
}

function fail(code: number, lines: readonly string[]): never {
  process.stderr.write(`${lines.join('\n')}\n`)
  process.exit(code)
}

async function serve(): Promise<void> {
  const config = readConfig()
  const running = await start(config, log).catch((error: Error) =>
    fail(1, [`The gateway cannot start: ${error.message}`]),
  )
  process.stdout.write(greeting(config, running))
  const stop = () => {
    running.stop().then(
      () => process.exit(0),
      (error: Error) => fail(1, [`The gateway did not stop cleanly: ${error.message}`]),
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

function greeting(
  config: Config,
  { port, adminPort, localOssPort }: Awaited<ReturnType<typeof start>>,
): string {
  const { host, tls } = config.listen
  const at = host.includes(':') ? `[${host}]` : host
  const endpoint = `${tls ? 'https' : 'http'}://${at}:${port}`
  const lines = [`S3 endpoint   ${endpoint}`]
  if (adminPort > 0) lines.push(`Health        http://${at}:${adminPort}/healthz and /readyz`)
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
    await serve()
    break
  case 'explain':
    process.stdout.write(
      await explain(process.argv.slice(3), readConfig(), log).catch((error: Error) =>
        fail(1, [error.message]),
      ),
    )
    break
  case 'check-config':
    readConfig()
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
