import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  RestoreObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { explain } from '../../../src/cli/explain/command.ts'
import type { Explanation } from '../../../src/cli/explain/explanation.ts'
import { parseConfig } from '../../../src/config/parse-config.ts'
import type { ObservedRequest } from '../../../src/local-oss/index.ts'
import { type Running, serve } from '../../../src/node/serve.ts'
import { startWorld, type World } from '../../harness.ts'

/** Of the embedded OSS: what is larger goes in parts, of OSS's smallest size. */
export const LIMIT = 100 * 1024

const copy = { partSize: LIMIT }
const reject = { oversize: 'reject', crossRegion: 'reject', appendable: 'reject', symlink: 'reject' }
const clients = [
  { accessKeyId: 'reader', secretAccessKey: 'reader-secret', readOnly: true },
  { accessKeyId: 'writer', secretAccessKey: 'writer-secret', buckets: ['target'] },
  { accessKeyId: 'settler', secretAccessKey: 'settler-secret', operations: ['bucketSettings'] },
]
/** Gateways by how they are set. */
export const settings = {
  usual: { copy, clients },
  rejecting: { copy: { ...copy, ...reject } },
  small: { copy: { maxSize: 10 } },
  'one process': { copy, conditionalWrites: 'process' },
  refusing: { copy, conditionalWrites: 'refuse' },
  inheriting: { copy, acl: { default: 'inherit' }, storageClass: { default: 'STANDARD_IA' } },
} as const
export type SettingsName = keyof typeof settings

/** A copy as it is asked for. */
export type Asked = {
  /** `bucket/key` */
  from: string
  to: string
  /** One of {@link ExplainWorld.versions}, or an id. */
  version?: string | undefined
  headers?: Record<string, string> | undefined
  settings?: SettingsName | undefined
  client?: string | undefined
}

export type Call = {
  method: string
  bucket: string
  key: string
  query: string
  headers: Record<string, string>
}
export type Outcome = { status: number; code: string | undefined }

export type Ran = { code: number; out: string; err: string }

export type ExplainWorld = World & {
  versions: Record<string, string>
  etags: Record<string, string>
  /** The command with the folder's settings and others: its exit code, and what it writes. */
  run(args: readonly string[], others?: Record<string, string | undefined>): Promise<Ran>
  explain(asked: Asked): Promise<Explanation>
  /** Really copies, through a gateway. */
  copy(asked: Asked): Promise<Outcome>
  /** What OSS is asked meanwhile. */
  recorded<T>(work: () => Promise<T>): Promise<[T, ObservedRequest[]]>
}

