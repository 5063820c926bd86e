import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Bench } from './bench.ts'
import { type Contestant, contestants, enter, logOf, type Running } from './contestants.ts'
import { type Grown, type Growth, grow, growths } from './growth.ts'
import { largeWorks } from './large.ts'
import type { Sample, Work } from './measure.ts'
import { LAUNCHES, observe, observed, observedWorks, type Way, ways } from './observing.ts'
import { installPeers } from './peers.ts'
import { start, stop } from './processes.ts'
import { contestTable, growthTable, observingTable, render, renderResults, type Table } from './report.ts'
import { buildAll, install, makeFolder, versions } from './setup.ts'
import { refusesForgeries, smallWorks } from './small.ts'
import type { Dialect } from './stub-answers.ts'

/**
 * `npm run bench [-- [--peers] [--cpu-prof] <work>…]`: what the gateway costs beside nginx and beside a proxy that does
 * nothing, all in front of the same stub, in turns; what it costs to observe its requests; and what becomes of it as
 * there is more of something. Works by name, or `small`, `large`, `observing`, `growth`; all of them write RESULTS.md. With `--peers` also other gateways that verify and sign
 * again, which are built first, in front of a stub of S3. BENCH_SECONDS and BENCH_ROUNDS: how long and how often each is
 * measured; BENCH_SIZE: MiB of a large object.
 */
const { values: flags, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    'cpu-prof': { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
  },
})
const setting = (name: string, usual: number) => Number(process.env[`BENCH_${name}`] ?? usual)
const seconds = setting('SECONDS', 3)
const rounds = flags['cpu-prof'] ? 1 : setting('ROUNDS', 5)
const [load = 0] = loadavg()
const largeSize = setting('SIZE', 1024) * 1024 ** 2

const groups: Record<string, readonly { name: string }[]> = {
  small: smallWorks,
  large: largeWorks,
  observing: observedWorks,
  growth: growths,
}
const known = Object.entries(groups).flatMap(([group, works]) => [group, ...works.map(({ name }) => name)])
const strangers = names.filter((name) => !known.includes(name))
if (strangers.length > 0) {
  console.error(`There is no ${strangers.join(', ')}; there are ${known.join(', ')}.`)
  process.exit(2)
}
const chosen = <T extends { name: string }>(group: string, works: readonly T[]): T[] =>
  works.filter(({ name }) => names.length === 0 || names.includes(group) || names.includes(name))

/** What is to be ended, come what may. */
const running = new Set<() => Promise<void>>()
const folder = makeFolder()
const cpuProfile = flags['cpu-prof'] ? mkdtempSync(join(tmpdir(), 'bench-cpu-prof-')) : undefined

/** Of peers, what could not be built or does not do what it is asked, and why. */
const leftOut: string[] = []
const leaveOut = (sentence: string) => {
  console.info(`left out: ${sentence}`)
  leftOut.push(sentence)
}
const everyone: Contestant[] = [...contestants]

/** Starts contestants for as long as the work takes. */
async function during<T>(
  bench: Bench,
  entrants: readonly Contestant[],
  work: (entered: Running[]) => Promise<T>,
): Promise<T> {
  const entered: Running[] = []
  for (const contestant of entrants) {
    const one = await enter(contestant, bench, cpuProfile)
    running.add(one.stop)
    entered.push(one)
    await refusesForgeries(one)
  }
  const result = await work(entered)
  for (const one of entered) {
    await one.stop()
    running.delete(one.stop)
  }
  return result
}

/** All contestants in turns, round after round. A peer that fails is left out of this work. */
async function contest(
  bench: Bench,
  work: Work,
  entered: readonly Running[],
  rounds: number,
): Promise<Map<Running, Sample[]>> {
  const samples = new Map<Running, Sample[]>(entered.map((contestant) => [contestant, []]))
  const inTurns = async (
    act: (contestant: Running, taken: Sample[]) => Promise<unknown>,
    turns = [...samples],
  ) => {
    for (const [contestant, taken] of turns) {
      try {
        await act(contestant, taken)
      } catch (error) {
        if (contestant.kind !== 'peer') throw error
        leaveOut(`${work.title}: ${(error as Error).message}`)
        samples.delete(contestant)
      }
    }
  }
  await inTurns((contestant) => work.prepare(bench, contestant))
  for (let round = 0; round < rounds; round++) {
    // There and back: what drifts meanwhile is no one's loss.
    const turns = round % 2 === 0 ? [...samples] : [...samples].reverse()
    await inTurns(async (contestant, taken) => taken.push(await work.round(bench, contestant)), turns)
  }
  return samples
}

