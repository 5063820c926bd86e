import type { MetricValueWithName } from 'prom-client'
import { type MetricValues, metricOf } from './metric-values.ts'

/** One series of a histogram: what was observed with the same labels. */
export type Series = { observe(value: number): void }

type Labels = Readonly<Record<string, string | number>>
type Counts = Series & { labels: Labels; counts: number[]; sum: number; count: number }

/** A histogram. Its series are kept by whoever observes: prom-client's looks for one by its labels at each value, which is dear. */
export type Histogram = {
  /** A new series. Labels must differ from those of all others. */
  series(labels: Labels): Series
  /** Its values as prom-client has them; a series without any is left out. */
  metric(): MetricValues[number]
}

/** @param buckets their upper bounds, ascending. */
export function createHistogram(name: string, help: string, buckets: readonly number[]): Histogram {
  const all: Counts[] = []
  return {
    series(labels) {
      const series: Counts = {
        labels,
        counts: buckets.map(() => 0),
        sum: 0,
        count: 0,
        observe(value) {
          let at = 0
          while (at < buckets.length && value > (buckets[at] as number)) at++
          if (at < buckets.length) this.counts[at] = (this.counts[at] as number) + 1
          this.sum += value
          this.count++
        },
      }
      all.push(series)
      return series
    },
    metric() {
      const observed = all.filter(({ count }) => count > 0)
      const values = observed.flatMap((series) => valuesOf(name, buckets, series))
      return metricOf({ name, help, type: 'histogram', aggregator: 'sum' }, values)
    },
  }
}

function valuesOf(name: string, buckets: readonly number[], { labels, counts, sum, count }: Counts) {
  let below = 0
  const rows: MetricValueWithName<string>[] = buckets.map((le, at) => {
    below += counts[at] as number
    return { labels: { le, ...labels }, value: below, metricName: `${name}_bucket` }
  })
  rows.push(
    { labels: { le: '+Inf', ...labels }, value: count, metricName: `${name}_bucket` },
    { labels, value: sum, metricName: `${name}_sum` },
    { labels, value: count, metricName: `${name}_count` },
  )
  return rows
}
