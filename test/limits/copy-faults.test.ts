import { CopyObjectCommand, type CopyObjectCommandInput, S3ServiceException } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FaultAction, FaultRule } from '../../src/local-oss/index.ts'
import {
  type CopyWorld,
  event,
  inParallel,
  type Seen,
  startCopyWorld,
  type Way,
  ways,
} from '../gateway/copy-world.ts'

/** The ways of a copy, and one that has to read its source first. */
type Kind = Way | typeof checksummed
const checksummed = 'native with a checksum'
const wayOf = (kind: Kind): Way => (kind === checksummed ? 'native' : kind)

/** Every call of each way, and which of its requests meets the fault. */
const aroundUpload = ['ListMultipartUploads', 'InitiateMultipartUpload', 'CompleteMultipartUpload']
const calls: Record<Kind, readonly string[]> = {
  native: ['CopyObject'],
  'native with a checksum': ['source', 'GetObject', 'CopyObject'],
  parts: ['CopyObject', 'source', 'GetObjectTagging', ...aroundUpload, 'UploadPartCopy', 'result'],
  'relay in one': ['source', 'GetObjectTagging', 'GetObject', 'PutObject', 'result'],
  // What comes before and after is the same as around parts.
  'relay in parts': ['InitiateMultipartUpload', 'GetObject', 'UploadPart', 'CompleteMultipartUpload'],
}

const error = (status: number, code: string): FaultAction => ({ kind: 'error', status, code })
const faults: Record<string, { action: FaultAction; times?: number; only?: string }> = {
  '503 once': { action: error(503, 'ServiceUnavailable') },
  '503 twice': { action: error(503, 'ServiceUnavailable'), times: 2 },
  '503 always': { action: error(503, 'ServiceUnavailable'), times: Number.POSITIVE_INFINITY },
  '500 once': { action: error(500, 'InternalError') },
  '500 always': { action: error(500, 'InternalError'), times: Number.POSITIVE_INFINITY },
  'no answer once': { action: { kind: 'stall', at: 'start' } },
  'no answer, ever': { action: { kind: 'stall', at: 'start' }, times: Number.POSITIVE_INFINITY },
  'stalled body': { action: { kind: 'stall', at: 'body', afterBytes: 1000 }, only: 'GetObject' },
  'stalled answer': { action: { kind: 'stall', at: 'body', afterBytes: 20 } },
  'truncated body': { action: { kind: 'truncate', afterBytes: 1000 }, only: 'GetObject' },
  'truncated answer': { action: { kind: 'truncate', afterBytes: 20 } },
  'cut before': { action: { kind: 'cut', when: 'before' } },
  'cut before, always': { action: { kind: 'cut', when: 'before' }, times: Number.POSITIVE_INFINITY },
  'cut after': { action: { kind: 'cut', when: 'after' } },
  'cut after, always': { action: { kind: 'cut', when: 'after' }, times: Number.POSITIVE_INFINITY },
  garbage: { action: { kind: 'garbage', body: '<html>It works!</html>' } },
  'garbage always': {
    action: { kind: 'garbage', body: '<html>It works!</html>' },
    times: Number.POSITIVE_INFINITY,
  },
  delay: { action: { kind: 'delay', ms: 100 } },
}

type Row = { way: Kind; call: string; fault: string; key: string; occupied: boolean }
const rows: Row[] = Object.entries(calls).flatMap(([way, names]) =>
  names.flatMap((call) =>
    Object.entries(faults)
      .filter(([, { only }]) => only === undefined || only === call)
      .map(([fault]) => ({ way: way as Kind, call, fault, key: '', occupied: false })),
  ),
)
for (const [index, row] of rows.entries()) {
  row.key = `row-${index}`
  // Every other row has an object to lose.
  row.occupied = index % 2 === 0
}

/** The requests a row's fault is for: this copy's, and of the HEADs the one of the source or of the result. */
function ruleOf({ way, call, fault, key }: Row, struck: () => void): FaultRule {
  const { action, times = 1 } = faults[fault] as (typeof faults)[string]
  const operation = call === 'source' || call === 'result' ? 'HeadObject' : call
  const bucket = ['source', 'GetObjectTagging', 'GetObject'].includes(call)
    ? ways[wayOf(way)].bucket
    : 'target'
  const when = (request: { key: string; query: ReadonlyMap<string, string> }) => {
    const isOurs = (request.key || request.query.get('prefix')) === key
    if (isOurs) struck()
    return isOurs
  }
  return { operation, bucket, when, times, action }
}

type Outcome = {
  struck: number
  before: Seen
  after: Seen
  uploads: string[]
  foreign: string
  error: unknown
}

const withoutTime = (seen: Seen) => ({ ...seen, headers: { ...seen?.headers, etag: '', time: '' } })

