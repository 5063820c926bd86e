import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createLocalOss, type LocalOss, type ObservedRequest } from '../../src/local-oss/index.ts'
import { type GatewayProcess, spawnGateway } from '../steady/gateway.ts'
import { compareAll, settle } from './check.ts'
import { compareIndexes } from './check-indexes.ts'
import { compareContended, contended, contendedOperations, contenderOf } from './contended.ts'
import { injectFaults, layWire, type Tally } from './faults.ts'
import { compareLocked } from './locked.ts'
import { Problems } from './model.ts'
import { hotOperations, operations } from './operations.ts'
import { pickWeighted, randomOf } from './random.ts'
import { Worker } from './worker.ts'
import { allBuckets, COPY_LIMIT, furnish, MiB, ossOf, sdkClient, type World } from './world.ts'

/**
 * Clients that do everything at once, and are killed doing it, against a gateway in front of an OSS that fails:
 * `npm run chaos -- [--seconds n] [--seed n] [--workers n] [--faults percent] [--conditional lock|process] [--processes n]`.
 * Every answer is held against what may be there, and in the end everything that is there. Exits with 1 when anything is
 * not as it must be.
 */
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    workers: { type: 'string', default: '24' },
    /** Percent of the requests to OSS that fail; beside these the wire does. */
    faults: { type: 'string', default: '4' },
    /** How conditional writes are held; by `process` there is one gateway, by `lock` two, of which one is killed and killed again. */
    conditional: { type: 'string', default: 'lock' },
    /** Of each gateway. */
    processes: { type: 'string', default: '1' },
  },
})
const SECONDS = Number(options.seconds)
const SEED = Number(options.seed)
const SHARE = Number(options.faults) / 100
/** After each, everything comes to rest, and what nobody heard of is looked up. */
const ROUND = Math.min(30, SECONDS / 3)
/** Without a request for so long, nothing is under way any more: the gateway never waits longer between two. */
const REST = 3000
/** Workers beside the others who write, under conditions, what the others of them write. */
const CONTENDERS = 8
const MOST_GROWTH = { heap: 12 * MiB, memory: 96 * MiB, descriptors: 12 }

const settings = {
  conditionalWrites: options.conditional,
  storeChecksums: true,
  copy: { partSize: MiB, parallel: 4, keepAliveAfter: 1, timeout: 2 },
  timeouts: { oss: { connect: 2, headers: 3, idle: 2, total: 30 } },
}

/** Within this time after the last client, everything has come to its end. */
const LATEST = 90_000

/** Requests that OSS is working on, and when it last had any. */
function watchTraffic(oss: LocalOss) {
  // A request is the same as long as its headers are.
  const inFlight = new Map<object, string>()
  let last = Date.now()
  oss.faults.add({
    times: Number.POSITIVE_INFINITY,
    when: (request) => {
      inFlight.set(request.headers, `${request.operation} ${request.bucket}/${request.key}`)
      last = Date.now()
      return false
    },
    action: { kind: 'delay', ms: 0 },
  })
  oss.onRequest((request) => {
    inFlight.delete(request.headers)
    last = Date.now()
  })
  return {
    /** @returns what OSS still works on when everything should have come to its end. */
    rest: async () => {
      const until = Date.now() + LATEST
      while ((inFlight.size > 0 || Date.now() - last < REST) && Date.now() < until) await sleep(50)
      return [...inFlight.values()]
    },
    /** It does nothing any more, and whether its caller has gone is not seen while its body is not read. */
    forget: ({ headers }: ObservedRequest) => inFlight.delete(headers),
  }
}

type Measure = { second: number; heap: number; memory: number; descriptors: number }

async function measure(gateway: GatewayProcess, began: number): Promise<Measure> {
  const { heapUsed } = await gateway.heap()
  return {
    second: Math.round((performance.now() - began) / 1000),
    heap: heapUsed,
    memory: gateway.memory().now,
    descriptors: gateway.descriptors(),
  }
}

