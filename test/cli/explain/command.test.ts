import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Explanation } from '../../../src/cli/explain/explanation.ts'
import { clientOf, killGateways, started } from '../../node/gateway-process.ts'
import { type ExplainWorld, type Ran, startExplainWorld } from './world.ts'

const from = 's3://hangzhou/small'
const to = 's3://target/copy'

/** What cannot be read as a copy, and what is said of it. */
const mistakes: [args: string[], said: string][] = [
  [[], 'only a copy can be explained'],
  [['move', from, to], 'only a copy can be explained'],
  [['copy'], 'the source is missing'],
  [['copy', from], 'the destination is missing'],
  [['copy', from, to, 's3://a/b'], '"s3://a/b" is too much'],
  [['copy', 'hangzhou/small', to], 'the source is "hangzhou/small"'],
  [['copy', from, 'S3://target/copy'], 'the destination is "S3://target/copy"'],
  [['copy', 's3:///small', to], 'names no bucket'],
  [['copy', 's3://hangzhou', 's3://target/'], 'the destination "s3://target/" names no key'],
  [['copy', 's3://hangzhou', 's3://target/'], 'the source "s3://hangzhou" names no key'],
  [['copy', 's3://hangzhou/%ff', to, '--percent-encoded'], 'not percent-encoded UTF-8'],
  [['copy', from, to, '--strage-class', 'GLACIER'], "Unknown option '--strage-class'"],
  [['copy', from, to, '--acl'], '--acl'],
  [['copy', from, to, '--acl', 'private', '--acl', 'public-read'], '--acl is there 2 times'],
  [['copy', from, to, '--acl', 'private', '--header', 'X-Amz-Acl: public-read'], 'x-amz-acl is there twice'],
  [['copy', from, to, '--version-id', 'a', '--version-id', 'b'], '--version-id is there 2 times'],
  [['copy', from, to, '--header', 'x-amz-acl'], 'it must be like'],
  [['copy', from, to, '--header', 'x amz: b'], 'it must be like'],
  [['copy', from, to, '--header', 'x-amz-meta-a: b\nc: d'], 'has a control character'],
  [['copy', from, to, '--header', 'x-amz-copy-source: a/b'], 'explain sends it itself'],
  [['copy', from, to, '--header', 'Authorization: x'], 'explain sends it itself'],
  [['copy', from, to, '--client', 'nobody'], 'no client nobody'],
]

/** Options by the headers they are, with what they need to count. */
const options: [option: string, header: string, value: string, needs?: string[]][] = [
  ['metadata-directive', 'x-amz-metadata-directive', 'REPLACE'],
  ['tagging-directive', 'x-amz-tagging-directive', 'REPLACE'],
  ['tagging', 'x-amz-tagging', 'a=b', ['--tagging-directive=REPLACE']],
  ['storage-class', 'x-amz-storage-class', 'STANDARD_IA'],
  ['acl', 'x-amz-acl', 'public-read'],
  ['server-side-encryption', 'x-amz-server-side-encryption', 'AES256'],
  ['ssekms-key-id', 'x-amz-server-side-encryption-aws-kms-key-id', 'abc'],
  ['checksum-algorithm', 'x-amz-checksum-algorithm', 'SHA256'],
  ['content-type', 'content-type', 'text/x-new', ['--metadata-directive=REPLACE']],
  ['if-match', 'if-match', 'abc'],
  ['if-none-match', 'if-none-match', '*'],
  ['copy-source-if-match', 'x-amz-copy-source-if-match', 'abc'],
  ['copy-source-if-none-match', 'x-amz-copy-source-if-none-match', 'abc'],
  ['copy-source-if-modified-since', 'x-amz-copy-source-if-modified-since', 'Mon, 01 Jan 2024 00:00:00 GMT'],
  [
    'copy-source-if-unmodified-since',
    'x-amz-copy-source-if-unmodified-since',
    'Mon, 01 Jan 2024 00:00:00 GMT',
  ],
  ['request-payer', 'x-amz-request-payer', 'requester'],
  ['expected-bucket-owner', 'x-amz-expected-bucket-owner', '123456789012'],
  ['expected-source-bucket-owner', 'x-amz-source-expected-bucket-owner', '123456789012'],
]

