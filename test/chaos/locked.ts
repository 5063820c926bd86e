import type { Lock } from './contended-model.ts'
import { count } from './faults.ts'
import type { Random } from './random.ts'
import { LOCKED, versionsOf, type World } from './world.ts'

/** Longer than the run lasts. */
const KEPT = 86_400_000
const until = new Date(Math.floor(Date.now() / 1000) * 1000 + KEPT)

/** A lock for a write to that bucket; none where it has no object lock. */
export function lockFor(bucket: string, random: Random): Lock {
  if (bucket !== LOCKED) return {}
  const ObjectLockMode = random.pick(['GOVERNANCE', 'COMPLIANCE'] as const)
  const retention: Lock = { ObjectLockMode, ObjectLockRetainUntilDate: until }
  return random.pick([
    retention,
    { ObjectLockLegalHoldStatus: 'ON' as const },
    { ...retention, ObjectLockLegalHoldStatus: 'ON' as const },
  ])
}

/** Every value whose write was acknowledged is there and locked as it was asked for; none is there that was taken back. */
export async function compareLocked(world: World, log: string): Promise<void> {
  const oss = world.oss[LOCKED]
  const there = await versionsOf(oss)
  const kept = new Set<string>()
  for (const { name, versionId } of there) {
    const { res } = await oss.head(name, { versionId } as never)
    const told = res.headers as Record<string, string>
    const { 'x-oss-meta-id': id = '', 'x-oss-object-worm-retain-until-date': date } = told
    kept.add(
      described(id, {
        ObjectLockMode: told['x-oss-object-worm-mode'] as Lock['ObjectLockMode'],
        ObjectLockRetainUntilDate: date === undefined ? undefined : new Date(date),
        ObjectLockLegalHoldStatus: told['x-oss-object-worm-legal-hold'] as Lock['ObjectLockLegalHoldStatus'],
      }),
    )
  }
  for (const [id, lock] of world.contended.locked) {
    count(world.checks, 'values locked by their write')
    const wanted = described(id, lock)
    if (!kept.has(wanted)) world.problems.add(`in ${LOCKED} there is no ${wanted}`)
  }
  for (const versionId of world.contended.left) {
    count(world.checks, 'versions said to be left unlocked')
    if (versionId !== '' && !there.some((version) => version.versionId === versionId))
      world.problems.add(`the version ${versionId} was said to be there, and is not`)
  }
  for (const [, versionId = ''] of log.matchAll(/"a write was taken back".*?"versionId":"([^"]+)"/g)) {
    count(world.checks, 'versions taken back')
    if (there.some((version) => version.versionId === versionId))
      world.problems.add(`the version ${versionId} was taken back, and is there`)
  }
}

const described = (
  id: string,
  { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus }: Lock,
) =>
  `value ${id}, ${ObjectLockMode} until ${ObjectLockRetainUntilDate?.toISOString()}, hold ${ObjectLockLegalHoldStatus}`
