import { afterEach, describe, expect, test } from 'vitest'
import { type DoctorWorld, startDoctorWorld } from './doctor-world.ts'

const MiB = 1024 ** 2
const asked = ['--bucket', 'photos', '--copy-limit']

describe('doctor --copy-limit', () => {
  let world: DoctorWorld
  afterEach(() => world.stop())

  /** A bucket of which OSS copies objects up to a size. */
  async function start(copyLimit: number, versioning?: 'Enabled'): Promise<void> {
    world = await startDoctorWorld({ oss: { copyLimit } })
    await world.oss('photos').putBucket('photos')
    if (versioning !== undefined) await world.oss('photos').putBucketVersioning('photos', versioning)
  }

  /** What is in the bucket: objects, versions, markers, uploads. */
  async function left(): Promise<number> {
    const client = world.oss('photos') as ReturnType<DoctorWorld['oss']> & {
      getBucketVersions(): Promise<{ objects?: unknown[]; deleteMarker?: unknown[] }>
    }
    const { objects = [], deleteMarker = [] } = await client.getBucketVersions()
    const { uploads } = await client.listUploads({})
    return objects.length + deleteMarker.length + (uploads?.length ?? 0)
  }

  test.each([
    [1 * MiB, 'nothing, not 64 MiB'],
    [100 * MiB, 'up to 64 MiB, not 1 GiB'],
  ])(
    'measures what OSS copies in one call, here %d bytes, and leaves nothing behind',
    async (limit, found) => {
      await start(limit, 'Enabled')
      const { ok, copyLimit, results } = await world.report(asked)
      expect(results.filter(({ outcome }) => outcome === 'wrong')).toEqual([])
      expect(ok).toBe(true)
      const all = `${found}; where encryption changes ${found}`
      expect(results).toContainEqual({
        about: 'copy photos to photos',
        check: 'sizes',
        outcome: 'ok',
        said: all,
      })
      expect(copyLimit).toBe(`in photos ${all}; then the gateway copies in parts (copy.oversize: reroute)`)
      expect(await left()).toBe(0)
    },
  )

  test.each([
    ['the objects for it', 'UploadPartCopy', /^the objects for it cannot be made: 403 AccessDenied/],
    ['a large copy', 'CopyObject', /not 64 MiB.*: 403 AccessDenied/],
  ])('says why where OSS refuses %s for another reason', async (_, operation, said) => {
    await start(1 * MiB)
    const action = { kind: 'error', status: 403, code: 'AccessDenied' } as const
    // Small copies are other checks'.
    world.localOss.faults.add({ times: 100, action, operation, key: /MiB/ })
    const { ok, results } = await world.report(asked)
    expect(ok).toBe(false)
    expect(results.find(({ check }) => check === 'sizes')).toMatchObject({
      outcome: 'wrong',
      said: expect.stringMatching(said),
    })
    world.localOss.faults.clear()
    expect(await left()).toBe(0)
  })

  test('leaves no upload behind where one fails and they cannot be listed', async () => {
    await start(1 * MiB)
    const action = { kind: 'error', status: 403, code: 'AccessDenied' } as const
    world.localOss.faults.add({ times: 100, action, operation: 'UploadPartCopy', key: /MiB/ })
    world.localOss.faults.add({ times: 100, action, operation: 'ListMultipartUploads' })
    await world.report(asked)
    world.localOss.faults.clear()
    expect(await left()).toBe(0)
  })

  test('does not say that all is gone where versions cannot be listed', async () => {
    await start(1 * MiB, 'Enabled')
    const action = { kind: 'error', status: 403, code: 'AccessDenied' } as const
    world.localOss.faults.add({ times: 100, action, operation: 'ListObjectVersions' })
    const { ok, results } = await world.report(asked)
    world.localOss.faults.clear()
    expect(ok).toBe(false)
    expect(results.find(({ check }) => check === 'removal')).toMatchObject({
      outcome: 'wrong',
      said: expect.stringMatching(/versions in oss:\/\/photos, which cannot be listed \(403 AccessDenied/),
    })
  })

  test('ends when it is told to, and removes what it has made', async () => {
    await start(1 * MiB)
    const ending = new AbortController()
    const run = () => ending.abort()
    world.localOss.faults.add({ operation: 'UploadPartCopy', skip: 2, action: { kind: 'call', run } })
    const { ok, results } = await world.report(asked, ending.signal)
    expect(ok).toBe(false)
    expect(results.find(({ check }) => check === 'sizes')).toMatchObject({
      outcome: 'wrong',
      said: 'the objects for it cannot be made: stopped',
    })
    expect(await left()).toBe(0)
  })

  test('is to be asked for', async () => {
    await start(1 * MiB)
    const { results } = await world.report(['--bucket', 'photos'])
    expect(results.map(({ check }) => check)).not.toContain('sizes')
  })
})
