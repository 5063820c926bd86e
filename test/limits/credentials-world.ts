import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { type ServerType, serve } from '@hono/node-server'
import { vi } from 'vitest'
import { createApp } from '../../src/app.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { createLocalOss, type LocalOss } from '../../src/local-oss/index.ts'
import { type OpenCredentials, openCredentials } from '../../src/node/credentials.ts'
import { nodePorts } from '../../src/node/ports.ts'
import { withTextHeaders } from '../../src/node/upstream.ts'
import type { OssCallRecord } from '../../src/oss/call-record.ts'
import type { CredentialSource } from '../../src/oss/credentials/source.ts'
import type { Ask, Transport } from '../../src/ports.ts'
import { ask } from '../../src/runtime/ask.ts'
import { type IssuedKey, type KeyService, startKeyUri, startMetadata, startSts } from '../key-services.ts'

export const Bucket = 'bucket'
export const ACCOUNT = '1000000000000001'
export const HOUR = 3_600_000
export const MINUTE = 60_000
const ARN = 'acs:ram::123456789012:role/gateway'
const BASE = { accessKeyId: 'LTAI5tBase', accessKeySecret: 'base-secret' }
const TOKEN = 'oidc-token'

/** The files that a source reads; gone when the tests are over. */
export const folder = mkdtempSync(join(tmpdir(), 'credentials-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

type Named = { source: CredentialSource; service: KeyService }
export type MakeSource = (issue: () => IssuedKey, localOss: LocalOss) => Promise<Named>
const stsAt = ({ origin }: KeyService) => ({
  arn: ARN,
  sessionName: 's3-oss-gateway',
  sts: { protocol: 'http:' as const, host: origin.slice('http://'.length) },
})
const startOwnSts = (issue: () => IssuedKey) => {
  const keys = new Map([[BASE.accessKeyId, { secret: BASE.accessKeySecret }]])
  return startSts({ issue, keys, oidcToken: () => TOKEN, roleArn: ARN })
}
export const sources: Record<string, MakeSource> = {
  'the ECS RAM role': async (issue) => ({
    service: await startMetadata(issue, 'gateway'),
    source: { from: 'ecs-ram-role', roleName: undefined },
  }),
  RRSA: async (issue) => {
    await writeFile(join(folder, 'token'), TOKEN)
    const service = await startOwnSts(issue)
    const providerArn = 'acs:ram::123456789012:oidc-provider/ack-rrsa-c1'
    const tokenFile = join(folder, 'token')
    return { service, source: { from: 'rrsa', role: stsAt(service), providerArn, tokenFile } }
  },
  AssumeRole: async (issue) => {
    const service = await startOwnSts(issue)
    const by = { from: 'settings' as const, key: BASE, files: {} }
    return { service, source: { from: 'assume-role', role: stsAt(service), by } }
  },
  'the credentials URI': async (issue) => {
    const service = await startKeyUri(issue, '/key')
    return { service, source: { from: 'uri', uri: `${service.origin}/key` } }
  },
  'a profile': async (issue) => {
    const service = await startOwnSts(issue)
    const file = join(folder, 'config.json')
    const profile = {
      name: 'role',
      mode: 'RamRoleArn',
      access_key_id: BASE.accessKeyId,
      access_key_secret: BASE.accessKeySecret,
      ram_role_arn: ARN,
    }
    await writeFile(file, JSON.stringify({ current: 'role', profiles: [profile] }))
    const { sts } = stsAt(service)
    const is = { from: 'settings' as const, key: BASE, files: {} }
    return { service, source: { from: 'profile', file, profile: undefined, sts, is } }
  },
}

/** Looked up at each call: tests let time pass. */
const clock = () => Date.now()

/** A gateway whose key at OSS comes from a service of the test, in front of an OSS that knows the keys it has issued. */
export class World {
  readonly issued: IssuedKey[] = []
  readonly logged: string[] = []
  /** OSS's answers to the gateway, of all its calls. */
  readonly ossErrors: string[] = []
  localOss!: LocalOss
  service!: KeyService
  endpoint!: string
  s3!: S3Client
  #credentials!: OpenCredentials
  #server!: ServerType

  static async start(make: MakeSource, lifetime = HOUR): Promise<World> {
    const world = new World()
    const admin = { accessKeyId: 'local', accessKeySecret: 'local-secret' }
    world.localOss = await createLocalOss({ directory: ':memory:', credentials: admin })
    const { source, service } = await make(() => world.issue(lifetime), world.localOss)
    world.service = service
    await world.begin(source)
    await world.s3.send(new CreateBucketCommand({ Bucket }))
    await world.s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'content' }))
    world.ossErrors.length = 0
    return world
  }

  async begin(source: CredentialSource): Promise<void> {
    const asking: Ask = ({ url, ...question }) =>
      ask({ ...question, url: url.replace('http://100.100.100.200', this.service.origin) })
    const log = (event: string, facts: object) => void this.logged.push(JSON.stringify([event, facts]))
    this.#credentials = await openCredentials(source, log, { ask: asking, clock })
    const config = parseConfig({ LOCAL_OSS_DIR: ':memory:' })
    const transport = withTextHeaders(this.localOss.transport as Transport)
    const observer = {
      onRequest: () => {},
      onRetry: () => {},
      onOssCall: ({ errorCode }: OssCallRecord) => {
        if (errorCode !== undefined) this.ossErrors.push(errorCode)
      },
    }
    const credentials = this.#credentials
    const { fetch } = createApp({ ...nodePorts, clock, config, transport, log, credentials, observer })
    this.#server = serve({ fetch, port: 0 })
    // By Node's own clock, whatever the test's is: the SDK would correct its signatures by it.
    this.#server.prependListener('request', (_, response) => {
      response.sendDate = false
    })
    if (!this.#server.listening) await once(this.#server, 'listening')
    this.endpoint = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    this.s3 = this.client(1)
  }

  client = (maxAttempts: number) =>
    new S3Client({
      endpoint: this.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      maxAttempts,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local-secret' },
    })

  issue(lifetime: number): IssuedKey {
    const name = `${this.issued.length}`
    const key = {
      accessKeyId: `STS.${name}`,
      accessKeySecret: `secret-of-${name}`,
      securityToken: `token-of-${name}`,
      expiration: (Math.floor(Date.now() / 1000) + lifetime / 1000) * 1000,
    }
    this.issued.push(key)
    this.localOss.addKey(ACCOUNT, key)
    return key
  }

  get last(): IssuedKey {
    return this.issued.at(-1) as IssuedKey
  }

  read = async () => {
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket, Key: 'key' }))
    return Body?.transformToString()
  }

  async stop(): Promise<void> {
    this.service.release()
    this.service.stop()
    this.s3.destroy()
    this.#credentials.close()
    this.#server.close()
    await this.localOss.close()
  }
}

/** Time goes on by so much, for the gateway, its services and OSS alike. */
export const pass = (ms: number) => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })
