import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Answer, send } from '../test/gateway/wire.ts'
import type { Bench } from './bench.ts'
import type { Running } from './contestants.ts'
import { parseLoad, type Sample, type Work, watch } from './measure.ts'
import { run } from './processes.ts'
import { asFile, type Plain, signed, smallBody } from './requests.ts'

/** Different requests that are sent in turn. */
const REQUESTS = 2000
export const CONNECTIONS = 32
/** Of the fastest peer's CPU, where each request costs its own and little of it is bytes. */
const TIMES_PEER = 0.6
/** How long what is compiled while it runs is given for it, in seconds. */
const WARM_UP = 6

/** A small request: how it is made, and which answer is right. */
export type SmallWork = {
  name: string
  title: string
  timesBare?: number
  timesPeer?: number
  request: (index: number) => Plain
  isRight: (answer: Answer) => boolean
}

/** The key of an object, a different one for each index. */
export const keyOf = (index: number): string => `2025/11/photo-${String(index).padStart(6, '0')}.jpg`

const table: readonly SmallWork[] = [
  {
    name: 'get',
    title: 'GET 4 KiB',
    timesBare: 1.35,
    timesPeer: TIMES_PEER,
    request: (index) => ({ method: 'GET', target: `/bench/4096/${keyOf(index)}` }),
    isRight: ({ status, body }) => status === 200 && body.length === 4096,
  },
  {
    name: 'head',
    title: 'HEAD 4 KiB',
    timesBare: 1.35,
    timesPeer: TIMES_PEER,
    request: (index) => ({ method: 'HEAD', target: `/bench/4096/${keyOf(index)}` }),
    isRight: ({ status, headers }) => status === 200 && headers['content-length'] === '4096',
  },
  {
    name: 'put',
    title: 'PUT 4 KiB, signed',
    timesBare: 1.5,
    timesPeer: TIMES_PEER,
    request: (index) => ({
      method: 'PUT',
      target: `/bench/written/${keyOf(index)}`,
      headers: { 'content-type': 'image/jpeg' },
      body: smallBody(index),
    }),
    isRight: ({ status, headers }) => status === 200 && headers.etag !== undefined,
  },
  {
    name: 'copy',
    title: 'CopyObject, native',
    timesBare: 1.5,
    timesPeer: TIMES_PEER,
    request: (index) => copyRequest(index, 'copied'),
    isRight: ({ status, body }) => status === 200 && body.includes('<CopyObjectResult'),
  },
  {
    name: 'list',
    title: 'ListObjectsV2, 1,000 keys',
    timesBare: 3.5,
    request: (index) => ({
      method: 'GET',
      target: `/bench/?list-type=2&max-keys=1000&start-after=${encodeURIComponent(keyOf(index))}`,
    }),
    isRight: ({ status, body }) => status === 200 && body.toString().split('<Contents>').length === 1001,
  },
]

/** A CopyObject to a key in `folder`. */
export const copyRequest = (index: number, folder: string): Plain => ({
  method: 'PUT',
  target: `/bench/${folder}/${keyOf(index)}`,
  headers: { 'x-amz-copy-source': `/bench/4096/${keyOf(index)}` },
  body: Buffer.alloc(0),
})

/** A small request, many times. */
export const asWork = (work: SmallWork): Work => ({
  ...work,
  unit: 'requests',
  prepare: async (bench, contestant) => {
    const answer = await send(`http://127.0.0.1:${contestant.port}`, signed(work.request(0)))
    if (!work.isRight(answer)) {
      const body = answer.body.toString('latin1', 0, 1000)
      throw new Error(`${contestant.title}, ${work.title}: the answer is ${answer.status} ${body}`)
    }
    await measure(bench, contestant, work, WARM_UP)
  },
  round: (bench, contestant) => measure(bench, contestant, work, bench.seconds),
})

export const smallWorks: readonly Work[] = table.map(asWork)

/** @throws Error when a contestant that signs for its upstream serves a request whose own signature is wrong. */
export async function refusesForgeries({ kind, port, title }: Running): Promise<void> {
  if (kind === 'proxy') return
  const forged = signed({ method: 'GET', target: `/bench/4096/${keyOf(0)}` })
  const { status } = await send(`http://127.0.0.1:${port}`, { ...forged, target: `/bench/4096/${keyOf(1)}` })
  if (status !== 403) throw new Error(`${title} answers ${status} to a wrong signature`)
}

/** Writes requests, signed now, into a file. @returns its path. */
function writeRequests({ folder }: Bench, request: (index: number) => Plain, count: number): string {
  const file = join(folder, 'requests')
  writeFileSync(file, asFile(Array.from({ length: count }, (_, index) => signed(request(index)))))
  return file
}

/** Small requests for so many seconds. @throws Error as `watch` does. */
function measure(
  bench: Bench,
  contestant: Running,
  { request }: SmallWork,
  seconds: number,
): Promise<Sample> {
  if (request(0).method === 'HEAD') {
    return flood(bench, contestant, request, { connections: CONNECTIONS, limit: `${seconds}s` })
  }
  const file = writeRequests(bench, request, REQUESTS)
  const wrk = ['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--timeout', '30s', '-s', 'bench/wrk.lua']
  const command = [...wrk, `http://127.0.0.1:${contestant.port}`, '--', file]
  return watch(contestant, async () => parseLoad(await run(1, command)))
}

type Flood = {
  connections: number
  /** `5s`, or how many requests. */
  limit: string | number
  /** How many different ones. */
  requests?: number
}

/** Requests up to a time or number. @throws Error as `watch` does. */
export function flood(
  bench: Bench,
  contestant: Running,
  request: (index: number) => Plain,
  { connections, limit, requests = REQUESTS }: Flood,
): Promise<Sample> {
  const file = writeRequests(bench, request, requests)
  const command = ['node', join(bench.folder, 'flood.js'), contestant.port, file, connections, limit].map(
    String,
  )
  return watch(contestant, async () => parseLoad(await run(1, command)))
}
