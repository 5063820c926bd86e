import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Contestant, gateway, type Surroundings } from './contestants.ts'
import type { Work } from './measure.ts'
import { smallBody } from './requests.ts'
import { asWork, CONNECTIONS, flood, keyOf, type SmallWork } from './small.ts'

/** The gateway, and how much more CPU than one that observes nothing it may use. */
export type Observed = Contestant & { most: number | undefined }

/** Rounds at least: what is measured is less than one differs from the next. */
export const OBSERVING_ROUNDS = 9

/** Some seconds of CPU, of which one hundredth can be told. */
const REQUESTS = 8_000

/** Settings by which requests are told of in the access log. */
function logTo(to: string, name: string, { folder }: Surroundings): Record<string, string> {
  const file = join(folder, `${name}.json`)
  writeFileSync(file, JSON.stringify({ accessLog: { to, format: 'json' } }))
  return { GATEWAY_CONFIG: file }
}

const metrics = ({ adminPort }: Surroundings) => ({ ADMIN_PORT: String(adminPort) })
const logFile = ({ folder }: Surroundings) => resolve(folder, 'access.log')

const ways: readonly {
  name: string
  title: string
  most?: number
  settings: (surroundings: Surroundings) => Record<string, string>
}[] = [
  { name: 'off', title: 'nothing', settings: () => ({}) },
  {
    name: 'file',
    title: 'access log, JSON to a file',
    most: 0.05,
    settings: (s) => logTo(logFile(s), 'file', s),
  },
  {
    name: 'stdout',
    title: 'access log, JSON to a pipe',
    most: 0.05,
    settings: (s) => logTo('stdout', 'stdout', s),
  },
  { name: 'metrics', title: 'metrics', settings: metrics },
  {
    name: 'both',
    title: 'access log to a file, and metrics',
    most: 0.08,
    settings: (s) => ({ ...logTo(logFile(s), 'both', s), ...metrics(s) }),
  },
]

/** The gateway in one process with each way of observing requests; the first with none. */
export const observed: readonly Observed[] = ways.map(({ name, title, most, settings }) => ({
  name: `observed-${name}`,
  title,
  core: 0,
  kind: 'gateway',
  most,
  command: (surroundings) => gateway(surroundings, settings(surroundings)),
}))

const table: readonly SmallWork[] = [
  {
    name: 'observe-get',
    title: 'GET 1 KiB',
    request: (index) => ({ method: 'GET', target: `/bench/1024/${keyOf(index)}` }),
    isRight: ({ status, body }) => status === 200 && body.length === 1024,
  },
  {
    name: 'observe-head',
    title: 'HEAD 1 KiB',
    request: (index) => ({ method: 'HEAD', target: `/bench/1024/${keyOf(index)}` }),
    isRight: ({ status, headers }) => status === 200 && headers['content-length'] === '1024',
  },
  {
    name: 'observe-put',
    title: 'PUT 1 KiB, signed',
    request: (index) => ({
      method: 'PUT',
      target: `/bench/written/${keyOf(index)}`,
      headers: { 'content-type': 'image/jpeg' },
      body: smallBody(index).subarray(0, 1024),
    }),
    isRight: ({ status, headers }) => status === 200 && headers.etag !== undefined,
  },
]

/** The small requests that are observed: so many in each round, however busy the machine is. */
export const observedWorks: readonly Work[] = table.map((work) => ({
  ...asWork(work),
  round: (bench, contestant) =>
    flood(bench, contestant, work.request, { connections: CONNECTIONS, limit: REQUESTS }),
}))