const mebibytes = (bytes: number) => `${(bytes / MiB).toFixed(1)} MiB`
const show = ({ heap, memory, descriptors }: Measure) =>
  `heap ${mebibytes(heap)}, RSS ${mebibytes(memory)}, ${descriptors} descriptors`

async function main(): Promise<void> {
  console.info(`chaos for ${SECONDS} s with --seed ${SEED}`)
  const directory = mkdtempSync(join(tmpdir(), 'chaos-'))
  const document = join(directory, 'settings.json')
  writeFileSync(document, JSON.stringify(settings))
  const struck: Tally = new Map()
  const random = randomOf(SEED)
  const oss = await createLocalOss({
    directory: ':memory:',
    credentials: { accessKeyId: 'local', accessKeySecret: 'local-secret' },
    copyLimit: COPY_LIMIT,
  })
  const traffic = watchTraffic(oss)
  const wire = await layWire(await oss.listen(0), randomOf(random.below(2 ** 32)), struck, SHARE)
  const ossPort = await oss.listen(0)
  const environment = {
    OSS_ENDPOINT: `http://127.0.0.1:${wire.port}`,
    GATEWAY_CONFIG: document,
    WORKERS: options.processes,
  }
  const gateway = await spawnGateway(environment, { inspect: true })
  /** Killed and started again; only conditional writes are made through it. */
  let second = options.conditional === 'process' ? undefined : await spawnGateway(environment)
  let id = 0
  const world: World = {
    endpoint: gateway.endpoint,
    clients: Array.from({ length: 4 }, () => sdkClient(gateway.endpoint)),
    oss: Object.fromEntries(allBuckets.map((bucket) => [bucket, ossOf(bucket, ossPort)])) as World['oss'],
    problems: new Problems(),
    sources: [],
    hot: [],
    keys: [],
    contended: contended(
      [gateway, ...(second === undefined ? [] : [second])].map(({ endpoint }) => endpoint),
      options.conditional === 'lock',
    ),
    endedUploads: new Set(),
    nextId: () => ++id,
    operations: new Map(),
    longest: new Map(),
    failures: new Map(),
    checks: new Map(),
    retries: { count: 0 },
  }
  const { problems } = world
  await furnish(world)
  const workers = Array.from(
    { length: Number(options.workers) + CONTENDERS },
    (_, index) => new Worker(world, index, randomOf(random.below(2 ** 32))),
  )
  const killed: GatewayProcess[] = []
  async function restartSecond(): Promise<void> {
    if (second === undefined) return
    killed.push(second)
    second.signal('SIGKILL')
    second = await spawnGateway(environment)
    world.contended.clients[1]?.destroy()
    world.contended.clients[1] = contenderOf(second.endpoint)
  }
  const faultRandom = randomOf(random.below(2 ** 32))

  const began = performance.now()
  wire.cutAll()
  await sleep(500)
  const fresh = await measure(gateway, began)
  const measures: Measure[] = []
  const over = () => performance.now() - began > SECONDS * 1000
  while (!over()) {
    const roundEnd = Math.min(performance.now() + ROUND * 1000, began + SECONDS * 1000)
    const heal = injectFaults(oss.faults, faultRandom, struck, SHARE, traffic.forget)
    wire.bad = true
    const work = Promise.all(
      workers.map(async (worker) => {
        // The first two write what the others read meanwhile.
        const rows =
          worker.index >= Number(options.workers)
            ? contendedOperations
            : worker.index < 2
              ? hotOperations
              : operations
        while (performance.now() < roundEnd) await pickWeighted(worker.random, rows)(worker)
        worker.doing = ''
      }),
    )
    const restarted = sleep((roundEnd - performance.now()) / 2).then(restartSecond)
    const stuck = sleep(roundEnd - performance.now() + LATEST, 'stuck', { ref: false })
    if ((await Promise.race([work, stuck])) === 'stuck') {
      problems.add(`workers are stuck: ${workers.flatMap(({ doing }) => doing || []).join(', ')}`)
      break
    }
    await restarted
    heal()
    wire.bad = false
    const working = await traffic.rest()
    if (working.length > 0) {
      problems.add(`OSS is still asked for ${working.join(', ')}`)
      break
    }
    const settled = await settle(world)
    const now = await measure(gateway, began)
    measures.push(now)
    console.info(
      `${now.second} s: ${total(world.operations)} operations, ${settled} outcomes looked up, ${show(now)}`,
    )
  }

  await compareAll(world)
  await compareIndexes(world, ossPort)
  await compareContended(world, oss)
  for (const client of [...world.clients, ...world.contended.clients]) client.destroy()
  wire.cutAll()
  // A busy machine takes longer to close what nobody uses any more.
  for (let i = 0; i < 30; i++) {
    await sleep(1000)
    if (gateway.descriptors() - fresh.descriptors <= MOST_GROWTH.descriptors) break
  }
  measures.push(await measure(gateway, began))
  judgeGrowth(fresh, measures, problems)
  const running = [gateway, ...(second === undefined ? [] : [second])]
  for (const one of running) {
    one.signal('SIGTERM')
    const exit = await Promise.race([one.exit, sleep(40_000, 'nothing within 40 s')])
    if (exit !== 0) problems.add(`a gateway ended with ${exit}:\n${one.output().slice(-3000)}`)
  }
  const log = [...running, ...killed].map((one) => one.output()).join('\n')
  const events = readLog(log, problems)
  await compareLocked(world, log)
  wire.close()
  await oss.close()
  rmSync(directory, { recursive: true })

  table('operations', world.operations, (name) => `, at most ${world.longest.get(name) ?? 0} ms`)
  table('failures that clients saw', world.failures)
  table('faults', struck)
  table('checks', world.checks)
  table('log of the gateways', events)
  console.info(
    `\n${world.retries.count} retries of the SDK; ${show(fresh)} at first, ${measures.map(show).at(-1)} in the end`,
  )
  for (const problem of problems.list) console.error(`\nFAILED ${problem}`)
  console.info(
    `\n${problems.list.length} problems in ${total(world.operations)} operations, ${total(struck)} faults, ${total(world.checks)} checks; --seed ${SEED}`,
  )
  process.exitCode = problems.list.length > 0 ? 1 : 0
}

