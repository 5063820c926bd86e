import { cpus } from 'node:os'
import type { Running } from './contestants.ts'
import type { Grown, Growth } from './growth.ts'
import { costOf, median, type Sample, type Work } from './measure.ts'
import type { Way } from './observing.ts'

const MiB = 1024 ** 2
const GiB = 1024 ** 3
const mebibytes = (bytes: number) => (bytes / MiB).toFixed(0)

/** A table: its title, columns and rows. */
export type Table = { title: string; columns: readonly string[]; rows: string[][] }

/** What all contestants did of a group of works, medians over the rounds. */
export function contestTable(
  title: string,
  unit: Work['unit'],
  measured: ReadonlyMap<Work, ReadonlyMap<Running, readonly Sample[]>>,
): Table {
  const columns =
    unit === 'requests'
      ? ['work', 'through', 'requests/s', 'CPU µs/request', 'of a core', 'p50 ms', 'p99 ms', 'peak RSS MiB']
      : ['work', 'through', 'MiB/s', 'CPU s/GiB', 'of a core', 'peak RSS MiB']
  const hasPeers = [...measured.values()].some((samples) =>
    [...samples.keys()].some(({ kind }) => kind === 'peer'),
  )
  const ratios = ['times bare', 'target', ...(hasPeers ? ['times fastest peer', 'target'] : [])]
  const rows = [...measured].flatMap(([work, samples]) => rowsOf(work, samples, hasPeers))
  return { title, columns: [...columns, ...ratios], rows }
}

type Measured = readonly [Running, readonly Sample[]]

const middleCost = ([, samples]: Measured) => median(samples.map(costOf))

/** Of the rounds' ratios the middle one: what disturbs a round disturbs both of those that it compares. */
function times([, samples]: Measured, base: Measured | undefined): number | undefined {
  if (base === undefined) return undefined
  return median(samples.map((sample, round) => costOf(sample) / costOf(base[1][round] as Sample)))
}

function rowsOf(work: Work, all: ReadonlyMap<Running, readonly Sample[]>, hasPeers: boolean): string[][] {
  const bare = [...all].find(([{ name }]) => name === 'plain')
  const [fastest] = [...all]
    .filter(([{ kind }]) => kind === 'peer')
    .sort((one, other) => middleCost(one) - middleCost(other))
  return [...all].map(([contestant, samples]) => {
    const { name, title } = contestant
    const middle = (figure: (sample: Sample) => number | undefined) =>
      median(samples.map((sample) => figure(sample) ?? Number.NaN))
    const cost = middle(costOf)
    const ratioTo = (base: Measured | undefined, most: number | undefined) => {
      const ratio = times([contestant, samples], base)
      return [ratio?.toFixed(2) ?? '–', name === 'gateway' ? verdict(ratio, most) : '']
    }
    const speed = middle(({ amount, seconds }) => amount / seconds)
    const requests = work.unit === 'requests'
    return [
      work.title,
      title,
      Math.round(requests ? speed : speed / MiB).toLocaleString('en'),
      requests ? (cost * 1e6).toFixed(1) : (cost * GiB).toFixed(3),
      `${Math.round(100 * middle(({ cpu, seconds }) => cpu / seconds))} %`,
      ...(requests ? [middle(({ p50 }) => p50).toFixed(2), middle(({ p99 }) => p99).toFixed(2)] : []),
      mebibytes(Math.max(...samples.map(({ peakMemory }) => peakMemory))),
      ...ratioTo(bare, work.timesBare),
      ...(hasPeers ? ratioTo(fastest, work.timesPeer) : []),
    ]
  })
}

function verdict(ratio: number | undefined, most: number | undefined): string {
  if (ratio === undefined || most === undefined) return ''
  return `≤ ${most.toFixed(2)} ${ratio <= most ? '✓' : '✗'}`
}

