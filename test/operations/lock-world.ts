import { embeddedEndpoint } from '../../src/config/endpoint.ts'
import { createLocalOss } from '../../src/local-oss/index.ts'
import type { Lease } from '../../src/operations/writes/lease.ts'
import { lockName, lockObject } from '../../src/operations/writes/lock-object.ts'
import { takeLock } from '../../src/operations/writes/take-lock.ts'
import { createOssClient, type OssClient } from '../../src/oss/client.ts'
import { fixedCredentials } from '../../src/oss/credentials/create.ts'
import type { OssRequest, Transport } from '../../src/ports.ts'
import { ossClient, reservedVersions } from '../reserved.ts'

const credentials = { accessKeyId: 'local', accessKeySecret: 'local-secret' }
export const bucket = 'bucket'

/** Time that passes only when it is told to. */
class Time {
  now = 1_000_000
  #timers = new Set<{ at: number; call: () => void }>()

  timer(ms: number, call: () => void): () => void {
    const entry = { at: this.now + ms, call }
    this.#timers.add(entry)
    return () => this.#timers.delete(entry)
  }

  /** Lets time pass, from one timer to the next. @param idle resolves when nothing is under way but timers. */
  async pass(ms: number, idle: () => Promise<void>): Promise<void> {
    const end = this.now + ms
    await idle()
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at)
      if (next === undefined || next.at > end) break
      this.#timers.delete(next)
      this.now = Math.max(this.now, next.at)
      next.call()
      await idle()
    }
    this.now = end
  }
}

/** What becomes of a gateway's request to OSS. */
type Passage = (request: OssRequest, pass: Transport) => ReturnType<Transport>

/** One of the gateways that share a bucket, with a clock of its own. */
export class Gateway {
  /** Milliseconds that its clock is ahead. */
  clockError = 0
  /** Its process stands still: no timer calls it. */
  isStill = false
  passage: Passage = (request, pass) => pass(request)
  readonly logged: string[] = []
  readonly work: Promise<unknown>[] = []
  readonly #oss: OssClient
  readonly #time: Time

  constructor(time: Time, transport: Transport) {
    this.#time = time
    this.#oss = createOssClient({
      transport: (request) => this.passage(request, transport),
      clock: Date.now,
      endpoint: embeddedEndpoint(),
      credentials: fixedCredentials(credentials),
    })
  }

  /** Takes the lock of a key. @param most milliseconds. */
  take(key = 'key', most = 25_000): Promise<Lease> {
    const timer = (ms: number, call: () => void) =>
      this.#time.timer(ms, () => {
        if (!this.isStill) call()
      })
    const ports = {
      clock: () => this.#time.now + this.clockError,
      timer,
      sleep: (ms: number) => new Promise<void>((resolve) => void timer(ms, resolve)),
      random: Math.random,
      log: (event: string) => void this.logged.push(event),
    }
    const waitUntil = (work: Promise<unknown>) => void this.work.push(work)
    const lock = lockObject({ bucket, name: lockName(key) }, {}, { oss: this.#oss })
    return takeLock(lock, ports, { most, waitUntil })
  }
}

/** Gateways on one bucket of an embedded OSS. */
export async function startLockWorld(versioning: string | undefined) {
  let ahead = 0
  const now = () => Date.now() + ahead
  const localOss = await createLocalOss({ directory: ':memory:', credentials, now, lifecycle: false })
  const ossTransport = localOss.transport as Transport
  const time = new Time()
  let underWay = 0
  const transport: Transport = async (request) => {
    underWay++
    try {
      return await ossTransport(request)
    } finally {
      underWay--
    }
  }
  const oss = ossClient(localOss)
  await oss.send({ method: 'PUT', bucket })
  if (versioning !== undefined) {
    const body = Buffer.from(
      `<VersioningConfiguration><Status>${versioning}</Status></VersioningConfiguration>`,
    )
    await oss.send({ method: 'PUT', bucket, query: { versioning: null }, body })
  }
  /** Nothing is under way in OSS, nor about to be. */
  async function idle(): Promise<void> {
    for (let quiet = 0; quiet < 20; quiet++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (underWay > 0) quiet = 0
    }
  }
  return {
    localOss,
    transport,
    idle,
    gateway: () => new Gateway(time, transport),
    pass: (ms: number) => time.pass(ms, idle),
    /** Two days pass in OSS, after which a rule of the whole bucket archives what is there. */
    archive: async () => {
      const rule =
        '<Prefix></Prefix><Status>Enabled</Status><Transition><Days>1</Days><StorageClass>Archive</StorageClass></Transition>'
      const body = Buffer.from(
        `<LifecycleConfiguration><Rule><ID>r</ID>${rule}</Rule></LifecycleConfiguration>`,
      )
      await oss.send({ method: 'PUT', bucket, query: { lifecycle: null }, body })
      ahead = 2 * 86_400_000
      await localOss.runLifecycle()
    },
    /** All versions and markers of locks. */
    left: () => reservedVersions(localOss, bucket),
    stop: () => localOss.close(),
  }
}
export type LockWorld = Awaited<ReturnType<typeof startLockWorld>>
