import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, codeOf, startWorld, type World } from './setup.ts'

const PART = 102_400

let world: World
let client: Client
let bucket: string
const data = randomBytes(3 * PART)
const contentMd5 = createHash('md5').update(data).digest('base64')
const slices = [0, 1, 2].map((i) => data.subarray(i * PART, (i + 1) * PART))
beforeAll(async () => {
  world = await startWorld()
  client = await world.bucket()
  bucket = client.getBucket()
  await client.put('source', data)
})
afterAll(() => world.stop())

/** Begins an upload; its steps repeat the parameter where `repeated`, as the Go SDK's do. */
async function begin(key: string, repeated = false) {
  const more: Record<string, null> = repeated ? { sequential: null } : {}
  const { text } = await world.send({
    method: 'POST',
    bucket,
    key,
    query: { uploads: null, sequential: null },
  })
  const uploadId = /<UploadId>(.*)<\/UploadId>/.exec(text)?.[1] ?? ''
  const query = (number: number) => ({ partNumber: String(number), uploadId, ...more })
  return {
    part: (number: number, body: Buffer | string = slices[number - 1] ?? 'x') =>
      world.send({ method: 'PUT', bucket, key, query: query(number), body }),
    copy: (number: number) =>
      world.send({
        method: 'PUT',
        bucket,
        key,
        query: query(number),
        headers: {
          'x-oss-copy-source': `/${bucket}/source`,
          'x-oss-copy-source-range': `bytes=${(number - 1) * PART}-${number * PART - 1}`,
        },
      }),
    complete: (rows: [number, string | undefined][]) =>
      world.send({
        method: 'POST',
        bucket,
        key,
        query: { uploadId, ...more },
        body: `<CompleteMultipartUpload>${rows
          .map(([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`)
          .join('')}</CompleteMultipartUpload>`,
      }),
    completeAll: () =>
      world.send({
        method: 'POST',
        bucket,
        key,
        query: { uploadId, ...more },
        headers: { 'x-oss-complete-all': 'yes' },
      }),
    list: () => world.send({ bucket, key, query: { uploadId, ...more } }),
    abort: () => world.send({ method: 'DELETE', bucket, key, query: { uploadId, ...more } }),
  }
}

describe('an upload in sequence', () => {
  test.each([
    ['uploaded', false],
    ['uploaded, with the parameter in each step', true],
    ['copied', false],
  ])('of parts %s has the Content-MD5 of the whole', async (how, repeated) => {
    const upload = await begin('whole', repeated)
    const etags: [number, string | undefined][] = []
    for (const number of [1, 2, 3]) {
      const { headers } = await (how === 'copied' ? upload.copy(number) : upload.part(number))
      etags.push([number, headers.etag])
    }
    expect((await upload.list()).text.match(/<Part>/g)).toHaveLength(3)
    expect((await upload.complete(etags)).status).toBe(200)
    for (const method of ['HEAD', 'GET']) {
      const { headers } = await world.send({ method, bucket, key: 'whole' })
      expect(headers).toMatchObject({
        'content-md5': contentMd5,
        'x-oss-object-type': 'Multipart',
        etag: expect.stringMatching(/-3"$/),
      })
    }
    await client.copy('copy', 'whole')
    expect((await client.head('copy')).res).toMatchObject({ headers: { 'content-md5': contentMd5 } })
  })

  test('takes only the part after the last', async () => {
    const upload = await begin('ordered')
    const outcomes = async (step: (number: number) => ReturnType<World['send']>) => {
      const seen: string[] = []
      for (const number of [2, 1, 1, 3, 2, 10_000, 1]) {
        const answer = await step(number)
        const told = /<PartNumber>\d+<\/PartNumber>/.exec(answer.text)?.[0] ?? ''
        seen.push([number, answer.status, codeOf(answer) ?? '', told].join(' ').trim())
      }
      return seen
    }
    const refusals = {
      gap: (number: number) => `${number} 400 PartNotSequential <PartNumber>${number}</PartNumber>`,
      again: (number: number) => `${number} 409 PartAlreadyExist <PartNumber>${number}</PartNumber>`,
    }
    const { gap, again } = refusals
    const expected = [gap(2), '1 200', again(1), gap(3), '2 200', gap(10_000), again(1)]
    expect(await outcomes(upload.part)).toEqual(expected)
    const repeated = await upload.part(1)
    expect(repeated.headers['x-oss-ec']).toBe('0042-00000108')
    expect(repeated.text).toContain(
      createHash('md5')
        .update(slices[0] ?? '')
        .digest('hex')
        .toUpperCase(),
    )
    await upload.abort()
    const copied = await begin('ordered')
    expect(await outcomes(copied.copy)).toEqual(expected)
    await copied.abort()
  })

  test('takes one of many that come at once, and none of those with its number', async () => {
    const upload = await begin('racing')
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => upload.part(1, `${i}`)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(409)])
    await upload.abort()
  })

  test('is completed without gaps', async () => {
    const upload = await begin('gaps')
    const tags = [await upload.part(1), await upload.part(2), await upload.part(3)].map(
      ({ headers }) => headers.etag,
    )
    for (const numbers of [[2, 3], [1, 3], [3]]) {
      const answer = await upload.complete(numbers.map((number) => [number, tags[number - 1]]))
      expect([answer.status, codeOf(answer)]).toEqual([400, 'PartNotSequential'])
    }
    expect((await upload.completeAll()).status).toBe(200)
    expect((await client.head('gaps')).res).toMatchObject({ headers: { 'content-md5': contentMd5 } })
  })
})

test('an upload in any order has no Content-MD5', async () => {
  await client.multipartUpload('loose', data, { partSize: PART } as never)
  expect((await client.head('loose')).res).not.toHaveProperty('headers.content-md5')
})
