import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { codeOf, credentials, startWorld, type World } from './setup.ts'
import { fetch, type Key, withV2 } from './v2-signer.ts'

const bucket = 'temporary'

describe('a temporary key', () => {
  const temporary = { accessKeyId: 'STS.1', accessKeySecret: 's1', securityToken: 'token-1', expiration: 0 }
  const other = { accessKeyId: 'STS.2', accessKeySecret: 's2', securityToken: 'token-2' }
  let sts: World
  beforeAll(async () => {
    temporary.expiration = Date.now() + 5 * 60_000
    sts = await startWorld({
      accounts: [{ id: '1000000000000001', keys: [temporary, other] }],
    })
    const owner = sts.client(bucket)
    await owner.putBucket(bucket)
    await owner.put('k', Buffer.from('content'))
  })
  afterEach(() => void vi.useRealTimers())
  afterAll(() => sts.stop())

  const answer = async (call: Promise<unknown>): Promise<string> => {
    try {
      return String(((await call) as { content: Buffer }).content)
    } catch (cause) {
      return String((cause as { code: string }).code)
    }
  }
  const byUrl = async (url: string) => {
    const response = await sts.fetch(url)
    return codeOf(response) ?? response.text
  }
  const byV2 = (form: 'header' | 'query') => async (by: Key, later: () => void) => {
    const request = { bucket, key: 'k', by }
    const signed = withV2(form, request)
    later()
    const response = await fetch(sts, request, signed)
    return codeOf(response) ?? response.text
  }
  const clientOf = (key: Key, more = {}) => {
    const { securityToken, ...pair } = key
    const token = securityToken && {
      stsToken: securityToken,
      refreshSTSToken: null,
      refreshSTSTokenInterval: 1e9,
    }
    return sts.client(bucket, { ...pair, ...token, ...more })
  }
  const named = { endpoint: 'http://oss-cn-hangzhou.aliyuncs.com' }
  const header = (authorizationV4: boolean) => (key: Key, later: () => void) => {
    later()
    return answer(clientOf(key, { authorizationV4 }).get('k'))
  }
  const forms: [string, (key: Key, later: () => void) => Promise<string>][] = [
    ['V1 header', header(false)],
    ['V4 header', header(true)],
    ['V2 header', byV2('header')],
    ['V2 query', byV2('query')],
    [
      'V1 query',
      (key, later) => {
        const url = clientOf(key, named).signatureUrl('k', { expires: 7200 })
        later()
        return byUrl(url)
      },
    ],
    [
      'V4 query',
      async (key, later) => {
        const url = await clientOf(key, named).signatureUrlV4('GET', 7200, { headers: {} }, 'k')
        later()
        return byUrl(url)
      },
    ],
  ]
  const now = () => {}

  test.each(forms)('needs its own token, until it expires: %s', async (_form, get) => {
    expect(await get(temporary, now)).toBe('content')
    const { securityToken: _, ...bare } = temporary
    expect(await get(bare, now)).toBe('InvalidAccessKeyId')
    expect(await get({ ...temporary, securityToken: 'stolen' }, now)).toBe('InvalidSecurityToken')
    expect(await get({ ...temporary, securityToken: 'token-2' }, now)).toBe(
      'AccessKeyIdAndSecurityTokenNotMatch',
    )
    expect(await get({ ...credentials, securityToken: 'stolen' }, now)).toBe('InvalidSecurityToken')
    expect(await get({ ...temporary, accessKeySecret: 'wrong' }, now)).toBe('SignatureDoesNotMatch')
    const later = () => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6 * 60_000 })
    expect(await get(temporary, later)).toBe('SecurityTokenExpired')
    expect(await get(other, now)).toBe('content')
  })
})

test('keys are given and taken away while it runs', async () => {
  const world = await startWorld()
  const key = { accessKeyId: 'STS.3', accessKeySecret: 's3', securityToken: 'token-3' }
  const buckets = () =>
    world
      .client(undefined, {
        accessKeyId: key.accessKeyId,
        accessKeySecret: key.accessKeySecret,
        stsToken: key.securityToken,
        refreshSTSToken: null,
        refreshSTSTokenInterval: 1e9,
      })
      .listBuckets({})
      .then(
        () => 'answered',
        ({ code }) => code,
      )
  expect(await buckets()).toBe('InvalidAccessKeyId')
  world.oss.addKey('1000000000000001', key)
  expect(await buckets()).toBe('answered')
  world.oss.addKey('1000000000000001', { ...key, expiration: Date.now() })
  expect(await buckets()).toBe('SecurityTokenExpired')
  world.oss.removeKey(key.accessKeyId)
  expect(await buckets()).toBe('InvalidAccessKeyId')
  await world.stop()
})

test('two keys of one id are a mistake in the settings', async () => {
  const twice = startWorld({ accounts: [{ id: '1000000000000002', keys: [credentials] }] })
  await expect(twice).rejects.toThrow('two keys have the id local')
})
