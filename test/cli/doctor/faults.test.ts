import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import type { Result } from '../../../src/cli/doctor/check.ts'
import { writeBucket } from '../../gateway/raw-oss.ts'
import type { OssBucket } from '../../harness.ts'
import { type DoctorWorld, type Setup, startDoctorWorld } from './doctor-world.ts'
import { leading, type Proxying, startProxy } from './proxies.ts'

const bucket = 'photos'
const far = 'backups'
const MINUTES = 60_000

/** What is wrong with a deployment. @returns what doctor is asked with besides, and what is to be ended. */
type Plant = (world: DoctorWorld) => Promise<{ args?: string[]; stop?: () => void } | undefined>

/** What the types of ali-oss leave out. */
type Worm = OssBucket & { initiateBucketWorm(bucket: string, days: string): Promise<unknown> }

type Fault = {
  setup?: Setup | ((now: number) => Setup)
  plant?: Plant
  buckets?: string[]
  /** The checks that tell it, and what they say and advise. */
  told: [about: string, check: string][]
  says: RegExp
  outcome?: Result['outcome']
}

const behind =
  (proxying: Proxying): Plant =>
  async ({ endpoint }) => {
    const { endpoint: proxy, stop } = await startProxy(endpoint, proxying)
    return { args: ['--endpoint', proxy], stop }
  }

const failing =
  (status: number, code: string, operation?: string): Plant =>
  async ({ localOss }) => {
    const action = { kind: 'error', status, code, message: `${code} of the test` } as const
    localOss.faults.add({ times: 10_000, action, ...(operation === undefined ? {} : { operation }) })
    return undefined
  }

const tls = (name: string) => ({
  cert: readFileSync(`test/data/tls/${name}-cert.pem`),
  key: readFileSync(`test/data/tls/${name}-key.pem`),
})

/** Where the bucket's custom domain leads, once OSS listens. */
let ossHost = ''
const customDomain = (cnames: Record<string, string>): Pick<Fault, 'setup' | 'plant'> => ({
  setup: {
    doctorSettings: { GATEWAY_CONFIG: `endpoints: {${bucket}: "http://files.example.com"}` },
    oss: { cnames },
    network: leading('files.example.com', () => ossHost),
  },
  plant: async ({ ossEndpoint }) => {
    ossHost = new URL(ossEndpoint).host
    return undefined
  },
})

