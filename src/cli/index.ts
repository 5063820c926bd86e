#!/usr/bin/env node
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { version } from '../../package.json'
import { ConfigError } from '../config/index.ts'
import { startWorkers } from '../node/cluster/primary.ts'
import { isWorker, serveAsWorker } from '../node/cluster/worker.ts'
import { checkOss } from '../node/oss-check.ts'
import { serve } from '../node/serve.ts'
import { readSettings, type Settings } from '../node/settings.ts'
import { DOCTOR_USAGE, doctor } from './doctor/command.ts'
import { EXPLAIN_USAGE, explain } from './explain/command.ts'
import { greeting, summary } from './greeting.ts'
import { LOCAL_OSS_USAGE, localOssGreeting, startLocalOss, whyNotLocal } from './local-oss.ts'
import { log, setLogLevel } from './log.ts'
import { handleReload } from './reload.ts'
import { drainTime, type Fail, handleSignals } from './signals.ts'
import { argumentProblem } from './usage-error.ts'

const USAGE = `Usage: s3-oss-gateway [command]

  serve         run the gateway (the default); settings come from the environment
  ${EXPLAIN_USAGE}
  ${DOCTOR_USAGE}
  local-oss     run the embedded OSS alone, for tests (local-oss --help)
  check-config  read the settings, say what is wrong with them, and exit
  help          this text (also --help, -h)
  version       the version (also --version, -V)
`

function settingsOrFail(): Settings {
  try {
    const settings = readSettings(process.env)
    setLogLevel(settings.config.logLevel)
    return settings
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    fail(2, ['The settings are not right:', ...error.problems.map((line) => `  ${line}`)])
  }
}

const fail: Fail = (code, lines) => {
  process.stderr.write(`${lines.join('\n')}\n`)
  process.exit(code)
}

async function runServe(): Promise<void> {
  const settings = settingsOrFail()
  const { config } = settings
  for (const warning of config.warnings) log('warning', { warning })
  const count = config.workers === 'auto' ? availableParallelism() : config.workers
  const starting = (count > 1 ? startWorkers(settings, count, log) : serve(config, log)).catch(
    (error: Error) => fail(1, [`The gateway cannot start: ${error.message}`]),
  )
  let current = config
  handleSignals(starting, () => drainTime(current), fail)
  handleReload(starting, settings, log, (config) => {
    current = config
  })
  const running = await starting
  // What reads the access log from standard output finds nothing else there.
  const { to } = config.document.accessLog
  const out = to === 'stdout' ? process.stderr : process.stdout
  out.write(greeting(config, running, count))
  // Only logged: OSS may be reachable in a moment.
  if (config.localOss === undefined) await checkOss(config, running, log)
}

async function runLocalOss(): Promise<void> {
  const { config } = settingsOrFail()
  const why = whyNotLocal(config)
  if (why !== undefined) fail(2, ['The settings are not right:', `  ${why}`])
  const starting = startLocalOss(config, log).catch((error: Error) =>
    fail(1, [`The embedded OSS cannot start: ${error.message}`]),
  )
  handleSignals(starting, () => 0, fail)
  process.stdout.write(localOssGreeting(config, await starting))
}

const commands = ['serve', 'local-oss', 'check-config', 'help', 'version'] as const
type Command = (typeof commands)[number]
type Asked = { command: Command; help: boolean }

const isCommand = (text: string): text is Command => (commands as readonly string[]).includes(text)

/** The command, of all but `explain` and `doctor`, which parse their own arguments. @throws TypeError for an unknown command or option. */
function commandOf(args: string[]): Asked {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'V' } },
  })
  const [command = 'serve', ...rest] = positionals
  if (!isCommand(command)) throw new TypeError(`There is no command ${JSON.stringify(command)}.`)
  if (rest.length > 0)
    throw new TypeError(`${command} takes no arguments, but there is ${JSON.stringify(rest[0])}.`)
  if (values.help) return { command, help: true }
  return { command: values.version ? 'version' : command, help: command === 'help' }
}

async function run({ command, help }: Asked): Promise<void> {
  if (help) {
    process.stdout.write(command === 'local-oss' ? LOCAL_OSS_USAGE : USAGE)
    return
  }
  switch (command) {
    case 'serve':
      if (isWorker()) serveAsWorker(log, ({ logLevel }) => setLogLevel(logLevel))
      else await runServe()
      break
    case 'check-config':
      process.stdout.write(summary(settingsOrFail().config))
      break
    case 'local-oss':
      await runLocalOss()
      break
    case 'version':
      process.stdout.write(`${version}\n`)
  }
}

const args = process.argv.slice(2)
if (args[0] === 'explain') {
  process.exitCode = await explain(args.slice(1), () => settingsOrFail().config, process)
} else if (args[0] === 'doctor') {
  const stop = new AbortController()
  // What it has written is removed before it ends.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  process.exitCode = await doctor(args.slice(1), () => settingsOrFail().config, process, stop.signal)
} else {
  let asked: Asked
  try {
    asked = commandOf(args)
  } catch (error) {
    const problem = argumentProblem(error as Error)
    const hint = problem.startsWith('Unknown option')
      ? ': settings come from the environment, such as PORT=9000'
      : ''
    fail(2, [USAGE, `${problem}${hint}`])
  }
  await run(asked)
}
