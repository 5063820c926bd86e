import type { Bench, Unit } from './bench.ts'
import type { Running } from './contestants.ts'
import { usageOf } from './processes.ts'
import type { StubCounts } from './stub.ts'

/** What a load generator reports. */
export type Load = {
  /** Requests, or bytes where they are what counts. */
  amount: number
  seconds: number
  /** Requests that failed. */
  errors: number
  /** Milliseconds. */
  p50?: number
  p99?: number
}

/** What one contestant did in one round. */
export type Sample = Load & {
  /** Seconds of CPU of all its processes. */
  cpu: number
  /** Bytes of memory, at most, since it began. */
  peakMemory: number
}

/** Something a contestant can be asked to do. */
export type Work = {
  /** As on the command line. */
  name: string
  title: string
  unit: Unit
  /** How many times the CPU of the bare proxy it may cost, where it is to be compared. */
  timesBare?: number
  /** How many times the CPU of the fastest peer, where it is to be compared. */
  timesPeer?: number
  /** Looks whether the answers are right, and lets what is compiled while it runs be compiled. */
  prepare: (bench: Bench, contestant: Running) => Promise<void>
  round: (bench: Bench, contestant: Running) => Promise<Sample>
}

/**
 * What a contestant uses while it is under load.
 * @param bodyBytes that OSS must have been sent; an S3 may also be sent what frames them.
 * @throws Error when a request failed, or a signature for the upstream was wrong or never looked at.
 */
export async function watch(
  contestant: Running,
  load: () => Promise<Load>,
  bodyBytes?: (loaded: Load) => number,
): Promise<Sample> {
  await countsOf(contestant)
  const before = usageOf(contestant.pid)
  const loaded = await load()
  const after = usageOf(contestant.pid)
  const counts = await countsOf(contestant)
  const fail = (what: string) => {
    throw new Error(`${contestant.title}: ${what}: ${JSON.stringify({ ...loaded, ...counts })}`)
  }
  if (loaded.errors > 0 || loaded.amount === 0) fail('requests failed')
  if (counts.wrong > 0) fail('a signature for OSS is wrong')
  if (contestant.kind !== 'proxy') {
    if (counts.checked === 0 || counts.foreign > 0) fail('requests to the upstream are not signed')
    const more = bodyBytes === undefined ? 0 : counts.bodyBytes - bodyBytes(loaded)
    if (more < 0 || (more > 0 && contestant.kind === 'gateway')) fail('the upstream got other bytes')
  }
  return { ...loaded, cpu: after.cpu - before.cpu, peakMemory: after.peakMemory }
}

/** What the stub has seen since it was last asked. */
async function countsOf({ stubPort }: Running): Promise<StubCounts> {
  return (await fetch(`http://127.0.0.1:${stubPort}/-/counts`)).json() as Promise<StubCounts>
}

/** A load generator's report: the line that begins with RESULT. @throws Error when there is none. */
export function parseLoad(output: string): Load {
  const [, json] = /^RESULT (.*)$/m.exec(output) ?? []
  if (json === undefined) throw new Error(`the load generator says: ${output}`)
  return JSON.parse(json) as Load
}

/** The middle one of an odd number of values. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** Seconds of CPU for each request or byte. */
export const costOf = ({ cpu, amount }: Pick<Sample, 'cpu' | 'amount'>): number => cpu / amount
