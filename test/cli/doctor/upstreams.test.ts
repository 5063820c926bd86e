import OSS from 'ali-oss'
import { afterEach, describe, expect, test } from 'vitest'
import { objectPolicy, type RamPolicy, settingPolicy } from '../../../src/cli/doctor/ram-policy.ts'
import { createLocalOss, type LocalOss } from '../../../src/local-oss/index.ts'
import { writeBucket } from '../../gateway/raw-oss.ts'
import type { OssBucket } from '../../harness.ts'
import { freePort } from '../../node/free-port.ts'
import { type DoctorWorld, startDoctorWorld } from './doctor-world.ts'
import { startProxy } from './proxies.ts'

const company = { accessKeyId: 'company', accessKeySecret: 'company-secret' }
const archive = { accessKeyId: 'archive', accessKeySecret: 'archive-secret' }
const ARCHIVE_ACCOUNT = '2000000000000002'
const part = { name: 'company-photos', prefix: 'team-a/', isPart: true, has: [] }
const enough: RamPolicy = objectPolicy([part], { isListed: false })

/** Another OSS, in which the key of the upstream `archive` may do in `company-photos` what a policy says. */
type Archive = {
  localOss: LocalOss
  endpoint: string
  oss: OssBucket
  give(policy: RamPolicy): Promise<void>
}

async function startArchive(): Promise<Archive> {
  const localOss = await createLocalOss({
    directory: ':memory:',
    credentials: company,
    accounts: [{ id: ARCHIVE_ACCOUNT, keys: [archive] }],
  })
  const endpoint = `http://127.0.0.1:${await localOss.listen(0)}`
  const oss = new OSS({
    ...company,
    bucket: part.name,
    endpoint,
    region: 'oss-cn-hangzhou',
    authorizationV4: true,
  } as OSS.Options) as OssBucket
  await oss.putBucket(part.name)
  await oss.put('team-b/own', Buffer.from('of somebody else'))
  const give = async ({ Version, Statement }: RamPolicy) => {
    const own = Statement.map((one) => ({ ...one, Principal: [ARCHIVE_ACCOUNT] }))
    await writeBucket(oss, part.name, 'policy', JSON.stringify({ Version, Statement: own }))
  }
  await give(enough)
  return { localOss, endpoint, oss, give }
}

type Upstream = { region?: string; endpoint?: string; credentials?: object }
type Setup = {
  upstream?: Upstream
  settings?: Record<string, string>
  copy?: object
  buckets?: object
  clients?: object[]
  /** Those of doctor's settings, where these are others. */
  doctorBuckets?: object
  network?: NonNullable<Parameters<typeof startDoctorWorld>[0]>['network']
}

const ended: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end()
})

/** A gateway with buckets at two upstreams: `near` is at that of the environment, `photos` a part of one at `archive`. */
async function start(
  at: Archive,
  { upstream = {}, settings = {}, copy = {}, buckets, clients = [], doctorBuckets, network }: Setup = {},
): Promise<DoctorWorld> {
  const document = {
    upstreams: {
      archive: { region: 'cn-hangzhou', endpoint: at.endpoint, credentials: archive, ...upstream },
    },
    buckets: buckets ?? { photos: { upstream: 'archive', bucket: part.name, prefix: part.prefix } },
    copy,
    clients,
  }
  const world = await startDoctorWorld({
    settings: { ...settings, GATEWAY_CONFIG: JSON.stringify(document) },
    ...(doctorBuckets === undefined
      ? {}
      : { doctorSettings: { GATEWAY_CONFIG: JSON.stringify({ ...document, buckets: doctorBuckets }) } }),
    ...(network === undefined ? {} : { network }),
  })
  ended.push(() => world.stop())
  await world.oss('near').putBucket('near')
  return world
}

const both = ['--bucket', 'near', '--bucket', 'photos']
const archived = async () => {
  const at = await startArchive()
  ended.push(() => at.localOss.close())
  return at
}
const without = (action: string): RamPolicy => ({
  ...enough,
  Statement: enough.Statement.map((one) => ({
    ...one,
    Action: one.Action.filter((name) => name !== action),
  })),
})

const whole = { name: part.name, prefix: '', has: [] }
const namesIn = async (oss: OssBucket) =>
  ((await oss.list({ 'max-keys': 100 }, {})).objects ?? []).map(({ name }) => name)

