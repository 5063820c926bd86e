import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ActionRow, type Kind, objectActions } from '../../../src/cli/doctor/actions.ts'
import { objectPolicy, type RamPolicy } from '../../../src/cli/doctor/ram-policy.ts'
import { type AccountsWorld, type Owned, startAccountsWorld, without } from './accounts-world.ts'

let world: AccountsWorld
beforeAll(async () => {
  world = await startAccountsWorld()
})
afterAll(() => world.stop())

const failed = async ({ buckets }: Owned) => {
  const args = buckets.flatMap(({ name }) => ['--bucket', name])
  const { results, policies } = await world.report(args)
  return { results: results.filter(({ outcome }) => outcome === 'wrong' || outcome === 'warning'), policies }
}

const places: [kind: string, has: readonly Kind[]][] = [
  ['plain', []],
  ['versioned', ['versions']],
  ['locked', ['versions', 'object lock']],
]

test.each(places)(
  'in %s buckets doctor finds nothing wrong with the policy that it prints',
  async (kind, has) => {
    const place = await world.owned(`${kind}-all`, has)
    // By which it can find out what the buckets have.
    await place.give(objectPolicy(place.buckets))
    const { policies } = await failed(place)
    if (policies === undefined) throw new Error('there are no policies')
    expect(policies.objects).toEqual(objectPolicy(place.buckets))
    await place.give(policies.objects)
    expect((await failed(place)).results).toEqual([])
  },
)

describe('of a policy that lacks one action doctor names that, and no other', () => {
  const rows = places.flatMap(([kind, has]) =>
    objectActions
      .filter(({ on, only }) => on !== 'service' && only === has.at(-1))
      .map((row): [string, string, readonly Kind[], ActionRow] => [row.action, kind, has, row]),
  )

  test.each(rows)('%s, in a %s bucket', async (action, kind, has, { on, without: goesOn }) => {
    const place = await world.owned(`${kind}-${action.toLowerCase()}`, has)
    await place.give(without(objectPolicy(place.buckets), `oss:${action}`))
    const { results } = await failed(place)
    expect(results).toHaveLength(2)
    for (const [i, { about, outcome, said, advice }] of results.entries()) {
      const { name = '' } = place.buckets[i] ?? {}
      expect(about).toBe(`bucket ${name}`)
      expect(outcome).toBe(goesOn === undefined ? 'wrong' : 'warning')
      expect(said).toMatch(/no policy allows it \(403 AccessDenied/)
      expect(advice).toContain(`oss:${action} on acs:oss:*:*:${name}${on === 'object' ? '/*' : ''}`)
    }
  })
})

test('a denial of the bucket’s own policy is told as such', async () => {
  const place = await world.owned('denying', [])
  const { Statement } = objectPolicy(place.buckets)
  const denial = {
    Effect: 'Deny' as never,
    Action: ['oss:PutObjectTagging'],
    Resource: [`acs:oss:*:*:${place.Bucket}/*`],
  }
  await place.give({ Version: '1', Statement: [...Statement, denial] })
  const { results } = await failed(place)
  expect(results).toMatchObject([
    {
      about: `bucket ${place.Bucket}`,
      check: 'oss:PutObjectTagging',
      said: expect.stringContaining("the bucket's policy denies it"),
      advice: expect.stringContaining("out of the bucket's policy"),
    },
  ])
})

test('a policy that forgets the gateway’s own prefix is told where', async () => {
  const place = await world.owned('limited', [])
  const limited = place.buckets.map((bucket) => ({ ...bucket, prefix: 'data/' }))
  const { Version, Statement } = objectPolicy(limited)
  const forgetful = Statement.filter(
    ({ Resource }) => !Resource.some((one) => one.includes('.s3-oss-gateway')),
  )
  const report = async (policy: RamPolicy) => {
    await place.give(policy)
    const { results, policies } = await world.report(['--bucket', `${place.Bucket}/data/`])
    return { policies, wrong: results.filter(({ outcome }) => outcome === 'wrong') }
  }
  const { wrong } = await report({ Version, Statement: forgetful })
  expect(wrong).toMatchObject([
    {
      check: 'oss:GetObject below .s3-oss-gateway/',
      advice: expect.stringContaining(`oss:GetObject on acs:oss:*:*:${place.Bucket}/.s3-oss-gateway/*`),
    },
    { check: 'oss:DeleteObject below .s3-oss-gateway/' },
  ])
  const all = await report({ Version, Statement })
  expect(all.wrong).toEqual([])
  expect(all.policies?.objects.Statement.at(-1)?.Resource).toEqual([
    `acs:oss:*:*:${place.Bucket}/.s3-oss-gateway/*`,
  ])
})
