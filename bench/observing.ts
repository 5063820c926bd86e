import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { type Contestant, gateway, logOf, type Running, type Surroundings } from './contestants.ts'
import type { Sample, Work } from './measure.ts'
import { smallBody } from './requests.ts'
import { asWork, CONNECTIONS, flood, keyOf, type SmallWork } from './small.ts'

/** A way in which requests are told of. @property most how much more CPU than by none it may use. */
export type Way = { title: string; process: 0 | 1; to: 'off' | 'stdout' | 'file'; most?: number }

/** The first is none. */
export const ways: readonly Way[] = [
  { title: 'nothing', process: 0, to: 'off' },
  { title: 'access log, JSON to a file', process: 0, to: 'file', most: 0.05 },
  { title: 'access log, JSON to a pipe', process: 0, to: 'stdout', most: 0.05 },
  { title: 'metrics', process: 1, to: 'off' },
  { title: 'access log to a file, and metrics', process: 1, to: 'file', most: 0.08 },
]

/** By what is compiled when, one process differs from the next by as much as is measured: */
export const LAUNCHES = 5
/** each is measured in all ways, so often. */
const ROUNDS = 3

/** Some seconds of CPU, of which one hundredth can be told. */
const REQUESTS = 20_000

const settingsFile = (folder: string, name: string) => join(folder, `${name}.json`)

function logTo(to: Way['to'], name: string, folder: string): void {
  const accessLog = { to: to === 'file' ? resolve(folder, 'access.log') : to, format: 'json' }
  writeFileSync(settingsFile(folder, name), JSON.stringify({ accessLog }))
}

const processOf = (
  name: 'observed' | 'observed-metrics',
  more: (s: Surroundings) => Record<string, string>,
) =>
  ({
    name,
    title: name,
    core: 0,
    kind: 'gateway',
    command: (surroundings) => {
      logTo('off', name, surroundings.folder)
      return gateway(surroundings, {
        GATEWAY_CONFIG: settingsFile(surroundings.folder, name),
        ...more(surroundings),
      })
    },
  }) satisfies Contestant

/** The gateway without metrics, and with them. Both change the way they log while they run. */
export const observed: readonly Contestant[] = [
  processOf('observed', () => ({})),
  processOf('observed-metrics', ({ adminPort }) => ({ ADMIN_PORT: String(adminPort) })),
]

/** Has a running gateway log in another way. */
async function setLog(running: Running, to: Way['to'], bench: Bench): Promise<void> {
  const readAgain = () => readFileSync(logOf(running, bench), 'utf8').split('settings read again').length
  const before = readAgain()
  logTo(to, running.name, bench.folder)
  process.kill(running.pid, 'SIGHUP')
  while (readAgain() === before) await sleep(20)
}

/** Measures a work in all ways, in turns. @param entered the processes of {@link observed}. */
export async function observe(
  bench: Bench,
  work: Work,
  entered: readonly Running[],
): Promise<Map<Way, Sample[]>> {
  const taken = new Map<Way, Sample[]>(ways.map((way) => [way, []]))
  // What logs is compiled, too.
  for (const to of ['file', 'off'] as const) {
    for (const running of entered) {
      await setLog(running, to, bench)
      await work.prepare(bench, running)
    }
  }
  for (let round = 0; round < ROUNDS; round++) {
    // There and back: what drifts meanwhile is no one's loss.
    for (const way of round % 2 === 0 ? ways : [...ways].reverse()) {
      const running = entered[way.process] as Running
      await setLog(running, way.to, bench)
      taken.get(way)?.push(await work.round(bench, running))
    }
  }
  return taken
}

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
