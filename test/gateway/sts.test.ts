import {
  CreateBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
} from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runtimes, startWorld } from '../harness.ts'
import { postSts, sign } from './sts-wire.ts'
import {
  allow,
  type Key,
  keyOf,
  main,
  policyOf,
  roleOf,
  type StsWorld,
  startStsWorld,
  withSts,
} from './sts-world.ts'
import { send } from './wire.ts'

const team: Key = { accessKeyId: 'team', secretAccessKey: 'the-secret-of-the-team' }
const reader: Key = { accessKeyId: 'reader', secretAccessKey: 'the-secret-of-the-reader' }
const clients = [
  { ...team, buckets: ['bucket'], prefixes: ['team/'], operations: ['objects'] },
  { ...reader, readOnly: true },
]

describe.each(runtimes)('the STS endpoint on %s', (runtime) => {
  let world: StsWorld
  beforeAll(async () => {
    world = await startStsWorld(runtime, { clients, sts: { secrets: [SECRET], maxDuration: '24h' } })
    await world.s3().send(new CreateBucketCommand({ Bucket: 'bucket' }))
    for (const key of ['team/a', 'other']) await world.oss('bucket').put(key, Buffer.from('x'))
  })
  afterAll(() => world.stop())

  const SECRET = 'a-secret-that-short-lived-keys-are-made-of'
  const read = (Key: string) => new GetObjectCommand({ Bucket: 'bucket', Key })
  const write = (Key: string) => new PutObjectCommand({ Bucket: 'bucket', Key, Body: 'x' })

  test('AssumeRole gives a key of the client, under the name that it asks for', async () => {
    const RoleArn = roleOf('team')
    const before = Date.now()
    const { Credentials, AssumedRoleUser, PackedPolicySize } = await world
      .sts(team, 'cn-hangzhou')
      .send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'nightly', DurationSeconds: 900 }))
    const Arn = 'arn:aws:sts::000000000000:assumed-role/team/nightly'
    expect(AssumedRoleUser).toEqual({ Arn, AssumedRoleId: 'team:nightly' })
    expect(PackedPolicySize).toBeUndefined()
    expect(Credentials?.AccessKeyId).toMatch(/^ASIA[0-9A-F]{16}$/)
    expect(Credentials?.SecretAccessKey).toMatch(/^[\w+/]{40}$/)
    const lifetime = (Credentials?.Expiration?.getTime() ?? 0) - before
    expect(lifetime).toBeGreaterThan(890_000)
    expect(lifetime).toBeLessThanOrEqual(900_000 + Date.now() - before)
    const key = keyOf(Credentials)
    await world.as(key).send(write('team/b'))
    expect(await world.sts(key).send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: '000000000000',
      Arn,
      UserId: 'team:nightly',
    })
  })

  test('GetSessionToken gives one without a name', async () => {
    const { Credentials } = await world.sts(team).send(new GetSessionTokenCommand({}))
    const key = keyOf(Credentials)
    await world.as(key).send(read('team/a'))
    const user = { Account: '000000000000', Arn: 'arn:aws:iam::000000000000:user/team', UserId: 'team' }
    expect(await world.sts(key).send(new GetCallerIdentityCommand({}))).toMatchObject(user)
    expect(await world.sts(team).send(new GetCallerIdentityCommand({}))).toMatchObject(user)
  })

  test('no two keys are alike', async () => {
    const keys = await Promise.all([1, 2, 3, 4].map(() => world.assume()))
    for (const part of ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const) {
      expect(new Set(keys.map((key) => key[part])).size).toBe(4)
    }
  })

  test('a key does what its client does, and no more', async () => {
    const s3 = world.as(await world.assume({}, team))
    await s3.send(write('team/c'))
    const elsewhere = new GetObjectCommand({ Bucket: 'elsewhere', Key: 'team/a' })
    const made = new CreateBucketCommand({ Bucket: 'made' })
    const limits: [() => Promise<unknown>, string][] = [
      [() => s3.send(read('other')), 'certain key prefixes'],
      [() => s3.send(elsewhere), 'certain buckets'],
      [() => s3.send(made), 'operations of other kinds'],
    ]
    for (const [ask, message] of limits) {
      await expect(ask()).rejects.toMatchObject({
        name: 'AccessDenied',
        message: expect.stringContaining(message),
      })
    }
    expect((await s3.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toEqual(['bucket'])
    const reading = world.as(await world.assume({}, reader))
    await reading.send(read('other'))
    await expect(reading.send(write('other'))).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  test('a policy gives nothing that the client has not', async () => {
    const Policy = policyOf({ Action: '*', Resource: '*' })
    const s3 = world.as(await world.assume({ Policy }, reader))
    await s3.send(read('other'))
    await expect(s3.send(write('other'))).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  test('a policy is told how much of the room for it it takes', async () => {
    const Policy = policyOf(allow('GetObject', 'bucket/*'))
    const { PackedPolicySize } = await world
      .sts()
      .send(new AssumeRoleCommand({ RoleArn: roleOf('local'), RoleSessionName: 'ab', Policy }))
    expect(PackedPolicySize).toBe(Math.ceil((Policy.length / 2048) * 100))
  })

  const long = policyOf(allow('GetObject', `${'b'.repeat(2048)}`))
  const wide = policyOf(allow('GetObject', `bucket/${'\u00e9'.repeat(1100)}`))
  const statements = (statement: object) => JSON.stringify({ Statement: statement })
  const refusals: [what: string, input: Partial<AssumeRoleCommandInput>, code: string, text: string][] = [
    ["another client's role", { RoleArn: roleOf('reader') }, 'AccessDenied', 'sts:AssumeRole on resource'],
    ['a role of nobody', { RoleArn: roleOf('nobody') }, 'AccessDenied', 'sts:AssumeRole on resource'],
    [
      'a role of another account',
      { RoleArn: 'arn:aws:iam::123456789012:role/team' },
      'ValidationError',
      'RoleArn must be arn:aws:iam::000000000000:role/team',
    ],
    ['a role below a path', { RoleArn: roleOf('a/team') }, 'AccessDenied', 'sts:AssumeRole'],
    ['no role', { RoleArn: undefined }, 'ValidationError', "at 'roleArn'"],
    ['no name', { RoleSessionName: undefined }, 'ValidationError', "at 'roleSessionName'"],
    ['a short name', { RoleSessionName: 'a' }, 'ValidationError', "at 'roleSessionName'"],
    ['a name with a slash', { RoleSessionName: 'a/b' }, 'ValidationError', "at 'roleSessionName'"],
    ['a name of markup', { RoleSessionName: '<a>&' }, 'ValidationError', "Value '<a>&' at"],
    ['a moment', { DurationSeconds: 899 }, 'ValidationError', 'from 900 to 43200'],
    ['more than a role has', { DurationSeconds: 43_201 }, 'ValidationError', 'from 900 to 43200'],
    ['half a second', { DurationSeconds: 900.5 }, 'ValidationError', 'from 900 to 43200'],
    ['an empty policy', { Policy: '' }, 'ValidationError', 'Policy must have 1 to 2048 characters'],
    ['a long policy', { Policy: long }, 'ValidationError', 'Policy must have 1 to 2048 characters'],
    ['a policy of many bytes', { Policy: wide }, 'PackedPolicyTooLarge', '% of allotted space'],
    ['a policy in other letters', { Policy: '{"\u4e2d":1}' }, 'ValidationError', 'Policy must have'],
    ['a policy that is no JSON', { Policy: '{' }, 'MalformedPolicyDocument', 'invalid Json'],
    ['a policy without statements', { Policy: '{}' }, 'MalformedPolicyDocument', 'Statement'],
    [
      'a policy with a principal',
      { Policy: statements({ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }) },
      'MalformedPolicyDocument',
      'Unknown field Principal',
    ],
    [
      'a policy by its ARN',
      { PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/a' }] },
      'ValidationError',
      'PolicyArns',
    ],
    ['tags', { Tags: [{ Key: 'a', Value: 'b' }] }, 'ValidationError', 'Tags.member.1.Key'],
    ['an external id', { ExternalId: 'ab' }, 'ValidationError', 'ExternalId'],
    [
      'a code of a device',
      { SerialNumber: 'a'.repeat(9), TokenCode: '123456' },
      'ValidationError',
      'SerialNumber',
    ],
    ['an identity', { SourceIdentity: 'ab' }, 'ValidationError', 'SourceIdentity'],
  ]
  test.each(refusals)('AssumeRole with %s is refused', async (_, input, name, message) => {
    const command = new AssumeRoleCommand({
      RoleArn: roleOf('team'),
      RoleSessionName: 'a-session',
      ...input,
    } as AssumeRoleCommandInput)
    await expect(world.sts(team).send(command)).rejects.toMatchObject({
      name: expect.stringMatching(new RegExp(`^${name}(?:Exception)?$`)),
      message: expect.stringContaining(message),
    })
  })

  test.each([
    [{ DurationSeconds: 86_401 }, 'exceeds the 86400 seconds'],
    [{ DurationSeconds: 129_601 }, 'from 900 to 129600'],
    [{ SerialNumber: 'a'.repeat(9), TokenCode: '123456' }, 'SerialNumber'],
  ])('GetSessionToken with %j is refused', async (input, message) => {
    await expect(world.sts().send(new GetSessionTokenCommand(input))).rejects.toMatchObject({
      name: 'ValidationError',
      message: expect.stringContaining(message),
    })
  })

  test('a short-lived key gives out no others', async () => {
    const key = await world.assume({}, team)
    const commands = [
      new AssumeRoleCommand({ RoleArn: roleOf('team'), RoleSessionName: 'ab' }),
      new GetSessionTokenCommand({}),
    ]
    for (const command of commands) {
      await expect(world.sts(key).send(command as GetSessionTokenCommand)).rejects.toMatchObject({
        name: 'AccessDenied',
        message: expect.stringContaining('assumed-role/team/a-session is not authorized'),
      })
    }
  })

  const identity = 'Action=GetCallerIdentity&Version=2011-06-15'
  type Wire = Parameters<typeof send>[1]
  const host = () => new URL(world.endpoint).host
  const wire: [what: string, request: () => Wire, status: number, code: string][] = [
    [
      'a wrong secret',
      () => postSts(identity, host(), { secretAccessKey: 'x' }),
      403,
      'SignatureDoesNotMatch',
    ],
    ['a key of nobody', () => postSts(identity, host(), { accessKeyId: 'x' }), 403, 'InvalidClientTokenId'],
    [
      'a body that was not signed',
      () => ({ ...postSts(identity, host()), body: identity.replace('2011', '2012') }),
      403,
      'SignatureDoesNotMatch',
    ],
    ['a signature for S3', () => postSts(identity, host(), { service: 's3' }), 400, 'IncompleteSignature'],
    [
      'an old signature',
      () => postSts(identity, host(), { now: Date.now() - 3_600_000 }),
      400,
      'RequestExpired',
    ],
    [
      'no signature',
      () => ({ ...postSts(identity, host()), headers: FORM }),
      403,
      'MissingAuthenticationToken',
    ],
    [
      'a made-up token',
      () => postSts(identity, host(), {}, { 'x-amz-security-token': 'a.b' }),
      403,
      'InvalidClientTokenId',
    ],
    ['no action', () => postSts('Version=2011-06-15', host()), 400, 'MissingAction'],
    ['no version', () => postSts('Action=GetCallerIdentity', host()), 400, 'InvalidAction'],
    [
      'another action',
      () => postSts('Action=GetFederationToken&Version=2011-06-15', host()),
      400,
      'InvalidAction',
    ],
    [
      'an action of objects',
      () => postSts('Action=constructor&Version=2011-06-15', host()),
      400,
      'InvalidAction',
    ],
    ['a parameter of nothing', () => postSts(`${identity}&Policy=%7B%7D`, host()), 400, 'ValidationError'],
    ['a parameter twice', () => postSts(`${identity}&Action=AssumeRole`, host()), 400, 'ValidationError'],
    ['a long body', () => postSts(`${identity}&a=${'a'.repeat(20_000)}`, host()), 400, 'ValidationError'],
    [
      'parameters on both sides',
      () => postSts(identity, host(), { target: '/?Policy=a' }),
      400,
      'ValidationError',
    ],
  ]
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
  test.each(wire)('a request with %s is refused in the words of STS', async (_, request, status, code) => {
    world.ossRequests()
    const answer = await send(world.endpoint, request())
    expect([answer.status, answer.error.Code]).toEqual([status, code])
    expect(answer.error.Type).toBe('Sender')
    expect(answer.headers['x-amzn-requestid']).toBe(answer.error.RequestId)
    expect(world.ossRequests()).toEqual([])
  })

  test('a GET asks by its query', async () => {
    const request = sign({ method: 'GET', target: `/?${identity}` }, host())
    const { status, body } = await send(world.endpoint, request)
    expect([status, String(body)]).toEqual([200, expect.stringContaining('<Account>000000000000</Account>')])
  })

  test('what nobody signs is told that a signature is missing', async () => {
    const command = new AssumeRoleWithWebIdentityCommand({
      RoleArn: roleOf('team'),
      RoleSessionName: 'ab',
      WebIdentityToken: 'token',
    })
    await expect(world.sts().send(command)).rejects.toMatchObject({ name: 'MissingAuthenticationToken' })
  })

  test('requests to S3 on no bucket go on as ever', async () => {
    expect((await send(world.endpoint, { method: 'POST', target: '/' })).error.Code).toBe('MethodNotAllowed')
    await world.s3().send(new ListBucketsCommand({}))
  })
})

test.each(runtimes)('a gateway without sts on %s says so', async (runtime) => {
  const world = withSts(await startWorld(runtime))
  const none = { name: 'AccessDenied', message: expect.stringContaining('its settings have no sts') }
  await expect(world.assume()).rejects.toMatchObject(none)
  await expect(world.sts().send(new GetCallerIdentityCommand({}))).rejects.toMatchObject(none)
  const key = { ...main, sessionToken: 'a.b' }
  await expect(world.as(key).send(new ListBucketsCommand({}))).rejects.toMatchObject({
    name: 'InvalidToken',
    message: expect.stringContaining('gives out no session tokens'),
  })
  await world.stop()
})