/** What it costs to observe requests: the first of each work observes nothing. */
export function observingTable(measured: ReadonlyMap<Work, ReadonlyMap<Way, readonly Sample[]>>): Table {
  const rows = [...measured].flatMap(([{ title }, samples]) => {
    const [[, base = []] = []] = samples
    return [...samples].map(([way, taken]) => {
      const more = taken.map((sample, round) => costOf(sample) / costOf(base[round] as Sample) - 1)
      const middle = median(more)
      return [
        title,
        way.title,
        (median(taken.map(costOf)) * 1e6).toFixed(1),
        ...(taken === base ? ['', ''] : [percent(middle), middleHalf(more).map(percent).join(' … ')]),
        way.most === undefined ? '' : `≤ ${percent(way.most)} ${middle <= way.most ? '✓' : '✗'}`,
      ]
    })
  })
  const columns = [
    'work',
    'told of requests',
    'CPU µs/request',
    'more',
    'middle half of the rounds',
    'target',
  ]
  return { title: 'Observing: the gateway in one process', columns, rows }
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`

/** The least and the greatest of the middle half. */
function middleHalf(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b)
  const quarter = Math.floor(sorted.length / 4)
  return [sorted[quarter], sorted.at(-1 - quarter)].map((value) => value ?? Number.NaN)
}

/** Costs that differ by less than this are called the same: so much do they differ from one run to the next. */
const FLAT = 1.2

/** What becomes of cost and memory as there is more of something. */
export function growthTable(measured: ReadonlyMap<Growth, readonly Grown[]>): Table {
  const rows = [...measured].flatMap(([{ title, unit }, steps]) =>
    steps.map(({ amount, sample, open = 0 }) => {
      const first = steps[0] as Grown
      const cost = costOf(sample)
      const times = cost / costOf(first.sample)
      const memory = sample.peakMemory - first.sample.peakMemory
      const more = open - (first.open ?? 0)
      return [
        title,
        amount,
        unit === 'GiB' ? `${(cost * GiB).toFixed(3)} s/GiB` : `${(cost * 1e6).toFixed(0)} µs/${unit}`,
        times.toFixed(2),
        times <= FLAT ? '✓' : '✗',
        mebibytes(sample.peakMemory),
        more === 0 ? '' : (memory / 1024 / more).toFixed(0),
      ]
    }),
  )
  return {
    title: 'Growth: the gateway in one process',
    columns: [
      'more of',
      'amount',
      'CPU',
      'times the first',
      'flat',
      'peak RSS MiB',
      'RSS KiB/further open copy',
    ],
    rows,
  }
}

/** A table in Markdown, its columns aligned. */
export function render({ title, columns, rows }: Table): string {
  const widths = columns.map((name, at) =>
    Math.max(name.length, 3, ...rows.map((row) => (row[at] ?? '').length)),
  )
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return `## ${title}\n\n${[line(columns), rule, ...rows.map(line)].join('\n')}\n`
}

type Conditions = {
  rounds: number
  seconds: number
  versions: Record<string, string>
  /** The machine's load average before. */
  load: number
  /** Of peers, what is not in the tables, and why. */
  leftOut: readonly string[]
}

/** The page that is kept. */
export function renderResults(
  tables: readonly Table[],
  { rounds, seconds, versions, load, leftOut }: Conditions,
): string {
  const [cpu] = cpus()
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `# What the gateway costs

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}.

${cpu?.model.trim()}, ${cpus().length} cores; ${software.join(', ')}. Medians of ${rounds} rounds of ${seconds} s, all contestants in turns. The load average before was ${load.toFixed(1)}: above 0, others wanted the cores too, and what waits for them costs more.

- **The measure** is the CPU of a contestant as a multiple of the bare proxy's in the same turns, the middle one of the rounds' ratios: user and system time of all its processes, for each request or byte. Of all figures it depends least on who else wants the cores, and on what the load generator can give; it still differs by a tenth from one run to the next.
- **Contestants** have core 0 for themselves; the load generator and the upstream share core 1. Only the gateway on all cores runs on both. _Of a core_ says how busy the contestant was: where it is far from 100 %, requests/s are the other core's.
- **nginx**: one worker, \`proxy_pass\` with kept connections to the upstream, \`proxy_request_buffering off\`, \`proxy_buffering\` on as by default but never to disk, no access log. Its buffers are the defaults; larger ones move large objects for less, so they are shown as well.
- **node:http + undici**, the bare proxy, passes everything as it is: what Node costs before there is any S3 in it.
- **Peers** (with \`--peers\`) verify Signature Version 4 and sign again for an S3, whose stub costs what the other does; each has the settings that make it fastest, and is shown to refuse a wrong signature before it is measured. Not all do what the gateway does with the bytes: none compares a CRC-64 with the store's. The fastest peer is the cheapest one of each work.
- **The upstream** answers what OSS would, from buffers, and checks the OSS signature of the first request of each shape and of every 500th with the signer of \`ali-oss\`. On writes OSS sends the CRC-64 of the bytes; the upstream leaves it out, and the gateway computes its own all the same.
- **Requests** are signed with Signature Version 4, each with a key of its own, and the same bytes for every contestant; nginx and the bare proxy verify and sign nothing. Small ones come over 32 connections, large objects one at a time over one, in chunks of 64 KiB where they are chunked.
${leftOut.map((sentence) => `- **Left out**: ${sentence}\n`).join('')}
${tables.map(render).join('\n')}`
}
