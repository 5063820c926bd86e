import { randomBytes } from 'node:crypto'
import '../bytes/compiled.ts'
import type { Platform } from '../ports.ts'
import { sleep, timer } from '../runtime/timers.ts'
import { serveOnNode } from './serve-request.ts'

/** What Node hands in: clock, timers, random values, and how requests are served. */
export const nodePorts = {
  clock: Date.now,
  sleep,
  timer,
  random: Math.random,
  platform: { connections: 256, requestsWait: true } satisfies Platform,
  newId,
  serve: serveOnNode,
}

const ID_LENGTH = 16
/** Ids to come: random bytes cost the same, few or many. */
let ids = ''
let nextId = 0

function newId(): string {
  if (nextId === ids.length) {
    ids = randomBytes(128 * ID_LENGTH)
      .toString('hex')
      .toUpperCase()
    nextId = 0
  }
  nextId += ID_LENGTH
  return ids.slice(nextId - ID_LENGTH, nextId)
}
