import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OSS from 'ali-oss'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openCredentials } from '../../src/node/credentials.ts'
import type { CredentialSource } from '../../src/oss/credentials/source.ts'
import type { Ask, OssCredentials } from '../../src/ports.ts'
import { ask } from '../../src/runtime/ask.ts'
import {
  type IssuedKey,
  type KeyService,
  type Mood,
  startKeyUri,
  startMetadata,
  startSts,
} from '../key-services.ts'

/** Alibaba Cloud's own client of these services: what it takes is as they answer. */
const alibaba = createRequire(import.meta.url)(
  '@alicloud/credentials',
) as typeof import('@alicloud/credentials')
const { doRequest } = createRequire(import.meta.url)(
  '@alicloud/credentials/dist/src/providers/http.js',
) as typeof import('@alicloud/credentials/dist/src/providers/http.js')

const ROLE = 'gateway'
const ARN = `acs:ram::123456789012:role/${ROLE}`
const PROVIDER = 'acs:ram::123456789012:oidc-provider/ack-rrsa-c1'
const URI_PATH = '/key?ticket=hush-ticket'
const BASE = { accessKeyId: 'LTAI5tBase', accessKeySecret: 'hush-base-secret' }
const TEMPORARY = {
  accessKeyId: 'STS.base',
  accessKeySecret: 'hush-sts-secret',
  securityToken: 'hush+/=*token',
}
const TOKEN = 'hush-oidc-token'

let issued: IssuedKey[]
/** What may assume the role: what is issued may, too. */
let keys: Map<string, { secret: string; token?: string }>
function issue(): IssuedKey {
  const name = `issued-${issued.length}`
  const key = {
    accessKeyId: `STS.${name}`,
    accessKeySecret: `hush-secret-of-${name}`,
    securityToken: `hush-token-of-${name}+/=`,
    expiration: (Math.floor(Date.now() / 1000) + 3600) * 1000,
  }
  issued.push(key)
  keys.set(key.accessKeyId, { secret: key.accessKeySecret, token: key.securityToken })
  return key
}

let sts: KeyService
let metadata: KeyService
let uri: KeyService
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'key-services-'))
  await writeFile(join(folder, 'token'), `${TOKEN}\n`)
  await writeFile(join(folder, 'bare-token'), TOKEN)
  await writeFile(
    join(folder, 'credentials'),
    `[gateway]\ntype = ram_role_arn\naccess_key_id = ${BASE.accessKeyId}\naccess_key_secret = ${BASE.accessKeySecret}\nrole_arn = ${ARN}\nrole_session_name = profile\n`,
  )
})
afterAll(() => rm(folder, { recursive: true, force: true }))
beforeEach(async () => {
  issued = []
  keys = new Map([
    [BASE.accessKeyId, { secret: BASE.accessKeySecret }],
    [TEMPORARY.accessKeyId, { secret: TEMPORARY.accessKeySecret, token: TEMPORARY.securityToken }],
  ])
  sts = await startSts({ issue, keys, oidcToken: () => TOKEN, roleArn: ARN })
  metadata = await startMetadata(issue, ROLE)
  uri = await startKeyUri(issue, URI_PATH)
})
afterEach(() => {
  for (const service of [sts, metadata, uri]) {
    service.release()
    service.stop()
  }
})

const origin = ({ origin }: KeyService) => ({
  protocol: 'http:' as const,
  host: origin.slice('http://'.length),
})
const role = () => ({ arn: ARN, sessionName: 's3-oss-gateway', sts: origin(sts) })
const own = (key: OssCredentials): CredentialSource => ({ from: 'settings', key, files: {} })

