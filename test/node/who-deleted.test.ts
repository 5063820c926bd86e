import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { presign } from '../gateway/wire.ts'
import { clientOf, type GatewayProcess, killGateways, portOf, started } from './gateway-process.ts'

const Bucket = 'photos'

/** Applications, each with a key and an address of its own. */
const people = {
  local: { secret: 'local-secret', address: '198.51.100.1' },
  uploader: { secret: 'uploader-secret', address: '198.51.100.2' },
  cleaner: { secret: 'cleaner-secret', address: '2001:db8::3' },
  viewer: { secret: 'viewer-secret', address: '198.51.100.4' },
}
type Person = keyof typeof people

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'who-deleted-'))
})
afterAll(async () => {
  killGateways()
  await rm(directory, { recursive: true, force: true })
})

/** A client behind the proxy that the gateway trusts. */
function clientFor(gateway: GatewayProcess, person: Person, secret = people[person].secret): S3Client {
  const client = clientOf(gateway, { credentials: { accessKeyId: person, secretAccessKey: secret } })
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> }
      headers['x-forwarded-for'] = people[person].address
      return next(args)
    },
    { step: 'build', name: 'proxy' },
  )
  return client
}

/** A recipe of docs/production.md that begins with a command, for an object and a log. */
async function ask(command: 'jq' | 'awk', key: string, log: string): Promise<string[][]> {
  const text = await readFile('docs/production.md', 'utf8')
  const blocks = [...text.matchAll(/```sh\n(bucket=.*)\n([^`]*)```/g)]
  const [, , recipe = ''] = blocks.find(([, , script = '']) => script.startsWith(command)) ?? []
  expect(recipe).toContain(' access.log')
  const script = recipe.replace(' access.log', ` ${log}`)
  const env = { PATH: process.env.PATH, bucket: Bucket, key }
  const out = execFileSync('sh', ['-c', script], { encoding: 'utf8', env })
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(command === 'jq' ? '\t' : ' '))
}

const hasJq = (() => {
  try {
    execFileSync('jq', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** Who asked for its deletion, by key, in order: from where, through which key, by what. */
const answers: [key: string, who: [address: string, person: Person, operation: string][]][] = [
  ['2025/a b ü.jpg', [[people.uploader.address, 'uploader', 'DeleteObject']]],
  ['by batch', [[people.cleaner.address, 'cleaner', 'DeleteObjects']]],
  ['by batch, too', [[people.cleaner.address, 'cleaner', 'DeleteObjects']]],
  ['by link', [[people.cleaner.address, 'cleaner', 'DeleteObject']]],
  ['one version', [[people.local.address, 'local', 'DeleteObject']]],
  [
    'twice',
    [
      [people.cleaner.address, 'cleaner', 'DeleteObject'],
      [people.uploader.address, 'uploader', 'DeleteObjects'],
    ],
  ],
  ['only tried', []],
  ['.s3-oss-gateway/reserved', []],
]

/** A day of several applications. @returns how many requests were made. */
async function liveThroughADay(gateway: GatewayProcess): Promise<void> {
  const [local, uploader, cleaner, viewer] = (Object.keys(people) as Person[]).map((person) =>
    clientFor(gateway, person),
  ) as [S3Client, S3Client, S3Client, S3Client]
  const forger = clientFor(gateway, 'uploader', 'not the secret')
  const fails = (sent: Promise<unknown>) => expect(sent).rejects.toThrow()
  await local.send(new CreateBucketCommand({ Bucket }))
  for (const [Key] of answers.slice(0, -1))
    await uploader.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
  await uploader.send(new DeleteObjectCommand({ Bucket, Key: '2025/a b ü.jpg' }))
  const keys = (...names: string[]) => ({ Bucket, Delete: { Objects: names.map((Key) => ({ Key })) } })
  await cleaner.send(new DeleteObjectsCommand(keys('by batch', 'by batch, too', '.s3-oss-gateway/reserved')))
  await cleaner.send(new DeleteObjectCommand({ Bucket, Key: 'twice' }))
  await uploader.send(new DeleteObjectsCommand(keys('twice')))
  const { target } = presign(
    { method: 'DELETE', target: `/${Bucket}/by%20link` },
    `127.0.0.1:${portOf(gateway)}`,
    { accessKeyId: 'cleaner', secretAccessKey: people.cleaner.secret },
  )
  const headers = { 'x-forwarded-for': people.cleaner.address }
  const answer = await fetch(`http://127.0.0.1:${portOf(gateway)}${target}`, { method: 'DELETE', headers })
  expect(answer.status).toBe(204)
  await fails(viewer.send(new DeleteObjectCommand({ Bucket, Key: 'only tried' })))
  await fails(forger.send(new DeleteObjectCommand({ Bucket, Key: 'only tried' })))
  await fails(viewer.send(new DeleteObjectsCommand(keys('only tried'))))
  await cleaner.send(new DeleteObjectTaggingCommand({ Bucket, Key: 'only tried' }))
  await viewer.send(new GetObjectCommand({ Bucket, Key: 'only tried' }))
  const enabled = { Bucket, VersioningConfiguration: { Status: 'Enabled' as const } }
  await local.send(new PutBucketVersioningCommand(enabled))
  const written = await local.send(new PutObjectCommand({ Bucket, Key: 'one version', Body: 'second' }))
  await local.send(new DeleteObjectCommand({ Bucket, Key: 'one version', VersionId: written.VersionId }))
  for (const client of [local, uploader, cleaner, viewer, forger]) client.destroy()
}

describe.each(['json', 's3'] as const)('a day’s access log in %s', (format) => {
  const command = format === 'json' ? 'jq' : 'awk'
  test.skipIf(command === 'jq' && !hasJq)(
    'says who deleted an object, from where, through which key',
    async () => {
      const log = join(directory, `${format}.log`)
      const GATEWAY_CONFIG = `${log}.yaml`
      const clients = (Object.keys(people) as Person[])
        .filter((person) => person !== 'local')
        .map((accessKeyId) => ({
          accessKeyId,
          secretAccessKey: people[accessKeyId].secret,
          readOnly: accessKeyId === 'viewer',
        }))
      await writeFile(
        GATEWAY_CONFIG,
        JSON.stringify({ accessLog: { to: log, format }, trustedProxies: ['127.0.0.1'], clients }),
      )
      const gateway = await started({ GATEWAY_CONFIG })
      await liveThroughADay(gateway)
      gateway.child.kill('SIGTERM')
      expect(await gateway.exit).toBe(0)

      const inLog = (operation: string) =>
        format === 'json'
          ? operation
          : operation === 'DeleteObjects'
            ? 'BATCH.DELETE.OBJECT'
            : 'REST.DELETE.OBJECT'
      for (const [key, who] of answers) {
        const named = format === 'json' ? key : encodeURIComponent(key).replaceAll('%2F', '/')
        const found = await ask(command, named, log)
        expect([key, found.map((fields) => fields.slice(1, 4))]).toEqual([
          key,
          who.map(([address, person, operation]) => [address, person, inLog(operation)]),
        ])
      }
    },
  )
})
