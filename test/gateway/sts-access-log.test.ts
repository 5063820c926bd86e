import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runtimes, startWorld } from '../harness.ts'
import { postSts, sign } from './sts-wire.ts'
import { roleOf, type StsWorld, secrets, startStsWorld, withSts } from './sts-world.ts'
import { send, type WireRequest } from './wire.ts'

type Entry = Record<string, unknown>

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const form = (action: string) => `Action=${action}&Version=2011-06-15`
const unsigned = (body: string): WireRequest => ({ method: 'POST', target: '/', headers: FORM, body })

/** Requests that are refused, before they are verified or after, and what is told of them. */
const rows: [what: string, request: (host: string) => WireRequest, code: string, operation: string][] = [
  [
    'a key that nobody has',
    (host) => postSts(form('AssumeRole'), host, { accessKeyId: 'nobody' }),
    'InvalidClientTokenId',
    'AssumeRole',
  ],
  [
    'another secret',
    (host) => postSts(form('GetSessionToken'), host, { secretAccessKey: 'other' }),
    'SignatureDoesNotMatch',
    'GetSessionToken',
  ],
  [
    'a made-up token',
    (host) => postSts(form('GetCallerIdentity'), host, {}, { 'x-amz-security-token': 'a.b' }),
    'InvalidClientTokenId',
    'GetCallerIdentity',
  ],
  ['no signature', () => unsigned(form('AssumeRole')), 'MissingAuthenticationToken', 'AssumeRole'],
  [
    'no signature in a GET',
    () => ({
      method: 'GET',
      target: `/?${form('GetCallerIdentity')}&X-Amz-Credential=a/b/c/sts/aws4_request`,
    }),
    'MissingAuthenticationToken',
    'GetCallerIdentity',
  ],
  [
    'a key that nobody has in a GET',
    (host) => sign({ method: 'GET', target: `/?${form('AssumeRole')}` }, host, { accessKeyId: 'nobody' }),
    'InvalidClientTokenId',
    'AssumeRole',
  ],
  [
    'a parameter that is missing',
    (host) => postSts(form('AssumeRole'), host),
    'ValidationError',
    'AssumeRole',
  ],
  [
    'an action of others',
    () => unsigned(form('AssumeRoleWithSAML')),
    'MissingAuthenticationToken',
    'UnknownAction',
  ],
  [
    'an action of objects',
    () => unsigned(form('constructor')),
    'MissingAuthenticationToken',
    'UnknownAction',
  ],
  ['no action', () => unsigned('Version=2011-06-15'), 'MissingAuthenticationToken', 'UnknownAction'],
  [
    'an action of others, signed',
    (host) => postSts(form('AssumeRoleWithSAML'), host),
    'InvalidAction',
    'UnknownAction',
  ],
  [
    'a long body',
    () => unsigned(`${form('AssumeRole')}&a=${'a'.repeat(20_000)}`),
    'MissingAuthenticationToken',
    'UnknownAction',
  ],
]

describe.each(runtimes)('the access log of requests to STS on %s', (runtime) => {
  let directory: string
  let accessLog: { to: string }
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sts-access-log-'))
    accessLog = { to: runtime === 'node' ? join(directory, 'access.log') : 'stdout' }
  })
  afterAll(() => rm(directory, { recursive: true }))

  /** What is told of the requests of an agent. */
  async function entryOf(world: StsWorld, agent: string): Promise<Entry> {
    const entries = async () =>
      (runtime === 'node' ? await readFile(accessLog.to, 'utf8') : world.printed())
        .split('\n')
        .filter((line) => line.startsWith('{"request_time"'))
        .map((line): Entry => JSON.parse(line))
        .filter(({ user_agent }) => user_agent === agent)
    await expect.poll(async () => (await entries()).length).toBe(1)
    return (await entries())[0] as Entry
  }

  test('names the action of those that are refused, where it is one, and nobody who is not known', async () => {
    const world = await startStsWorld(runtime, { accessLog, sts: { secrets: [secrets[0]] } })
    const { host } = new URL(world.endpoint)
    for (const [what, request, code, operation] of rows) {
      const asked = request(host)
      const answer = await send(world.endpoint, {
        ...asked,
        headers: { ...asked.headers, 'user-agent': what },
      })
      expect([what, answer.error.Code]).toEqual([what, code])
      const {
        operation: logged,
        s3_operation,
        error_code,
        requester,
        request_uri,
      } = await entryOf(world, what)
      expect([what, s3_operation, error_code]).toEqual([what, operation, code])
      expect(logged).toBe(`STS.${operation.toUpperCase()}`)
      expect(requester).toBe(['ValidationError', 'InvalidAction'].includes(code) ? 'local' : undefined)
      expect(request_uri).not.toContain('nobody')
    }
    await world.stop()
  })

  test('names it where the settings have no sts', async () => {
    const world = withSts(await startWorld(runtime, { GATEWAY_CONFIG: JSON.stringify({ accessLog }) }))
    const { host } = new URL(world.endpoint)
    const asked = postSts(form('AssumeRole'), host)
    await send(world.endpoint, { ...asked, headers: { ...asked.headers, 'user-agent': 'without' } })
    expect(await entryOf(world, 'without')).toMatchObject({
      s3_operation: 'AssumeRole',
      error_code: 'AccessDenied',
    })
    await world.stop()
  })
})

test('a stranger who does not end keeps nobody from a short-lived key', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sts-strangers-'))
  const accessLog = { to: join(directory, 'access.log') }
  const world = await startStsWorld('node', { limits: { forms: 1 }, accessLog })
  const { port } = new URL(world.endpoint)
  const socket = connect(Number(port), '127.0.0.1')
  const reading = new Promise((resolve) => socket.once('data', resolve))
  socket.write(
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n',
  )
  expect(String(await reading)).toContain('100 Continue')
  socket.write('Action=')
  await world.sts().send(new AssumeRoleCommand({ RoleArn: roleOf('local'), RoleSessionName: 'a-session' }))
  socket.destroy()
  await world.stop()
  await rm(directory, { recursive: true })
})