async function contests(bench: Bench, title: string, works: readonly Work[]): Promise<Table[]> {
  const [first] = works
  if (first === undefined) return []
  const entrants = everyone.filter(({ name, unit }) =>
    cpuProfile === undefined ? unit === undefined || unit === first.unit : name === 'gateway',
  )
  const measured = new Map<Work, Map<Running, Sample[]>>()
  for (const work of works) {
    console.info(`${work.name} …`)
    measured.set(work, await during(bench, entrants, (entered) => contest(bench, work, entered, rounds)))
  }
  return [shown(contestTable(title, first.unit, measured))]
}

/** What it costs the gateway to observe requests. */
async function observing(bench: Bench, works: readonly Work[]): Promise<Table[]> {
  if (works.length === 0 || cpuProfile !== undefined) return []
  const measured = new Map<Work, Map<Way, Sample[]>>()
  for (const work of works) {
    console.info(`${work.name} …`)
    const all = new Map<Way, Sample[]>(ways.map((way) => [way, []]))
    for (let launch = 0; launch < Math.max(rounds, LAUNCHES); launch++) {
      const taken = await during(bench, observed, (entered) => observe(bench, work, entered))
      for (const way of ways) all.get(way)?.push(...(taken.get(way) ?? []))
    }
    measured.set(work, all)
  }
  return [shown(observingTable(measured))]
}

async function growing(bench: Bench, chosenGrowths: readonly Growth[]): Promise<Table[]> {
  if (chosenGrowths.length === 0) return []
  const entrants = contestants.filter(({ name }) => name === 'gateway')
  const measured = new Map<Growth, Grown[]>()
  for (const growth of chosenGrowths) {
    const steps: Grown[] = []
    for (const step of growth.steps(bench)) {
      console.info(`${growth.name}: ${step.amount} …`)
      steps.push(await during(bench, entrants, ([gateway]) => grow(bench, step, gateway as Running)))
    }
    measured.set(growth, steps)
  }
  return [shown(growthTable(measured))]
}

function shown(table: Table): Table {
  console.info(`\n${render(table)}`)
  return table
}

/** @returns the port it listens on. */
async function startStub(dialect: Dialect): Promise<number> {
  const stub = start(1, ['node', join(folder, 'stub.js'), '0', dialect])
  running.add(() => stop(stub))
  const [port] = (await once(stub.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  return Number(port)
}

async function main(): Promise<void> {
  install()
  await buildAll(folder)
  if (flags.peers) everyone.push(...installPeers(leaveOut))
  const stubPorts = { oss: await startStub('oss'), s3: await startStub('s3') }
  const bench: Bench = { folder, stubPorts, seconds, largeSize }
  const tables = [
    ...(await contests(bench, 'Small requests', chosen('small', smallWorks))),
    ...(await contests(bench, `Objects of ${largeSize / 1024 ** 2} MiB`, chosen('large', largeWorks))),
    ...(await observing(bench, chosen('observing', observedWorks))),
    ...(await growing(bench, chosen('growth', growths))),
  ]
  if (cpuProfile !== undefined) console.info(`CPU profiles, one for each start of the gateway: ${cpuProfile}`)
  else if (names.length === 0) {
    const page = renderResults(tables, { rounds, seconds, versions: versions(), load, leftOut })
    writeFileSync('bench/RESULTS.md', page)
    console.info('written to bench/RESULTS.md')
  }
}

try {
  await main()
} catch (error) {
  for (const contestant of [...everyone, ...observed]) {
    const log = logOf(contestant, { folder })
    const said = existsSync(log) ? readFileSync(log, 'utf8').slice(-2000) : ''
    if (said !== '') console.error(`${contestant.title} said:\n${said}`)
  }
  throw error
} finally {
  for (const end of [...running].reverse()) await end()
  rmSync(folder, { recursive: true, force: true })
}
