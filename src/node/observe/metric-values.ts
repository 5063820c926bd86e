import type { MetricObjectWithValues, MetricValue } from 'prom-client'

/** Metrics of one process as they are sent to another. */
export type MetricValues = MetricObjectWithValues<MetricValue<string>>[]

/** What a metric is besides its values; `aggregator`: how those of several processes become one. */
export type AboutMetric = {
  name: string
  help: string
  type: 'gauge' | 'counter' | 'histogram'
  aggregator: 'sum' | 'min'
}

/** A metric by its values. As prom-client's own are; its types know the kind by number only. */
export const metricOf = (about: AboutMetric, values: MetricValue<string>[]) =>
  ({ ...about, values }) as unknown as MetricValues[number]