describe('the command explain', () => {
  let world: ExplainWorld
  beforeAll(async () => {
    world = await startExplainWorld()
  })
  afterAll(() => world.stop())

  test.each(mistakes)('%j is a mistake in the command line', async (args, said) => {
    const { code, out, err } = await world.run(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(said)
    expect(err).toContain('Usage: s3-oss-gateway explain copy s3://')
  })

  test('--help is its usage', async () => {
    expect(await world.run(['--help'])).toEqual({ code: 0, out: expect.stringContaining('Usage'), err: '' })
  })

  test.each(options)('--%s is the header %s', async (option, header, value, needs = []) => {
    const explained = async (...more: string[]) => {
      const { out } = await world.run(['copy', from, to, '--json', ...needs, ...more])
      return JSON.parse(out) as Explanation
    }
    const byOption = await explained(`--${option}`, value)
    const byHeader = await explained('--header', `${header}: ${value}`)
    expect(byOption.answer).toEqual(byHeader.answer)
    expect(byOption.calls).toEqual(byHeader.calls)
    expect(byOption).not.toEqual(await explained())
  })

  test.each([
    ['s3://hangzhou/b?versionId=x#y%41 z+é', [], '/hangzhou/b%3FversionId%3Dx%23y%2541%20z%2B%C3%A9'],
    ['s3://hangzhou/./dot', [], '/hangzhou/./dot'],
    ['s3://hangzhou/a%01b', ['--percent-encoded'], '/hangzhou/a%01b'],
    [
      's3://hangzhou/b%3FversionId=x%23y%2541%20z+%C3%A9',
      ['--percent-encoded'],
      '/hangzhou/b%3FversionId%3Dx%23y%2541%20z%2B%C3%A9',
    ],
  ])('%s names that key', async (source, more, copySource) => {
    const { code, out } = await world.run(['copy', source, to, '--json', ...more])
    const { calls } = JSON.parse(out) as Explanation
    expect(code).toBe(0)
    expect(calls.map(({ headers }) => headers['x-oss-copy-source'])).toEqual([copySource])
  })

  test('says in text what it says in JSON', async () => {
    const { code, out } = await world.run(['copy', 's3://beijing/large', to])
    expect(code).toBe(0)
    expect(out).toContain('Plan:   relay, 4 parts\n')
    expect(out).toContain('the source is in cn-beijing, the destination in cn-hangzhou')
    expect(out).toContain('Answer: 200\n')
    expect(out).toMatch(
      /^ {2}1\. PUT http:\/\/127\.0\.0\.1:\d+\/target\/copy\n {5}→ 403 AccessDenied expected; /m,
    )
    expect(out).toMatch(/^ {2}2\. HEAD http:\/\/127\.0\.0\.1:\d+\/beijing\/large\n {5}→ 200; /m)
    expect(out).toContain('Taken for granted:')
  })

  test('tells a refusal with its code, its text and whom it is about, and ends with 1', async () => {
    const { code, out, err } = await world.run(['copy', 's3://hangzhou/no\u001bthing', to])
    expect({ code, err }).toEqual({ code: 1, err: '' })
    expect(out).toContain('Plan:   refuse\n')
    expect(out).toContain('Answer: 404 NoSuchKey: The specified key does not exist.\n')
    expect(out).toContain('about the source, s3://hangzhou/no\\x1bthing\n')
  })

  test.each([
    ['0', 'LOCAL_OSS_PORT is 0'],
    ['1', 'http://127.0.0.1:1 (LOCAL_OSS_PORT) does not answer'],
  ])('a store in use whose gateway is not on LOCAL_OSS_PORT=%s is told as such', async (port, said) => {
    const { code, out, err } = await world.run(['copy', from, to], { LOCAL_OSS_PORT: port })
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain('another process is using it')
    expect(err).toContain(said)
  })

  test('an embedded OSS in memory is asked through its port', async () => {
    const memory = { LOCAL_OSS_DIR: ':memory:' }
    expect((await world.run(['copy', from, to], memory)).code).toBe(0)
    const { code, err } = await world.run(['copy', from, to], { ...memory, LOCAL_OSS_PORT: '0' })
    expect(code).toBe(1)
    expect(err).toContain('in memory')
  })

  test('an OSS that cannot be reached is told as such', async () => {
    const OSS_ENDPOINT = 'http://127.0.0.1:1'
    const keys = { OSS_REGION: 'cn-hangzhou', OSS_ACCESS_KEY_ID: 'a', OSS_ACCESS_KEY_SECRET: 'b' }
    const real = {
      ...keys,
      OSS_ENDPOINT,
      LOCAL_OSS_DIR: undefined,
      LOCAL_OSS_PORT: undefined,
      LOCAL_OSS_COPY_LIMIT: undefined,
    }
    const { code, out, err } = await world.run(['copy', from, to], real)
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain('no answer came from OSS')
  })

  test('keys that OSS does not take are the cause of a refusal', async () => {
    const { port } = new URL(
      (await world.run(['copy', from, to])).out.match(/http:[^/]*\/\/[^/]+/)?.[0] ?? '',
    )
    const real = {
      OSS_ENDPOINT: `http://127.0.0.1:${port}`,
      OSS_REGION: 'cn-hangzhou',
      OSS_ACCESS_KEY_ID: 'wrong',
      OSS_ACCESS_KEY_SECRET: 'wrong',
      LOCAL_OSS_DIR: undefined,
      LOCAL_OSS_PORT: undefined,
      LOCAL_OSS_COPY_LIMIT: undefined,
    }
    const { code, out } = await world.run(['copy', from, to], real)
    expect(code).toBe(1)
    expect(out).toContain('Answer: 500 InternalError')
    expect(out).toMatch(/cause: OssError: 403 InvalidAccessKeyId/)
  })
})

describe('the command explain, in a folder', () => {
  const cli = resolve('dist/test/cli.js')
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'explain-'))
  })
  afterAll(async () => {
    killGateways()
    await rm(folder, { recursive: true })
  })

  async function run(cwd: string, ...args: string[]): Promise<Ran> {
    const env = { PATH: process.env.PATH ?? '' }
    try {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [cli, 'explain', ...args], {
        cwd,
        env,
      })
      return { code: 0, out: stdout, err: stderr }
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
      return { code, out: stdout, err: stderr }
    }
  }

  test('creates nothing where nothing is, and says so', async () => {
    const empty = join(folder, 'empty')
    await mkdir(join(empty, 'begun', '.local-oss'), { recursive: true })
    for (const cwd of [empty, join(empty, 'begun')]) {
      const before = await readdir(cwd, { recursive: true })
      const { code, out, err } = await run(cwd, 'copy', from, to)
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toContain(`There is no embedded OSS in ${join(cwd, '.local-oss')}`)
      expect(await readdir(cwd, { recursive: true })).toEqual(before)
    }
  })

  test('reads a store that nobody uses, again and again, and leaves it to the gateway', async () => {
    const LOCAL_OSS_DIR = join(folder, '.local-oss')
    const gateway = await started({ LOCAL_OSS_DIR })
    const s3 = clientOf(gateway)
    for (const Bucket of ['hangzhou', 'target']) await s3.send(new CreateBucketCommand({ Bucket }))
    await s3.send(new PutObjectCommand({ Bucket: 'hangzhou', Key: 'small', Body: 'hello' }))
    gateway.child.kill('SIGTERM')
    expect(await gateway.exit).toBe(0)

    for (let time = 0; time < 2; time++) {
      expect(await run(folder, 'copy', from, to)).toEqual({
        code: 0,
        out: expect.stringContaining('Plan:   native\n'),
        err: '',
      })
    }
    const again = await started({ LOCAL_OSS_DIR })
    expect((await run(folder, 'copy', 's3://target/copy', from)).code).toBe(1)
    again.child.kill('SIGTERM')
    expect(await again.exit).toBe(0)
    expect((await run(folder, 'copy', 's3://target/copy', from)).out).toContain('404 NoSuchKey')
    s3.destroy()
  })
})
