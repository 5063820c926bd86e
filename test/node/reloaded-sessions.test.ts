import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts'
import { afterEach, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse-config.ts'
import { type Running, serve } from '../../src/node/serve.ts'
import { type Key, keyOf, roleOf, secrets } from '../gateway/sts-world.ts'
import { presign, send } from '../gateway/wire.ts'

const HOUR = 3600
const secretAccessKey = 'a-secret-of-its-own'
const team = { accessKeyId: 'team', secretAccessKey }
const settings = { sts: { secrets: [secrets[0]] }, clients: [team] }

const configOf = (document: object) =>
  parseConfig(
    { PORT: '0', ADMIN_PORT: '0', LOCAL_OSS_PORT: '0', LOCAL_OSS_DIR: ':memory:' },
    JSON.stringify(document),
  )

let gateway: Running
afterEach(() => gateway.stop(0))

const endpoint = () => `http://127.0.0.1:${gateway.port}`
const options = (credentials: Key) => ({
  endpoint: endpoint(),
  region: 'us-east-1',
  // A copy: the SDK adds to it.
  credentials: { ...credentials },
  maxAttempts: 1,
})
const sts = (key: Key) => new STSClient(options(key))

const asked: Record<string, () => Promise<Required<Key>>> = {
  AssumeRole: async () => {
    const input = { RoleArn: roleOf('team'), RoleSessionName: 'a-session', DurationSeconds: 12 * HOUR }
    return keyOf((await sts(team).send(new AssumeRoleCommand(input))).Credentials)
  },
  GetSessionToken: async () => {
    const input = { DurationSeconds: 12 * HOUR }
    return keyOf((await sts(team).send(new GetSessionTokenCommand(input))).Credentials)
  },
}

/** What a key is good for: in S3 by headers and by a URL that was signed before, and at STS. */
async function usesOf(key: Required<Key>, url: { method: string; target: string }) {
  const nameOf = (work: Promise<unknown>) =>
    work.then(
      () => 'ok',
      ({ name }) => name as string,
    )
  const s3 = new S3Client({ ...options(key), forcePathStyle: true })
  const { error } = await send(endpoint(), url)
  return [
    await nameOf(s3.send(new ListBucketsCommand({}))),
    error.Code ?? 'ok',
    await nameOf(sts(key).send(new GetCallerIdentityCommand({}))),
  ]
}
const GOOD = ['ok', 'ok', 'ok']
const ENDED = ['InvalidToken', 'InvalidToken', 'InvalidClientTokenId']

describe.each(Object.keys(asked))('a key of %s, when the settings are read again', (action) => {
  test.each<[what: string, document: object, uses: string[]]>([
    ['as they were', settings, GOOD],
    [
      'with a shorter maxDuration than it has',
      { ...settings, sts: { ...settings.sts, maxDuration: '15m' } },
      GOOD,
    ],
    ['without its client', { ...settings, clients: [] }, ENDED],
    [
      'with another secret of its client',
      { ...settings, clients: [{ ...team, secretAccessKey: 'another-secret-of-its-own' }] },
      ENDED,
    ],
    [
      'with another secret of its client beside the one that asked',
      {
        ...settings,
        clients: [{ accessKeyId: 'team', secretAccessKeys: ['another-secret', secretAccessKey] }],
      },
      GOOD,
    ],
    ['with another secret of sessions', { ...settings, sts: { secrets: [secrets[1]] } }, ENDED],
  ])('%s', async (_, document, uses) => {
    gateway = await serve(configOf(settings), () => {})
    const key = await (asked[action] as () => Promise<Required<Key>>)()
    const { sessionToken, ...signing } = key
    const target = `/?X-Amz-Security-Token=${encodeURIComponent(sessionToken)}`
    const url = presign({ method: 'GET', target }, new URL(endpoint()).host, signing)
    expect(await usesOf(key, url)).toEqual(GOOD)
    await gateway.reload(configOf(document))
    expect(await usesOf(key, url)).toEqual(uses)
    // Nothing is kept of what was ended: what comes back lets it go on.
    await gateway.reload(configOf(settings))
    expect(await usesOf(key, url)).toEqual(GOOD)
  })
})