/** Starts all of it. */
export async function startExplainWorld(): Promise<ExplainWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'explain-'))
  const environment: Record<string, string> = {
    LOCAL_OSS_DIR: directory,
    LOCAL_OSS_COPY_LIMIT: String(LIMIT),
  }
  const world = await startWorld('node', { ...environment, GATEWAY_CONFIG: JSON.stringify(settings.usual) })
  const port = await world.localOss.listen(0)
  // The folder is in use by the running gateway: it is reached through the embedded OSS's own port.
  environment.LOCAL_OSS_PORT = String(port)
  const gateways: Running[] = []
  const front = {
    PORT: '0',
    ADMIN_PORT: '0',
    OSS_REGION: 'cn-hangzhou',
    OSS_ENDPOINT: `http://127.0.0.1:${port}`,
    OSS_ACCESS_KEY_ID: 'local',
    OSS_ACCESS_KEY_SECRET: 'local-secret',
  }
  const endpoints: Record<string, string> = {}
  for (const [name, document] of Object.entries(settings)) {
    const running = await serve(parseConfig(front, JSON.stringify(document)), () => {})
    gateways.push(running)
    endpoints[name] = `http://127.0.0.1:${running.port}`
  }
  const filled = await fill(world)
  for (const endpoint of Object.values(endpoints)) await learnRegions(world, endpoint)
  const secrets: Record<string, string> = { local: 'local-secret' }
  for (const { accessKeyId, secretAccessKey } of clients) secrets[accessKeyId] = secretAccessKey

  const run: ExplainWorld['run'] = async (args, others = {}) => {
    const { GATEWAY_CONFIG = JSON.stringify(settings.usual), ...variables } = others
    const output = { out: '', err: '' }
    const config = () => parseConfig({ ...environment, ...variables }, GATEWAY_CONFIG)
    const code = await explain(args, config, {
      stdout: { write: (text: string) => (output.out += text) },
      stderr: { write: (text: string) => (output.err += text) },
    })
    return { code, ...output }
  }
  const versionOf = (version: string | undefined) => version && (filled.versions[version] ?? version)
  return {
    ...world,
    ...filled,
    run,
    async explain({ from, to, version, headers = {}, settings: name = 'usual', client }) {
      const id = versionOf(version)
      const args = [
        'copy',
        `s3://${from}`,
        `s3://${to}`,
        '--json',
        ...(id === undefined ? [] : [`--version-id=${id}`]),
        ...(client === undefined ? [] : [`--client=${client}`]),
        ...Object.entries(headers).map(([header, value]) => `--header=${header}: ${value}`),
      ]
      const { code, out, err } = await run(args, { GATEWAY_CONFIG: JSON.stringify(settings[name]) })
      if (err !== '') throw new Error(err)
      const explanation = JSON.parse(out) as Explanation
      if ((explanation.answer.refused === undefined ? 0 : 1) !== code) throw new Error(`exit code ${code}`)
      return explanation
    },
    async copy({ from, to, version, headers = {}, settings: name = 'usual', client: accessKeyId = 'local' }) {
      const id = versionOf(version)
      const [bucket, key] = split(from)
      const [Bucket, Key] = split(to)
      const client = new S3Client({
        endpoint: endpoints[name] as string,
        region: 'us-east-1',
        forcePathStyle: true,
        maxAttempts: 1,
        credentials: { accessKeyId, secretAccessKey: secrets[accessKeyId] as string },
      })
      client.middlewareStack.add(
        (next) => (step) => {
          Object.assign((step.request as { headers: Record<string, string> }).headers, headers)
          return next(step)
        },
        { step: 'build' },
      )
      const query = id === undefined ? '' : `?versionId=${id}`
      const CopySource = `${bucket}/${encodeURIComponent(key)}${query}`
      try {
        const { $metadata } = await client.send(new CopyObjectCommand({ Bucket, Key, CopySource }))
        return { status: $metadata.httpStatusCode as number, code: undefined }
      } catch (error) {
        const { name: code, $metadata } = error as { name: string; $metadata: { httpStatusCode: number } }
        return { status: $metadata.httpStatusCode, code }
      } finally {
        client.destroy()
      }
    },
    async recorded(work) {
      const asked: ObservedRequest[] = []
      const stop = world.localOss.onRequest((request) => asked.push(request))
      try {
        return [await work(), asked]
      } finally {
        stop()
      }
    },
    stop: async () => {
      for (const gateway of gateways) await gateway.stop()
      await world.stop()
      await rm(directory, { recursive: true })
    },
  }
}

const split = (address: string): [bucket: string, key: string] => {
  const slash = address.indexOf('/')
  return [address.slice(0, slash), address.slice(slash + 1)]
}

const buckets = {
  hangzhou: 'cn-hangzhou',
  beijing: 'cn-beijing',
  target: 'cn-hangzhou',
  versioned: 'cn-hangzhou',
  encrypted: 'cn-hangzhou',
  guarded: 'cn-hangzhou',
  locked: 'cn-hangzhou',
}

/** A gateway that has served a bucket knows where it is, and asks no other region first. */
async function learnRegions(world: World, endpoint: string): Promise<void> {
  const s3 = world.s3({ endpoint })
  for (const Bucket in buckets) await s3.send(new HeadObjectCommand({ Bucket, Key: 'there' }))
}

/** Sources of every kind. */
async function fill(world: World): Promise<Pick<ExplainWorld, 'versions' | 'etags'>> {
  const s3 = world.s3()
  for (const [Bucket, region] of Object.entries(buckets)) {
    const CreateBucketConfiguration = { LocationConstraint: region as never }
    const ObjectLockEnabledForBucket = Bucket === 'locked'
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration, ObjectLockEnabledForBucket }))
  }
  const put = (Bucket: string, Key: string, content: Buffer | string, more: object = {}) => {
    const Body = Buffer.from(content)
    return s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
  }
  const large = Buffer.alloc(3 * LIMIT + 17, 7)
  const described = { Tagging: 'a=b', Metadata: { color: 'red' }, ContentType: 'text/x-source' }
  for (const bucket of ['hangzhou', 'beijing']) {
    await put(bucket, 'small', 'hello', described)
    await put(bucket, 'large', large, described)
    await put(bucket, 'empty', '')
    await put(bucket, 'archived', 'hello', { StorageClass: 'GLACIER' })
    const oss = world.oss(bucket, buckets[bucket as 'beijing'])
    await oss.append('appended', Buffer.from('hello'))
    await oss.putSymlink('link', 'small', {})
  }
  await put('hangzhou', 'restored', 'hello', { StorageClass: 'GLACIER' })
  const RestoreRequest = { Days: 1 }
  await s3.send(new RestoreObjectCommand({ Bucket: 'hangzhou', Key: 'restored', RestoreRequest }))
  await put('hangzhou', 'summed', 'hello', { ChecksumAlgorithm: 'SHA256' })
  await put('hangzhou', 'b?versionId=x#y%41 z+é', 'hello')
  await put('hangzhou', 'a\u0001b', 'hello')
  await put('hangzhou', './dot', 'hello')
  await putInParts(world, 'hangzhou', 'in parts')
  await put('hangzhou', 'self', 'hello', described)
  await put('hangzhou', 'large self', large)
  await world.oss('hangzhou').putSymlink('lost link', 'nothing', {})
  for (const bucket in buckets) await put(bucket, 'there', 'old')
  // Each is overwritten once, as it is now.
  for (const name of ['usual', 'one process']) {
    for (const size of ['small', 'large']) {
      await put('target', `there ${size} ${name}`, 'old')
      await put('target', `there ${size} far ${name}`, 'old')
    }
  }

  const VersioningConfiguration = { Status: 'Enabled' as const }
  await s3.send(new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration }))
  const { VersionId: old = '' } = await put('versioned', 'key', 'old')
  await put('versioned', 'key', 'new')
  const { VersionId: before = '' } = await put('versioned', 'deleted', 'hello')
  const { VersionId: marker = '' } = await s3.send(
    new DeleteObjectCommand({ Bucket: 'versioned', Key: 'deleted' }),
  )
  const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }
  await s3.send(
    new PutBucketEncryptionCommand({
      Bucket: 'encrypted',
      ServerSideEncryptionConfiguration: { Rules: [rule] },
    }),
  )
  await put('encrypted', 'self', 'hello', described)
  const all = {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  }
  await s3.send(new PutPublicAccessBlockCommand({ Bucket: 'guarded', PublicAccessBlockConfiguration: all }))
  const { res } = await world.oss('hangzhou').head('small')
  const { etag } = res.headers as { etag?: string }
  return { versions: { old, before, marker }, etags: { small: etag ?? '' } }
}

/** An object of as many bytes as OSS copies in one call, uploaded in two parts. */
async function putInParts(world: World, Bucket: string, Key: string): Promise<void> {
  const s3 = world.s3()
  const { UploadId = '' } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
  const parts: { number: number; etag: string }[] = []
  for (const Body of [Buffer.alloc(LIMIT, 'a'), Buffer.alloc(0)]) {
    const number = parts.length + 1
    const part = { Bucket, Key, UploadId, PartNumber: number, Body }
    const { ETag = '' } = await s3.send(new UploadPartCommand(part))
    parts.push({ number, etag: ETag.toUpperCase() })
  }
  // S3 wants more of a first part.
  await world.oss(Bucket).completeMultipartUpload(Key, UploadId, parts)
}