type Source = [name: string, source: () => CredentialSource, service: () => KeyService]
const sources: Source[] = [
  ['the ECS RAM role', () => ({ from: 'ecs-ram-role', roleName: undefined }), () => metadata],
  ['the ECS RAM role of a name', () => ({ from: 'ecs-ram-role', roleName: ROLE }), () => metadata],
  [
    'RRSA',
    () => ({ from: 'rrsa', role: role(), providerArn: PROVIDER, tokenFile: join(folder, 'token') }),
    () => sts,
  ],
  ['AssumeRole', () => ({ from: 'assume-role', role: role(), by: own(BASE) }), () => sts],
  [
    'AssumeRole by a temporary key',
    () => ({ from: 'assume-role', role: role(), by: own(TEMPORARY) }),
    () => sts,
  ],
  [
    'AssumeRole by a key from a credentials URI',
    () => ({ from: 'assume-role', role: role(), by: { from: 'uri', uri: `${uri.origin}${URI_PATH}` } }),
    () => sts,
  ],
  ['the credentials URI', () => ({ from: 'uri', uri: `${uri.origin}${URI_PATH}` }), () => uri],
  [
    'a profile',
    () => {
      const file = join(folder, 'credentials')
      const request = { profile: ROLE, sts: origin(sts) }
      return { from: 'profile', file, ...request, is: own(BASE) }
    },
    () => sts,
  ],
]

/** The services' own addresses lead to those of the test, and nobody waits for long. */
const asking: Ask = ({ url, limit, ...question }) =>
  ask({
    ...question,
    url: url.replace('http://100.100.100.200', metadata.origin),
    limit: [sts, metadata, uri].some(({ mood }) => mood === 'slow') ? 200 : limit,
  })

const logged: string[] = []
const open = (source: CredentialSource) =>
  openCredentials(source, (event, facts) => logged.push(JSON.stringify([event, facts])), { ask: asking })

describe.each(sources)('%s', (_, source, service) => {
  test('gives a key that the service has issued', async () => {
    const credentials = await open(source())
    expect(await credentials.current()).toEqual(issued.at(-1))
    credentials.close()
  })

  test.each<[mood: Mood, why: RegExp]>([
    ['down', /127\.0\.0\.1:\d+ does not answer: \w+$/],
    ['slow', /has not answered within 0\.2 s$/],
    ['page', /answers with what is no JSON object$/],
    ['failing', /answers 403 NoPermission$|has no key for the RAM role gateway now$|answers 500 Failed$/],
    ['half', /answers without a usable AccessKeySecret$/],
  ])('gives none while the service is %s, and says why without a secret', async (mood, why) => {
    logged.length = 0
    service().mood = mood
    const error = await open(source()).then(
      () => undefined,
      (reason: Error) => reason,
    )
    expect(error?.message).toMatch(why)
    expect(`${error?.stack} ${JSON.stringify(error?.cause)} ${logged.join()}`).not.toMatch(/hush/)
    expect(logged.join()).toContain('the key for OSS cannot be renewed')
  })
})

