import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { encode } from './encodings.ts'

/** A temporary key, as it is issued. */
export type IssuedKey = {
  accessKeyId: string
  accessKeySecret: string
  securityToken: string
  /** Milliseconds since the epoch. */
  expiration: number
}

/** How a service answers: as it should; not at all; after it is told to; with a proxy's page; with an error; with half a key. */
export type Mood = 'well' | 'down' | 'slow' | 'page' | 'failing' | 'half'

/** A small server that gives keys as one of Alibaba Cloud's services does. */
export type KeyService = {
  origin: string
  mood: Mood
  /** How many keys it was asked for. */
  asked: number
  /** Lets what is slow go on, and is well from then on. */
  release(): void
  stop(): void
}

type Issue = () => IssuedKey
type Answer = { status: number; body: string; type?: string }
const json = (status: number, value: object): Answer => ({
  status,
  body: JSON.stringify(value),
  type: 'application/json; charset=utf-8',
})

/** Whole seconds: Alibaba Cloud's times have no more. */
const timeOf = (ms: number) => new Date(ms).toISOString().replace(/\.\d+/, '')
const fieldsOf = ({ accessKeyId, accessKeySecret, securityToken, expiration }: IssuedKey) => ({
  AccessKeyId: accessKeyId,
  AccessKeySecret: accessKeySecret,
  SecurityToken: securityToken,
  Expiration: timeOf(expiration),
})

async function startService(
  answer: (request: IncomingMessage, body: string, service: KeyService) => Answer,
): Promise<KeyService> {
  const held = new Set<() => void>()
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request)
    if (service.mood === 'down') {
      response.destroy()
      return
    }
    if (service.mood === 'slow') await new Promise<void>((resolve) => held.add(resolve))
    const { status, body: said, type = 'text/plain' } = answer(request, body, service)
    response.writeHead(status, { 'content-type': type }).end(said)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const service: KeyService = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mood: 'well',
    asked: 0,
    release: () => {
      service.mood = 'well'
      for (const go of held) go()
      held.clear()
    },
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
  return service
}

/** What a service says instead of a key when it is not well; the page has a key in it, which nobody is to print. */
function unwell({ mood }: KeyService, issue: Issue, wrong: Answer): Answer | undefined {
  if (mood === 'page') return { status: 200, body: `<html>${JSON.stringify(fieldsOf(issue()))}</html>` }
  return mood === 'failing' ? wrong : undefined
}

/** Half a key: without the secret, as an object of JSON all the same. */
const halved = (fields: object, { mood }: KeyService) =>
  mood === 'half' ? { ...fields, AccessKeySecret: undefined } : fields

/** https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-errorcodes */
const stsError = (status: number, Code: string, Message: string) =>
  json(status, { RequestId: randomUUID(), HostId: 'sts.aliyuncs.com', Code, Message, Recommend: 'https://x' })

/** The signature of RPC requests, version 1.0. */
function rpcSignature(
  parameters: ReadonlyMap<string, string>,
  secret: string,
): [signed: string, signature: string] {
  const pairs = [...parameters].filter(([name]) => name !== 'Signature').sort(([a], [b]) => (a < b ? -1 : 1))
  const canonical = pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
  const signed = `POST&%2F&${encode(canonical)}`
  return [signed, createHmac('sha1', `${secret}&`).update(signed).digest('base64')]
}

export type StsOptions = {
  issue: Issue
  /** What may assume the role: secrets, with their tokens, by key id. */
  keys?: ReadonlyMap<string, { secret: string; token?: string }>
  /** The token of OpenID Connect that counts now. */
  oidcToken?: () => string
  roleArn: string
}

