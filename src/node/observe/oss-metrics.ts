import type { KeyStatus } from '../../oss/credentials/renewal.ts'
import { type MetricValues, metricOf } from './metric-values.ts'

/** A key at OSS. @property upstream absent: that of the environment. */
export type UpstreamKey = KeyStatus & { upstream: string | undefined }

/** The label of an upstream: that of the environment has none. */
export const upstreamLabel = (upstream: string | undefined): Record<string, string> =>
  upstream === undefined ? {} : { upstream }

/** Whether OSS can be used, by upstream (undefined: that of the environment). */
export const usableMetric = (usable: ReadonlyMap<string | undefined, boolean>): MetricValues[number] =>
  metricOf(
    {
      name: 's3gw_oss_usable',
      help: 'Whether OSS answers the key of the gateway',
      type: 'gauge',
      aggregator: 'sum',
    },
    [...usable].map(([upstream, is]) => ({ value: is ? 1 : 0, labels: upstreamLabel(upstream) })),
  )

/** What is told of keys at OSS: nothing of those that stay as they are. Of several processes the key that expires first. */
export function keyMetrics(keys: readonly UpstreamKey[]): MetricValues {
  const renewed = keys.filter(({ asked }) => asked.failure + asked.success > 0)
  if (renewed.length === 0) return []
  return [
    metricOf(
      {
        name: 's3gw_oss_key_expires_seconds',
        help: 'Until the key of the gateway at OSS expires',
        type: 'gauge',
        aggregator: 'min',
      },
      renewed.flatMap(({ upstream, expiration }) =>
        expiration === undefined
          ? []
          : [{ value: (expiration - Date.now()) / 1000, labels: upstreamLabel(upstream) }],
      ),
    ),
    metricOf(
      {
        name: 's3gw_oss_key_renewals_total',
        help: 'How often a key was asked for, the first included, by what came of it',
        type: 'counter',
        aggregator: 'sum',
      },
      renewed.flatMap(({ upstream, asked }) =>
        Object.entries(asked).map(([result, value]) => ({
          value,
          labels: { result, ...upstreamLabel(upstream) },
        })),
      ),
    ),
  ]
}
