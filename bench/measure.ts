import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { send } from '../test/gateway/wire.ts'
import type { Running } from './contestants.ts'
import { run, usageOf } from './processes.ts'
import { asFile, signed } from './requests.ts'
import type { StubCounts } from './stub.ts'
import type { Work } from './works.ts'

/** What one contestant did in one round. */
export type Sample = {
  requests: number
  seconds: number
  /** Seconds of CPU of the contestant's processes. */
  cpu: number
  /** Milliseconds. */
  p50: number
  p99: number
  /** Bytes of memory, at most, since it began. */
  peakMemory: number
}

/** Different requests that are sent in turn. */
const REQUESTS = 2000
export const CONNECTIONS = 32

export type Bench = {
  folder: string
  /** Where what was built is. */
  built: string
  stubPort: number
  seconds: number
}

/** Asks once and looks at the answer. @throws Error when it is not the one wanted. */
export async function requireRight(contestant: Running, work: Work): Promise<void> {
  const answer = await send(`http://127.0.0.1:${contestant.port}`, signed(work.request(0)))
  if (work.isRight(answer)) return
  throw new Error(
    `${contestant.title}, ${work.title}: the answer is ${answer.status} ${answer.body.toString('latin1', 0, 1000)}`,
  )
}

/**
 * One round: so many seconds of requests, signed just before.
 * @throws Error when any request fails, or a signature for OSS is wrong or was never looked at.
 */
export async function measure(
  bench: Bench,
  contestant: Running,
  work: Work,
  { seconds = bench.seconds, connections = CONNECTIONS, requests = REQUESTS } = {},
): Promise<Sample> {
  const file = join(bench.folder, 'requests')
  writeFileSync(file, asFile(Array.from({ length: requests }, (_, index) => signed(work.request(index)))))
  const { port } = contestant
  const load =
    work.request(0).method === 'HEAD'
      ? ['node', join(bench.built, 'heads.js'), String(port), file, String(connections), String(seconds)]
      : [
          'wrk',
          '-t1',
          `-c${connections}`,
          `-d${seconds}s`,
          '-s',
          'bench/wrk.lua',
          `http://127.0.0.1:${port}`,
          '--',
          file,
        ]
  const loaded = await watch(bench, contestant, async () => {
    const output = await run(1, load)
    const [, json = ''] = /^RESULT (.*)$/m.exec(output) ?? []
    return JSON.parse(json) as Omit<Sample, 'cpu' | 'peakMemory'> & { errors: number }
  })
  if (loaded.errors > 0) throw new Error(`${contestant.title}, ${work.title}: ${loaded.errors} errors`)
  return loaded
}

/**
 * What a contestant uses while it is under load.
 * @throws Error when a signature for OSS is wrong, or was never looked at.
 */
export async function watch<T>(
  bench: Bench,
  contestant: Running,
  load: () => Promise<T>,
): Promise<T & { cpu: number; peakMemory: number; counts: StubCounts }> {
  await countsOf(bench)
  const before = usageOf(contestant.pid)
  const loaded = await load()
  const after = usageOf(contestant.pid)
  const counts = await countsOf(bench)
  if (counts.wrong > 0 || (contestant.signs && (counts.checked === 0 || counts.foreign > 0))) {
    throw new Error(`${contestant.title}: signatures for OSS: ${JSON.stringify(counts)}`)
  }
  return { ...loaded, cpu: after.cpu - before.cpu, peakMemory: after.peakMemory, counts }
}

/** What the stub has seen since it was last asked. */
async function countsOf({ stubPort }: Bench): Promise<StubCounts> {
  return (await fetch(`http://127.0.0.1:${stubPort}/-/counts`)).json() as Promise<StubCounts>
}

/** The middle one of an odd number of values. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
