import { open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLocalOss, type StoreProblem } from '../../src/local-oss/index.ts'
import { DiskFiles } from '../../src/local-oss/store/blob-files.ts'
import { problemOf } from '../../src/local-oss/store/problems.ts'
import {
  blobFiles,
  type Client,
  credentials,
  failure,
  startWorld,
  temporaryDirectory,
  type World,
} from './setup.ts'

const large = Buffer.alloc(300_000, 'large')

let directory: string
let problems: StoreProblem[]
beforeEach(async () => {
  directory = await temporaryDirectory()
  problems = []
})
afterEach(() => {
  vi.restoreAllMocks()
})

const start = () => startWorld({ directory, onProblem: (problem) => void problems.push(problem) })
const formatOf = (folder: string) => readFile(join(folder, 'format'), 'utf8')

describe('the format of a store', () => {
  const written = async () => {
    const world = await startWorld({ directory })
    const client = await world.bucket()
    await client.put('k', large)
    await world.stop()
    return client.getBucket()
  }

  test('is written when it is made, and read again', async () => {
    const bucket = await written()
    expect(await formatOf(directory)).toBe('1\n')
    const again = await startWorld({ directory })
    expect((await again.client(bucket).get('k')).content.equals(large)).toBe(true)
    await again.stop()
  })

  test('is 1 where there was none yet', async () => {
    const bucket = await written()
    await rm(join(directory, 'format'))
    const again = await startWorld({ directory })
    expect((await again.client(bucket).get('k')).content.equals(large)).toBe(true)
    await again.stop()
    expect(await formatOf(directory)).toBe('1\n')
  })

  test.each([
    ['2\n', /has format 2, and this version knows format 1: open it with the version that made it/],
    ['99', /has format 99/],
    ['', /has a format that is no number/],
    ['1.0', /has a format that is no number/],
  ])('%j is refused, and nothing is changed', async (format, message) => {
    const bucket = await written()
    const files = await blobFiles(directory)
    await writeFile(join(directory, 'format'), format)
    const manifest = await readFile(join(directory, 'store', 'CURRENT'), 'utf8')
    await expect(createLocalOss({ directory, credentials })).rejects.toThrow(message)
    expect(await formatOf(directory)).toBe(format)
    expect(await readFile(join(directory, 'store', 'CURRENT'), 'utf8')).toBe(manifest)
    expect(await blobFiles(directory)).toEqual(files)
    // It is still there for the version that knows it.
    await writeFile(join(directory, 'format'), '1')
    const again = await startWorld({ directory })
    expect((await again.client(bucket).get('k')).content.equals(large)).toBe(true)
    await again.stop()
  })
})

test.each<[error: object, kind: string]>([
  [{ code: 'ENOSPC', message: 'ENOSPC: no space left on device, write' }, 'full'],
  [{ code: 'EDQUOT', message: 'EDQUOT: disk quota exceeded, write' }, 'full'],
  [{ code: 'LEVEL_IO_ERROR', message: 'IO error: /x/000003.log: No space left on device' }, 'full'],
  [{ code: 'EROFS', message: 'EROFS: read-only file system, open' }, 'read-only'],
  [{ code: 'EACCES', message: 'EACCES: permission denied, mkdir' }, 'read-only'],
  [{ message: 'IO error: /x/000003.log: Read-only file system' }, 'read-only'],
  [{ message: 'IO error: /x/LOCK: Permission denied' }, 'read-only'],
  [{ code: 'EIO', message: 'EIO: i/o error, write' }, 'failure'],
])('%j is a problem of the kind %s', (error, kind) => {
  const problem = problemOf(error, 'cannot write /x')
  expect(problem.kind).toBe(kind)
  expect(problem.message).toContain('cannot write /x')
  expect(problem.message).toContain((error as Error).message)
})

test('a folder for blobs that could not be made is made for the next that needs it', async () => {
  const files = new DiskFiles(directory, (problem) => void problems.push(problem))
  await writeFile(join(directory, '01'), '')
  await expect(files.create('a01')).rejects.toMatchObject({ name: 'StoreProblem' })
  expect(problems).toHaveLength(1)
  await rm(join(directory, '01'))
  const writer = await files.create('b01')
  await writer.write(large)
  await writer.finish()
  expect((await readFile(join(directory, '01', 'b01'))).equals(large)).toBe(true)
})

test('a folder that cannot be one is told when the store is opened', async () => {
  await writeFile(join(directory, 'file'), '')
  await expect(createLocalOss({ directory: join(directory, 'file'), credentials })).rejects.toThrow(
    /cannot|ENOTDIR/,
  )
})

