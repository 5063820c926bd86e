import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'undici'

/** The built gateway in a process of its own, and what can be measured of it from outside. */
export type GatewayProcess = {
  pid: number
  port: number
  endpoint: string
  /** Both streams so far. */
  output(): string
  /** Resolves with the exit code, or the signal's name. */
  exit: Promise<number | string>
  signal(name: NodeJS.Signals): void
  /** Open descriptors: sockets, files, pipes. */
  descriptors(): number
  /** Resident memory in bytes: now, and at its highest since the last `forgetPeak`. */
  memory(): { now: number; peak: number }
  forgetPeak(): void
  /** Bytes in use after a garbage collection. Only where it was started with `inspect`. */
  heap(): Promise<{ heapUsed: number; external: number; arrayBuffers: number }>
}

const GATEWAY_START = 120_000

/**
 * Starts `dist/cli.js` and waits until it listens.
 * @param settings environment variables; nothing else is inherited but PATH.
 * @param inspect opens the inspector's port, for `heap`.
 */
export async function spawnGateway(
  settings: Record<string, string>,
  { inspect = false, flags = [] }: { inspect?: boolean; flags?: readonly string[] } = {},
): Promise<GatewayProcess> {
  const args = [...(inspect ? ['--inspect=127.0.0.1:0'] : []), ...flags, 'dist/cli.js']
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      PORT: '0',
      ADMIN_PORT: '0',
      OSS_REGION: 'cn-hangzhou',
      OSS_ACCESS_KEY_ID: 'local',
      OSS_ACCESS_KEY_SECRET: 'local-secret',
      ...settings,
    },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes))
  const exit = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown')),
  )
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  void exit.then(() => process.off('exit', kill))

  const portOf = () => Number(/S3 endpoint +http:\/\/[^:]+:(\d+)/.exec(output)?.[1] ?? 0)
  for (const until = Date.now() + GATEWAY_START; portOf() === 0; await sleep(10)) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`no gateway: ${output}`)
  }
  const pid = child.pid as number
  const port = portOf()
  const debuggerUrl = () => /Debugger listening on (ws:\S+)/.exec(output)?.[1] ?? ''
  return {
    pid,
    port,
    endpoint: `http://127.0.0.1:${port}`,
    output: () => output,
    exit,
    signal: (name) => void child.kill(name),
    descriptors: () => descriptorsOf(pid),
    memory: () => memoryOf(pid),
    forgetPeak: () => writeFileSync(`/proc/${pid}/clear_refs`, '5'),
    heap: () => heapOf(debuggerUrl()),
  }
}

/** Open descriptors of a process. */
export const descriptorsOf = (pid: number) => readdirSync(`/proc/${pid}/fd`).length

/** Resident memory of a process, in bytes. */
export function memoryOf(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const bytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1024
  return { now: bytes('VmRSS'), peak: bytes('VmHWM') }
}

type Usage = { heapUsed: number; external: number; arrayBuffers: number }

async function heapOf(url: string): Promise<Usage> {
  const socket = new WebSocket(url)
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('error', () => reject(new Error(`no inspector at ${url}`)))
  })
  let id = 0
  const ask = (method: string, params = {}) =>
    new Promise<{ result?: { value: string } }>((resolve) => {
      const own = ++id
      socket.addEventListener('message', ({ data }) => {
        const answer = JSON.parse(String(data))
        if (answer.id === own) resolve(answer.result)
      })
      socket.send(JSON.stringify({ id: own, method, params }))
    })
  try {
    // Twice: what the first one finalizes, the second one frees.
    await ask('HeapProfiler.collectGarbage')
    await ask('HeapProfiler.collectGarbage')
    const expression = 'JSON.stringify(process.memoryUsage())'
    const { result } = await ask('Runtime.evaluate', { expression, returnByValue: true })
    return JSON.parse(result?.value ?? '')
  } finally {
    socket.close()
  }
}
