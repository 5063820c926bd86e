import { afterEach, expect, test } from 'vitest'
import { type Admin, openAdmin } from '../../src/node/admin.ts'
import { metricsText } from '../../src/node/observe/metrics.ts'
import type { OssClient } from '../../src/oss/client.ts'

/** A client of OSS that answers, or does not. */
const client = (why?: string) => {
  const sendForXml = async () => {
    if (why !== undefined) throw new Error(why)
    return {}
  }
  return { once: () => ({ sendForXml }) } as unknown as OssClient
}

let admin: Admin | undefined
afterEach(() => admin?.close())

test.each<
  [what: string, own: OssClient, other: OssClient, ready: [number, string], usable: [number, number]]
>([
  ['all of them', client(), client(), [200, 'ok'], [1, 1]],
  [
    'one of several',
    client(),
    client('down'),
    [200, 'degraded: OSS cannot be used now at other, the log says why'],
    [1, 0],
  ],
  ['none of them', client('down'), client('down'), [503, 'OSS cannot be used: the log says why'], [0, 0]],
])('%s can be used: health checks and metrics tell so', async (_, oss, other, ready, [own, its]) => {
  admin = await openAdmin(
    { adminHost: '127.0.0.1', adminPort: 0 } as Parameters<typeof openAdmin>[0],
    () => ({ oss, upstreams: new Map([['other', other]]) }),
    { alive: () => true, unready: () => undefined },
    (values) => metricsText([values]),
    () => {},
  )
  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${admin?.port}${path}`)
    return [answer.status, (await answer.text()).trimEnd()] as const
  }
  expect(await get('/readyz')).toEqual(ready)
  const [, text] = await get('/metrics')
  expect(text.split('\n').filter((line) => line.startsWith('s3gw_oss_usable'))).toEqual([
    `s3gw_oss_usable ${own}`,
    `s3gw_oss_usable{upstream="other"} ${its}`,
  ])
})
