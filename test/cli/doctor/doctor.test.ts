import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Facts } from '../../../src/cli/doctor/check.ts'
import { factsOf } from '../../../src/cli/doctor/facts.ts'
import { allSteps } from '../../../src/cli/doctor/steps.ts'
import { parseConfig } from '../../../src/config/parse-config.ts'
import type { ObservedRequest } from '../../../src/local-oss/index.ts'
import { type DoctorWorld, startDoctorWorld } from './doctor-world.ts'
import { leading } from './proxies.ts'

const buckets = ['--bucket', 'photos', '--bucket', 'backups']

/** Two buckets in two regions, one of them with versions. */
async function startFilledWorld(): Promise<DoctorWorld> {
  const world = await startDoctorWorld()
  await world.oss('photos').putBucket('photos')
  await world.oss('backups', 'cn-beijing').putBucket('backups')
  await world.oss('backups', 'cn-beijing').putBucketVersioning('backups', 'Enabled')
  await world.oss('photos').put('own', Buffer.from('of somebody else'))
  await world.oss('backups', 'cn-beijing').put('own', Buffer.from('of somebody else'))
  return world
}

/** What is in the buckets: versions, markers of deletions, uploads. */
async function contents({ oss }: DoctorWorld): Promise<string[]> {
  const found: string[] = []
  for (const [bucket, region] of [
    ['photos', 'cn-hangzhou'],
    ['backups', 'cn-beijing'],
  ] as const) {
    const client = oss(bucket, region) as ReturnType<typeof oss> & {
      getBucketVersions(): Promise<{ objects?: { name: string }[]; deleteMarker?: { name: string }[] }>
    }
    const { objects = [], deleteMarker = [] } = await client.getBucketVersions()
    const { uploads } = await client.listUploads({})
    for (const { name } of [...objects, ...deleteMarker, ...(uploads ?? [])]) found.push(`${bucket}/${name}`)
  }
  return found
}
const untouched = ['photos/own', 'backups/own']

