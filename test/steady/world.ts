import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GatewayProcess, spawnGateway } from './gateway.ts'
import type { StubStats } from './stub.ts'

export const KiB = 1024
export const MiB = 1024 * KiB
/** Bytes in words. */
export const mebibytes = (bytes: number) => `${(bytes / MiB).toFixed(1)} MiB`

/** How much is done: the whole, or what fits into every build. */
export type Scale = {
  /** Bytes of each large body. */
  size: number
  /** Requests over which the heap is compared. */
  requests: number
  /** Seconds of overload. */
  overload: number
  restarts: number
}

/** What was measured, beside what may be. */
export class Report {
  readonly rows: { what: string; measured: string; bound: string; broken: boolean }[] = []
  /** @param right whether it is within its bound. */
  add(what: string, measured: string, bound: string, right: boolean): void {
    this.rows.push({ what, measured, bound, broken: !right })
    console.info(`${right ? '      ' : 'BROKEN'} ${what}: ${measured}${bound === '' ? '' : ` (${bound})`}`)
  }
  note(what: string, measured: string): void {
    this.add(what, measured, '', true)
  }
  get broken(): boolean {
    return this.rows.some(({ broken }) => broken)
  }
}

/** An OSS of {@link file://./stub.ts}. */
export type Stub = {
  port: number
  /** Tells it how many milliseconds to take for each request, where given. @returns what it has seen. */
  ask(settings?: { delay?: number }): Promise<StubStats>
  stop(): void
}

/** Starts the stub in a process of its own. */
export async function startStub(): Promise<Stub> {
  const child = fork(new URL('./stub.ts', import.meta.url), { execArgv: ['--import', 'tsx'] })
  const [{ port }] = await once(child, 'message')
  return {
    port,
    ask: async (settings = {}) => {
      child.send(settings)
      const [{ stats }] = await once(child, 'message')
      return stats
    },
    stop: () => child.disconnect(),
  }
}

/**
 * Runs `work` with a gateway of its own in front of the stub.
 * @param document the settings document.
 */
export async function withGateway(
  stub: Stub,
  work: (gateway: GatewayProcess) => Promise<void>,
  {
    document = {},
    settings = {},
    inspect = false,
  }: { document?: object; settings?: Record<string, string>; inspect?: boolean } = {},
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'steady-'))
  const file = join(directory, 'settings.json')
  writeFileSync(file, JSON.stringify(document))
  const gateway = await spawnGateway(
    { OSS_ENDPOINT: `http://127.0.0.1:${stub.port}`, GATEWAY_CONFIG: file, ...settings },
    { inspect },
  )
  try {
    await work(gateway)
  } finally {
    gateway.signal('SIGKILL')
    await gateway.exit
    rmSync(directory, { recursive: true })
  }
}
