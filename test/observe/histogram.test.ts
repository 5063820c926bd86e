import fc from 'fast-check'
import { Histogram as PromHistogram, Registry as PromRegistry } from 'prom-client'
import { expect, test } from 'vitest'
import { createHistogram, type Series } from '../../src/node/observe/histogram.ts'

const name = 'things_seconds'
const buckets = [0.5, 1, 2]
const labelNames = ['method', 'status']

test('a histogram tells what one of prom-client does of the same values', async () => {
  const value = fc.oneof(fc.constantFrom(0, 0.5, 1, 2, 2.5, 1e9), fc.double({ min: 0, max: 4, noNaN: true }))
  const observation = fc.record({
    method: fc.constantFrom('GET', 'PUT'),
    status: fc.constantFrom(200, 404),
    value,
  })
  await fc.assert(
    fc.asyncProperty(fc.array(observation), async (observations) => {
      const register = new PromRegistry()
      const theirs = new PromHistogram({ name, help: 'h', labelNames, buckets, registers: [register] })
      const ours = createHistogram(name, 'h', buckets)
      const series = new Map<string, Series>()
      for (const { value, ...labels } of observations) {
        theirs.observe(labels, value)
        const key = JSON.stringify(labels)
        if (!series.has(key)) series.set(key, ours.series(labels))
        series.get(key)?.observe(value)
      }
      const [expected] = await register.getMetricsAsJSON()
      const sorted = (metric: unknown) => {
        const { values, ...about } = metric as { values: { exemplar?: unknown }[] }
        return {
          ...about,
          values: values.map(({ exemplar: _, ...row }) => JSON.stringify(sortedKeys(row))).sort(),
        }
      }
      expect(sorted(ours.metric())).toEqual(sorted(expected))
    }),
  )
})

/** The same with its names in order, all the way down. */
function sortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortedKeys(inner)]),
  )
}

test('a series without a value is not told', () => {
  const histogram = createHistogram(name, 'h', buckets)
  histogram.series({ method: 'GET', status: 200 })
  expect(histogram.metric().values).toEqual([])
})
