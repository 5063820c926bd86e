import { writeFileSync } from 'node:fs'
import type { Bench } from './bench.ts'
import type { Running } from './contestants.ts'
import { transfer } from './large.ts'
import type { Sample } from './measure.ts'
import { copyRequest, flood, keyOf } from './small.ts'
import { PAGE } from './stub-answers.ts'

const MiB = 1024 ** 2

/** One of the things that there may be more of, and what the gateway then does. */
export type Growth = {
  name: string
  title: string
  unit: 'request' | 'GiB' | 'page' | 'copy'
  /** What is measured, from little to much. */
  steps: (bench: Bench) => readonly Step[]
}

type Step = {
  amount: string
  /** Beforehand, so that the first step is not the only one that pays for what is compiled. */
  prepare: (bench: Bench, gateway: Running) => Promise<unknown>
  run: (bench: Bench, gateway: Running) => Promise<Sample>
  /** Copies that are open at a time. */
  open?: number
}

const TIMES = [1, 4, 16] as const
const get = (index: number) => ({ method: 'GET', target: `/bench/4096/${keyOf(index)}` })
/** Milliseconds that OSS takes for a copy. */
const COPY_TIME = 500

/** All rows: 1, 4 and 16 times of something. */
export const growths: readonly Growth[] = [
  {
    name: 'grow-requests',
    title: 'requests, GET 4 KiB',
    unit: 'request',
    steps: () =>
      TIMES.map((times) => {
        const requests = 10_000 * times
        return {
          amount: requests.toLocaleString('en'),
          prepare: (bench, gateway) => flood(bench, gateway, get, { connections: 32, limit: '3s' }),
          run: (bench, gateway) => flood(bench, gateway, get, { connections: 32, limit: requests }),
        }
      }),
  },
  ...(['get', 'plain'] as const).map(
    (way): Growth => ({
      name: `grow-size-${way === 'get' ? 'get' : 'put'}`,
      title: way === 'get' ? 'size of the object, GET' : 'size of the object, PUT',
      unit: 'GiB',
      steps: ({ largeSize }) =>
        TIMES.map((times) => {
          const size = (largeSize / 16) * times
          return {
            amount: `${size / MiB} MiB`,
            prepare: (bench, gateway) => transfer(bench, gateway, way, { size: largeSize / 16, seconds: 1 }),
            run: (bench, gateway) => transfer(bench, gateway, way, { size }),
          }
        }),
    }),
  ),
  {
    name: 'grow-keys',
    title: 'keys of the bucket, pages of 1,000',
    unit: 'page',
    steps: () =>
      TIMES.map((times) => {
        const pages = 10 * times
        const page = (index: number) => ({
          method: 'GET',
          target: `/pages-${pages}/?list-type=2&max-keys=${PAGE}${index === 0 ? '' : `&continuation-token=${index}`}`,
        })
        const paging = { connections: 1, requests: pages }
        return {
          amount: `${(pages * PAGE).toLocaleString('en')} keys`,
          prepare: (bench, gateway) => flood(bench, gateway, page, { ...paging, limit: '3s' }),
          // From the first page to the last, as often as it takes to be measured.
          run: (bench, gateway) => flood(bench, gateway, page, { ...paging, limit: 160 }),
        }
      }),
  },
  {
    name: 'grow-copies',
    title: `open copies, ${COPY_TIME} ms each`,
    unit: 'copy',
    steps: () =>
      TIMES.map((times) => {
        const open = 64 * times
        return {
          amount: `${open} at a time`,
          open,
          // Few at a time: what the open ones need is to be seen afterwards.
          prepare: (bench, gateway) =>
            flood(bench, gateway, (index) => copyRequest(index, 'copied'), { connections: 4, limit: '3s' }),
          run: (bench, gateway) =>
            flood(bench, gateway, (index) => copyRequest(index, `slow-${COPY_TIME}`), {
              connections: open,
              // On each connection as many: what it costs to open one is not to be seen as the copies'.
              limit: 32 * open,
            }),
        }
      }),
  },
]

/** A step, measured in a gateway of its own. */
export type Grown = Pick<Step, 'amount' | 'open'> & { sample: Sample }

/** @throws Error as `watch` does. */
export async function grow(bench: Bench, step: Step, gateway: Running): Promise<Grown> {
  await step.prepare(bench, gateway)
  // Forgets the peak so far.
  writeFileSync(`/proc/${gateway.pid}/clear_refs`, '5')
  return { ...step, sample: await step.run(bench, gateway) }
}