describe('an answer that', () => {
  const whole = {
    AccessKeyId: 'STS.one',
    AccessKeySecret: 'hush-secret',
    SecurityToken: 'hush-token',
    Expiration: '2126-01-01T00:00:00Z',
  }
  test.each<[what: string, status: number, body: string, why: RegExp, headers?: Record<string, string>]>([
    [
      'would add a header',
      200,
      JSON.stringify({ ...whole, SecurityToken: 'hush\r\nx-oss-acl: public' }),
      /SecurityToken$/,
    ],
    ['has a blank in it', 200, JSON.stringify({ ...whole, AccessKeyId: 'hush key' }), /AccessKeyId$/],
    ['has a number for a text', 200, JSON.stringify({ ...whole, AccessKeySecret: 7 }), /AccessKeySecret$/],
    ['has no end', 200, JSON.stringify({ ...whole, Expiration: undefined }), /Expiration$/],
    [
      'ends at no time',
      200,
      JSON.stringify({ ...whole, Expiration: 'hush' }),
      /an Expiration that is no time$/,
    ],
    [
      'has ended',
      200,
      JSON.stringify({ ...whole, Expiration: '2026-01-01T00:00:00Z' }),
      /has expired, by this/,
    ],
    ['is not well', 200, JSON.stringify({ ...whole, Code: 'hush!' }), /has no key now$/],
    ['is a list', 200, JSON.stringify([whole]), /no JSON object$/],
    ['is nothing', 200, '', /no JSON object$/],
    ['has no end in sight', 200, 'hush '.repeat(20_000), /longer than a key can be$/],
    ['has an error of another form', 500, '{"Code": "hush hush", "Message": "hush"}', /answers 500$/],
    ['leads elsewhere', 302, '', /answers 302$/, { location: 'http://100.100.100.200/latest/' }],
  ])('%s is no key, and is not quoted', async (_, status, body, why, headers = {}) => {
    const server = createServer((__, response) => response.writeHead(status, headers).end(body))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const error = await open({ from: 'uri', uri: `http://127.0.0.1:${port}/hush` }).catch((one: Error) => one)
    expect((error as Error).message).toMatch(why)
    expect((error as Error).stack).not.toMatch(/hush/)
    server.close()
  })
})

describe('as Alibaba Cloud’s own clients see it,', () => {
  type Request = Parameters<typeof doRequest>[0]
  /** Asks the service of the test instead of the one whose address the client has. */
  const through = <P extends object>(provider: P, { origin }: KeyService) =>
    Object.assign(provider, {
      doRequest: (request: Request) =>
        doRequest(
          Object.assign(Object.create(Object.getPrototypeOf(request)), request, {
            protocol: 'http',
            host: origin.slice('http://'.length),
          }),
        ),
    })
  const base = () =>
    alibaba.StaticAKCredentialsProvider.builder()
      .withAccessKeyId(BASE.accessKeyId)
      .withAccessKeySecret(BASE.accessKeySecret)
      .build()
  type Provider = {
    getCredentials(): Promise<{ accessKeyId: string; accessKeySecret: string; securityToken: string }>
  }

  test.each<[what: string, provider: () => Provider]>([
    [
      'the metadata service',
      () =>
        through(alibaba.ECSRAMRoleCredentialsProvider.builder().withDisableIMDSv1(true).build(), metadata),
    ],
    [
      'AssumeRole',
      () =>
        through(
          alibaba.RAMRoleARNCredentialsProvider.builder()
            .withCredentialsProvider(base())
            .withRoleArn(ARN)
            .withRoleSessionName('a@b.c-d_e')
            .build(),
          sts,
        ),
    ],
    [
      'AssumeRoleWithOIDC',
      () => {
        const provider = alibaba.OIDCRoleArnCredentialsProvider.builder()
          .withRoleArn(ARN)
          .withOIDCProviderArn(PROVIDER)
          .withOIDCTokenFilePath(join(folder, 'bare-token'))
          .build()
        return through(provider, sts)
      },
    ],
    [
      'the credentials URI',
      () => alibaba.URICredentialsProvider.builder().withCredentialsURI(`${uri.origin}${URI_PATH}`).build(),
    ],
  ])('%s gives a key', async (_, provider) => {
    const { accessKeyId, accessKeySecret, securityToken } = await provider().getCredentials()
    expect(issued).toMatchObject([{ accessKeyId, accessKeySecret, securityToken }])
  })

  test('AssumeRole gives one for ali-oss as well, and knows a wrong secret', async () => {
    const client = (accessKeySecret: string) =>
      new OSS.STS({ accessKeyId: BASE.accessKeyId, accessKeySecret, endpoint: sts.origin } as never)
    const { credentials } = await client(BASE.accessKeySecret).assumeRole(ARN, '', 3600, 'session')
    expect(issued).toMatchObject([{ accessKeyId: credentials.AccessKeyId }])
    await expect(client('another').assumeRole(ARN, '', 3600, 'session')).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
    })
  })
})
