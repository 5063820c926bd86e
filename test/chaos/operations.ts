import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { count } from './faults.ts'
import { ABSENT, type Key, type State, type Value } from './model.ts'
import { sendAndLeave } from './raw.ts'
import type { Options, Worker } from './worker.ts'
import {
  buckets,
  COPY_LIMIT,
  copiesOf,
  etagOfParts,
  judge,
  MiB,
  mayHaveETag,
  metadataOf,
  newValue,
  PART,
} from './world.ts'

type Operation = (worker: Worker) => Promise<void>

const at = ({ bucket, name }: Key) => ({ Bucket: bucket, Key: name })
const headersOf = (value: Value) => ({
  ContentType: value.type,
  Metadata: metadataOf(value),
  ...(value.tag === undefined ? {} : { Tagging: `t=${value.tag}` }),
})
const sourceOf = ({ bucket, name }: Key) => `${bucket}/${encodeURIComponent(name)}`

const smallSize = ({ random }: Worker) => random.pick([0, 1, 10, 1000, 5000, 20_000, 100_000, 200_000])
const largeSize = ({ random }: Worker) => random.pick([2 * MiB, 6_000_000]) + random.below(1000)
const maybeTag = ({ random }: Worker) => (random.chance(0.3) ? `${random.below(1000)}` : undefined)

/** In pieces, as a file comes. */
function streamOf(bytes: Buffer): Readable {
  const piece = 64 * 1024
  const pieces = Array.from({ length: Math.ceil(bytes.length / piece) }, (_, i) =>
    bytes.subarray(i * piece, (i + 1) * piece),
  )
  return Readable.from(pieces, { objectMode: false })
}

/** What a write answers has to be what its bytes make. */
function acknowledged(worker: Worker, what: string, key: Key, value: Value) {
  return ({ ETag, VersionId }: { ETag?: string | undefined; VersionId?: string | undefined }): State[] => {
    count(worker.world.checks, `${what}'s ETag`)
    if (ETag !== value.etag)
      worker.world.problems.add(`${what} was answered with ETag ${ETag}, not ${value.etag}`, key)
    value.versionId = VersionId
    return [value]
  }
}

const checksums = [
  {},
  {},
  ...['SHA256', 'CRC32C', 'SHA1', 'CRC64NVME'].map((name) => ({ ChecksumAlgorithm: name as 'SHA256' })),
]

const put =
  (kind: 'small' | 'large', hot = false): Operation =>
  async (worker) => {
    const size = kind === 'small' ? 1 + smallSize(worker) - (hot ? 0 : 1) : largeSize(worker)
    const key = hot ? hotKey(worker, kind) : worker.keyToWrite(kind)
    const value = newValue(worker.world, size, maybeTag(worker))
    const streamed = kind === 'large' || worker.random.chance(0.2)
    const what = `put ${kind}${streamed ? ', streamed' : ''}`
    await worker.write(
      what,
      key,
      [value],
      (options) =>
        worker.s3.send(
          new PutObjectCommand({
            ...at(key),
            ...headersOf(value),
            ...worker.random.pick(checksums),
            ContentLength: size,
            // A stream cannot be sent again.
            Body: streamed ? streamOf(value.bytes) : value.bytes,
          }),
          options,
        ),
      acknowledged(worker, what, key, value),
    )
  }

/** Those of the hot keys that this worker writes. */
function hotKey({ world, random, index }: Worker, kind: 'small' | 'large'): Key {
  const own = world.hot.filter(({ name }, i) => name === `hot/${kind}` && (i >> 1) % 2 === index % 2)
  return random.pick(own)
}

const upload: Operation = async (worker) => {
  const key = worker.keyToWrite('parts')
  const value = newValue(worker.world, PART + worker.random.below(MiB) + 1, maybeTag(worker))
  value.etag = etagOfParts([value.bytes.subarray(0, PART), value.bytes.subarray(PART)])
  await worker.write(
    'upload (lib-storage)',
    key,
    [value],
    ({ abortSignal }) => {
      const upload = new Upload({
        client: worker.s3,
        params: { ...at(key), ...headersOf(value), Body: streamOf(value.bytes) },
        partSize: PART,
        queueSize: 2,
      })
      abortSignal.addEventListener('abort', () => void upload.abort())
      return upload.done()
    },
    acknowledged(worker, 'upload', key, value),
    ['NoSuchUpload'],
  )
}

