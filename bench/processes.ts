import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** The contestant has the first core for itself; what feeds it shares the other. */
export type Core = 0 | 1 | 'any'

const [TICKS = 100] = [Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))]
const canPin = availableParallelism() > 1 && hasCommand('taskset')

/** Whether a program is on the path. */
export function hasCommand(name: string): boolean {
  try {
    execFileSync('which', [name], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/**
 * Starts a program on a core.
 * @param log what takes its stderr; the bench's own where absent.
 */
export function start(
  core: Core,
  command: readonly string[],
  environment: Record<string, string> = {},
  log?: string,
): ChildProcess {
  const [program = '', ...args] =
    canPin && core !== 'any' ? ['taskset', '-c', String(core), ...command] : command
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', log === undefined ? 'inherit' : openSync(log, 'a')],
    env: { PATH: process.env.PATH, ...environment },
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/** Nothing is left running, however the bench ends. */
const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill()
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/** Runs a program to its end. @returns what it printed. @throws Error when it fails. */
export async function run(core: Core, command: readonly string[]): Promise<string> {
  const child = start(core, command)
  let output = ''
  child.stdout?.on('data', (text) => {
    output += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${output}`)
  return output
}

/** Ends a process the polite way, and waits for it. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 35_000)
  await once(child, 'exit')
  clearTimeout(late)
}

/** A port nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Waits until someone listens. @throws Error after a minute: on a busy machine a start takes long. */
export async function listening(port: number): Promise<void> {
  for (let tried = 0; tried < 600; tried++) {
    const socket = connect(port, '127.0.0.1')
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (open) return
    await sleep(100)
  }
  throw new Error(`nobody listens on ${port}`)
}

/** What a process and its descendants have used. */
export type Usage = {
  /** Seconds of CPU since they began: user and system, all threads. */
  cpu: number
  /** The highest resident memory of each, added up, in bytes. */
  peakMemory: number
}

/** @throws Error when the process is gone. */
export function usageOf(pid: number): Usage {
  const usage = { cpu: 0, peakMemory: 0 }
  for (const one of treeOf(pid)) {
    const fields = statOf(one)
    usage.cpu += (Number(fields[11]) + Number(fields[12])) / TICKS
    const status = readFileSync(`/proc/${one}/status`, 'utf8')
    usage.peakMemory += Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024
  }
  return usage
}

/** The fields of /proc/<pid>/stat from the state on: a name may have blanks in it. */
const statOf = (pid: number) =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')

function treeOf(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      parents.set(Number(name), Number(statOf(Number(name))[1]))
    } catch {
      // It ended meanwhile.
    }
  }
  const tree = [root]
  for (const parent of tree) {
    for (const [pid, its] of parents) if (its === parent) tree.push(pid)
  }
  return tree
}