/** How it may end: a passing fault does not fail a copy, and a lost answer is not a failure. */
function expected({ way, call, fault }: Row): 'copied' | 'refused' {
  if (call === 'result' || fault === 'delay') return 'copied'
  if (/always|ever/.test(fault)) {
    const heardOfLater =
      ['CompleteMultipartUpload', 'PutObject'].includes(call) ||
      (call === 'CopyObject' && wayOf(way) === 'native')
    return fault === 'cut after, always' && heardOfLater ? 'copied' : 'refused'
  }
  if (call !== 'CopyObject' || fault.startsWith('503')) return 'copied'
  // A native copy is not repeated where the first may still be under way.
  return wayOf(way) === 'native' && /answer$|cut after/.test(fault) && fault !== 'no answer'
    ? 'copied'
    : 'refused'
}

describe('whatever fails in a copy, the destination is the copy or what it was, and no upload is left', () => {
  /** Only what stalls needs a short time limit; anything else would meet it on a busy machine alone. */
  let patient: CopyWorld
  let impatient: CopyWorld
  const stalls = ({ fault }: Row) => faults[fault]?.action.kind === 'stall'
  const worldOf = (row: Row) => (stalls(row) ? impatient : patient)
  const outcomes = new Map<Row, Outcome>()
  /** What every copy of a way is made of: all its sources are alike. */
  const sources = new Map<Way, Seen>()

  beforeAll(async () => {
    const settings = { keepAliveAfter: 0, parallel: 3 }
    patient = await startCopyWorld('sockets', { ...settings, timeout: 30 })
    impatient = await startCopyWorld('sockets', { ...settings, timeout: 3 })
    await inParallel(rows, 8, prepare)
    await inParallel(
      rows.filter((row) => !stalls(row)),
      64,
      (row) => run(row),
    )
    await runStalls()
    for (const row of rows) {
      const way = wayOf(row.way)
      if (!sources.has(way)) sources.set(way, await worldOf(row).see(ways[way].bucket, row.key))
    }
    // All the copies there are.
  }, 1_200_000)

  afterAll(async () => {
    await patient.stop()
    await impatient.stop()
  })

  async function prepare(row: Row): Promise<void> {
    const { way, key, occupied } = row
    const world = worldOf(row)
    await world.putSource(wayOf(way), key, 1)
    if (!occupied) return
    await world.bucket('target').put(key, Buffer.from('before'), {
      headers: { 'content-type': 'text/x-before', 'x-oss-tagging': 'before=1', 'x-oss-meta-seed': 'before' },
    })
  }

  /**
   * Each begins when the one before it stalls: they wait together, but only one or two of them work at a time, so that
   * what does not stall is far from the limit on any machine.
   */
  async function runStalls(): Promise<void> {
    const ends: Promise<void>[] = []
    for (const row of rows.filter(stalls)) {
      const [struck, strike] = event()
      const end = run(row, strike)
      ends.push(end)
      await Promise.race([struck, end])
    }
    await Promise.all(ends)
  }

  async function run(row: Row, onStruck = () => {}): Promise<void> {
    const { key } = row
    const world = worldOf(row)
    const before = await world.see('target', key)
    const { uploadId: foreign } = await world.bucket('target').initMultipartUpload(key)
    let struck = 0
    const rule = ruleOf(row, () => {
      struck++
      onStruck()
    })
    const stop = world.fault(rule)
    const error = await copy(row)
    stop()
    const after = await world.see('target', key)
    outcomes.set(row, { struck, before, after, uploads: await world.uploads(key), foreign, error })
  }

  const copy = (row: Row, input: Partial<CopyObjectCommandInput> = {}) => {
    const { way, key: Key } = row
    const CopySource = `${ways[wayOf(way)].bucket}/${Key}`
    const checksum = way === checksummed ? { ChecksumAlgorithm: 'SHA256' as const } : {}
    return worldOf(row)
      .client.send(new CopyObjectCommand({ Bucket: 'target', Key, CopySource, ...input, ...checksum }))
      .then(
        () => undefined,
        (error: unknown) => error,
      )
  }

  test.each(rows)('$way: $call: $fault', (row) => {
    const { struck, before, after, uploads, foreign, error } = outcomes.get(row) as Outcome
    expect(struck).toBeGreaterThan(0)
    expect(uploads).toEqual([foreign])
    if (error === undefined) {
      expect(withoutTime(after)).toEqual(withoutTime(sources.get(wayOf(row.way))))
    } else {
      expect(error).toBeInstanceOf(S3ServiceException)
      expect((error as S3ServiceException).$metadata.httpStatusCode).toBeGreaterThanOrEqual(500)
      expect(after).toEqual(before)
    }
    expect(error === undefined ? 'copied' : 'refused').toBe(expected(row))
  })
})