/** STS: AssumeRole and AssumeRoleWithOIDC. */
export function startSts({ issue, keys = new Map(), oidcToken, roleArn }: StsOptions): Promise<KeyService> {
  const nonces = new Set<string>()

  function whyNotSigned(given: ReadonlyMap<string, string>): Answer | undefined {
    const key = keys.get(given.get('AccessKeyId') ?? '')
    if (key === undefined)
      return stsError(404, 'InvalidAccessKeyId.NotFound', 'Specified access key is not found.')
    if (given.get('SignatureMethod') !== 'HMAC-SHA1' || given.get('SignatureVersion') !== '1.0')
      return stsError(400, 'InvalidParameter', 'The signature method is not supported.')
    const [signed, signature] = rpcSignature(given, key.secret)
    if (signature !== given.get('Signature'))
      return stsError(
        400,
        'SignatureDoesNotMatch',
        `Specified signature is not matched with our calculation. server string to sign is:${signed}`,
      )
    if (key.token !== given.get('SecurityToken'))
      return stsError(400, 'InvalidSecurityToken.MismatchWithAccessKey', 'The SecurityToken does not match.')
    const nonce = given.get('SignatureNonce') ?? ''
    if (nonce === '' || nonces.has(nonce))
      return stsError(400, 'SignatureNonceUsed', 'Specified signature nonce was used already.')
    nonces.add(nonce)
    return undefined
  }

  function whyNot(given: ReadonlyMap<string, string>): Answer | undefined {
    if (given.get('Version') !== '2015-04-01') return stsError(404, 'InvalidVersion', 'The version is wrong.')
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(given.get('Timestamp') ?? ''))
      return stsError(400, 'IllegalTimestamp', 'The input parameter Timestamp is not well formatted.')
    if (Math.abs(Date.parse(given.get('Timestamp') as string) - Date.now()) > 15 * 60_000)
      return stsError(400, 'InvalidTimeStamp.Expired', 'Specified time stamp or date value is expired.')
    const action = given.get('Action')
    if (action === 'AssumeRole') {
      const refusal = whyNotSigned(given)
      if (refusal !== undefined) return refusal
    } else if (action === 'AssumeRoleWithOIDC') {
      if (!/^acs:ram::\d+:oidc-provider\/[\w-]+$/.test(given.get('OIDCProviderArn') ?? ''))
        return stsError(400, 'InvalidParameter.OIDCProviderArn', 'The OIDCProviderArn is invalid.')
      if (given.get('OIDCToken') !== oidcToken?.())
        return stsError(400, 'AuthenticationFail.OIDCToken.Invalid', 'This JWT is invalid.')
    } else return stsError(404, 'InvalidAction.NotFound', 'Specified api is not found.')
    if (!/^[\w.@-]{2,64}$/.test(given.get('RoleSessionName') ?? ''))
      return stsError(400, 'InvalidParameter.RoleSessionName', 'The RoleSessionName is invalid.')
    if (given.get('RoleArn') !== roleArn)
      return stsError(404, 'EntityNotExist.Role', 'The specified Role not exists.')
    return undefined
  }

  return startService((request, body, service) => {
    const { searchParams } = new URL(request.url ?? '', service.origin)
    const given = new Map([...searchParams, ...new URLSearchParams(body)])
    service.asked++
    const denied = stsError(403, 'NoPermission', 'You are not authorized to do this action.')
    const refusal = unwell(service, issue, denied) ?? whyNot(given)
    if (refusal !== undefined) return refusal
    return json(200, {
      RequestId: randomUUID(),
      AssumedRoleUser: {
        Arn: `${roleArn}/${given.get('RoleSessionName')}`,
        AssumedRoleId: '344584339364951186',
      },
      Credentials: halved(fieldsOf(issue()), service),
    })
  })
}

/**
 * The metadata service of an ECS instance that has one RAM role and is in hardened mode alone.
 * https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
 */
export function startMetadata(issue: Issue, role: string): Promise<KeyService> {
  const tokens = new Set<string>()
  const missing: Answer = { status: 404, body: 'Not Found' }
  const credentials = '/latest/meta-data/ram/security-credentials/'
  return startService(({ method, url = '', headers }, _, service) => {
    if (url === '/latest/api/token') {
      const ttl = Number(headers['x-aliyun-ecs-metadata-token-ttl-seconds'])
      if (method !== 'PUT' || !(ttl >= 1 && ttl <= 21_600)) return { status: 400, body: 'Bad Request' }
      const token = randomUUID()
      tokens.add(token)
      return { status: 200, body: token }
    }
    if (!tokens.has(String(headers['x-aliyun-ecs-metadata-token']))) return { status: 403, body: 'Forbidden' }
    if (url === credentials) return { status: 200, body: `${role}\n` }
    if (url !== `${credentials}${role}`) return missing
    service.asked++
    return (
      unwell(service, issue, json(200, { Code: 'Failed' })) ??
      json(200, {
        ...halved(fieldsOf(issue()), service),
        LastUpdated: timeOf(Date.now()),
        Code: 'Success',
      })
    )
  })
}

/** What a credentials URI leads to. @param path with the query that is needed to get a key. */
export function startKeyUri(issue: Issue, path: string): Promise<KeyService> {
  return startService(({ method, url }, _, service) => {
    if (method !== 'GET' || url !== path) return { status: 404, body: 'Not Found' }
    service.asked++
    return (
      unwell(service, issue, json(500, { Code: 'Failed', Message: 'no key' })) ??
      json(200, { Code: 'Success', ...halved(fieldsOf(issue()), service) })
    )
  })
}
