import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createLocalOss, type LocalOss } from '../../src/local-oss/index.ts'
import { freePort } from '../node/free-port.ts'
import { killGateways, spawnGateway, started, until } from '../node/gateway-process.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'command-line-'))
})
afterEach(killGateways)
afterAll(() => rm(folder, { recursive: true, force: true }))

async function run(args: readonly string[], settings: Record<string, string> = {}) {
  const { exit, output } = spawnGateway(settings, args)
  return { code: await exit, output: output() }
}

test.each<[args: string[], words: string]>([
  [['frobnicate'], 'There is no command "frobnicate"'],
  [['serve', '--port', '1234'], "Unknown option '--port': settings come from the environment"],
  [['serve', 'now'], 'serve takes no arguments, but there is "now"'],
  [['--port=1234'], "Unknown option '--port'"],
  [['-p'], "Unknown option '-p'"],
  [['check-config', 'x'], 'check-config takes no arguments, but there is "x"'],
  [['check-config', '--quiet'], "Unknown option '--quiet'"],
  [['help', 'serve'], 'help takes no arguments'],
  [['version', 'now'], 'version takes no arguments'],
  [['--', 'serve', 'x'], 'serve takes no arguments'],
  [['--help=yes'], '--help'],
  [[''], 'There is no command ""'],
  [['frobnicate', '--help'], 'There is no command "frobnicate"'],
  [['--version', 'serve', 'x'], 'serve takes no arguments'],
])('%j is an error with the usage', async (args, words) => {
  const { code, output } = await run(args)
  expect(code).toBe(2)
  expect(output).toContain(words)
  expect(output).toContain('Usage: s3-oss-gateway')
})

test.each([[['help']], [['--help']], [['-h']], [['serve', '--help']]])('%j is the usage', async (args) => {
  const { code, output } = await run(args)
  expect(code).toBe(0)
  expect(output).toMatch(/^Usage: s3-oss-gateway/)
})

test.each([[['version']], [['--version']], [['-V']]])('%j is the version', async (args) => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8'))
  expect(await run(args)).toEqual({ code: 0, output: `${version}\n` })
})

describe('check-config', () => {
  test('says what right settings mean, and no secret', async () => {
    const GATEWAY_CONFIG = join(folder, 'settings.yaml')
    await writeFile(
      GATEWAY_CONFIG,
      'clients: [{ accessKeyId: team, secretAccessKey: the-client-secret }]\nsts: { secrets: [the-sts-secret-of-all-short-lived-keys], maxDuration: 1h }',
    )
    const { code, output } = await run(['check-config'], {
      OSS_REGION: 'cn-hangzhou',
      OSS_ENDPOINT: 'https://oss.corp.example',
      OSS_ACCESS_KEY_ID: 'id',
      OSS_ACCESS_KEY_SECRET: 'the-oss-secret',
      S3_ACCESS_KEY_ID: 'app',
      S3_SECRET_ACCESS_KEY: 'the-s3-secret',
      PORT: '9000',
      GATEWAY_CONFIG,
    })
    expect(code).toBe(0)
    for (const words of [
      'right',
      'https://oss.corp.example, region cn-hangzhou',
      '127.0.0.1:9000',
      'Warning',
    ])
      expect(output).toContain(words)
    expect(output).toMatch(/^Clients +2$/m)
    expect(output).toMatch(/^Short-lived +keys of theirs, of up to 3600 seconds$/m)
    expect(output).not.toMatch(/the-\w+-secret/)
  })

  test.each([
    ['anonymous: deny', undefined],
    ['anonymous: forward', 'every bucket'],
    ['anonymous: forward\nanonymousBuckets: [site, files]', 'site, files'],
  ])('says for %j what nobody need sign for', async (document, buckets) => {
    const GATEWAY_CONFIG = join(folder, 'anonymous.yaml')
    await writeFile(GATEWAY_CONFIG, document)
    const { output } = await run(['check-config'], { GATEWAY_CONFIG })
    expect(/^Unsigned +(.+)$/m.exec(output)?.[1]).toBe(buckets)
  })

  test('makes no folder', async () => {
    const LOCAL_OSS_DIR = join(folder, 'never')
    expect((await run(['check-config'], { LOCAL_OSS_DIR })).output).toContain(
      `embedded, kept in ${LOCAL_OSS_DIR}`,
    )
    expect(existsSync(LOCAL_OSS_DIR)).toBe(false)
  })

  test.each(['check-config', 'serve'])(
    'and %s: a misspelt name stops them, and nothing is made',
    async (command) => {
      const LOCAL_OSS_DIR = join(folder, 'misspelt')
      const { code, output } = await run([command], {
        LOCAL_OSS_DIR,
        ...{ OSS_ENDPIONT: 'https://oss-cn-hangzhou.aliyuncs.com', OSS_ACCESS_KEY_SECRET: 'the-oss-secret' },
      })
      expect(code).toBe(2)
      expect(output).toContain('did you mean OSS_ENDPOINT?')
      expect(output).not.toContain('the-oss-secret')
      expect(existsSync(LOCAL_OSS_DIR)).toBe(false)
    },
  )
})

