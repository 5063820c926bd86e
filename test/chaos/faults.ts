import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultAction, Faults, ObservedRequest } from '../../src/local-oss/index.ts'
import { pickWeighted, type Random } from './random.ts'

/** Of the pieces on the wire between the gateway and OSS, for each request that meets a fault: bodies are many pieces. */
const WIRE_SHARE = 1 / 40

const page = '<html><body><h1>502 Bad Gateway</h1></body></html>'
const actions: Record<string, [weight: number, action: FaultAction]> = {
  '503': [4, { kind: 'error', status: 503, code: 'ServiceUnavailable' }],
  '500': [2, { kind: 'error', status: 500, code: 'InternalError' }],
  '500 with garbage': [2, { kind: 'garbage', status: 500, body: '\u0000<<not a document>>' }],
  '502 page': [1, { kind: 'garbage', status: 502, body: page, headers: { 'content-type': 'text/html' } }],
  'cut before': [3, { kind: 'cut', when: 'before' }],
  'cut after': [3, { kind: 'cut', when: 'after' }],
  'no answer': [1, { kind: 'stall', at: 'start' }],
  'stalled answer': [1, { kind: 'stall', at: 'body', afterBytes: 40 }],
  'stalled body': [1, { kind: 'stall', at: 'body', afterBytes: 100_000 }],
  'truncated at once': [1, { kind: 'truncate', afterBytes: 0 }],
  'truncated answer': [1, { kind: 'truncate', afterBytes: 100 }],
  'truncated body': [1, { kind: 'truncate', afterBytes: 150_000 }],
  delay: [3, { kind: 'delay', ms: 300 }],
}
const moving = new Set(['UploadPartCopy', 'UploadPart'])
const rows = Object.entries(actions).map(([name, [weight]]) => [name, weight] as const)

/** Counts by name. */
export type Tally = Map<string, number>
/** Counts something by name. */
export const count = (tally: Tally, name: string, by = 1) => tally.set(name, (tally.get(name) ?? 0) + by)

/**
 * Lets some of the requests meet a fault.
 * @param share of all requests.
 * @param stalled called for those that will do nothing any more.
 * @returns what takes the faults away again.
 */
export function injectFaults(
  faults: Faults,
  random: Random,
  struck: Tally,
  share: number,
  stalled: (request: ObservedRequest) => void,
): () => void {
  let chosen: string | undefined
  const choose = ({ operation }: ObservedRequest) => {
    if (random.chance(share)) return pickWeighted(random, rows)
    // Copies that take a while, so that their sources are changed under them.
    return moving.has(operation) && random.chance(0.15) ? 'delay' : undefined
  }
  const removals = rows.map(([name], index) =>
    faults.add({
      times: Number.POSITIVE_INFINITY,
      // The first rule throws the dice for all: they are asked in their order, in one turn.
      when: (request) => {
        if (index === 0) chosen = choose(request)
        if (chosen !== name) return false
        count(struck, name)
        if (name === 'no answer') stalled(request)
        return true
      },
      action: (actions[name] as [number, FaultAction])[1],
    }),
  )
  return () => {
    for (const remove of removals) remove()
  }
}

/** A bad wire between the gateway and OSS. */
export type Wire = {
  port: number
  /** Whether it may misbehave. */
  bad: boolean
  /** Ends every connection. */
  cutAll(): void
  close(): void
}

/** Carries bytes to a port; when bad, resets connections, ends idle ones, and lets pieces trickle. */
export async function layWire(to: number, random: Random, struck: Tally, share: number): Promise<Wire> {
  const pairs = new Set<[Socket, Socket]>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const pair: [Socket, Socket] = [near, far]
    pairs.add(pair)
    forward(near, far)
    forward(far, near)
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on('error', () => other.destroy())
      one.on('close', () => {
        other.destroy()
        pairs.delete(pair)
      })
    }
  })

  function forward(from: Socket, to: Socket) {
    from.on('data', (piece: Buffer) => {
      const fault =
        wire.bad && random.chance(share * WIRE_SHARE) ? random.pick(['reset', 'trickle'] as const) : 'none'
      if (fault !== 'none') count(struck, `wire: ${fault}`)
      if (fault === 'reset') {
        to.write(piece.subarray(0, random.below(piece.length)))
        from.resetAndDestroy()
        to.resetAndDestroy()
      } else if (fault === 'trickle') {
        from.pause()
        void trickle(piece, to).then(() => from.resume())
      } else if (!to.write(piece)) {
        from.pause()
        to.once('drain', () => from.resume())
      }
    })
    from.on('end', () => to.end())
  }

  const idle = setInterval(() => {
    if (!wire.bad || pairs.size === 0) return
    const [near, far] = random.pick([...pairs])
    count(struck, 'wire: connection ended')
    near.end()
    far.end()
  }, 1000)

  const wire: Wire = {
    port: 0,
    bad: false,
    cutAll: () => {
      for (const [near, far] of pairs) {
        near.destroy()
        far.destroy()
      }
    },
    close: () => {
      clearInterval(idle)
      wire.cutAll()
      server.close()
    },
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  wire.port = (server.address() as AddressInfo).port
  return wire
}

async function trickle(piece: Buffer, to: Socket): Promise<void> {
  const step = Math.max(1, Math.ceil(piece.length / 8))
  for (let at = 0; at < piece.length && !to.destroyed; at += step) {
    to.write(piece.subarray(at, at + step))
    await sleep(60)
  }
}
