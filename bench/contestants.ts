import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Bench, Unit } from './bench.ts'
import { type Core, freePort, listening, start, stop } from './processes.ts'
import { client } from './requests.ts'
import { identity } from './stub-signature.ts'

/** One way of being between a client and OSS. */
export type Contestant = {
  name:
    | 'nginx'
    | 'nginx-buffers'
    | 'plain'
    | 'gateway'
    | 'gateway-all'
    | 'versitygw'
    | 's3s-proxy'
    | 'observed'
    | 'observed-metrics'
  title: string
  core: Core
  /** The only works it is there for. */
  unit?: Unit
  /**
   * A proxy passes requests as they are; the gateway verifies them and signs for OSS, a peer verifies them and signs
   * for S3.
   */
  kind: 'proxy' | 'gateway' | 'peer'
  /** Writes what it needs into `folder`. @returns the command and its environment. */
  command: (surroundings: Surroundings) => [string[], Record<string, string>?]
}

export type Surroundings = {
  port: number
  /** For whoever has an admin listener. */
  adminPort: number
  /** Of what it forwards to. */
  stubPort: number
  folder: string
  cpuProfile?: string | undefined
}

/** A contestant that answers. */
export type Running = Contestant & {
  port: number
  stubPort: number
  pid: number
  stop: () => Promise<void>
}

function nginx({ port, stubPort, folder }: Surroundings, more: string): [string[]] {
  const prefix = mkdtempSync(resolve(folder, 'nginx-'))
  const file = join(prefix, 'nginx.conf')
  writeFileSync(file, nginxConfig(port, stubPort, more))
  return [['nginx', '-p', prefix, '-e', 'stderr', '-c', file]]
}

/** What someone who wants nginx to be fast here would write. */
const nginxConfig = (port: number, stubPort: number, more: string) => `
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  client_max_body_size 0;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream oss {
    server 127.0.0.1:${stubPort};
    keepalive 256;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://oss;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_request_buffering off;
      # Buffering stays on, as by default: it is faster here; but not on disk.
      proxy_max_temp_file_size 0;
      ${more}
    }
  }
}
`

/** The gateway as it is shipped. @param more environment beside what it needs. */
export function gateway(
  { port, stubPort, folder, cpuProfile }: Surroundings,
  more: Record<string, string> = {},
): [string[], Record<string, string>] {
  const profiling = cpuProfile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${cpuProfile}`]
  return [
    ['node', ...profiling, join(folder, 'dist/cli.js')],
    {
      NODE_ENV: 'production',
      PORT: String(port),
      ADMIN_PORT: '0',
      OSS_ENDPOINT: `http://127.0.0.1:${stubPort}`,
      OSS_REGION: identity.region,
      OSS_ACCESS_KEY_ID: identity.accessKeyId,
      OSS_ACCESS_KEY_SECRET: identity.accessKeySecret,
      S3_ACCESS_KEY_ID: client.accessKeyId,
      S3_SECRET_ACCESS_KEY: client.secretAccessKey,
      ...more,
    },
  ]
}

/** Everyone who needs nothing that is not here. The bare proxy and the gateway in one process take turns next to each other. */
export const contestants: readonly Contestant[] = [
  {
    name: 'nginx',
    title: 'nginx',
    core: 0,
    kind: 'proxy',
    command: (surroundings) => nginx(surroundings, ''),
  },
  {
    name: 'nginx-buffers',
    title: 'nginx, 1 MiB of buffers',
    core: 0,
    kind: 'proxy',
    unit: 'bytes',
    command: (surroundings) =>
      nginx(
        surroundings,
        'proxy_buffer_size 64k; proxy_buffers 16 64k; proxy_busy_buffers_size 512k; client_body_buffer_size 128k;',
      ),
  },
  {
    name: 'plain',
    title: 'node:http + undici',
    core: 0,
    kind: 'proxy',
    command: ({ port, stubPort, folder }) => [
      ['node', join(folder, 'plain-proxy.js'), String(port), `http://127.0.0.1:${stubPort}`],
      { NODE_ENV: 'production' },
    ],
  },
  {
    name: 'gateway',
    title: 'gateway, one process',
    core: 0,
    kind: 'gateway',
    command: (surroundings) => gateway(surroundings),
  },
  {
    name: 'gateway-all',
    title: 'gateway, all cores',
    core: 'any',
    kind: 'gateway',
    command: (surroundings) => gateway(surroundings, { WORKERS: 'auto' }),
  },
]

/** Where a contestant's stderr goes: clients that stop in the middle of their requests make a line each. */
export const logOf = ({ name }: Contestant, { folder }: { folder: string }): string =>
  join(folder, `${name}.log`)

/** Starts a contestant in front of its stub. @throws Error when it does not come to listen. */
export async function enter(
  contestant: Contestant,
  { folder, stubPorts }: Pick<Bench, 'folder' | 'stubPorts'>,
  cpuProfile?: string,
): Promise<Running> {
  const [port, adminPort] = await Promise.all([freePort(), freePort()])
  const stubPort = contestant.kind === 'peer' ? stubPorts.s3 : stubPorts.oss
  const [command, environment] = contestant.command({ port, adminPort, stubPort, folder, cpuProfile })
  const child: ChildProcess = start(contestant.core, command, environment, logOf(contestant, { folder }))
  child.stdout?.resume()
  await listening(port)
  if (child.exitCode !== null) throw new Error(`${contestant.title} ended with ${child.exitCode}`)
  return { ...contestant, port, stubPort, pid: child.pid as number, stop: () => stop(child) }
}
