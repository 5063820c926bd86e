import { setTimeout as sleep } from 'node:timers/promises'
import { download, upload } from './transfers.ts'
import { MiB, mebibytes, type Report, type Stub, withGateway } from './world.ts'

const STREAMS = 20
const SIZE = 1024 * MiB
/** What the gateway itself may hold of one stream; the system does not give every connection the same. */
const MOST = 4 * MiB
/** Milliseconds in which nothing moves where nothing will, and how long that is waited for. */
const REST = 3000
const LATEST = 120_000

/** Waits until a measure stays what it is. @returns whether it did, in the end. */
async function comesToRest(measure: () => unknown): Promise<boolean> {
  for (const until = Date.now() + LATEST; Date.now() < until; ) {
    const before = JSON.stringify(await measure())
    await sleep(REST)
    if (JSON.stringify(await measure()) === before) return true
  }
  return false
}

/**
 * Who stops reading stops who writes, through the gateway, both ways. What the system's own buffers take is measured
 * without a gateway: there are two connections through it.
 */
export async function pressure(stub: Stub, report: Report): Promise<void> {
  const direct = `http://127.0.0.1:${stub.port}`
  const ends = [download(direct, `direct/${SIZE}`, SIZE, 'stopped'), upload(direct, 'unread-direct', SIZE)]
  await comesToRest(async () => [(await stub.ask()).written, ends[1]?.moved()])
  const sentDirectly = (await stub.ask()).written[`direct/${SIZE}`] ?? 0
  const takenDirectly = ends[1]?.moved() ?? 0
  for (const { stop } of ends) stop()
  report.note(
    'one connection holds, down and up',
    `${mebibytes(sentDirectly)} and ${mebibytes(takenDirectly)}`,
  )
  const mostSent = 2 * sentDirectly + MOST
  const mostTaken = 2 * takenDirectly + MOST
  await withGateway(stub, async (gateway) => {
    const downloads = Array.from({ length: STREAMS }, (_, i) =>
      download(gateway.endpoint, `unheard-${i}/${SIZE}`, SIZE, 'stopped'),
    )
    const rests = await comesToRest(async () => (await stub.ask()).written)
    const sent = (await stub.ask()).written
    const most = Math.max(
      ...downloads.map((_, i) => sent[`unheard-${i}/${SIZE}`] ?? Number.POSITIVE_INFINITY),
    )
    for (const { stop } of downloads) stop()
    report.add(
      'OSS sends to a client that does not read',
      mebibytes(most),
      `at most ${mebibytes(mostSent)}`,
      most <= mostSent,
    )
    report.add('and then', rests ? 'no more' : 'more', 'no more', rests)

    for (const signed of [false, true]) {
      const uploads = Array.from({ length: STREAMS }, (_, i) =>
        upload(gateway.endpoint, `unread-${i}/${SIZE}`, SIZE, { signed }),
      )
      const still = await comesToRest(() => uploads.map(({ moved }) => moved()))
      const taken = uploads.map(({ moved }) => moved())
      for (const { stop } of uploads) stop()
      const what = `a client sends ${signed ? 'signed chunks ' : ''}to an OSS that does not read`
      report.add(
        what,
        mebibytes(Math.max(...taken)),
        `at most ${mebibytes(mostTaken)}`,
        Math.max(...taken) <= mostTaken,
      )
      report.add('and then', still ? 'no more' : 'more', 'no more', still)
    }
    report.note('peak RSS with so much held back', mebibytes(gateway.memory().peak))
  })
}
