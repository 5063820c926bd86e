import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Contestant } from './contestants.ts'
import { hasCommand } from './processes.ts'
import { client } from './requests.ts'

/**
 * Gateways that do what this one does, in front of an S3: they verify Signature Version 4 and sign again. Each is built
 * from its registry once, by its own toolchain, into the user's cache folder.
 */
type Peer = Omit<Contestant, 'command' | 'core' | 'kind'> & {
  version: string
  /** Builds `<root>/bin/<name>`. @returns the command and its environment. */
  install: (root: string) => [string[], Record<string, string>?]
  command: (program: string, port: number, endpoint: string) => ReturnType<Contestant['command']>
}

/** To an AWS SDK: no checksums of its own, and no line in the log for each answer that has none. */
const NO_CHECKSUMS = {
  AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required',
  AWS_RESPONSE_CHECKSUM_VALIDATION: 'when_required',
}

const table: readonly Peer[] = [
  {
    name: 'versitygw',
    version: '1.8.0',
    title: 'versitygw 1.8.0 (Go)',
    install: (root) => [
      ['go', 'install', 'github.com/versity/versitygw/cmd/versitygw@v1.8.0'],
      { GOBIN: join(root, 'bin') },
    ],
    command: (program, port, endpoint) => {
      const { accessKeyId, secretAccessKey } = client
      const front = ['--port', `127.0.0.1:${port}`, '--access', accessKeyId, '--secret', secretAccessKey]
      const back = ['--access', accessKeyId, '--secret', secretAccessKey, '--endpoint', endpoint]
      // Nothing hashed twice: what it can leave out on the way to a store that it trusts.
      const fast = ['--use-path-style', '--disable-checksum', '--disable-data-integrity-check']
      return [[program, ...front, '--keep-alive', '--quiet', 's3', ...back, ...fast], NO_CHECKSUMS]
    },
  },
  {
    name: 's3s-proxy',
    // Later versions need a later Rust than most machines have.
    version: '0.14.1',
    title: 's3s-proxy 0.14.1 (Rust)',
    install: (root) => [['cargo', 'install', '--quiet', '--locked', '--root', root, 's3s-proxy@0.14.1']],
    command: (program, port, endpoint) => [
      [program, '--host', '127.0.0.1', '--port', String(port), '--endpoint-url', endpoint],
      {
        AWS_ACCESS_KEY_ID: client.accessKeyId,
        AWS_SECRET_ACCESS_KEY: client.secretAccessKey,
        AWS_REGION: 'us-east-1',
        ...NO_CHECKSUMS,
      },
    ],
  },
]

/** All peers that can be had here. @param missing is told of each that cannot, and why. */
export function installPeers(missing: (sentence: string) => void): Contestant[] {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 's3-oss-gateway-bench')
  return table.flatMap(({ version, install, command, ...peer }): Contestant[] => {
    const root = join(cache, `${peer.name}-${version}`)
    const program = join(root, 'bin', peer.name)
    if (!existsSync(program)) {
      const why = build(peer.title, ...install(root))
      if (why !== undefined) {
        missing(`${peer.title}: ${why}`)
        return []
      }
    }
    return [
      {
        ...peer,
        core: 0,
        kind: 'peer',
        command: ({ port, stubPort }) => command(program, port, `http://127.0.0.1:${stubPort}`),
      },
    ]
  })
}

/** @returns why it could not be built. */
function build(title: string, [program = '', ...args]: string[], environment = {}): string | undefined {
  if (!hasCommand(program)) return `there is no ${program} to build it with`
  console.info(`building ${title}, once …`)
  const { status, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    maxBuffer: Number.POSITIVE_INFINITY,
  })
  if (status === 0) return undefined
  return `${program} could not build it: ${stderr.trim().split('\n').at(-1)}`
}
