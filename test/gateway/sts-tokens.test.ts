import { createHmac } from 'node:crypto'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createGateway } from '../../src/app.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { createLocalOss, type LocalOss } from '../../src/local-oss/index.ts'
import { nodePorts } from '../../src/node/ports.ts'
import { withTextHeaders } from '../../src/node/upstream.ts'
import { headerMap, type Transport } from '../../src/ports.ts'
import { parseLenientXml, text } from '../../src/xml/index.ts'
import { credentialsOf } from '../credentials-of.ts'
import { sha256 } from '../encodings.ts'
import { runtimes } from '../harness.ts'
import { postForm, signFields } from './form.ts'
import { postSts } from './sts-wire.ts'
import { type Key, main, roleOf, type StsWorld, secrets, startStsWorld } from './sts-world.ts'
import { presign, send, sign, type WireRequest } from './wire.ts'

type Full = Required<Key>
type Sign = (host: string, key: Full) => WireRequest

const put = { method: 'PUT', target: '/bucket/key', body: 'hello' }
const sha1 = (secret: string, text: string) => createHmac('sha1', secret).update(text).digest('base64')
const TOKEN = 'x-amz-security-token'
const encoded = encodeURIComponent

/** A body in one signed chunk, and the empty last one. */
const inChunks: Sign = (host, { sessionToken, ...key }) => {
  const headers = {
    'content-encoding': 'aws-chunked',
    'x-amz-decoded-content-length': String(put.body.length),
    [TOKEN]: sessionToken,
  }
  const payload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
  const signed = sign({ ...put, headers }, host, { ...key, payload })
  const { key: signingKey, timestamp, scope, seed } = signed.chunks
  let previous = seed
  const chunk = (text: string) => {
    const lines = ['AWS4-HMAC-SHA256-PAYLOAD', timestamp, scope, previous, sha256(''), sha256(text)]
    previous = createHmac('sha256', signingKey).update(lines.join('\n')).digest('hex')
    return `${text.length.toString(16)};chunk-signature=${previous}\r\n${text}\r\n`
  }
  return { ...signed, body: chunk(put.body) + chunk('') }
}

const ways: Record<string, Sign> = {
  'SigV4 headers': (host, { sessionToken, ...key }) =>
    sign({ ...put, headers: { [TOKEN]: sessionToken } }, host, key),
  'a presigned URL of SigV4': (host, { sessionToken, ...key }) =>
    presign({ ...put, target: `${put.target}?X-Amz-Security-Token=${encoded(sessionToken)}` }, host, key),
  'signed chunks': inChunks,
  'SigV2 headers': (_, { accessKeyId, secretAccessKey, sessionToken }) => {
    const date = new Date().toUTCString()
    const signature = sha1(secretAccessKey, `PUT\n\n\n${date}\n${TOKEN}:${sessionToken}\n/bucket/key`)
    return {
      ...put,
      headers: { date, [TOKEN]: sessionToken, authorization: `AWS ${accessKeyId}:${signature}` },
    }
  },
  'a presigned URL of SigV2': (_, { accessKeyId, secretAccessKey, sessionToken }) => {
    const expires = Math.floor(Date.now() / 1000) + 600
    const signature = sha1(secretAccessKey, `PUT\n\n\n${expires}\n${TOKEN}:${sessionToken}\n/bucket/key`)
    const query = `AWSAccessKeyId=${accessKeyId}&Expires=${expires}&${TOKEN}=${encoded(sessionToken)}`
    return { ...put, target: `${put.target}?${query}&Signature=${encoded(signature)}` }
  },
  'a form of SigV4': (_, { sessionToken, ...key }) =>
    postForm(signFields({ key: 'key', [TOKEN]: sessionToken }, 'bucket', key), 'hello'),
  'a form of SigV2': (_, { sessionToken, ...key }) =>
    postForm(signFields({ key: 'key', [TOKEN]: sessionToken }, 'bucket', { ...key, version: 2 }), 'hello'),
}