describe('doctor in front of two upstreams', () => {
  test('says that all is right where it is, and leaves nothing behind', async () => {
    const at = await archived()
    const world = await start(at)
    const { code, out, err } = await world.run(both)
    expect({ code, err, wrong: out.match(/WRONG.*/g) }).toEqual({ code: 0, err: '', wrong: null })
    expect(out).toMatch(/^All right: \d+ checks\.$/m)
    expect(out).toContain(`${at.endpoint}, the upstream archive`)
    expect(out).toContain('oss://company-photos/team-a/, in cn-hangzhou')
    expect(out).toContain('in photos: what changes the whole bucket, or tells of all of it')
    expect(out).toContain('identity at the upstream archive, for what clients do with objects:')
    expect(out).toContain('settings of these buckets that are told of a part:')
    expect(await namesIn(at.oss)).toEqual(['team-b/own'])
    expect(await namesIn(world.oss('near'))).toEqual([])
  })

  test('looks at one bucket by several names', async () => {
    const at = await archived()
    await at.give({ Version: '1', Statement: [...enough.Statement, ...objectPolicy([whole]).Statement] })
    const buckets = {
      photos: { upstream: 'archive', bucket: part.name, prefix: part.prefix },
      archived: { upstream: 'archive', bucket: part.name },
      'near-part': { bucket: 'near', prefix: 'p/' },
    }
    const world = await start(at, { buckets })
    const names = [...Object.keys(buckets), 'near'].flatMap((name) => ['--bucket', name])
    const { results, ok, policies, upstreams } = await world.report(names)
    expect(results.filter(({ outcome }) => outcome === 'wrong' || outcome === 'warning')).toEqual([])
    expect(ok).toBe(true)
    const written = results.filter(({ check }) => check === 'OSS GetObject' || check === 'removal')
    expect(written.map(({ about, outcome }) => [about, outcome])).toEqual([
      ...['photos', 'archived', 'near-part', 'near'].map((name) => [`bucket ${name}`, 'ok']),
      ...['photos', 'archived', 'near-part', 'near'].map((name) => [`bucket ${name}`, 'ok']),
    ])
    expect(await namesIn(at.oss)).toEqual(['team-b/own'])
    expect(await namesIn(world.oss('near'))).toEqual([])
    const resources = (of: typeof policies) =>
      new Set(of?.objects.Statement.flatMap(({ Resource }) => Resource).filter((name) => name.includes('/')))
    const of = (bucket: string, keys: string) => `acs:oss:*:*:${bucket}/${keys}`
    expect(resources(policies)).toEqual(
      new Set([of('near', 'p/*'), of('near', '*'), of('near', '.s3-oss-gateway/*')]),
    )
    expect(resources(upstreams?.[0]?.policies)).toEqual(
      new Set([of(part.name, 'team-a/*'), of(part.name, '*'), of(part.name, '.s3-oss-gateway/*')]),
    )
  })

  test.each([
    ['another part of the bucket', { bucket: part.name, prefix: 'team-b/' }],
    ['another upstream', { upstream: undefined, bucket: 'near' }],
  ])('finds that the running gateway writes to %s, and removes that too', async (_, place) => {
    const at = await archived()
    await at.give({ Version: '1', Statement: [...enough.Statement, ...objectPolicy([whole]).Statement] })
    const here = { upstream: 'archive', bucket: part.name, prefix: part.prefix }
    const world = await start(at, {
      buckets: { photos: { ...here, prefix: '', ...place } },
      doctorBuckets: { photos: here },
    })
    const { results } = await world.report(['--bucket', 'photos'])
    expect(results.filter(({ outcome }) => outcome === 'wrong')).toMatchObject([
      {
        about: 'bucket photos',
        check: 'OSS GetObject',
        said: expect.stringContaining('NoSuchKey'),
        advice: expect.stringContaining('buckets.photos'),
      },
    ])
    expect(results.at(-1)).toMatchObject({ check: 'removal', outcome: 'ok' })
    expect(await namesIn(at.oss)).toEqual(['team-b/own'])
    expect(await namesIn(world.oss('near'))).toEqual([])
  })

  test('looks at the buckets that a client has at its upstream, as that client', async () => {
    const at = await archived()
    await at.give({ Version: '1', Statement: [...enough.Statement, ...objectPolicy([whole]).Statement] })
    const historian = { accessKeyId: 'historian', secretAccessKey: 'historian-secret', upstream: 'archive' }
    const world = await start(at, { clients: [historian] })
    const { results, ok, upstreams } = await world.report(['--bucket', part.name, '--client', 'historian'])
    expect(results.filter(({ outcome }) => outcome === 'wrong' || outcome === 'warning')).toEqual([])
    expect(ok).toBe(true)
    // Only a client of an upstream lists what is there.
    const listing = results.filter(({ check }) => check === 'oss:ListBuckets')
    expect(listing.map(({ about }) => about)).toEqual(['OSS', 'upstream archive'])
    expect(results.find(({ check }) => check === 'OSS GetObject')).toMatchObject({
      about: `bucket ${part.name}`,
      upstream: 'archive',
      outcome: 'ok',
    })
    expect(upstreams?.[0]?.policies?.objects).toEqual(objectPolicy([whole]))
    expect(await namesIn(at.oss)).toEqual(['team-b/own'])
  })

  test('takes the limits of a client for nothing that is wrong with the gateway', async () => {
    const limited = { accessKeyId: 'limited', secretAccessKey: 'limited-secret', buckets: ['photos'] }
    const world = await start(await archived(), { clients: [limited] })
    const { results, ok } = await world.report(['--client', 'limited'])
    expect(results.filter(({ outcome }) => outcome === 'wrong')).toEqual([])
    expect(ok).toBe(true)
    const near = await world.report(['--client', 'limited', '--bucket', 'near'])
    expect(near.results.filter(({ outcome }) => outcome === 'wrong')).toMatchObject(
      ['S3 HeadBucket', 'S3 ListObjectsV2', 'S3 PutObject'].map((check) => ({ about: 'bucket near', check })),
    )
  })

  test('says what it could not remove, and from where', async () => {
    const at = await archived()
    const world = await start(at)
    const action = { kind: 'error', status: 403, code: 'AccessDenied' } as const
    at.localOss.faults.add({ operation: 'DeleteObject', key: /\/small$/, times: 100, action })
    const { results } = await world.report(both)
    expect(results.filter(({ outcome }) => outcome === 'wrong')).toMatchObject([
      {
        about: 'bucket photos',
        upstream: 'archive',
        check: 'removal',
        said: expect.stringMatching(
          /left behind: oss:\/\/company-photos\/team-a\/s3-oss-gateway-doctor\/\w+\/small/,
        ),
      },
    ])
  })

  test('looks at what there is without a bucket', async () => {
    const { results, ok, policies, upstreams } = await (await start(await archived())).report([])
    expect(ok).toBe(true)
    expect([...new Set(results.map(({ about }) => about))]).toContain('upstream archive')
    expect(policies).toBeUndefined()
    expect(upstreams).toMatchObject([{ upstream: 'archive' }])
  })

  test('prints the policy of each upstream, narrowed to the part of a bucket that clients have', async () => {
    const at = await archived()
    const { policies, upstreams, results } = await (await start(at)).report(both)
    expect(policies).toEqual({
      objects: objectPolicy([{ name: 'near', prefix: '', has: [] }]),
      settings: settingPolicy([{ name: 'near', prefix: '', has: [] }]),
    })
    expect(upstreams).toEqual([
      {
        upstream: 'archive',
        oss: at.endpoint,
        policies: { objects: enough, settings: settingPolicy([part]) },
      },
    ])
    const of = (about: string) => results.filter((one) => one.about === about)
    for (const about of ['upstream archive', 'bucket photos', 'copy near to photos'])
      expect(new Set(of(about).map(({ upstream }) => upstream))).toEqual(new Set(['archive']))
    for (const about of ['gateway', 'OSS', 'clocks', 'bucket near', 'copy photos to near'])
      expect(new Set(of(about).map(({ upstream }) => upstream))).toEqual(new Set([undefined]))
  })

  test('sends nothing that could change anything with --read-only', async () => {
    const at = await archived()
    const world = await start(at)
    const methods = new Set<string>()
    const stop = at.localOss.onRequest(({ method }) => methods.add(method))
    const { ok } = await world.report([...both, '--read-only'])
    stop()
    expect({ ok, methods: [...methods] }).toEqual({ ok: true, methods: ['GET'] })
  })
})

