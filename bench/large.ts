import { join } from 'node:path'
import type { Bench } from './bench.ts'
import type { Running } from './contestants.ts'
import type { Framing } from './framing.ts'
import { parseLoad, type Sample, type Work, watch } from './measure.ts'
import { run } from './processes.ts'

const MiB = 1024 ** 2

type Way = 'get' | Framing

const table: readonly { name: string; title: string; timesBare: number; way: Way }[] = [
  { name: 'get-large', title: 'GET', timesBare: 0.65, way: 'get' },
  { name: 'put-large', title: 'PUT, unsigned payload', timesBare: 0.9, way: 'plain' },
  { name: 'put-large-signed', title: 'PUT, aws-chunked, signed', timesBare: 1.6, way: 'signed' },
  { name: 'put-large-trailer', title: 'PUT, aws-chunked, CRC32 trailer', timesBare: 1.35, way: 'trailer' },
]

/** A large object, moved once or more. */
export const largeWorks: readonly Work[] = table.map(({ name, title, timesBare, way }) => ({
  name,
  title,
  timesBare,
  unit: 'bytes',
  prepare: async (bench, contestant) => {
    await transfer(bench, contestant, way, { size: Math.min(64 * MiB, bench.largeSize), seconds: 1 })
  },
  round: (bench, contestant) => transfer(bench, contestant, way),
}))

/** Moves an object until the time is over, at least once. @throws Error as `watch` does. */
export function transfer(
  bench: Bench,
  contestant: Running,
  way: Way,
  { size = bench.largeSize, seconds = bench.seconds } = {},
): Promise<Sample> {
  const command = [join(bench.folder, 'transfer.js'), contestant.port, way, size, seconds].map(String)
  return watch(
    contestant,
    async () => parseLoad(await run(1, ['node', ...command])),
    ({ amount }) => (way === 'get' ? 0 : amount),
  )
}
