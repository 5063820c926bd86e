import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { download, headOf, type Transfer, upload } from './transfers.ts'
import { KiB, MiB, mebibytes, type Report, type Scale, type Stub, withGateway } from './world.ts'

const DOWNLOADS = 200
const UPLOADS = 200
/** Of the uploads, those with signed chunks. */
const SIGNED = 25
const SLOW = 50
const IDLE = 1000
const MOST_MEMORY = 256 * MiB

/** Hundreds of large bodies at a time, slow clients among them, and idle connections: the gateway keeps none of it. */
export async function memory(stub: Stub, scale: Scale, report: Report): Promise<void> {
  await withGateway(stub, async (gateway) => {
    const { endpoint } = gateway
    const idle = await openIdle(endpoint)
    const slow = Array.from({ length: SLOW }, (_, i) =>
      i % 2 === 0
        ? download(endpoint, `slow-${i}/${scale.size}`, scale.size, { bytesPerSecond: KiB })
        : upload(endpoint, `slow-${i}/${scale.size}`, scale.size, { pace: { bytesPerSecond: KiB } }),
    )
    const cut: string[] = []
    for (const { done } of slow) done.catch((error: Error) => cut.push(error.message))
    const began = performance.now()
    const transfers: Transfer[] = [
      ...Array.from({ length: DOWNLOADS }, (_, i) =>
        download(endpoint, `down-${i}/${scale.size}`, scale.size),
      ),
      ...Array.from({ length: UPLOADS }, (_, i) =>
        upload(endpoint, `up-${i}/${scale.size}`, scale.size, { signed: i < SIGNED }),
      ),
    ]
    const ends = await Promise.allSettled(transfers.map(({ done }) => done))
    const seconds = (performance.now() - began) / 1000
    const failures = ends.flatMap((end) => (end.status === 'rejected' ? [String(end.reason)] : []))
    const { peak, now } = gateway.memory()
    const cutBefore = cut.length
    const slowBytes = slow.map(({ moved }) => moved())
    const openSockets = idle.filter((socket) => !socket.destroyed).length
    for (const { stop } of slow) stop()
    for (const socket of idle) socket.destroy()
    const what = `${DOWNLOADS} downloads, ${UPLOADS} uploads (${SIGNED} of signed chunks) of ${mebibytes(scale.size)}`
    report.add(what, `${failures.length} failed ${failures[0] ?? ''}`, '0', failures.length === 0)
    const speed = ((DOWNLOADS + UPLOADS) * scale.size) / MiB / seconds
    report.note('their time', `${seconds.toFixed(0)} s, ${speed.toFixed(0)} MiB/s`)
    report.add('peak RSS', mebibytes(peak), `at most ${mebibytes(MOST_MEMORY)}`, peak <= MOST_MEMORY)
    report.note('RSS at their end', mebibytes(now))
    report.add(
      `${SLOW} clients of 1 KiB/s`,
      `${cutBefore} cut ${cut[0] ?? ''}, each had moved ${Math.min(...slowBytes)} to ${Math.max(...slowBytes)} bytes`,
      '0 cut',
      cutBefore === 0,
    )
    report.note(`${IDLE} idle connections`, `${openSockets} still open`)
    await sleep(2000)
    report.note('descriptors after all have gone', String(gateway.descriptors()))
  })
}

/** Connections that have been served once and are kept. */
async function openIdle(endpoint: string): Promise<Socket[]> {
  const { head } = headOf(endpoint, { method: 'HEAD', target: '/bucket/idle/10' })
  const sockets: Socket[] = []
  while (sockets.length < IDLE) {
    const some = Array.from({ length: 50 }, () => connect(Number(new URL(endpoint).port), '127.0.0.1'))
    sockets.push(...some)
    await Promise.all(
      some.map(
        (socket) =>
          new Promise<void>((resolve, reject) => {
            socket.on('error', reject)
            socket.once('data', () => resolve())
            socket.write(head)
          }),
      ),
    )
  }
  return sockets
}
