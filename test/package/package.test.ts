import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Installed, install } from './installed.ts'

/** That of docs/library.md. */
const program = `
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createApp, parseConfig } from 's3-oss-gateway'
import { nodeFiles, nodePorts, openCredentials, openUpstream } from 's3-oss-gateway/node'

const config = parseConfig(process.env, undefined, 'node', nodeFiles)
const credentials = await openCredentials(config.credentials, console.error)
const { transport } = await openUpstream(config)
const app = new Hono()
app.get('/about', (c) => c.text('An S3 endpoint of my own'))
app.route('/', createApp({ ...nodePorts, config, credentials, transport, log: console.error }))
serve({ fetch: app.fetch, port: config.listen.port }, ({ port }) => console.log('listening on', port))
`

const oss = `
import { createLocalOss, type LocalOssOptions } from 's3-oss-gateway/local-oss'

const options: LocalOssOptions = {
  directory: ':memory:',
  credentials: { accessKeyId: 'local', accessKeySecret: 'local-secret' },
}
const localOss = await createLocalOss(options)
localOss.onRequest(({ operation, status }) => console.log(operation, status))
console.log('listening on', await localOss.listen(0))
`

const server = `
import { ConfigError, parseConfig } from 's3-oss-gateway'
import { serve } from 's3-oss-gateway/node'

try {
  const { port, stop } = await serve(parseConfig(process.env), console.error)
  console.log('listening on', port)
  process.once('SIGTERM', () => stop())
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  console.error(error.problems)
}
`

const worker = `
import { Hono } from 'hono'
import { createApp } from 's3-oss-gateway'
import { fetchTransport, workerConfig, workerCredentials, workerPorts } from 's3-oss-gateway/worker'

let gateway: Hono | undefined
const app = new Hono<{ Bindings: Record<string, string> }>()
app.get('/about', (c) => c.text('An S3 endpoint of my own'))
app.all('*', (c) => {
  if (gateway === undefined) {
    const config = workerConfig(c.env)
    const credentials = workerCredentials(config)
    const transport = fetchTransport(config.document.timeouts.oss)
    gateway = createApp({ ...workerPorts, config, credentials, transport })
  }
  return gateway.fetch(c.req.raw, c.env, c.executionCtx)
})
export default app
`

const wholeWorker = `
export { default } from 's3-oss-gateway/worker'
`

/** Long enough to be streamed. */
const CONTENT = Buffer.alloc(3_000_000, 'content ')

const embedded = { PORT: '0', ADMIN_PORT: '0', LOCAL_OSS_PORT: '0', LOCAL_OSS_DIR: ':memory:' }
const inFront = (endpoint: string) => ({
  PORT: '0',
  ADMIN_PORT: '0',
  OSS_ENDPOINT: endpoint,
  OSS_ACCESS_KEY_ID: 'local',
  OSS_ACCESS_KEY_SECRET: 'local-secret',
})

let installed: Installed
beforeAll(async () => {
  installed = await install()
  await Promise.all(
    Object.entries({ program, oss, server, worker, wholeWorker }).map(([name, text]) =>
      installed.write(name, text),
    ),
  )
})
afterAll(() => installed?.remove())

