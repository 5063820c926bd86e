import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { cli } from '../build-cli.ts'

/** The gateway in a process group of its own. */
export type GatewayProcess = {
  child: ChildProcess
  pid: number
  /** Both streams so far. */
  output(): string
  exit: Promise<number | null>
}

const children = new Set<ChildProcess>()

/**
 * @param settings environment variables; nothing else is inherited but PATH.
 * @param args of the command line.
 */
export function spawnGateway(settings: Record<string, string>, args: readonly string[] = []): GatewayProcess {
  const embedded = !Object.keys(settings).some((name) => name.startsWith('OSS_'))
  const child = spawn(process.execPath, [cli, ...args], {
    detached: true,
    env: {
      PATH: process.env.PATH ?? '',
      PORT: '0',
      ADMIN_PORT: '0',
      ...(embedded ? { LOCAL_OSS_PORT: '0', LOCAL_OSS_DIR: ':memory:' } : {}),
      ...settings,
    },
  })
  children.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => (output += bytes))
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
  void exit.then(() => children.delete(child))
  return { child, pid: child.pid as number, output: () => output, exit }
}

/** Kills what a test has left running. */
export function killGateways(): void {
  for (const child of children) child.kill('SIGKILL')
}

// A group of its own does not hear the terminal's Ctrl-C.
process.once('exit', killGateways)

/** Waits until something is so; the test's own time limit is the only one. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(5)
}

/** Starts the gateway and waits for its greeting. */
export async function started(settings: Record<string, string>): Promise<GatewayProcess> {
  const gateway = spawnGateway(settings)
  await until(() => {
    if (gateway.child.exitCode !== null) throw new Error(gateway.output())
    return gateway.output().includes('S3 endpoint')
  })
  return gateway
}

/** Where a started gateway listens, as it says. */
export const portOf = ({ output }: GatewayProcess) =>
  Number(/S3 endpoint +http:\/\/[^:]+:(\d+)/.exec(output())?.[1])

/** A client of the gateway; without retries unless told otherwise. */
export const clientOf = (gateway: GatewayProcess, options: S3ClientConfig = {}) =>
  new S3Client({
    endpoint: `http://127.0.0.1:${portOf(gateway)}`,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local-secret' },
    ...options,
  })
