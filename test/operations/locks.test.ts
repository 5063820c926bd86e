import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Lease } from '../../src/operations/writes/lease.ts'
import type { OssRequest, Transport } from '../../src/ports.ts'
import { type Gateway, type LockWorld, startLockWorld } from './lock-world.ts'

const isAppend = ({ url }: OssRequest) => /[?&]append/.test(url)
const isRenewal = (request: OssRequest) => isAppend(request) && !/position=0/.test(request.url)
const isDeletion = ({ method }: OssRequest) => method === 'DELETE'
const lost = () => Promise.reject(new Error('cut'))

/** OSS does what is asked, and its answer is lost, so many times. */
const losesAnswers = (which: (request: OssRequest) => boolean, times = 1) => {
  let left = times
  return async (request: OssRequest, pass: Transport) => {
    const answer = await pass(request)
    if (!which(request) || left-- <= 0) return answer
    for await (const _ of answer.body);
    return lost()
  }
}

describe.each([
  ['without versions', undefined],
  ['with versions', 'Enabled'],
  ['with suspended versions', 'Suspended'],
])('a lock in a bucket %s', (_, versioning) => {
  let world: LockWorld
  beforeEach(async () => {
    world = await startLockWorld(versioning)
  })
  afterEach(() => world.stop())

  /** What asks for the lock, and whether it has it. */
  function asking(gateway: Gateway, most?: number) {
    const asked = { lease: undefined as Lease | undefined, error: undefined as Error | undefined }
    gateway.take('key', most).then(
      (lease) => {
        asked.lease = lease
      },
      (error) => {
        asked.error = error
      },
    )
    return asked
  }
  async function releases({ lease }: { lease: Lease | undefined }, ...gateways: Gateway[]) {
    const released = lease?.release()
    await world.pass(10_000)
    await released
    for (const gateway of gateways) await Promise.all(gateway.work)
    expect(await world.left()).toEqual([])
  }

  test('is held by one at a time, whoever asks for it, and leaves nothing', async () => {
    const gateways = [world.gateway(), world.gateway(), world.gateway()]
    let holders = 0
    let served = 0
    const uses = gateways.flatMap((gateway) =>
      Array.from({ length: 4 }, async () => {
        const lease = await gateway.take()
        expect(++holders).toBe(1)
        await world.idle()
        holders--
        await lease.release()
        served++
      }),
    )
    while (served < uses.length) await world.pass(100)
    await Promise.all(uses)
    expect(await world.left()).toEqual([])
  })

  test('of one key is in nobody’s way at another', async () => {
    const [one, other] = [world.gateway(), world.gateway()]
    const leases = [await one.take('a'), await other.take('b')]
    for (const lease of leases) await lease.release()
    expect(await world.left()).toEqual([])
  })

  test('of a gateway that has died is taken over by one of those that wait, after 15 seconds', async () => {
    const [dead, ...others] = [world.gateway(), world.gateway(), world.gateway(), world.gateway()]
    await dead.take()
    dead.isStill = true
    const waiting = others.map((gateway) => asking(gateway, 60_000))
    await world.pass(14_500)
    expect(waiting.filter(({ lease }) => lease)).toEqual([])
    await world.pass(4000)
    const [first, ...none] = waiting.filter(({ lease }) => lease)
    expect(none).toEqual([])
    await first?.lease?.release()
    await world.pass(2000)
    const second = waiting.find((one) => one !== first && one.lease)
    await second?.lease?.release()
    await world.pass(2000)
    const third = waiting.find((one) => one !== first && one !== second)
    await releases(third as (typeof waiting)[number])
  })

  test('of a gateway that has died is taken over also where a rule of the bucket has archived it', async () => {
    const [dead, other] = [world.gateway(), world.gateway()]
    await dead.take()
    dead.isStill = true
    await world.archive()
    const waiting = asking(other, 60_000)
    await world.pass(18_500)
    expect(waiting.lease?.isHeld()).toBe(true)
    await releases(waiting)
  })

  test('is renewed while it is held, and waited for', async () => {
    const [owner, other] = [world.gateway(), world.gateway()]
    const lease = await owner.take()
    const patient = asking(other, 600_000)
    const hurried = asking(other, 20_000)
    for (let seconds = 0; seconds < 120; seconds++) {
      await world.pass(1000)
      expect(lease.isHeld()).toBe(true)
      expect(patient.lease).toBeUndefined()
    }
    expect(lease.signal.aborted).toBe(false)
    expect(hurried.error).toMatchObject({ code: 'SlowDown' })
    await lease.release()
    await world.pass(1000)
    await releases(patient)
  })

  test('counts no more for an owner that cannot renew it, before anybody takes it over', async () => {
    const [owner, other] = [world.gateway(), world.gateway()]
    const lease = await owner.take()
    owner.passage = lost
    const waiting = asking(other)
    await world.pass(9900)
    expect(lease.isHeld()).toBe(true)
    await world.pass(200)
    expect(lease.isHeld()).toBe(false)
    expect(lease.signal.aborted).toBe(true)
    expect(owner.logged).toEqual(['lock lost'])
    expect(waiting.lease).toBeUndefined()
    await world.pass(7000)
    expect(waiting.lease).toBeDefined()
    // It must not take the other's away.
    owner.passage = (request, pass) => pass(request)
    await lease.release()
    expect(waiting.lease?.isHeld()).toBe(true)
    await world.pass(4000)
    expect(waiting.lease?.isHeld()).toBe(true)
    await releases(waiting)
  })

  test.each<[string, (owner: Gateway) => void]>([
    [
      'stood still',
      (owner) => {
        owner.isStill = true
      },
    ],
    [
      'stood still, and whose clock was set ahead',
      (owner) => Object.assign(owner, { isStill: true, clockError: 3_600_000 }),
    ],
    [
      'lost OSS, and whose clock was set back',
      (owner) => Object.assign(owner, { passage: lost, clockError: -3_600_000 }),
    ],
  ])('counts no more for an owner that %s', async (_what, happens) => {
    const owner = world.gateway()
    const lease = await owner.take()
    happens(owner)
    await world.pass(10_100)
    expect(lease.isHeld()).toBe(false)
    Object.assign(owner, { isStill: false, clockError: 0 })
    owner.passage = (request, pass) => pass(request)
    // Nobody wanted it.
    await releases({ lease })
  })

  test('is not taken over sooner by who has its clock set', async () => {
    const [owner, other] = [world.gateway(), world.gateway()]
    const lease = await owner.take()
    const waiting = asking(other)
    await world.pass(1000)
    other.clockError = 3_600_000
    await world.pass(8000)
    expect(waiting.lease).toBeUndefined()
    expect(lease.isHeld()).toBe(true)
    await lease.release()
    await world.pass(1000)
    await releases(waiting)
  })

  describe.each([1, 2, 3])('when %d answers of OSS are lost', (times) => {
    test('is taken all the same', async () => {
      const gateway = world.gateway()
      gateway.passage = losesAnswers(isAppend, times)
      const asked = asking(gateway)
      await world.pass(5000)
      expect(asked.lease?.isHeld()).toBe(true)
      await releases(asked, gateway)
      expect(gateway.logged).toEqual([])
    })

    test('is renewed', async () => {
      const gateway = world.gateway()
      const lease = await gateway.take()
      gateway.passage = losesAnswers(isRenewal, times)
      await world.pass(30_000)
      expect(lease.isHeld()).toBe(true)
      await releases({ lease }, gateway)
    })

    test('is given back', async () => {
      const gateway = world.gateway()
      const lease = await gateway.take()
      gateway.passage = losesAnswers(isDeletion, times)
      await releases({ lease }, gateway)
      expect(gateway.logged).toEqual([])
    })
  })

  test('whose deletion was not heard of is not deleted again when it is another’s by then', async () => {
    const [owner, other] = [world.gateway(), world.gateway()]
    const first = await owner.take()
    let second: Lease | undefined
    owner.passage = async (request, pass) => {
      await pass(request)
      owner.passage = (again, passOn) => passOn(again)
      second = await other.take()
      return lost()
    }
    const released = first.release()
    await world.pass(12_000)
    await released
    // Nor is it made longer, which its owner would take for another's.
    expect(second?.isHeld()).toBe(true)
    expect(await world.left()).toHaveLength(1)
    await releases({ lease: second })
    expect(other.logged).toEqual([])
  })

  test('whose deletion comes late to OSS is nobody else’s by then', async () => {
    const [owner, other] = [world.gateway(), world.gateway()]
    const first = await owner.take()
    const waiting = asking(other)
    let late: (() => Promise<unknown>) | undefined
    owner.passage = (request, pass) => {
      if (!isDeletion(request) || late !== undefined) return pass(request)
      late = () => pass(request)
      return lost()
    }
    const released = first.release()
    await world.pass(1500)
    await late?.()
    await world.pass(10_000)
    await released
    expect(waiting.lease?.isHeld()).toBe(true)
    expect(await world.left()).toHaveLength(1)
    await releases(waiting)
    expect([...owner.logged, ...other.logged]).toEqual([])
  })

  test('that OSS makes after its answer was given up is swept away', async () => {
    const gateway = world.gateway()
    let late: (() => Promise<unknown>) | undefined
    gateway.passage = (request, pass) => {
      if (!isAppend(request) || late !== undefined) return pass(request)
      late = () => pass(request)
      return lost()
    }
    const asked = asking(gateway)
    await world.pass(1000)
    const released = asked.lease?.release()
    await world.pass(500)
    await released
    await late?.()
    expect(await world.left()).toHaveLength(1)
    await world.pass(5000)
    await Promise.all(gateway.work)
    expect(await world.left()).toEqual([])
  })

  test('is left to nobody when it could not be taken after all', async () => {
    const gateway = world.gateway()
    // OSS appends, and answers nothing any more.
    let isDown = false
    gateway.passage = async (request, pass) => {
      if (isDown) return lost()
      if (!isAppend(request)) return pass(request)
      await pass(request)
      isDown = true
      return lost()
    }
    const asked = asking(gateway)
    await world.pass(500)
    expect(asked.error).toBeDefined()
    expect(await world.left()).toHaveLength(1)
    gateway.passage = (request, pass) => pass(request)
    await world.pass(10_000)
    await Promise.all(gateway.work)
    expect(await world.left()).toEqual([])
  })

  test('that has another’s in its place by the time it would be taken over is left to that one', async () => {
    const [dead, next, other] = [world.gateway(), world.gateway(), world.gateway()]
    const first = await dead.take()
    dead.isStill = true
    const waiting = asking(other, 60_000)
    let second: Lease | undefined
    other.passage = async (request, pass) => {
      if (isRenewal(request) && second === undefined) {
        // Of the same length: the length alone would not show it.
        await first.release()
        second = await next.take()
      }
      return pass(request)
    }
    await world.pass(18_000)
    expect(second?.isHeld()).toBe(true)
    expect(waiting.lease).toBeUndefined()
    await second?.release()
    await world.pass(20_000)
    expect(waiting.lease?.isHeld()).toBe(true)
    await releases(waiting)
  })
})
