import { setTimeout as sleep } from 'node:timers/promises'
import { mixed, requestsOf } from './requests.ts'
import { MiB, mebibytes, type Report, type Scale, type Stub, withGateway } from './world.ts'

const CONCURRENCY = 32
const MOST_GROWTH = 3 * MiB

/** After a tenth of the requests the heap is as large as after all of them. */
export async function heap(stub: Stub, scale: Scale, report: Report): Promise<void> {
  await withGateway(
    stub,
    async (gateway) => {
      const { send, expected, close } = requestsOf(gateway.endpoint)
      let wrong = 0
      let sent = 0
      const run = async (until: number) => {
        const loop = async () => {
          while (sent < until) {
            const kind = mixed[sent++ % mixed.length] as string
            const { status } = await send(kind)
            if (status !== expected(kind)) wrong++
          }
        }
        await Promise.all(Array.from({ length: CONCURRENCY }, loop))
        await sleep(1500)
        return { ...(await gateway.heap()), memory: gateway.memory().now }
      }
      const began = performance.now()
      const early = await run(scale.requests / 10)
      const late = await run(scale.requests)
      const speed = scale.requests / ((performance.now() - began) / 1000)
      close()
      const growth = late.heapUsed - early.heapUsed
      report.add(
        `${scale.requests} requests`,
        `${wrong} answered wrong, ${speed.toFixed(0)}/s`,
        '0',
        wrong === 0,
      )
      report.add(
        `heap after ${scale.requests / 10} and after ${scale.requests}`,
        `${mebibytes(early.heapUsed)} and ${mebibytes(late.heapUsed)}`,
        `grows by at most ${mebibytes(MOST_GROWTH)}`,
        growth <= MOST_GROWTH,
      )
      const outside = late.external - early.external
      report.add(
        'outside the heap',
        mebibytes(outside),
        `at most ${mebibytes(MOST_GROWTH)}`,
        outside <= MOST_GROWTH,
      )
      report.note('RSS then', `${mebibytes(early.memory)} and ${mebibytes(late.memory)}`)
    },
    { inspect: true },
  )
}