type Fault = {
  setup?: (at: Archive) => Setup | Promise<Setup>
  plant?: (at: Archive) => Promise<unknown>
  told: [about: string, check: string][]
  says: RegExp
}

const key = (credentials: object) => (): Setup => ({ upstream: { credentials } })

const faults: Record<string, Fault> = {
  'a wrong secret': {
    setup: key({ ...archive, accessKeySecret: 'other-secret' }),
    told: [['upstream archive', 'credentials']],
    says: /SignatureDoesNotMatch.*set right: upstreams\.archive\.credentials\.accessKeySecret$/,
  },
  'a wrong secret of a variable': {
    setup: () => ({
      upstream: {
        credentials: { accessKeyId: archive.accessKeyId, accessKeySecretVariable: 'ARCHIVE_SECRET' },
      },
      settings: { ARCHIVE_SECRET: 'other-secret' },
    }),
    told: [['upstream archive', 'credentials']],
    says: /SignatureDoesNotMatch.*upstreams\.archive\.credentials\.accessKeySecretVariable$/,
  },
  'a key that OSS does not know': {
    setup: key({ ...archive, accessKeyId: 'nobody' }),
    told: [['upstream archive', 'credentials']],
    says: /InvalidAccessKeyId.*upstreams\.archive\.credentials\.accessKeyId/,
  },
  'a token that there is not': {
    setup: key({ ...archive, securityToken: 'gone' }),
    told: [['upstream archive', 'credentials']],
    says: /upstreams\.archive\.credentials\.securityToken/,
  },
  'a source of keys that gives none': {
    setup: key({ from: 'uri', uri: 'http://127.0.0.1:1/key' }),
    told: [['upstream archive', 'key']],
    says: /the credentials URI.*upstreams\.archive\.credentials\.from/,
  },
  'the wrong region': {
    setup: () => ({ upstream: { region: 'cn-beijing' } }),
    told: [['upstream archive', 'region']],
    says: /upstreams\.archive\.region is cn-beijing.*upstreams\.archive\.region: cn-hangzhou, with an upstreams\.archive\.endpoint/,
  },
  'an endpoint that is not reached': {
    setup: () => ({ upstream: { endpoint: 'http://127.0.0.1:1' } }),
    told: [['upstream archive', 'connection']],
    says: /takes no connection.*upstreams\.archive\.endpoint/,
  },
  'an endpoint without an address': {
    setup: () => ({ upstream: { endpoint: 'http://oss.nowhere.invalid' } }),
    told: [['upstream archive', 'name']],
    says: /oss\.nowhere\.invalid has no address.*upstreams\.archive\.endpoint/,
  },
  'a clock that is 20 minutes behind': {
    setup: async ({ endpoint }) => {
      const date = new Date(Date.now() - 20 * 60_000).toUTCString()
      const proxy = await startProxy(endpoint, { date })
      ended.push(() => proxy.stop())
      return { upstream: { endpoint: proxy.endpoint } }
    },
    told: [['upstream archive', 'clocks']],
    says: /this machine's clock is 20 min ahead of OSS's/,
  },
  'a throttled upload': {
    plant: async ({ localOss }) => {
      const action = { kind: 'error', status: 503, code: 'UploadTrafficRateLimitExceeded' } as const
      localOss.faults.add({ operation: 'PutObject', times: 10_000, action })
    },
    told: [['bucket photos', 'oss:PutObject']],
    says: /UploadTrafficRateLimitExceeded.*limits/,
  },
  'a put that is not allowed': {
    plant: ({ give }) => give(without('oss:PutObject')),
    told: [['bucket photos', 'oss:PutObject']],
    says: /no policy allows it.*oss:PutObject on acs:oss:\*:\*:company-photos\/team-a\/\*$/,
  },
  'a list that is not allowed': {
    plant: ({ give }) => give(without('oss:ListObjects')),
    told: [['bucket photos', 'oss:ListObjects']],
    says: /no policy allows it.*oss:ListObjects on acs:oss:\*:\*:company-photos$/,
  },
  "a policy for another part, and for the gateway's own keys": {
    plant: ({ give }) =>
      give({
        ...enough,
        Statement: enough.Statement.map((one) => ({
          ...one,
          Resource: one.Resource.map((name) => name.replace('/team-a/', '/team-b/')),
        })),
      }),
    told: [
      'GetObject',
      'GetObjectTagging',
      'GetObjectAcl',
      'ListParts',
      'DeleteObject',
      'AbortMultipartUpload',
    ].map((action) => ['bucket photos', `oss:${action}`]),
    says: /oss:\w+ on acs:oss:\*:\*:company-photos\/team-a\/\*$/,
  },
  "a policy that forgets the gateway's own keys": {
    plant: ({ give }) =>
      give({
        ...enough,
        Statement: enough.Statement.filter(
          ({ Resource }) => !Resource.some((name) => name.includes('/.s3-')),
        ),
      }),
    told: [
      ['bucket photos', 'oss:GetObject below .s3-oss-gateway/'],
      ['bucket photos', 'oss:DeleteObject below .s3-oss-gateway/'],
    ],
    says: /oss:\w+ on acs:oss:\*:\*:company-photos\/\.s3-oss-gateway\/\*$/,
  },
  'a bucket that is missing': {
    plant: async ({ oss }) => {
      await oss.delete('team-b/own')
      await oss.deleteBucket(part.name)
    },
    told: [['bucket photos', 'bucket']],
    says: /NoSuchBucket.*create the bucket company-photos.*buckets\.photos of the settings document/,
  },
  'copies that are refused between upstreams': {
    setup: () => ({ copy: { crossUpstream: 'reject' } }),
    told: [
      ['copy near to photos', 'S3 CopyObject'],
      ['copy photos to near', 'S3 CopyObject'],
    ],
    says: /copy\.crossUpstream: reject/,
  },
}

describe('of another upstream doctor names what is wrong, and nothing else', () => {
  test.each(Object.entries(faults))('%s', async (_, { setup, plant, told, says }) => {
    const at = await archived()
    const world = await start(at, await setup?.(at))
    await plant?.(at)
    const { results, ok } = await world.report(both)
    const failed = results.filter(({ outcome }) => outcome === 'wrong' || outcome === 'warning')
    expect(failed.map(({ about, check }) => [about, check])).toEqual(told)
    for (const { said, advice, upstream, about } of failed) {
      expect(`${said} → ${advice}`).toMatch(says)
      expect(upstream).toBe(about === 'copy photos to near' ? undefined : 'archive')
    }
    expect(ok).toBe(false)
    // The other one is looked at all the same.
    expect(
      results.find(({ about, check }) => about === 'bucket near' && check === 'OSS GetObject'),
    ).toMatchObject({
      outcome: 'ok',
    })
  })

  /** Of which upstreams the key is wrong, what is said of readiness, and which bucket can be used through the gateway. */
  const unready: [wrong: string[], outcome: string, said: string, usable: string | undefined][] = [
    [['upstream archive'], 'ok', 'ready, but for archive', 'near'],
    [['OSS'], 'ok', 'ready, but for the upstream of the environment', 'photos'],
    [['OSS', 'upstream archive'], 'skipped', 'OSS cannot be used', undefined],
  ]
  test.each(unready)(
    'as the running gateway does, with a wrong key of %j',
    async (abouts, outcome, said, usable) => {
      const at = await archived()
      const own = { accessKeySecret: 'other-secret' }
      const world = await start(at, {
        upstream: { credentials: { ...archive, ...(abouts.includes('upstream archive') ? own : {}) } },
        settings: {
          ADMIN_PORT: String(await freePort()),
          ...(abouts.includes('OSS') ? { OSS_ACCESS_KEY_SECRET: own.accessKeySecret } : {}),
        },
      })
      const { results } = await world.report(both)
      const failed = results.filter(({ outcome }) => outcome === 'wrong' || outcome === 'warning')
      expect(failed.map(({ about, check }) => [about, check])).toEqual(
        abouts.map((about) => [about, 'credentials']),
      )
      expect(results.find(({ check }) => check === 'readiness')).toMatchObject({ outcome, said })
      const read = results.filter(({ check, outcome }) => check === 'S3 GetObject' && outcome === 'ok')
      expect(read.map(({ about }) => about)).toEqual(usable === undefined ? [] : [`bucket ${usable}`])
    },
  )

  test('without its secrets', async () => {
    const at = await archived()
    const world = await start(at)
    const action = { kind: 'error', status: 400, code: 'Told', message: 'archive-secret' } as const
    at.localOss.faults.add({ operation: 'PutObject', times: 10_000, action })
    for (const json of [[], ['--json']]) {
      const { out } = await world.run([...both, ...json])
      expect(out).toContain('Told: ***')
      expect(out).not.toContain('archive-secret')
    }
  })
})