describe('an address that cannot be listened on is told with the setting that mends it', () => {
  let taken: Server
  let port: string
  beforeAll(async () => {
    taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    port = String((taken.address() as AddressInfo).port)
  })
  afterAll(() => taken.close())

  test.each(['PORT', 'ADMIN_PORT', 'LOCAL_OSS_PORT'])('%s', async (name) => {
    const { code, output } = await run(['serve'], { [name]: port })
    expect(code).toBe(1)
    expect(output).toContain(
      `The gateway cannot start: another process listens on 127.0.0.1:${port}; stop it, or set ${name} to another port`,
    )
  })

  test.each(['HOST', 'ADMIN_HOST'])('%s', async (name) => {
    // Of a block for documentation (RFC 5737): no machine has it.
    const { code, output } = await run(['serve'], {
      ADMIN_PORT: await freePort(),
      [name]: '192.0.2.1',
      S3_ACCESS_KEY_ID: 'app',
      S3_SECRET_ACCESS_KEY: 'the-s3-secret',
    })
    expect(code).toBe(1)
    expect(output).toContain(`192.0.2.1 is no address of this machine; set ${name} to one that is`)
  })
})

describe('the embedded OSS', () => {
  test('tells where the names of buckets lead that are not its own', async () => {
    const GATEWAY_CONFIG = join(folder, 'names.yaml')
    await writeFile(GATEWAY_CONFIG, 'buckets: { photos: { bucket: company-photos, prefix: team/ } }')
    const gateway = await started({ GATEWAY_CONFIG })
    await until(() => gateway.output().includes('Try it'))
    expect(gateway.output()).toMatch(/^Bucket +photos: company-photos\/team\/$/m)
  })

  test('shows the keys that everybody knows, and never those that were set', async () => {
    expect((await started({})).output()).toContain('AWS_SECRET_ACCESS_KEY=local-secret')
    const own = await started({ S3_ACCESS_KEY_ID: 'app', S3_SECRET_ACCESS_KEY: 'the-s3-secret' })
    await until(() => own.output().includes('Try it'))
    expect(own.output()).not.toMatch(/the-s3-secret|local-secret/)
  })

  test('has its own port on loopback, whatever HOST is', async () => {
    const port = await freePort()
    const gateway = await started({
      HOST: '0.0.0.0',
      LOCAL_OSS_PORT: port,
      S3_ACCESS_KEY_ID: 'app',
      S3_SECRET_ACCESS_KEY: 'the-s3-secret',
    })
    await until(() => gateway.output().includes('Try it'))
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(403)
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === 'IPv4' && !address.internal)
    if (outside !== undefined) await expect(fetch(`http://${outside.address}:${port}/`)).rejects.toThrow()
  })

  test('does not start where others could use its known keys', async () => {
    const { code, output } = await run(['serve'], { HOST: '0.0.0.0' })
    expect(code).toBe(2)
    expect(output).toContain('set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY')
  })
})

describe('at the start OSS is asked once', () => {
  let localOss: LocalOss
  let OSS_ENDPOINT: string
  beforeAll(async () => {
    localOss = await createLocalOss({
      directory: ':memory:',
      credentials: { accessKeyId: 'local', accessKeySecret: 'local-secret' },
    })
    OSS_ENDPOINT = `http://127.0.0.1:${await localOss.listen(0)}`
  })
  afterAll(() => localOss.close())

  test.each([
    ['unknown', 'local-secret', 'InvalidAccessKeyId', 'OSS_ACCESS_KEY_ID'],
    ['local', 'the-wrong-secret', 'SignatureDoesNotMatch', 'OSS_ACCESS_KEY_SECRET'],
  ])(
    'with %s / %s the log says %s and names %s',
    async (OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET, code, name) => {
      const gateway = await started({ OSS_ENDPOINT, OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET })
      await until(() => gateway.output().includes('OSS does not answer as it should'))
      expect(gateway.output()).toContain(code)
      expect(gateway.output()).toContain(`"settings":"${name}`)
      expect(gateway.output()).not.toContain('the-wrong-secret')
    },
  )

  test('with the right ones nothing is said; of an OSS that is not there it is, and the gateway runs', async () => {
    const asked: string[] = []
    const stop = localOss.onRequest(({ operation }) => asked.push(operation))
    const keys = { OSS_ACCESS_KEY_ID: 'local', OSS_ACCESS_KEY_SECRET: 'local-secret' }
    const gateway = await started({ OSS_ENDPOINT, ...keys })
    await until(() => asked.length > 0)
    stop()
    expect(gateway.output()).not.toContain('OSS does not answer')
    const alone = await started({ OSS_ENDPOINT: 'http://127.0.0.1:9', ...keys })
    await until(() => alone.output().includes('OSS does not answer as it should'))
    expect(alone.child.exitCode).toBeNull()
  })
})
