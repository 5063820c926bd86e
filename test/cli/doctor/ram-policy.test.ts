import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Kind, objectActions, settingActions } from '../../../src/cli/doctor/actions.ts'
import { objectPolicy, settingPolicy } from '../../../src/cli/doctor/ram-policy.ts'
import { bucketOperations } from '../../../src/operations/part-of-bucket.ts'
import { served } from '../../../src/operations/served.ts'
import { type AccountsWorld, type Owned, startAccountsWorld, without } from './accounts-world.ts'
import { type Doing, onBuckets, onLocked, onObjects, onOwnBuckets, onVersions } from './s3-operations.ts'

/** Buckets by what they have, and what is done in them. */
const places: [name: string, has: readonly Kind[], doings: Record<string, Doing>][] = [
  ['plain', [], onObjects],
  ['versioned', ['versions'], { ...onObjects, ...onVersions }],
  ['locked', ['versions', 'object lock'], onLocked],
]

const whyNot = (doing: Doing, place: Owned) =>
  doing(place).then(
    () => 'done',
    (error: Error) => `${error.name}: ${error.message}`,
  )

test('S3’s operations are all tried', () => {
  const tried = [onObjects, onVersions, onLocked, onBuckets, onOwnBuckets].flatMap(Object.keys).join()
  expect(served.filter(({ name }) => !new RegExp(`\\b${name}\\b`).test(tried))).toEqual([])
})

describe('the RAM policy that doctor prints', () => {
  let world: AccountsWorld
  beforeAll(async () => {
    world = await startAccountsWorld()
  })
  afterAll(() => world.stop())

  test.each(places)('is enough for the operations on objects in %s buckets', async (name, has, doings) => {
    const place = await world.owned(`${name}-enough`, has)
    await place.give(objectPolicy(place.buckets))
    for (const [what, doing] of Object.entries(doings))
      expect(`${what}: ${await whyNot(doing, place)}`).toBe(`${what}: done`)
  })

  test('is enough, with that for settings, for the operations on buckets', async () => {
    const place = await world.owned('settings', [])
    const both = [objectPolicy(place.buckets), settingPolicy(place.buckets)]
    for (const [what, doing] of Object.entries({ ...onBuckets, ...onOwnBuckets })) {
      // Again each time: the bucket's policy is one of its settings.
      await place.give({ Version: '1', Statement: both.flatMap(({ Statement }) => Statement) })
      expect(`${what}: ${await whyNot(doing, place)}`).toBe(`${what}: done`)
    }
  })

  test('is enough for a part of a bucket, and for what may be read of its settings', async () => {
    const place = await world.ownedPart(['versions'])
    const both = [objectPolicy(place.buckets), settingPolicy(place.buckets)]
    await place.give({ Version: '1', Statement: both.flatMap(({ Statement }) => Statement) })
    const settings = Object.entries(onBuckets).filter(([name]) => bucketOperations.answered.includes(name))
    expect(settings.length).toBeGreaterThan(5)
    for (const [what, doing] of [...Object.entries({ ...onObjects, ...onVersions }), ...settings])
      expect(`${what}: ${await whyNot(doing, place)}`).toBe(`${what}: done`)
    const resources = both.flatMap(({ Statement }) => Statement.flatMap(({ Resource }) => Resource))
    const ofObjects = resources.filter((name) => name.includes('/'))
    expect(new Set(ofObjects.map((name) => name.replace(/^[^/]*/, '')))).toEqual(
      new Set(['/team a/*', '/.s3-oss-gateway/*']),
    )
    const actions = both.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action))
    expect(actions.filter((action) => /:(?:Put|Delete)Bucket/.test(action))).toEqual([])
  })

  test('comes of a table of just the calls that the gateway makes', () => {
    const rows = [...objectActions, ...settingActions]
    expect([...new Set(rows.flatMap(({ calls }) => calls))].sort()).toEqual([...world.calls].sort())
  })
})

describe('without one action of the policy something is refused', () => {
  let world: AccountsWorld
  beforeAll(async () => {
    world = await startAccountsWorld()
  })
  afterAll(() => world.stop())

  describe('in a part of a bucket', () => {
    let place: Owned
    beforeAll(async () => {
      place = await world.ownedPart([])
    })

    test.each(settingActions.filter(({ part }) => part))('$action', async ({ action }) => {
      const both = [objectPolicy(place.buckets), settingPolicy(place.buckets)]
      const Statement = both.flatMap((policy) => policy.Statement)
      await place.give(without({ Version: '1', Statement }, `oss:${action}`))
      const refused: string[] = []
      for (const [what, doing] of Object.entries(onBuckets)) {
        if (!bucketOperations.answered.includes(what)) continue
        if ((await whyNot(doing, place)) !== 'done') refused.push(what)
      }
      expect(refused).toHaveLength(1)
    })
  })

  describe.each(places)('in %s buckets', (name, has, doings) => {
    const rows = objectActions.filter(
      ({ on, only, without }) => on !== 'service' && only === has.at(-1) && without === undefined,
    )
    test.each(rows)('$action', async ({ action }) => {
      const place = await world.owned(`${name}-${action.toLowerCase()}`, has)
      await place.give(without(objectPolicy(place.buckets), `oss:${action}`))
      const refused: string[] = []
      for (const [what, doing] of Object.entries(doings)) {
        if (refused.length === 0 && (await whyNot(doing, place)) !== 'done') refused.push(what)
      }
      expect(refused).toHaveLength(1)
    })
  })
})
