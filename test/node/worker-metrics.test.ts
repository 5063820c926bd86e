import { expect, test } from 'vitest'
import { beginRecord } from '../../src/observe/record.ts'
import { headerMap } from '../../src/ports.ts'
import { analyticsMetrics } from '../../src/worker/metrics.ts'

test('a data point that cannot be written costs no answer, and is told', () => {
  const told: string[] = []
  const full = {
    writeDataPoint: () => {
      throw new TypeError('no more')
    },
  }
  const observer = analyticsMetrics(full, (event, { cause }) => told.push(`${event}: ${cause}`))
  const request = { method: 'GET', target: '/bucket/a', headers: headerMap(), peer: undefined }
  observer.onRequest(beginRecord(request, 'id', 0))
  expect(told).toEqual(['metrics cannot be written: TypeError: no more'])
})