describe.each(runtimes)('a short-lived key on %s', (runtime) => {
  let world: StsWorld
  let key: Full
  let other: Full
  const answerTo = (way: Sign, with_: Full) => send(world.endpoint, way(new URL(world.endpoint).host, with_))

  beforeAll(async () => {
    world = await startStsWorld(runtime, {
      clients: [{ accessKeyId: 'team', secretAccessKey: 'of-the-team' }],
    })
    await world.s3().send(new CreateBucketCommand({ Bucket: 'bucket' }))
    ;[key, other] = [await world.assume(), await world.assume()]
  })
  afterAll(() => world.stop())

  test.each(Object.entries(ways))('signs by %s', async (_, way) => {
    const { status, error } = await answerTo(way, key)
    expect(error).toEqual({})
    expect([200, 204]).toContain(status)
  })

  const wrong: [what: string, keyOf: () => Full, status: number, code: string][] = [
    ["another key's token", () => ({ ...key, sessionToken: other.sessionToken }), 400, 'InvalidToken'],
    ["another key's id", () => ({ ...key, accessKeyId: other.accessKeyId }), 400, 'InvalidToken'],
    [
      "another key's secret",
      () => ({ ...key, secretAccessKey: other.secretAccessKey }),
      403,
      'SignatureDoesNotMatch',
    ],
    [
      "its client's secret",
      () => ({ ...key, secretAccessKey: main.secretAccessKey }),
      403,
      'SignatureDoesNotMatch',
    ],
    ['a token for its client', () => ({ ...key, ...main }), 400, 'InvalidToken'],
    [
      'a token for another client',
      () => ({ ...key, accessKeyId: 'team', secretAccessKey: 'of-the-team' }),
      400,
      'InvalidToken',
    ],
    ['a token of AWS', () => ({ ...key, sessionToken: 'FwoGZXIvYXdzEBYaDH/+AQ==' }), 400, 'InvalidToken'],
    ['no token', () => ({ ...key, sessionToken: '' }), 403, 'InvalidAccessKeyId'],
  ]
  test.each(
    Object.entries(ways).flatMap(([name, way]) =>
      wrong.map(([what, ...rest]) => [what, name, way, ...rest] as const),
    ),
  )('is refused with %s, by %s', async (_, __, way, keyOf, status, code) => {
    world.ossRequests()
    const answer = await answerTo(way, keyOf())
    expect([answer.status, answer.error.Code]).toEqual([status, code])
    expect(world.ossRequests()).toEqual([])
  })

  test('has no token that was not signed', async () => {
    const host = new URL(world.endpoint).host
    const { sessionToken, ...signing } = key
    const unsigned = { ...signing, unsigned: [TOKEN] }
    const header = sign({ ...put, headers: { [TOKEN]: sessionToken } }, host, unsigned)
    expect((await send(world.endpoint, header)).error.Code).toBe('AccessDenied')
    const added = presign(put, host, signing)
    const target = `${added.target}&X-Amz-Security-Token=${encoded(sessionToken)}`
    expect((await send(world.endpoint, { ...added, target })).error.Code).toBe('SignatureDoesNotMatch')
    const fields = { ...signFields({ key: 'key' }, 'bucket', signing), [TOKEN]: sessionToken }
    expect((await send(world.endpoint, postForm(fields, 'x'))).error).toMatchObject({
      Code: 'AccessDenied',
      Message: expect.stringContaining('Extra input fields'),
    })
  })

  test('has one token', async () => {
    const { sessionToken, ...signing } = key
    const target = `${put.target}?X-Amz-Security-Token=${encoded(sessionToken)}`
    const both = (header: string) =>
      presign({ ...put, target, headers: { [TOKEN]: header } }, new URL(world.endpoint).host, signing)
    expect((await send(world.endpoint, both(other.sessionToken))).error.Code).toBe('InvalidToken')
    expect((await send(world.endpoint, both(sessionToken))).status).toBe(200)
  })

  test('is found by STS as by S3', async () => {
    for (const bad of [
      { ...key, sessionToken: other.sessionToken },
      { ...main, sessionToken: key.sessionToken },
    ]) {
      await expect(world.sts(bad).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
        name: 'InvalidClientTokenId',
      })
    }
  })
})

