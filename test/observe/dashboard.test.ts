import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { createMetrics, metricsText } from '../../src/node/observe/metrics.ts'
import { usableMetric } from '../../src/node/observe/oss-metrics.ts'

/** Names of metrics that an expression has, without the suffixes of a histogram's series. */
const namesIn = (expression: string) =>
  [...expression.matchAll(/\b(?:http_server|oss_client|s3gw|nodejs|process)_\w+/g)].map(([name]) =>
    name.replace(/_(?:bucket|sum|count)$/, ''),
  )
const labelsIn = (expression: string) =>
  [...expression.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label]) => label as string)

describe.each([
  ['dashboard', 'deploy/grafana/dashboard.json', /"expr": "((?:[^"\\]|\\.)*)"/g],
  ['alerts', 'deploy/alerts.yaml', /expr: (.+|\|\n(?: {10}.*\n)+)/g],
])('the %s', (_, file, pattern) => {
  const expressions = [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, expression = '']) =>
    expression.replaceAll('\\"', '"'),
  )
  let known: Map<string, Set<string>>
  beforeAll(async () => {
    const metrics = createMetrics()
    const key = { upstream: 'other', expiration: 1, asked: { success: 1, same: 0, failure: 0 } }
    metrics.watch(() => ({ inFlight: 0, waiting: 0, connections: 0, keys: [key] }))
    const oss = {
      upstream: 'other',
      operation: 'GetObject',
      status: 200,
      began: 1,
      time: 1,
      requestId: 'id',
      errorCode: 'x',
      ec: 'x',
    }
    metrics.observer.onOssCall(oss)
    metrics.observer.onRetry('reason')
    metrics.observer.onRequest({
      method: 'PUT',
      status: 500,
      errorCode: 'InternalError',
      copyRoute: 'parts',
      objectSize: 1,
      bytesReceived: 1,
      bytesSent: 1,
      totalTime: 1,
    } as never)
    const copied = { method: 'PUT', status: 200, copyRoute: 'parts', objectSize: 1, totalTime: 1 }
    metrics.observer.onRequest(copied as never)
    const usable = usableMetric(new Map([['other', true]]))
    const { text } = await metricsText([[usable], await metrics.values(), await metrics.values()])
    known = new Map()
    for (const [, sample = '', labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
      const name = sample.replace(/_(?:bucket|sum|count)$/, '')
      const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label as string)
      known.set(name, new Set([...(known.get(name) ?? []), ...names]))
    }
  })

  test('has expressions', () => expect(expressions.length).toBeGreaterThan(5))

  test('names metrics and labels that the gateway has', () => {
    for (const expression of expressions) {
      for (const name of namesIn(expression)) expect([...known.keys()]).toContain(name)
      const labels = new Set(namesIn(expression).flatMap((name) => [...(known.get(name) ?? [])]))
      for (const label of labelsIn(expression)) {
        // Prometheus adds these where it scrapes.
        if (!['instance', 'job'].includes(label)) expect([...labels]).toContain(label)
      }
    }
  })
})
