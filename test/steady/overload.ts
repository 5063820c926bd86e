import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../node/free-port.ts'
import { mixed, requestsOf } from './requests.ts'
import { type Report, type Scale, type Stub, withGateway } from './world.ts'

/** With so long an OSS and so few at a time, capacity is 100 requests a second: little for any machine. */
const OSS_TIME = 200
const limits = { inFlight: 20, waiting: 20, waitingTime: 0.5 }
const CAPACITY = limits.inFlight * (1000 / OSS_TIME)
const LOAD = 2 * CAPACITY
/** Milliseconds: generous to a machine that does other things, and less than a queue without an end would cost. */
const MOST_LATENCY = 2500
const MOST_HEALTH = 2500

const showTimes = (times: number[]) => {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0)
  return { text: `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms`, p99: at(0.99), max: at(1) }
}

/** Twice what it can take: the rest is told so at once, what is accepted is served in time, health answers. */
export async function overload(stub: Stub, scale: Scale, report: Report): Promise<void> {
  const adminPort = await freePort()
  const work = async ({ endpoint }: { endpoint: string }) => {
    const { send, expected, close } = requestsOf(endpoint)
    // Connections are open and code is warm.
    await Promise.all(Array.from({ length: 200 }, (_, i) => send(mixed[i % mixed.length] as string)))
    await stub.ask({ delay: OSS_TIME })

    const health: number[] = []
    let unhealthy = 0
    let over = false
    const watch = async () => {
      for (let i = 0; !over; i++, await sleep(50)) {
        const began = performance.now()
        const url = `http://127.0.0.1:${adminPort}/${i % 2 === 0 ? 'healthz' : 'readyz'}`
        const status = await fetch(url, { signal: AbortSignal.timeout(60_000) }).then(
          (answer) => answer.status,
          () => 0,
        )
        if (status !== 200) unhealthy++
        health.push(performance.now() - began)
      }
    }
    const watching = watch()

    const accepted: number[] = []
    const refused: number[] = []
    const other: string[] = []
    const one = async () => {
      const began = performance.now()
      try {
        const { status, retryAfter } = await send('get')
        if (status === 200) accepted.push(performance.now() - began)
        else if (status === 503 && retryAfter !== undefined) refused.push(performance.now() - began)
        else other.push(`${status}, Retry-After ${retryAfter}`)
      } catch (error) {
        other.push((error as Error).message)
      }
    }
    const all: Promise<void>[] = []
    const began = performance.now()
    // Open loop: nobody waits for an answer before asking the next.
    for (let elapsed = 0; elapsed < scale.overload * 1000; elapsed = performance.now() - began) {
      while (all.length < (LOAD * elapsed) / 1000) all.push(one())
      await sleep(5)
    }
    await Promise.all(all)
    over = true
    await watching
    await stub.ask({ delay: 0 })

    const [good, bad, well] = [accepted, refused, health].map(showTimes) as [
      ReturnType<typeof showTimes>,
      ReturnType<typeof showTimes>,
      ReturnType<typeof showTimes>,
    ]
    const rate = Math.round(accepted.length / scale.overload)
    report.note(`${LOAD} requests a second, capacity ${CAPACITY}`, `${rate} accepted a second`)
    report.add(
      'accepted',
      good.text,
      `p99 at most ${MOST_LATENCY} ms`,
      good.p99 <= MOST_LATENCY && accepted.length > 0,
    )
    const some = refused.length > 0 && bad.p99 <= MOST_LATENCY
    report.add(
      'told to slow down',
      `${refused.length}, ${bad.text}`,
      `some, p99 at most ${MOST_LATENCY} ms`,
      some,
    )
    report.add('answered otherwise', `${other.length} ${other[0] ?? ''}`, '0', other.length === 0)
    const fine = unhealthy === 0 && well.max <= MOST_HEALTH
    report.add(
      '/healthz and /readyz meanwhile',
      `${unhealthy} of ${health.length} not 200, ${well.text}`,
      '0',
      fine,
    )

    let wrong = 0
    for (let round = 0; round < 30; round++) {
      const answers = mixed.map(async (kind) => (await send(kind)).status === expected(kind))
      wrong += (await Promise.all(answers)).filter((right) => !right).length
    }
    report.add('afterwards', `${wrong} of ${30 * mixed.length} answered wrong`, '0', wrong === 0)
    close()
  }
  await withGateway(stub, work, { document: { limits }, settings: { ADMIN_PORT: adminPort } })
}