const total = (tally: Tally) => [...tally.values()].reduce((sum, value) => sum + value, 0)

function table(title: string, tally: Tally, remark = (_: string) => ''): void {
  console.info(`\n${title}: ${total(tally)}`)
  for (const [name, value] of [...tally].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.info(`  ${String(value).padStart(7)}  ${name}${remark(name)}`)
}

/** The first round warms up; after it, nothing may grow. At rest there are as many descriptors as at first. */
function judgeGrowth(fresh: Measure, measures: readonly Measure[], problems: Problems): void {
  const [warm, last] = [measures[0], measures.at(-1)] as [Measure, Measure]
  const opened = last.descriptors - fresh.descriptors
  if (opened > MOST_GROWTH.descriptors) problems.add(`${opened} descriptors stay open`)
  for (const what of ['heap', 'memory'] as const) {
    const growth = last[what] - warm[what]
    if (growth > MOST_GROWTH[what]) problems.add(`${what} grew by ${mebibytes(growth)}`)
  }
}

/** The log's events by name; what the gateway itself did not expect is a problem. */
function readLog(output: string, problems: Problems): Tally {
  const events: Tally = new Map()
  for (const line of output.split('\n')) {
    if (!line.startsWith('{')) continue
    const { event, stack, ...facts } = JSON.parse(line) as { event: string; stack?: string }
    events.set(event, (events.get(event) ?? 0) + 1)
    if (stack !== undefined) problems.add(`unexpected in the gateway: ${stack}`)
    if (event.startsWith('upload')) problems.add(`${event}: ${JSON.stringify(facts)}`)
  }
  return events
}

await main()
