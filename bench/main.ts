import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { contestants, enter, logOf, type Running } from './contestants.ts'
import { type Bench, measure, requireRight, type Sample } from './measure.ts'
import { hasCommand, start, stop } from './processes.ts'
import { printTable, SMALL_COLUMNS, smallRows } from './report.ts'
import { type Work, works } from './works.ts'

/**
 * `npm run bench [-- <work>…] [--cpu-prof]`: what the gateway costs beside nginx and beside a proxy that does nothing,
 * all in front of the same stub, in turns. BENCH_SECONDS, BENCH_ROUNDS: how long and how often each is measured.
 */
const { values: flags, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { 'cpu-prof': { type: 'boolean', default: false } },
})
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
const SECONDS = Number(process.env.BENCH_SECONDS ?? 5)
const BUILT = 'node_modules/.cache/bench'

function install(): void {
  const missing = ['nginx', 'wrk'].filter((name) => !hasCommand(name))
  if (missing.length === 0) return
  console.info(`installing ${missing.join(' and ')}`)
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo']
  const [program = '', ...args] = [
    ...asRoot,
    'apt-get',
    'install',
    '-y',
    '--no-install-recommends',
    ...missing,
  ]
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

async function buildAll(): Promise<void> {
  execFileSync('npm', ['run', 'build', '--silent', '--', `--outfile=${BUILT}/cli.js`], { stdio: 'inherit' })
  await build({
    entryPoints: ['stub', 'plain-proxy', 'heads'].map((name) => `bench/${name}.ts`),
    outdir: BUILT,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  })
}

/** All contestants in turns, round after round. */
async function contest(
  bench: Bench,
  work: Work,
  running: readonly Running[],
  rounds: number,
): Promise<Map<Running, Sample[]>> {
  const samples = new Map<Running, Sample[]>(running.map((contestant) => [contestant, []]))
  for (const contestant of running) {
    await requireRight(contestant, work)
    // What is compiled while it runs should be compiled by then.
    await measure(bench, contestant, work, { seconds: Math.min(2, SECONDS) })
  }
  for (let round = 0; round < rounds; round++) {
    for (const contestant of running) samples.get(contestant)?.push(await measure(bench, contestant, work))
  }
  return samples
}

const known = works.map(({ name }) => name)
const strangers = wanted.filter((name) => !known.includes(name))
if (strangers.length > 0) {
  console.error(`There is no ${strangers.join(', ')}; there are ${known.join(', ')}.`)
  process.exit(2)
}

install()
await buildAll()
const folder = mkdtempSync(join(tmpdir(), 'bench-'))
const stub = start(1, ['node', join(BUILT, 'stub.js'), '0'])
const toStop: (() => Promise<void>)[] = [() => stop(stub)]
try {
  const [line] = (await once(stub.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  const bench: Bench = { folder, built: BUILT, stubPort: Number(line), seconds: SECONDS }
  const cpuProfile = flags['cpu-prof'] ? mkdtempSync(join(tmpdir(), 'bench-cpu-prof-')) : undefined
  const entering = contestants.filter(({ name }) => cpuProfile === undefined || name === 'gateway')
  const rows: string[][] = []
  for (const work of works) {
    if (wanted.length > 0 && !wanted.includes(work.name)) continue
    console.info(`${work.title} …`)
    const running: Running[] = []
    for (const contestant of entering) {
      const one = await enter(contestant, { ...bench, cpuProfile })
      toStop.push(one.stop)
      running.push(one)
    }
    const samples = await contest(bench, work, running, cpuProfile === undefined ? ROUNDS : 1)
    rows.push(...smallRows(work, samples))
    for (const one of running) await one.stop()
  }
  printTable(SMALL_COLUMNS, rows)
  if (cpuProfile !== undefined) console.info(`CPU profiles, one for each work: ${cpuProfile}`)
} catch (error) {
  for (const contestant of contestants) {
    const log = logOf(contestant, { folder })
    if (existsSync(log))
      console.error(`${contestant.title} said:\n${readFileSync(log, 'utf8').slice(0, 2000)}`)
  }
  throw error
} finally {
  for (const end of toStop.reverse()) await end()
  rmSync(folder, { recursive: true, force: true })
}