describe('what the disk does not take', () => {
  let world: World
  let client: Client
  beforeEach(async () => {
    world = await start()
    client = await world.bucket()
    await client.put('kept', large)
  })
  afterEach(() => world.stop())

  const systemError = (code: string) => Object.assign(new Error(`${code}: of the system`), { code })
  /** Node's file handles have no constructor to import. */
  const handles = async () => {
    const file = await open(join(directory, 'format'), 'r')
    await file.close()
    return Object.getPrototypeOf(file) as { write(): unknown; datasync(): unknown }
  }

  test.each([
    ['write', 'ENOSPC', 'full'],
    ['datasync', 'ENOSPC', 'full'],
    ['write', 'EDQUOT', 'full'],
    ['write', 'EROFS', 'read-only'],
    ['datasync', 'EIO', 'failure'],
  ] as const)(
    'of an object (%s: %s) is answered InternalError, told as %s, and leaves nothing behind',
    async (call, code, kind) => {
      const files = await blobFiles(directory)
      vi.spyOn(await handles(), call).mockRejectedValueOnce(systemError(code))
      expect(await failure(client.put('refused', large))).toMatchObject({
        status: 500,
        code: 'InternalError',
      })
      expect(problems).toEqual([expect.objectContaining({ kind })])
      expect(await failure(client.get('refused'))).toMatchObject({ code: 'NoSuchKey' })
      expect(await blobFiles(directory)).toEqual(files)
      // There is room again.
      await client.put('refused', large)
      expect((await client.get('kept')).content.equals(large)).toBe(true)
    },
  )

  test('of a record ends all writing until the store is opened again, which loses nothing that was acknowledged', async () => {
    const full = new Error('IO error: 000003.log: No space left on device')
    vi.spyOn(ClassicLevel.prototype, 'batch').mockRejectedValueOnce(full)
    expect(await failure(client.put('refused', Buffer.from('x')))).toMatchObject({
      status: 500,
      code: 'InternalError',
    })
    expect(problems).toEqual([
      expect.objectContaining({ kind: 'full', message: expect.stringContaining('started again') }),
    ])
    expect(await failure(client.put('more', Buffer.from('x')))).toMatchObject({ code: 'InternalError' })
    expect(await failure(client.delete('kept'))).toMatchObject({ code: 'InternalError' })
    expect(problems).toHaveLength(1)
    expect((await client.get('kept')).content.equals(large)).toBe(true)
    expect(await failure(client.get('more'))).toMatchObject({ code: 'NoSuchKey' })
    const bucket = client.getBucket()
    await world.stop()
    world = await start()
    client = world.client(bucket)
    await client.put('more', Buffer.from('x'))
    expect((await client.get('kept')).content.equals(large)).toBe(true)
  })
})

describe('a lost blob', () => {
  let world: World
  let client: Client
  beforeEach(async () => {
    world = await start()
    client = await world.bucket()
    await client.put('k', large)
  })
  afterEach(() => world.stop())

  const blobPath = async () => {
    const [id = ''] = await blobFiles(directory)
    return join(directory, 'blobs', id.slice(-2), id)
  }

  test.each<[_: string, lose: (path: string) => Promise<void>]>([
    ['is gone', (path) => rm(path)],
    ['is empty', (path) => writeFile(path, '')],
  ])('that %s is answered InternalError, and told', async (_, lose) => {
    await lose(await blobPath())
    const range = { headers: { Range: 'bytes=100-199' } }
    for (const options of [{}, range])
      expect(await failure(client.get('k', options as never))).toMatchObject({
        status: 500,
        code: 'InternalError',
      })
    expect(problems).toHaveLength(2)
    expect(problems[0]).toMatchObject({ kind: 'lost', message: expect.stringContaining('blob') })
    // Its record is there, and it can be written anew.
    expect((await client.head('k')).status).toBe(200)
    await client.put('k', large)
    expect((await client.get('k')).content.equals(large)).toBe(true)
  })

  test('that is cut short ends the answer early, and is told', async () => {
    await writeFile(await blobPath(), large.subarray(0, 280_000))
    await expect(client.get('k')).rejects.toThrow()
    expect(problems).toEqual([expect.objectContaining({ kind: 'lost' })])
  })

  test('is not copied into a part', async () => {
    await rm(await blobPath())
    const { uploadId } = await client.initMultipartUpload('copy')
    const source = { sourceKey: 'k', sourceBucketName: client.getBucket() }
    expect(await failure(client.uploadPartCopy('copy', uploadId, 1, '0-199999', source, {}))).toMatchObject({
      code: 'InternalError',
    })
    expect(problems).toEqual([expect.objectContaining({ kind: 'lost' })])
  })
})
