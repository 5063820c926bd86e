import type { Dialect } from './stub-answers.ts'

/** What everything that is measured needs to know. */
export type Bench = {
  /** What was built, and files that nobody needs afterwards. */
  folder: string
  /** Of the upstreams, by what they speak. */
  stubPorts: Record<Dialect, number>
  /** How long each contestant is measured in a round. */
  seconds: number
  /** Bytes of a large object. */
  largeSize: number
}

/** What the throughput of a work is counted in. */
export type Unit = 'requests' | 'bytes'
