import { join } from 'node:path'
import type { Running } from './contestants.ts'
import type { Framing } from './framing.ts'
import { type Bench, parseLoad, type Sample, type Work, watch } from './measure.ts'
import { run } from './processes.ts'

const MiB = 1024 ** 2

type Way = 'get' | Framing

const table: readonly { name: string; title: string; target: number; way: Way }[] = [
  { name: 'get-large', title: 'GET', target: 0.8, way: 'get' },
  { name: 'put-large', title: 'PUT, unsigned payload', target: 0.7, way: 'plain' },
  { name: 'put-large-signed', title: 'PUT, aws-chunked, signed', target: 0.3, way: 'signed' },
  { name: 'put-large-trailer', title: 'PUT, aws-chunked, CRC32 trailer', target: 0.6, way: 'trailer' },
]

/** A large object, moved once or more. */
export const largeWorks: readonly Work[] = table.map(({ name, title, target, way }) => ({
  name,
  title,
  target,
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
    bench,
    contestant,
    async () => parseLoad(await run(1, ['node', ...command])),
    ({ amount }) => (way === 'get' ? 0 : amount),
  )
}