test('the tarball holds the entries, their declarations, the documents and nothing else', async () => {
  const expected =
    /^(?:LICENSE|README\.md|docs\/\w[\w-]*\.md|package\.json|dist\/(?:index|node|worker|local-oss|cli)\.js|dist\/chunks\/chunk-\w+\.js|dist\/chunks\/(?:crc|xxh)-\w+\.wasm|dist\/types\/.+\.d\.ts)$/
  expect(installed.packed.filter((path) => !expected.test(path))).toEqual([])
  const texts = await Promise.all(
    installed.packed
      .filter((path) => path.startsWith('dist/'))
      .map((path) => installed.readText(`node_modules/s3-oss-gateway/${path}`)),
  )
  expect(texts.filter((text) => /sourceMappingURL|from ['"]vitest/.test(text))).toEqual([])
  // Chunks of an earlier build would be packed too.
  const all = texts.join('\n')
  const chunks = installed.packed.filter((path) => path.startsWith('dist/chunks/'))
  expect(chunks.filter((path) => !all.includes(path.replace('dist/chunks/', '')))).toEqual([])
})

test.each([
  ['bundler', 'preserve'],
  ['nodenext', 'nodenext'],
  ['node16', 'node16'],
])('programs against it are type-checked with moduleResolution %s', async (moduleResolution, module) => {
  const compilerOptions = {
    module,
    moduleResolution,
    target: 'es2023',
    types: ['node'],
    strict: true,
    noEmit: true,
  }
  await installed.writeText('tsconfig.json', JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  expect(await installed.tool('node_modules/typescript/bin/tsc')).toBe('')
})

test('the declarations say what is wrong with a program', async () => {
  await installed.writeText('wrong.ts', program.replace('nodePorts, config,', 'nodePorts,'))
  await expect(installed.tool('node_modules/typescript/bin/tsc')).rejects.toThrow(
    /wrong\.ts.*'config' is missing/s,
  )
})

test.each(['worker', 'wholeWorker'])(
  'wrangler bundles %s.ts without anything that runs on Node only',
  async (name) => {
    await installed.writeText(
      'wrangler.toml',
      `name = "user"\nmain = "${name}.ts"\ncompatibility_date = "2026-04-01"\ncompatibility_flags = ["nodejs_compat"]\n`,
    )
    await installed.tool(
      'node_modules/wrangler/bin/wrangler.js',
      ...['deploy', '--dry-run', '--outdir', 'bundle', '--metafile', 'metafile.json'],
    )
    const inputs = Object.keys(JSON.parse(await installed.readText('metafile.json')).inputs)
    expect(inputs.some((input) => input.endsWith('node_modules/s3-oss-gateway/dist/worker.js'))).toBe(true)
    // Not compiled from bytes, which Workers refuse.
    for (const name of ['crc', 'xxh'])
      expect(await installed.files('bundle')).toContainEqual(
        expect.stringMatching(new RegExp(`${name}-\\w+\\.wasm$`)),
      )
    expect(inputs.filter((input) => /classic-level|memory-level|undici|node-server/.test(input))).toEqual([])
    expect(await installed.readText(`bundle/${name}.js`)).not.toMatch(
      /classic-level|memory-level|node:https?['"]/,
    )
  },
)

describe('without the optional packages', () => {
  const cli = 'node_modules/s3-oss-gateway/dist/cli.js'

  test('the command line serves in front of OSS', async () => {
    const { child, said } = installed.start(cli, inFront('http://127.0.0.1:9'))
    await said(/S3 endpoint +http/)
    child.kill('SIGKILL')
  })

  test.each([
    ['memory-level', ':memory:'],
    ['classic-level', 'data'],
  ])('the embedded OSS says that it needs %s', async (name, LOCAL_OSS_DIR) => {
    const { code, output } = await installed.start(cli, { ...embedded, LOCAL_OSS_DIR }).exit
    expect(code).toBe(1)
    expect(output).toContain(`the embedded OSS needs the package ${name}`)
    expect(output).toContain('npm install --include=optional')
  })
})

describe('doctor without the optional packages', () => {
  test('says which it needs', async () => {
    const { exit } = installed.start('node_modules/s3-oss-gateway/dist/cli.js', {}, ['doctor'])
    const { code, output } = await exit
    expect(code).toBe(1)
    expect(output).toContain('doctor needs the package aws4')
    expect(output).toContain('npm install --include=optional')
  })
})

describe('with them', () => {
  beforeAll(async () => {
    await installed.npm('install', '--include=optional', '--prefer-offline', '--no-audit', '--no-fund')
  })

  /** Puts and gets an object. */
  async function useObject(port: string): Promise<void> {
    const client = new S3Client({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local-secret' },
    })
    const object = { Bucket: 'bucket', Key: 'a/ü key' }
    await client.send(new CreateBucketCommand({ Bucket: object.Bucket }))
    await client.send(new PutObjectCommand({ ...object, Body: CONTENT, Metadata: { colour: 'red' } }))
    expect(await client.send(new HeadObjectCommand(object))).toMatchObject({
      ContentLength: CONTENT.length,
      Metadata: { colour: 'red' },
    })
    const { Body } = await client.send(new GetObjectCommand(object))
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(CONTENT)).toBe(true)
    await expect(client.send(new HeadObjectCommand({ ...object, Key: 'none' }))).rejects.toMatchObject({
      name: 'NotFound',
    })
    client.destroy()
  }

  test.each(['program', 'server'])('%s.js serves objects of the embedded OSS', async (name) => {
    const { said } = installed.start(`${name}.js`, embedded)
    const [, port = ''] = await said(/listening on (\d+)/)
    await useObject(port)
  })

  test('doctor finds nothing wrong with one that runs', async () => {
    const { said } = installed.start('server.js', embedded)
    const [, port = ''] = await said(/listening on (\d+)/)
    const args = ['doctor', '--endpoint', `http://127.0.0.1:${port}`]
    const { exit } = installed.start('node_modules/s3-oss-gateway/dist/cli.js', embedded, args)
    const { code, output } = await exit
    expect(output).toContain('All right')
    expect(code).toBe(0)
  })

  test('one runs in front of an OSS of the other entry, and answers its own routes', async () => {
    const local = installed.start('oss.js', {})
    const [, ossPort = ''] = await local.said(/listening on (\d+)/)
    const { said } = installed.start('program.js', inFront(`http://127.0.0.1:${ossPort}`))
    const [, port = ''] = await said(/listening on (\d+)/)
    await useObject(port)
    await local.said(/PutObject 200/)
    expect(await (await fetch(`http://127.0.0.1:${port}/about`)).text()).toBe('An S3 endpoint of my own')
  })
})
