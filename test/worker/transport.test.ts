import { afterEach, expect, test, vi } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import { fetchTransport } from '../../src/worker/transport.ts'

afterEach(() => void vi.unstubAllGlobals())

// workerd on its own does not count.
test.each([
  ['Too many subrequests.', 'unsendable'],
  ['Too many subrequests by single Worker invocation.', 'unsendable'],
  ['Network connection lost.', undefined],
])('of a platform that says %j, the failure is %s', async (message, failure) => {
  vi.stubGlobal('fetch', () => Promise.reject(new Error(message)))
  const transport = fetchTransport(parseConfig({}).document.timeouts.oss)
  const asked = transport({ method: 'GET', url: 'https://bucket.oss-cn-hangzhou.aliyuncs.com/', headers: {} })
  const error = await asked.catch((error) => error)
  expect(error.failure).toBe(failure)
  expect(error.message).toContain(failure === undefined ? message : 'copy.maxRequests')
})
