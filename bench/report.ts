import type { Running } from './contestants.ts'
import { median, type Sample } from './measure.ts'
import type { Work } from './works.ts'

/** A table's columns, of small works. */
export const SMALL_COLUMNS = [
  'work',
  'through',
  'requests/s',
  'CPU µs/request',
  'core used',
  'p50 ms',
  'p99 ms',
  'peak RSS MiB',
  'share of nginx per CPU second',
  'target',
] as const

/** A work's rows: medians over the rounds. */
export function smallRows(work: Work, samples: ReadonlyMap<Running, readonly Sample[]>): string[][] {
  const middle = (of: readonly Sample[], figure: (sample: Sample) => number) => median(of.map(figure))
  const cost = (of: readonly Sample[]) => middle(of, ({ cpu, requests }) => cpu / requests)
  const nginx = [...samples].find(([{ name }]) => name === 'nginx')?.[1]
  return [...samples].map(([{ name, title }, its]) => {
    const share = nginx === undefined ? undefined : cost(nginx) / cost(its)
    return [
      work.title,
      title,
      Math.round(middle(its, ({ requests, seconds }) => requests / seconds)).toLocaleString('en'),
      (cost(its) * 1e6).toFixed(1),
      `${Math.round(100 * middle(its, ({ cpu, seconds }) => cpu / seconds))} %`,
      middle(its, ({ p50 }) => p50).toFixed(2),
      middle(its, ({ p99 }) => p99).toFixed(2),
      (Math.max(...its.map(({ peakMemory }) => peakMemory)) / 1024 ** 2).toFixed(0),
      share === undefined ? '–' : share.toFixed(2),
      name === 'gateway' ? verdict(share, work.target) : '',
    ]
  })
}

function verdict(share: number | undefined, target: number): string {
  const text = `≥ ${target.toFixed(2)}`
  return share === undefined ? text : `${text} ${share >= target ? '✓' : '✗'}`
}

/** A table in Markdown, its columns aligned. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [columns, columns.map(() => ''), ...rows]
  const widths = columns.map((_, at) => Math.max(3, ...all.map((row) => (row[at] ?? '').length)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(columns), rule, ...rows.map(line)].join('\n')
}

/** Prints a table. */
export function printTable(columns: readonly string[], rows: readonly (readonly string[])[]): void {
  console.info(`\n${table(columns, rows)}\n`)
}
