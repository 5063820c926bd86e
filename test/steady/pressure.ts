import { setTimeout as sleep } from 'node:timers/promises'
import { download, upload } from './transfers.ts'
import { MiB, mebibytes, type Report, type Stub, withGateway } from './world.ts'

const STREAMS = 20
const SIZE = 1024 * MiB
/** What the gateway itself may hold of one stream; the system does not give every connection the same. */
const MOST = 4 * MiB
/** Until nothing moves any more. */
const SETTLING = 4000

/**
 * Who stops reading stops who writes, through the gateway, both ways. What the system's own buffers take is measured
 * without a gateway: there are two connections through it.
 */
export async function pressure(stub: Stub, report: Report): Promise<void> {
  const direct = `http://127.0.0.1:${stub.port}`
  const ends = [download(direct, `direct/${SIZE}`, SIZE, 'stopped'), upload(direct, 'unread-direct', SIZE)]
  await sleep(SETTLING)
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
    await sleep(SETTLING)
    const sent = (await stub.ask()).written
    const most = Math.max(
      ...downloads.map((_, i) => sent[`unheard-${i}/${SIZE}`] ?? Number.POSITIVE_INFINITY),
    )
    await sleep(1000)
    const later = (await stub.ask()).written
    for (const { stop } of downloads) stop()
    report.add(
      'OSS sends to a client that does not read',
      mebibytes(most),
      `at most ${mebibytes(mostSent)}`,
      most <= mostSent,
    )
    const moved = downloads.some((_, i) => sent[`unheard-${i}/${SIZE}`] !== later[`unheard-${i}/${SIZE}`])
    report.add('and a second later', moved ? 'more' : 'no more', 'no more', !moved)

    for (const signed of [false, true]) {
      const uploads = Array.from({ length: STREAMS }, (_, i) =>
        upload(gateway.endpoint, `unread-${i}/${SIZE}`, SIZE, { signed }),
      )
      await sleep(SETTLING)
      const taken = uploads.map(({ moved }) => moved())
      await sleep(1000)
      const still = uploads.every(({ moved }, i) => moved() === taken[i])
      for (const { stop } of uploads) stop()
      const what = `a client sends ${signed ? 'signed chunks ' : ''}to an OSS that does not read`
      report.add(
        what,
        mebibytes(Math.max(...taken)),
        `at most ${mebibytes(mostTaken)}`,
        Math.max(...taken) <= mostTaken,
      )
      report.add('and a second later', still ? 'no more' : 'more', 'no more', still)
    }
    report.note('peak RSS with so much held back', mebibytes(gateway.memory().peak))
  })
}