/** Create, UploadPart and UploadPartCopy, then complete, abort, or neither. */
const multipart: Operation = async (worker) => {
  const { random, s3, world } = worker
  const key = worker.keyToWrite('parts')
  const tail = newValue(world, 1 + random.below(MiB), maybeTag(worker))
  const created = await worker.ask('create upload', key, (options) =>
    s3.send(new CreateMultipartUploadCommand({ ...at(key), ...headersOf(tail) }), options),
  )
  if ('refusal' in created) return
  const upload = { ...at(key), UploadId: created.value.UploadId }
  const source = random.pick(world.sources.filter(({ name }) => name === 'source/large'))
  const copied = random.chance(0.5)
  const head = copied ? (source.only as Value).bytes.subarray(0, PART) : newValue(world, PART).bytes
  const first = copied
    ? await worker.ask('upload part copy', key, async (options) => {
        const command = new UploadPartCopyCommand({
          ...upload,
          PartNumber: 1,
          CopySource: sourceOf(source),
          CopySourceRange: `bytes=0-${PART - 1}`,
        })
        const answer = await s3.send(command, options)
        return { ...answer, ETag: answer.CopyPartResult?.ETag }
      })
    : await worker.ask('upload part', key, (options) =>
        s3.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: head }), options),
      )
  const second =
    'value' in first
      ? await worker.ask('upload part', key, (options) =>
          s3.send(new UploadPartCommand({ ...upload, PartNumber: 2, Body: tail.bytes }), options),
        )
      : first
  const parts = [first, second].flatMap((part, i) =>
    'value' in part ? [{ PartNumber: i + 1, ETag: part.value.ETag }] : [],
  )
  const whole = parts.length === 2 && random.chance(0.8)
  if (!whole) {
    if (random.chance(0.3)) return
    const aborted = await worker.ask(
      'abort upload',
      key,
      (options) => s3.send(new AbortMultipartUploadCommand(upload), options),
      ['NoSuchUpload'],
    )
    if ('value' in aborted) world.endedUploads.add(upload.UploadId ?? '')
    else if (aborted.refusal === 'NoSuchUpload' && aborted.attempts === 1)
      world.problems.add('an upload that nobody ended is gone', key)
    return
  }
  const value: Value = {
    ...tail,
    bytes: Buffer.concat([head, tail.bytes]),
    etag: etagOfParts([head, tail.bytes]),
  }
  const outcome = await worker.write(
    'complete upload',
    key,
    [value],
    (options) =>
      s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }), options),
    acknowledged(worker, 'complete upload', key, value),
    ['NoSuchUpload'],
  )
  if ('value' in outcome) world.endedUploads.add(upload.UploadId ?? '')
  else if (outcome.refusal === 'NoSuchUpload' && outcome.attempts === 1)
    world.problems.add('an upload that nobody ended cannot be completed', key)
}