describe('a short-lived key among gateways that share nothing but their settings', () => {
  let localOss: LocalOss
  let issuer: Gateway
  let now = 0
  const HOST = 'gateway.example'
  const client = { accessKeyId: 'team', secretAccessKeys: ['of-the-team', 'of-the-team-before'] }

  beforeAll(async () => {
    localOss = await createLocalOss({
      directory: ':memory:',
      credentials: { accessKeyId: 'local', accessKeySecret: 'local-secret' },
    })
    issuer = gatewayWith({ sts: sts(first), clients: [client] })
  })
  // Of a key's quarter of an hour no end is too far from the clock of OSS.
  beforeEach(() => {
    now = Date.now() - 600_000
  })
  afterAll(() => localOss.close())

  /** What a gateway with some settings answers. */
  function gatewayWith(document: object) {
    const config = parseConfig({ LOCAL_OSS_DIR: ':memory:' }, JSON.stringify(document))
    const { answer } = createGateway({
      ...nodePorts,
      clock: () => now,
      config,
      credentials: credentialsOf(config),
      transport: withTextHeaders(localOss.transport as Transport),
      log: () => {},
    })
    return async ({ method, target, headers, body = '' }: WireRequest) => {
      const bytes = Buffer.from(body as string)
      const reply = await answer({
        method,
        target,
        headers: headerMap({ ...headers, 'content-length': String(bytes.length) }),
        body: (async function* () {
          if (bytes.length > 0) yield bytes
        })(),
        signal: () => new AbortController().signal,
      })
      const answered = typeof reply.body === 'string' ? reply.body : ''
      return { status: reply.status, body: answered, code: /<Code>(\w+)</.exec(answered)?.[1] }
    }
  }
  type Gateway = ReturnType<typeof gatewayWith>

  /** A key of the client's, asked for with one of its secrets. */
  async function assume(gateway: Gateway, secretAccessKey: string, seconds = 900): Promise<Full> {
    const form = new URLSearchParams({
      Action: 'AssumeRole',
      Version: '2011-06-15',
      RoleArn: roleOf('team'),
      RoleSessionName: 'ab',
      DurationSeconds: String(seconds),
    })
    const { body } = await gateway(postSts(String(form), HOST, { accessKeyId: 'team', secretAccessKey, now }))
    const [result = {}] = parseLenientXml(body, 'AssumeRoleResponse').AssumeRoleResult ?? []
    const [credentials = {}] = (result as Record<string, never[]>).Credentials ?? []
    const of = (name: string) => text(credentials, name) ?? ''
    return {
      accessKeyId: of('AccessKeyId'),
      secretAccessKey: of('SecretAccessKey'),
      sessionToken: of('SessionToken'),
    }
  }
  const list = ({ sessionToken, ...key }: Full) =>
    sign({ method: 'GET', target: '/', headers: { [TOKEN]: sessionToken } }, HOST, { ...key, now })
  const presigned = ({ sessionToken, ...key }: Full, expires: number) =>
    presign({ method: 'GET', target: `/?X-Amz-Security-Token=${encoded(sessionToken)}` }, HOST, {
      ...key,
      now,
      expires,
    })
  const outcome = async (gateway: Gateway, request: WireRequest) => {
    const { status, code } = await gateway(request)
    return code ?? status
  }

  const sts = (...all: (string | undefined)[]) => ({ secrets: all })
  const [first, second] = secrets

  test.each<[what: string, document: object, outcome: unknown]>([
    ['the same settings', { sts: sts(first), clients: [client] }, 200],
    ['a second secret to come', { sts: sts(first, second), clients: [client] }, 200],
    ['a first secret that is new', { sts: sts(second, first), clients: [client] }, 200],
    ['another secret', { sts: sts(second), clients: [client] }, 'InvalidToken'],
    ['no sts', { clients: [client] }, 'InvalidToken'],
    ['no such client', { sts: sts(first) }, 'InvalidToken'],
    [
      'the client with the secret that asked for it',
      { sts: sts(first), clients: [{ accessKeyId: 'team', secretAccessKey: 'of-the-team' }] },
      200,
    ],
    [
      'the client with its other secret alone',
      { sts: sts(first), clients: [{ accessKeyId: 'team', secretAccessKey: 'of-the-team-before' }] },
      'InvalidToken',
    ],
    [
      'a client of another name with that secret',
      { sts: sts(first), clients: [{ ...client, accessKeyId: 'others' }] },
      'InvalidToken',
    ],
  ])('of one with %s', async (_, document, expected) => {
    const key = await assume(issuer, 'of-the-team')
    expect(await outcome(gatewayWith(document), list(key))).toBe(expected)
  })

  test('is made with the first of two secrets, and with the one of its client that asked', async () => {
    const both = gatewayWith({ sts: sts(second, first), clients: [client] })
    const key = await assume(both, 'of-the-team-before')
    expect(await outcome(issuer, list(key))).toBe('InvalidToken')
    const before = { accessKeyId: 'team', secretAccessKey: 'of-the-team-before' }
    expect(await outcome(gatewayWith({ sts: sts(second), clients: [before] }), list(key))).toBe(200)
  })

  test('does no more than its client may since', async () => {
    const key = await assume(issuer, 'of-the-team')
    const get = ({ sessionToken, ...rest }: Full) =>
      sign({ method: 'GET', target: '/bucket/key', headers: { [TOKEN]: sessionToken } }, HOST, {
        ...rest,
        now,
      })
    expect(await outcome(issuer, get(key))).toBe('NoSuchBucket')
    const since = gatewayWith({ sts: sts(first), clients: [{ ...client, buckets: ['other'] }] })
    expect(await outcome(since, get(key))).toBe('AccessDenied')
  })

  test('ends to the second, with all that it has signed', async () => {
    const key = await assume(issuer, 'of-the-team')
    const url = presigned(key, 86_400)
    const end = Math.floor(now / 1000) * 1000 + 900_000
    now = end - 1
    expect([await outcome(issuer, list(key)), await outcome(issuer, url)]).toEqual([200, 200])
    now = end
    expect([await outcome(issuer, list(key)), await outcome(issuer, url)]).toEqual([
      'ExpiredToken',
      'ExpiredToken',
    ])
    const { sessionToken, ...rest } = key
    const identity = 'Action=GetCallerIdentity&Version=2011-06-15'
    const asked = postSts(identity, HOST, { ...rest, now }, { 'x-amz-security-token': sessionToken })
    expect(await issuer(asked)).toMatchObject({ status: 403, code: 'ExpiredToken' })
    // Of one that was tampered with, that is what is said.
    expect(await outcome(issuer, list({ ...key, sessionToken: `${sessionToken.slice(0, -1)}.` }))).toBe(
      'InvalidToken',
    )
  })

  test('lasts as long as the settings let it when it was asked for', async () => {
    const key = await assume(issuer, 'of-the-team', 1800)
    const shorter = gatewayWith({ sts: { ...sts(first), maxDuration: '15m' }, clients: [client] })
    const end = Math.floor(now / 1000) * 1000 + 1_800_000
    now = end - 600_000
    expect(await outcome(shorter, list(key))).toBe(200)
    now = end
    expect(await outcome(shorter, list(key))).toBe('ExpiredToken')
  })

  test('lasts no longer than the settings let it', async () => {
    const short = gatewayWith({ sts: { ...sts(first), maxDuration: '15m' }, clients: [client] })
    const form = `Action=GetSessionToken&Version=2011-06-15`
    const { body } = await short(
      postSts(form, HOST, { accessKeyId: 'team', secretAccessKey: 'of-the-team', now }),
    )
    const end = new Date(Math.floor(now / 1000) * 1000 + 900_000).toISOString().replace('.000', '')
    expect(body).toContain(`<Expiration>${end}</Expiration>`)
    await expect(assume(short, 'of-the-team', 901)).rejects.toThrow('ErrorResponse')
  })
})