describe('doctor', () => {
  let world: DoctorWorld
  beforeAll(async () => {
    world = await startFilledWorld()
  })
  afterAll(() => world.stop())
  afterEach(() => world.localOss.faults.clear())

  test('says that all is right where it is, and leaves nothing behind', async () => {
    const { code, out, err } = await world.run(buckets)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^All right: \d+ checks\.$/m)
    expect(out).not.toContain('WRONG')
    expect(out).toContain('bucket in cn-beijing, of the account 1000000000000001'.slice(7))
    expect(await contents(world)).toEqual(untouched)
  })

  test('finds buckets by the names that clients and OSS have for them', async () => {
    let ossHost = ''
    const named = await startDoctorWorld({
      settings: { S3_DOMAIN: 's3.example.com' },
      doctorSettings: { GATEWAY_CONFIG: 'endpoints: {photos: "http://files.example.com"}' },
      oss: { cnames: { 'files.example.com': 'photos' } },
      network: (real) => leading('.s3.example.com')(leading('files.example.com', () => ossHost)(real)),
    })
    ossHost = new URL(named.ossEndpoint).host
    await named.oss('photos').putBucket('photos')
    const { results, ok } = await named.report(['--bucket', 'photos'])
    await named.stop()
    expect(results.filter(({ outcome }) => outcome === 'wrong')).toEqual([])
    expect(ok).toBe(true)
    const said = (about: string, check: string) =>
      results.find((result) => result.about === about && result.check === check)
    expect(said('domain s3.example.com', 'bucket')).toMatchObject({
      outcome: 'ok',
      said: 'reaches the gateway',
    })
    expect(said('bucket photos', 'domain')).toMatchObject({
      outcome: 'ok',
      said: "files.example.com is the bucket's",
    })
  })

  test('says in JSON what it says in text', async () => {
    const { results, ok, policies, refused } = await world.report(buckets)
    expect(ok).toBe(true)
    const { out } = await world.run(buckets)
    for (const { about, check } of results) {
      expect(out).toContain(`\n${about}\n`)
      expect(out).toContain(`  ${check}  `)
    }
    for (const line of refused) expect(out).toContain(line)
    const printed = [...out.matchAll(/^\{\n.*?^\}$/gms)].map(([text]) => JSON.parse(text))
    expect(printed).toEqual([policies?.objects, policies?.settings])
  })

  test.each([
    ['oss://logs/gateway/', 'acs:oss:*:*:logs/gateway/*'],
    ['oss://logs', 'acs:oss:*:*:logs/*'],
  ])('allows the gateway to deliver its access log to %s', async (to, resource) => {
    const GATEWAY_CONFIG = JSON.stringify({ accessLog: { to } })
    const logging = await startDoctorWorld({ doctorSettings: { GATEWAY_CONFIG } })
    const { policies } = await logging.report(['--bucket', 'photos'])
    await logging.stop()
    expect(policies?.objects.Statement.at(-1)).toEqual({
      Effect: 'Allow',
      Action: ['oss:PutObject'],
      Resource: [resource],
    })
  })

  test('with --read-only sends nothing that could change anything', async () => {
    const asked: ObservedRequest[] = []
    const stop = world.localOss.onRequest((request) => asked.push(request))
    const { results, ok } = await world.report([...buckets, '--read-only'])
    stop()
    expect(ok).toBe(true)
    expect([...new Set(asked.map(({ method }) => method))].sort()).toEqual(['GET'])
    const left = results.filter(({ outcome }) => outcome === 'skipped')
    expect(new Set(left.map(({ said }) => said))).toEqual(new Set(['--read-only']))
    expect(results.filter(({ about }) => about === 'bucket photos').map(({ check }) => check)).toContain(
      'S3 ListObjectsV2',
    )
  })

  test('without a bucket looks at what there is besides', async () => {
    const { results, policies, ok } = await world.report([])
    expect(ok).toBe(true)
    expect(policies).toBeUndefined()
    expect([...new Set(results.map(({ about }) => about))].sort()).toEqual(['OSS', 'clocks', 'gateway'])
    expect((await world.run([])).out).toContain('With --bucket')
  })

  test.each([
    ['PutObject', 'photos'],
    ['InitiateMultipartUpload', 'backups'],
    ['CopyObject', 'backups'],
  ])('ended at a %s in %s removes what it has written', async (operation, bucket) => {
    const stop = new AbortController()
    world.localOss.faults.add({ operation, bucket, action: { kind: 'call', run: () => stop.abort() } })
    const { code, out } = await world.run(buckets, stop.signal)
    expect(code).toBe(1)
    expect(out).toContain('stopped')
    expect(await contents(world)).toEqual(untouched)
  })

  test.each([
    ['PutObject', 'cut', 'after'],
    ['InitiateMultipartUpload', 'cut', 'after'],
  ] as const)(
    'whose answer to a %s was lost removes what it may have written',
    async (operation, kind, when) => {
      world.localOss.faults.add({ operation, times: 100, action: { kind, when } })
      const { code } = await world.run(buckets)
      expect(code).toBe(1)
      expect(await contents(world)).toEqual(untouched)
    },
  )

  test('says what it could not remove', async () => {
    const action = { kind: 'error', status: 403, code: 'AccessDenied' } as const
    const key = /\/small$/
    world.localOss.faults.add({ operation: 'DeleteObject', bucket: 'photos', key, times: 100, action })
    const { results } = await world.report(['--bucket', 'photos'])
    expect(results.filter(({ outcome }) => outcome === 'wrong')).toMatchObject([
      {
        check: 'removal',
        said: expect.stringMatching(/left behind: oss:\/\/photos\/s3-oss-gateway-doctor\/\w+\/small/),
      },
    ])
    world.localOss.faults.clear()
    const left = (await contents(world)).filter((name) => !untouched.includes(name))
    expect(left).toHaveLength(1)
    await world.oss('photos').delete(left[0]?.replace('photos/', '') ?? '')
  })

  test('tells no secret, whatever it is answered', async () => {
    const message = 'owner-secret and client-secret'
    world.localOss.faults.add({
      operation: 'PutObject',
      times: 100,
      action: { kind: 'error', status: 400, code: 'Told', message },
    })
    for (const json of [[], ['--json']]) {
      const { out } = await world.run([...buckets, ...json])
      expect(out).toContain('*** and ***')
      expect(out).not.toMatch(/owner-secret|client-secret/)
    }
  })

  test('shows control characters of answers', async () => {
    world.localOss.faults.add({
      operation: 'PutObject',
      times: 100,
      action: {
        kind: 'garbage',
        status: 400,
        body: '<Error><Code>A\u009b2J</Code></Error>',
        headers: { 'x-oss-request-id': '1' },
      },
    })
    const { out } = await world.run(buckets)
    expect(out).toContain('A\\x9b2J')
  })

  test.each([
    [['--bucket', 'No_Bucket'], 'that is no bucket’s name'.replace('’', "'")],
    [['--bucket', 'photos', '--bucket', 'photos'], '--bucket photos is there twice'],
    [['--bucket', 'photos/.s3-oss-gateway/x'], "no client's keys begin so"],
    [['--bucket', 'photos//x'], "no client's keys begin so"],
    [['photos'], 'doctor takes no "photos"'],
    [['--endpoint', 'http://127.0.0.1:9000/path'], 'without a bucket, a path or keys'],
    [['--endpoint', 'http://a', '--endpoint', 'http://b'], '--endpoint is there 2 times'],
    [['--client', 'nobody'], 'the settings have no client nobody'],
    [['--client', 'a', '--client', 'b'], '--client is there 2 times'],
    [['--copy-limit'], '--copy-limit needs a --bucket'],
    [['--bucket', 'photos', '--copy-limit', '--read-only'], 'it writes'],
    [['--writeonly'], "Unknown option '--writeonly'\n"],
  ])('%j is a mistake in the command line', async (args, said) => {
    const { code, out, err } = await world.run(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(said)
    expect(err).toContain('Usage: s3-oss-gateway doctor')
  })

  test('--help is its usage', async () => {
    expect(await world.run(['--help'])).toEqual({
      code: 0,
      out: expect.stringContaining('--read-only'),
      err: '',
    })
  })

  test.each([
    [{ OSS_ENDPOINT: 'https://s3.oss-cn-hangzhou.aliyuncs.com' }, /OSS_ENDPOINT.*S3-compatible endpoint/],
    [
      { OSS_ENDPOINT: 'https://photos.oss-cn-hangzhou.aliyuncs.com' },
      /OSS_ENDPOINT.*names the bucket photos/,
    ],
    [{ OSS_REGION: 'cn-nowhere' }, /OSS_REGION|cn-nowhere/],
  ])('settings like %j are told as the gateway tells them', async (doctorSettings, said) => {
    const wrongly = await startDoctorWorld({ doctorSettings: { OSS_ENDPOINT: undefined, ...doctorSettings } })
    const { code, err } = await wrongly.run([])
    await wrongly.stop()
    expect(code).toBe(2)
    expect(err).toMatch(said)
  })
})

test('every check waits for checks that there are', () => {
  const config = parseConfig({ LOCAL_OSS_DIR: ':memory:' })
  const key = { accessKeyId: 'a', accessKeySecret: 'b' }
  const asked = {
    buckets: ['near', 'far'].map((name) => ({ name, prefix: '' })),
    endpoint: undefined,
    client: undefined,
    readOnly: false,
    copyLimit: false,
    json: false,
  }
  const facts: Facts = factsOf(asked, config, () => key, 0)
  const names = new Set<string>()
  for (const { about, name, needs } of allSteps(facts)) {
    for (const need of needs)
      expect(names.has(`${about} ${need}`) || names.has(need), `${about}, ${name}: ${need}`).toBe(true)
    expect(names).not.toContain(`${about} ${name}`)
    names.add(`${about} ${name}`)
  }
})