const faults: Record<string, Fault> = {
  'a wrong secret at OSS': {
    setup: { settings: { OSS_ACCESS_KEY_SECRET: 'other-secret' } },
    told: [['OSS', 'credentials']],
    says: /SignatureDoesNotMatch.*OSS_ACCESS_KEY_SECRET/,
  },
  'a key that OSS does not know': {
    setup: { settings: { OSS_ACCESS_KEY_ID: 'nobody' } },
    told: [['OSS', 'credentials']],
    says: /InvalidAccessKeyId.*OSS_ACCESS_KEY_ID/,
  },
  'another secret of clients in the running gateway': {
    setup: { doctorSettings: { S3_SECRET_ACCESS_KEY: 'other-secret' } },
    told: [['gateway', 'signature']],
    says: /another secret.*S3_SECRET_ACCESS_KEY/,
  },
  'another key of clients in the running gateway': {
    setup: { doctorSettings: { S3_ACCESS_KEY_ID: 'other' } },
    told: [['gateway', 'signature']],
    says: /does not know this key.*S3_ACCESS_KEY_ID/,
  },
  'the wrong region': {
    setup: { settings: { OSS_REGION: 'cn-beijing' } },
    told: [['OSS', 'region']],
    says: /OSS_REGION=cn-hangzhou/,
  },
  'an internal endpoint, from outside': {
    setup: {
      settings: { OSS_ENDPOINT: 'https://oss-cn-hangzhou-internal.aliyuncs.com' },
      network: (real) => ({
        ...real,
        // As these names have addresses everywhere, and lead nowhere.
        resolve: async (host) =>
          host.endsWith('.aliyuncs.com') ? { addresses: ['100.118.28.50'] } : real.resolve(host),
        connect: async (origin, name) =>
          origin.host.endsWith('.aliyuncs.com')
            ? { silence: 'nothing came within 10 s', code: 'TIMEOUT' }
            : real.connect(origin, name),
      }),
    },
    told: [['OSS', 'connection']],
    says: /internal.*https:\/\/oss-cn-hangzhou\.aliyuncs\.com/,
  },
  'an endpoint of OSS that has no address': {
    setup: {
      settings: { OSS_ENDPOINT: 'https://oss-cn-hangzhou.aliyuncs.com' },
      network: (real) => ({
        ...real,
        resolve: async (host) =>
          host.endsWith('.aliyuncs.com')
            ? { silence: `getaddrinfo ENOTFOUND ${host}`, code: 'ENOTFOUND' }
            : real.resolve(host),
      }),
    },
    told: [['OSS', 'name']],
    says: /ENOTFOUND.*OSS_ENDPOINT/,
  },
  'an endpoint of OSS that is another service': {
    plant: failing(200, 'Unused', 'None'),
    setup: { settings: { OSS_ENDPOINT: 'http://127.0.0.1:1' } },
    told: [['OSS', 'connection']],
    says: /takes no connection.*OSS_ENDPOINT/,
  },
  "a gateway's clock that is 20 minutes behind": {
    plant: async (world) => behind({ date: new Date(Date.now() - 20 * MINUTES).toUTCString() })(world),
    told: [['clocks', 'clocks']],
    says: /the gateway's clock is 20 min behind OSS's.*the gateway's machine/,
  },
  'an expired token of STS': {
    setup: (now) => ({
      settings: {
        OSS_ACCESS_KEY_ID: 'STS.temporary',
        OSS_ACCESS_KEY_SECRET: 'temporary-secret',
        OSS_SESSION_TOKEN: 'token-of-sts',
      },
      oss: {
        accounts: [
          {
            id: '1000000000000001',
            keys: [
              {
                accessKeyId: 'STS.temporary',
                accessKeySecret: 'temporary-secret',
                securityToken: 'token-of-sts',
                expiration: now - MINUTES,
              },
            ],
          },
        ],
      },
    }),
    told: [['OSS', 'credentials']],
    says: /SecurityTokenExpired.*OSS_SESSION_TOKEN/,
  },
  'a source of keys that gives none': {
    setup: {
      doctorSettings: {
        OSS_CREDENTIALS: 'uri',
        ALIBABA_CLOUD_CREDENTIALS_URI: 'http://127.0.0.1:1/key',
        OSS_ACCESS_KEY_ID: undefined,
        OSS_ACCESS_KEY_SECRET: undefined,
      },
    },
    told: [['OSS', 'key']],
    says: /the credentials URI.*OSS_CREDENTIALS/,
  },
  'a certificate that has expired': {
    plant: behind({ tls: tls('old') }),
    told: [['gateway', 'certificate']],
    says: /has expired, on 2026-11-28/,
  },
  'a certificate for another name': {
    plant: behind({ tls: tls('other') }),
    told: [['gateway', 'certificate']],
    says: /is for another name/,
  },
  'a certificate that nobody knows': {
    plant: behind({
      tls: {
        cert: readFileSync('test/data/localhost-cert.pem'),
        key: readFileSync('test/data/localhost-key.pem'),
      },
    }),
    told: [['gateway', 'certificate']],
    says: /nobody whom this machine trusts.*NODE_EXTRA_CA_CERTS/,
  },
  'a proxy that changes the Host': {
    plant: behind({ headers: (headers) => ({ ...headers, host: 's3-oss-gateway' }) }),
    told: [['gateway', 'signature']],
    says: /the header host is changed on the way: sent as "127\.0\.0\.1:\d+", come as "s3-oss-gateway"/,
  },
  'a proxy that puts a path before that of requests': {
    plant: behind({ path: (path) => `/gateway${path}` }),
    told: [['gateway', 'signature']],
    says: /the path is changed on the way/,
  },
  'a proxy that puts a path before it that is no bucket': {
    plant: behind({ path: (path) => `/s3${path}` }),
    told: [['gateway', 'signature']],
    says: /InvalidBucketName.*changes the path/,
  },
  'a proxy that merges slashes in paths': {
    plant: behind({ path: (path) => path.replace(/\/{2,}/g, '/') }),
    told: [['gateway', 'path']],
    says: /the path is changed on the way.*let the proxy send the path on as it came/,
  },
  'a proxy that decodes queries': {
    plant: behind({ path: (path) => path.replace(/\?.*/, (query) => query.replaceAll('%252F', '%2F')) }),
    told: [['gateway', 'query']],
    says: /the query is changed on the way/,
  },
  'a proxy that drops headers with underscores': {
    plant: behind({
      headers: (headers) =>
        Object.fromEntries(Object.entries(headers).filter(([name]) => !name.includes('_'))),
    }),
    told: [['gateway', 'headers']],
    says: /x-amz-meta-doctor_checks/,
  },
  'a proxy that adds a header of S3': {
    plant: behind({ headers: (headers) => ({ ...headers, 'x-amz-forwarded': 'yes' }) }),
    told: [['gateway', 'signature']],
    says: /a header is added on the way: x-amz-forwarded/,
  },
  'a proxy that takes no large bodies': {
    plant: behind({ most: 1024 ** 2 }),
    told: [['gateway', 'bodies']],
    says: /413, by nginx.*client_max_body_size/,
  },
  'a proxy that keeps bodies': {
    plant: behind({ buffers: true }),
    told: [['gateway', 'bodies']],
    says: /keeps it.*proxy_request_buffering off/,
    outcome: 'warning',
  },
  'something else where the gateway should be': {
    plant: async ({ ossEndpoint }) => ({ args: ['--endpoint', ossEndpoint] }),
    told: [['gateway', 'answer']],
    says: /is not the gateway.*--endpoint/,
  },
  'no gateway': {
    plant: async () => ({ args: ['--endpoint', 'http://127.0.0.1:1'] }),
    told: [['gateway', 'connection']],
    says: /ECONNREFUSED.*start the gateway/,
  },
  'a gateway that has no address': {
    plant: async () => ({ args: ['--endpoint', 'https://s3.nowhere.invalid'] }),
    told: [['gateway', 'name']],
    says: /s3\.nowhere\.invalid has no address/,
  },
  'a domain of buckets of which no bucket has an address': {
    setup: {
      settings: { S3_DOMAIN: 's3.example.com' },
      network: (real) => ({
        ...real,
        resolve: async (host) =>
          host.endsWith('.example.com') ? { silence: 'ENOTFOUND', code: 'ENOTFOUND' } : real.resolve(host),
      }),
    },
    told: [['domain s3.example.com', 'name']],
    says: /photos\.s3\.example\.com has no address.*DNS for \*\.s3\.example\.com/,
  },
  'a domain of buckets that the running gateway does not know': {
    setup: { doctorSettings: { S3_DOMAIN: 's3.example.com' }, network: leading('.s3.example.com') },
    told: [['domain s3.example.com', 'bucket']],
    says: /takes it for something else.*S3_DOMAIN=s3\.example\.com/,
  },
  "a bucket's own domain that is bound to a bucket in another region": {
    ...customDomain({ 'files.example.com': far }),
    told: [[`bucket ${bucket}`, 'domain']],
    says: /bound to another bucket.*PutCname.*endpoints\.photos/,
  },
  "a bucket's own domain that is bound to another bucket": {
    ...customDomain({ 'files.example.com': 'albums' }),
    plant: async ({ ossEndpoint, oss }) => {
      ossHost = new URL(ossEndpoint).host
      await oss('albums').putBucket('albums')
      return undefined
    },
    told: [[`bucket ${bucket}`, 'domain']],
    says: /bound to another bucket.*PutCname.*endpoints\.photos/,
  },
  "a bucket's own domain that is bound to none": {
    ...customDomain({}),
    told: [[`bucket ${bucket}`, 'domain']],
    says: /bound to no bucket.*PutCname/,
  },
  "a bucket's own domain that leads elsewhere": {
    ...customDomain({ 'files.example.com': bucket }),
    plant: async ({ endpoint }) => {
      ossHost = new URL(endpoint).host
      return undefined
    },
    told: [[`bucket ${bucket}`, 'domain']],
    says: /is not OSS.*CNAME record/,
  },
  'an admin port that is closed': {
    setup: { doctorSettings: { ADMIN_PORT: '1' } },
    told: [['gateway', 'health']],
    says: /ECONNREFUSED.*ADMIN_PORT/,
  },
  'a bucket that is missing': {
    buckets: [bucket, 'no-such-bucket'],
    told: [['bucket no-such-bucket', 'bucket']],
    says: /NoSuchBucket.*create the bucket no-such-bucket/,
  },
  'buckets in two regions, with copy.crossRegion: reject': {
    setup: { settings: { GATEWAY_CONFIG: 'copy: {crossRegion: reject}' } },
    buckets: [bucket, far],
    told: [
      [`copy ${bucket} to ${far}`, 'OSS CopyObject'],
      [`copy ${far} to ${bucket}`, 'OSS CopyObject'],
    ],
    says: /from cn-\w+ to cn-\w+: copies are refused, by copy\.crossRegion: reject/,
  },
  'a bucket of an archive class': {
    plant: async ({ oss }) => {
      await oss('cold').putBucket('cold', { storageClass: 'Archive' } as never)
      return undefined
    },
    buckets: ['cold'],
    told: [['bucket cold', 'class']],
    says: /Archive.*storageClass\.default: STANDARD/,
  },
  'a bucket with a retention policy': {
    plant: async ({ oss }) => {
      await (oss(bucket) as Worm).initiateBucketWorm(bucket, '30')
      return undefined
    },
    told: [[`bucket ${bucket}`, 'retention']],
    says: /stays for 30 days, by its retention policy \(InProgress\).*conditionalWrites/,
  },
  'a bucket whose object lock retains by default': {
    plant: async ({ oss }) => {
      await oss(bucket).putBucketVersioning(bucket, 'Enabled')
      await writeBucket(
        oss(bucket),
        bucket,
        'objectWorm',
        '<ObjectWormConfiguration><ObjectWormEnabled>Enabled</ObjectWormEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>7</Days></DefaultRetention></Rule></ObjectWormConfiguration>',
      )
      return undefined
    },
    told: [[`bucket ${bucket}`, 'object lock']],
    says: /stays for 7 days, by the default of its object lock \(COMPLIANCE\)/,
  },
  'an OSS that throttles everything': {
    plant: failing(503, 'TotalQpsLimitExceeded'),
    told: [['OSS', 'answer']],
    says: /TotalQpsLimitExceeded.*limits/,
  },
  'an OSS that throttles uploads': {
    plant: failing(503, 'UploadTrafficRateLimitExceeded', 'PutObject'),
    told: [[`bucket ${bucket}`, 'oss:PutObject']],
    says: /UploadTrafficRateLimitExceeded.*limits/,
  },
  'an account that owes money': {
    plant: failing(403, 'UserDisable'),
    told: [['OSS', 'answer']],
    says: /UserDisable.*owe money/,
  },
}

describe('doctor names what is wrong, and nothing else', () => {
  const ended: (() => unknown)[] = []
  afterEach(async () => {
    for (const end of ended.splice(0)) await end()
  })

  test.each(Object.entries(faults))('%s', async (_, { setup = {}, plant, buckets = [bucket], ...fault }) => {
    const world = await startDoctorWorld(typeof setup === 'function' ? setup(Date.now()) : setup)
    ended.push(() => world.stop())
    await world.oss(bucket).putBucket(bucket)
    await world.oss(far, 'cn-beijing').putBucket(far)
    const { args = [], stop } = (await plant?.(world)) ?? {}
    if (stop !== undefined) ended.unshift(stop)
    const { results, ok } = await world.report([...buckets.flatMap((name) => ['--bucket', name]), ...args])
    const failed = results.filter(({ outcome }) => outcome === 'wrong' || outcome === 'warning')
    expect(failed.map(({ about, check }) => [about, check])).toEqual(fault.told)
    for (const { said, advice, outcome } of failed) {
      expect(`${said} → ${advice}`).toMatch(fault.says)
      expect(outcome).toBe(fault.outcome ?? 'wrong')
    }
    expect(ok).toBe(fault.outcome === 'warning')
  })
})