const copy: Operation = async (worker) => {
  const { random, s3, world } = worker
  const source = random.pick([
    () => random.pick(world.sources),
    () => random.pick(world.hot),
    () => worker.ownKey((key) => key.certain && key.only !== ABSENT) ?? random.pick(world.sources),
  ])()
  const large = [...source.possible].some((state) => (state?.bytes.length ?? 0) > COPY_LIMIT)
  const key = worker.keyToWrite(large ? 'large' : 'small')
  const replaces = key === source || random.chance(0.4)
  const fresh = newValue(world, 0, maybeTag(worker))
  const replaced = replaces ? { id: fresh.id, type: fresh.type, tag: fresh.tag } : undefined
  const checksum = random.chance(0.2)
  const how =
    (source.bucket === 'chaos-far') === (key.bucket === 'chaos-far')
      ? large
        ? 'by parts'
        : 'native'
      : 'relayed'
  const what = `copy ${source.name.endsWith('appended') ? 'appended' : how}${checksum ? ', with SHA256' : ''}`
  const watched = source.watch()
  const write = key.begin(copiesOf(watched.states, replaced))
  key.note(
    `${what} of ${source.place} (${[...source.possible].map((state) => state?.id)})${replaced ? ` as ${replaced.id}` : ''} …`,
  )
  const outcome = await worker.ask(what, key, (options) =>
    s3.send(
      new CopyObjectCommand({
        ...at(key),
        CopySource: sourceOf(source),
        ...(checksum ? { ChecksumAlgorithm: 'SHA256' } : {}),
        ...(replaces
          ? {
              ...headersOf({ ...fresh, tag: fresh.tag }),
              MetadataDirective: 'REPLACE',
              TaggingDirective: 'REPLACE',
            }
          : {}),
      }),
      options,
    ),
  )
  watched.end()
  const possible = copiesOf(watched.states, replaced)
  if (!('value' in outcome)) {
    write.add(possible)
    write.unknown()
    return
  }
  const { CopyObjectResult: { ETag, ChecksumSHA256 } = {}, VersionId } = outcome.value
  const left = possible
    .filter((value) => mayHaveETag(value, ETag) && (!checksum || ChecksumSHA256 === sha256(value.bytes)))
    .map((value) => ({ ...value, etag: ETag, versionId: VersionId }))
  key.note(`${what}: done, ETag ${ETag}, may be ${left.map(({ id }) => id)}`)
  count(world.checks, "copy's ETag and checksum")
  if (left.length === 0)
    world.problems.add(`${what} was answered with ETag ${ETag}, checksum ${ChecksumSHA256}`, key)
  write.add(left)
  write.done(left)
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64')

/** A key to read: mostly its own, else one that others write. */
const keyToRead = (worker: Worker): Key =>
  (worker.random.chance(0.7) ? worker.ownKey(() => true) : undefined) ??
  worker.random.pick([...worker.world.hot, ...worker.world.sources])

const seenOf = ({
  Metadata,
  ContentType,
  ETag,
}: Pick<GetObjectCommandOutput, 'Metadata' | 'ContentType' | 'ETag'>) => ({
  id: Metadata?.state,
  type: ContentType,
  etag: ETag,
})

/** Reads a body to its end, sometimes slowly. @throws what breaks it off. */
async function bytesOf(worker: Worker, { Body }: GetObjectCommandOutput, { abortSignal }: Options) {
  const body = Body as Readable
  const slowly = worker.random.chance(0.05)
  const leave = () => body.destroy(Object.assign(new Error('left'), { name: 'AbortError' }))
  abortSignal.addEventListener('abort', leave)
  const pieces: Buffer[] = []
  for await (const piece of body) {
    pieces.push(piece)
    if (slowly) await sleep(5)
  }
  return Buffer.concat(pieces)
}

function read<T extends object>(
  what: string,
  ask: (worker: Worker, key: Key, options: Options) => Promise<T>,
  seen: (answer: T) => Parameters<typeof judge>[4],
): Operation {
  return async (worker) => {
    const key = keyToRead(worker)
    const watched = key.watch()
    const outcome = await worker.ask(what, key, (options) => ask(worker, key, options), missing)
    watched.end()
    if ('value' in outcome) judge(worker.world, what, key, watched.states, seen(outcome.value))
    else if (missing.includes(outcome.refusal) && !watched.states.has(ABSENT))
      worker.world.problems.add(`${what} found nothing`, key)
  }
}

const missing = ['NoSuchKey', 'NotFound']

const get = read(
  'get',
  async (worker, key, options) => {
    const answer = await worker.s3.send(new GetObjectCommand(at(key)), options)
    return { ...answer, content: await bytesOf(worker, answer, options) }
  },
  (answer) => ({
    ...seenOf(answer),
    size: answer.ContentLength ?? -1,
    bytes: { from: 0, content: answer.content },
  }),
)

const head = read(
  'head',
  (worker, key, options) => worker.s3.send(new HeadObjectCommand(at(key)), options),
  (answer) => ({ ...seenOf(answer), size: answer.ContentLength ?? -1 }),
)

const getRange: Operation = async (worker) => {
  const { random, world } = worker
  const key = keyToRead(worker)
  const sizes = [...key.possible].map((state) => state?.bytes.length ?? 0)
  const least = Math.min(...sizes)
  if (least === 0) return
  const first = random.below(least)
  const last = random.chance(0.3) ? '' : first + random.below(least)
  const watched = key.watch()
  const outcome = await worker.ask(
    'get range',
    key,
    async (options) => {
      const answer = await worker.s3.send(
        new GetObjectCommand({ ...at(key), Range: `bytes=${first}-${last}` }),
        options,
      )
      return { ...answer, content: await bytesOf(worker, answer, options) }
    },
    ['InvalidRange'],
  )
  watched.end()
  if (!('value' in outcome)) {
    const mayBe = [...watched.states].some((state) => (state?.bytes.length ?? 0) <= first)
    if (outcome.refusal === 'InvalidRange' && !mayBe) world.problems.add('range refused', key)
    return
  }
  const { ContentRange = '', content, ContentLength } = outcome.value
  const [, from, to, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange) ?? []
  const expectedLast = Math.min(last === '' ? Number.POSITIVE_INFINITY : last, Number(size) - 1)
  if (
    Number(from) !== first ||
    Number(to) !== expectedLast ||
    ContentLength !== expectedLast - first + 1 ||
    content.length !== ContentLength
  )
    world.problems.add(`range ${first}-${last} gave ${ContentRange}, ${content.length} bytes`, key)
  judge(world, 'get range', key, watched.states, {
    ...seenOf(outcome.value),
    size: Number(size),
    bytes: { from: first, content },
  })
}

const getTagging: Operation = async (worker) => {
  const key = keyToRead(worker)
  const watched = key.watch()
  const outcome = await worker.ask(
    'get tagging',
    key,
    (options) => worker.s3.send(new GetObjectTaggingCommand(at(key)), options),
    missing,
  )
  watched.end()
  const states = [...watched.states]
  if ('value' in outcome) {
    count(worker.world.checks, 'get tagging')
    const [tag] = outcome.value.TagSet ?? []
    if (!states.some((state) => state !== ABSENT && state.tag === tag?.Value))
      worker.world.problems.add(`its tag is ${tag?.Value}, not ${states.map((state) => state?.tag)}`, key)
  } else if (missing.includes(outcome.refusal) && !watched.states.has(ABSENT))
    worker.world.problems.add('get tagging found nothing', key)
}

const putTagging: Operation = async (worker) => {
  const key = worker.ownKey((key) => key.certain && key.only !== ABSENT)
  if (key === undefined) return
  const tag = String(worker.random.below(1000))
  await worker.write(`put tagging`, key, [{ ...(key.only as Value), tag }], (options) =>
    worker.s3.send(
      new PutObjectTaggingCommand({ ...at(key), Tagging: { TagSet: [{ Key: 't', Value: tag }] } }),
      options,
    ),
  )
}

const remove: Operation = async (worker) => {
  const key = worker.ownKey((key) => key.certain)
  if (key === undefined) return
  await worker.write('delete', key, [ABSENT], (options) =>
    worker.s3.send(new DeleteObjectCommand(at(key)), options),
  )
}

const removeMany: Operation = async (worker) => {
  const { random, world, s3 } = worker
  const bucket = random.pick(buckets)
  const keys = worker.keys.small
    .filter((key) => key.bucket === bucket && key.certain)
    .slice(0, 1 + random.below(8))
  if (keys.length === 0) return
  const writes = keys.map((key) => key.begin([ABSENT]))
  for (const key of keys) key.note('delete of many …')
  const outcome = await worker.ask('delete many', keys[0], (options) =>
    s3.send(
      new DeleteObjectsCommand({
        Bucket: bucket,
        Delete: { Objects: keys.map(({ name }) => ({ Key: name })) },
      }),
      options,
    ),
  )
  for (const [i, key] of keys.entries()) {
    if (!('value' in outcome)) writes[i]?.unknown()
    else if (outcome.value.Deleted?.some(({ Key }) => Key === key.name)) writes[i]?.done()
    else {
      writes[i]?.unknown()
      world.problems.add(`not among the deleted: ${JSON.stringify(outcome.value.Errors)}`, key)
    }
    key.note('delete of many: ended')
  }
}

/** Pages through its own keys, which nobody changes meanwhile. */
const list: Operation = async (worker) => {
  const { random, world, s3 } = worker
  const Bucket = random.pick(buckets)
  const MaxKeys = random.pick([3, 10, 1000])
  const found = new Map<string, { size: number; etag: string }>()
  let token: string | undefined
  do {
    const page = await worker.ask('list', undefined, (options) =>
      s3.send(
        new ListObjectsV2Command({ Bucket, Prefix: worker.prefix, MaxKeys, ContinuationToken: token }),
        options,
      ),
    )
    if (!('value' in page)) return
    for (const { Key, Size = -1, ETag = '' } of page.value.Contents ?? [])
      found.set(Key ?? '', { size: Size, etag: ETag })
    token = page.value.IsTruncated ? page.value.NextContinuationToken : undefined
  } while (token !== undefined)
  for (const key of Object.values(worker.keys).flat()) {
    if (key.bucket !== Bucket) continue
    count(world.checks, 'list entry')
    const entry = found.get(key.name)
    found.delete(key.name)
    const states = [...key.possible]
    const right =
      entry === undefined
        ? states.includes(ABSENT)
        : states.some(
            (state) =>
              state !== ABSENT &&
              state.bytes.length === entry.size &&
              (state.etag === undefined || state.etag === entry.etag),
          )
    if (!right) world.problems.add(`a list shows it as ${JSON.stringify(entry)}`, key)
  }
  for (const name of found.keys()) world.problems.add(`a list shows ${Bucket}/${name}, which nobody wrote`)
}

/** Clients that are killed: their sockets just go. */
const killedPut: Operation = async (worker) => {
  const { random, world } = worker
  const key = worker.keyToWrite(random.chance(0.5) ? 'small' : 'large')
  const value = newValue(world, 1 + random.below(random.pick([5000, 300_000, 3_000_000])))
  const whole = random.chance(0.3)
  const cutAfter = whole ? undefined : random.below(value.bytes.length)
  const kind = `put, killed ${whole ? 'waiting' : 'sending'}`
  count(world.operations, kind)
  worker.doing = kind
  key.note(`${kind} after ${cutAfter} of ${value.bytes.length} bytes of ${value.id}`)
  const write = key.begin([value])
  await sendAndLeave(world.endpoint, {
    method: 'PUT',
    bucket: key.bucket,
    key: key.name,
    headers: { 'content-type': value.type, 'x-amz-meta-state': String(value.id) },
    body: value.bytes,
    ...(cutAfter === undefined ? {} : { cutAfter }),
    patience: random.below(30),
  })
  // Of a body that was not there to its end nothing may be stored.
  if (whole) write.unknown()
  else write.refused()
}

const killedGet: Operation = async (worker) => {
  const { random, world } = worker
  const key = random.pick([...world.hot, ...world.sources])
  count(world.operations, 'get, killed')
  worker.doing = 'get, killed'
  await sendAndLeave(world.endpoint, {
    method: 'GET',
    bucket: key.bucket,
    key: key.name,
    patience: random.below(30),
  })
}

const killedCopy: Operation = async (worker) => {
  const { random, world } = worker
  const source = random.pick(world.sources)
  const key = worker.keyToWrite(source.name === 'source/large' ? 'large' : 'small')
  count(world.operations, 'copy, killed')
  worker.doing = 'copy, killed'
  key.note(`copy of ${source.place}, killed`)
  const write = key.begin(copiesOf(source.possible, undefined))
  await sendAndLeave(world.endpoint, {
    method: 'PUT',
    bucket: key.bucket,
    key: key.name,
    headers: { 'x-amz-copy-source': sourceOf(source) },
    patience: random.below(100),
  })
  write.unknown()
}

/** What most workers do, and how often. */
export const operations: readonly (readonly [Operation, number])[] = [
  [put('small'), 18],
  [put('large'), 2],
  [upload, 1],
  [multipart, 1.5],
  [copy, 14],
  [get, 16],
  [getRange, 8],
  [head, 10],
  [list, 3],
  [remove, 3],
  [removeMany, 1],
  [putTagging, 2],
  [getTagging, 3],
  [killedPut, 2],
  [killedGet, 2],
  [killedCopy, 2],
]

/** What those do that write what the others read. */
export const hotOperations: readonly (readonly [Operation, number])[] = [
  [put('small', true), 6],
  [put('large', true), 3],
]
