import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { createMetrics, metricsText } from '../../src/node/observe/metrics.ts'
import { usableMetric } from '../../src/node/observe/oss-metrics.ts'

/** Names of metrics that an expression has, without the suffixes of a histogram's series. */
const namesIn = (expression: string) =>
  [...expression.matchAll(/\b(?:http_server|oss_client|s3gw|nodejs|process)_\w+/g)].map(([name]) =>
    name.replace(/_(?:bucket|sum|count)$/, ''),
  )
/** Labels that an expression chooses by, and that it has its result by. */
const labelsIn = (expression: string) => [
  ...[...expression.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label]) => label as string),
  ...groupsIn(expression).flat(),
]
const groupsIn = (expression: string) =>
  [...expression.matchAll(/\bby \(([^)]*)\)/g)].map(([, names = '']) => names.split(', '))
/** Labels that the text beside an expression tells. */
const toldIn = (text: string) =>
  [...text.matchAll(/\{\{ ?(?:\$labels\.)?(\w+) ?\}\}/g)].map(([, label]) => label as string)
/** Those that Prometheus adds where it scrapes. */
const SCRAPED = ['instance', 'job']

describe.each([
  [
    'dashboard',
    'deploy/grafana/dashboard.json',
    /"expr": "((?:[^"\\]|\\.)*)",\s*"legendFormat": "(.*)"/g,
    /"expr"/g,
  ],
  [
    'alerts',
    'deploy/alerts.yaml',
    /expr: (\|\n(?: {10}.*\n)+|.+\n)(?:(?!.*expr:).*\n)*?.*summary: (.+)/g,
    /expr:/g,
  ],
])('the %s', (_, file, pattern, each) => {
  const text = readFileSync(file, 'utf8')
  const rows = [...text.matchAll(pattern)].map(([, expression = '', told = '']) => ({
    expression: expression.replaceAll('\\"', '"'),
    told,
  }))
  const expressions = rows.map(({ expression }) => expression)
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
    const copied = { method: 'PUT', status: 200, copyRoute: 'parts', bytesCopied: 1, totalTime: 1 }
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

  test('has expressions, and a text beside each', () => {
    expect(expressions.length).toBeGreaterThan(5)
    expect(expressions).toHaveLength(text.match(each)?.length ?? 0)
  })

  test('names metrics and labels that the gateway has', () => {
    for (const expression of expressions) {
      for (const name of namesIn(expression)) expect([...known.keys()]).toContain(name)
      const labels = new Set(namesIn(expression).flatMap((name) => [...(known.get(name) ?? [])]))
      for (const label of labelsIn(expression)) {
        if (!['le', ...SCRAPED].includes(label)) expect([...labels]).toContain(label)
      }
    }
  })

  test('tells no label that the result of its expression has not', () => {
    for (const { expression, told } of rows) {
      const [first = [], ...others] = groupsIn(expression)
      expect(new Set([first, ...others].map(String)).size).toBe(1)
      const isGrouped = /\b(?:sum|min|max)\b/.test(expression)
      const labels = isGrouped ? first : namesIn(expression).flatMap((name) => [...(known.get(name) ?? [])])
      const has = isGrouped ? labels : [...labels, ...SCRAPED]
      for (const label of toldIn(told)) expect([expression, ...has]).toContain(label)
    }
  })

  test('has of what is counted by upstream nothing that does not say of which', () => {
    const byUpstream = [...known].filter(([, labels]) => labels.has('upstream')).map(([name]) => name)
    expect(byUpstream).toHaveLength(4)
    for (const name of byUpstream) {
      const about = rows.filter(({ expression }) => namesIn(expression).includes(name))
      expect([name, about.length > 0]).toEqual([name, true])
      for (const { told } of about) expect(toldIn(told)).toContain('upstream')
    }
  })
})
