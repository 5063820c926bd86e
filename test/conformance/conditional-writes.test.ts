import { describe, expect } from 'vitest'
import { md5 } from '../encodings.ts'
import { type Answer, type Ask, must, send, type Xml } from './s3.ts'
import { type Expected, enableVersioning, ownBucket, put, type Row, rows } from './table.ts'
import { begin, completion, part } from './uploads.ts'

// Recorded from AWS by LocalStack (TestS3ObjectWritePrecondition, TestS3DeletePrecondition); of deletions also measured:
// localstack/localstack#13894, ministackorg/ministack#1475.
const etag = `"${md5('old')}"`
const other = `"${md5('other')}"`

const failed = (Condition: string): Expected => ({
  status: 412,
  error: {
    Code: 'PreconditionFailed',
    Message: 'At least one of the pre-conditions you specified did not hold',
    Condition,
  },
})
const missing = (Key: string): Expected => ({
  status: 404,
  error: { Code: 'NoSuchKey', Message: 'The specified key does not exist.', Key },
})
const notTaken = (Header: string, additionalMessage?: string): Expected => ({
  status: 501,
  error: {
    Code: 'NotImplemented',
    Message: 'A header you provided implies functionality that is not implemented',
    Header,
    additionalMessage:
      additionalMessage ?? `We don't accept the provided value of ${Header} header for this API`,
  },
})

/** Writes of `new` to a key. */
const writes: Record<string, (bucket: string, key: string) => Promise<Ask>> = {
  PutObject: async (_, key) => ({ method: 'PUT', key, body: 'new' }),
  'PutObject of 300 KB': async (_, key) => ({ method: 'PUT', key, body: 'new'.padEnd(300_000) }),
  CopyObject: async (name, key) => {
    await put(name, 'source', 'new')
    return { method: 'PUT', key, headers: { 'x-amz-copy-source': `${name}/source` } }
  },
  CompleteMultipartUpload: async (name, key) => {
    const uploadId = await begin(name, key)
    const one = await part({ bucket: name, key, uploadId }, 1, 'new')
    return { method: 'POST', key, query: { uploadId }, body: completion([{ number: 1, etag: one }]) }
  },
}

type Before = (bucket: string, key: string) => Promise<unknown>
const nothing: Before = async () => {}
const object: Before = (name, key) => put(name, key, 'old')
/** Where there are no versions, a deleted object. */
const deleted: Before = async (name, key) => {
  await object(name, key)
  await must({ method: 'DELETE', bucket: name, key })
}

const content = async (bucket: string, key: string) => {
  const { status, text } = await send({ bucket, key })
  return status === 404 ? undefined : text.trimEnd()
}

type Case = {
  name: string
  prepare: Before
  headers: Record<string, string>
  /** Absent: the write is made. */
  refused?: (key: string) => Expected
}
const cases: Case[] = [
  { name: 'If-Match names what is there', prepare: object, headers: { 'if-match': etag } },
  {
    name: 'If-Match names it without quotes',
    prepare: object,
    headers: { 'if-match': md5('old') },
  },
  {
    name: 'If-Match names another',
    prepare: object,
    headers: { 'if-match': other },
    refused: () => failed('If-Match'),
  },
  {
    name: 'If-Match, and nothing is there',
    prepare: nothing,
    headers: { 'if-match': etag },
    refused: missing,
  },
  {
    name: 'If-Match, and what was there is deleted',
    prepare: deleted,
    headers: { 'if-match': etag },
    refused: missing,
  },
  { name: 'If-None-Match: *, and nothing is there', prepare: nothing, headers: { 'if-none-match': '*' } },
  { name: 'If-None-Match: *, and it is deleted', prepare: deleted, headers: { 'if-none-match': '*' } },
  {
    name: 'If-None-Match: *, and something is there',
    prepare: object,
    headers: { 'if-none-match': '*' },
    refused: () => failed('If-None-Match'),
  },
  {
    name: 'If-None-Match with an ETag',
    prepare: object,
    headers: { 'if-none-match': other },
    refused: () => notTaken('If-None-Match'),
  },
  {
    name: 'If-Match: *',
    prepare: object,
    headers: { 'if-match': '*' },
    refused: () => notTaken('If-Match'),
  },
  {
    name: 'both',
    prepare: object,
    headers: { 'if-match': etag, 'if-none-match': '*' },
    refused: () =>
      notTaken('If-Match,If-None-Match', 'Multiple conditional request headers present in the request'),
  },
]

describe.each([
  ['a bucket without versions', undefined],
  ['a bucket with versions', 'Enabled'],
  ['a bucket whose versions are suspended', 'Suspended'],
])('in %s', (_, versioning) => {
  const bucket = ownBucket(async (name) => {
    if (versioning !== undefined) await enableVersioning(name, versioning)
  })

  for (const [operation, ask] of Object.entries(writes)) {
    rows(
      operation,
      bucket,
      cases.map(({ name, prepare, headers, refused }, index): Row => {
        const key = `${operation} ${index}`
        let was: string | undefined
        return {
          ...(refused?.(key) ?? { status: 200 }),
          name,
          ask: async (inBucket) => {
            await prepare(inBucket, key)
            was = await content(inBucket, key)
            const asked = await ask(inBucket, key)
            return { ...asked, headers: { ...asked.headers, ...headers } }
          },
          and: async (__, inBucket) =>
            expect(await content(inBucket, key)).toBe(refused === undefined ? 'new' : was),
        }
      }),
    )
  }

  /** What a deletion does: 204, or an error and nothing. */
  const deletion = (
    name: string,
    prepare: Before,
    ifMatch: string,
    refused?: (key: string) => Expected,
  ): Row => {
    const key = `deletion ${name}`
    let was: string | undefined
    return {
      ...(refused?.(key) ?? { status: 204 }),
      name,
      ask: async (inBucket) => {
        await prepare(inBucket, key)
        was = await content(inBucket, key)
        return { method: 'DELETE', key, headers: { 'if-match': ifMatch } }
      },
      and: async (__, inBucket) =>
        expect(await content(inBucket, key)).toBe(refused === undefined ? undefined : was),
    }
  }
  const failedMatch = () => failed('If-Match')
  rows('DeleteObject', bucket, [
    deletion('If-Match names what is there', object, etag),
    deletion('If-Match names it without quotes', object, md5('old')),
    deletion('If-Match: *, and something is there', object, '*'),
    deletion('If-Match names another', object, other, failedMatch),
    deletion('If-Match, and nothing is there', nothing, etag, missing),
    deletion('If-Match: *, and nothing is there', nothing, '*', missing),
    deletion('If-Match names what is deleted', deleted, etag, missing),
    deletion('If-Match: *, and it is deleted', deleted, '*', missing),
  ])

  rows('DeleteObjects', bucket, [
    {
      name: 'deletes each key whose ETag is that of the object',
      ask: async (name) => {
        for (const key of ['right', 'any', 'wrong', 'unconditional']) await put(name, key, 'old')
        const keys = [
          ['right', etag],
          ['any', '*'],
          ['wrong', other],
          ['none', etag],
          ['unconditional', ''],
        ].map(([key, tag]) => `<Object><Key>${key}</Key>${tag && `<ETag>${tag}</ETag>`}</Object>`)
        return { method: 'POST', query: { delete: '' }, body: `<Delete>${keys.join('')}</Delete>` }
      },
      status: 200,
      and: async ({ xml }: Answer, name) => {
        const { Deleted, Error: errors } = xml.DeleteResult as { Deleted: Xml[]; Error: Xml[] }
        expect(Deleted.map(({ Key }) => Key).sort()).toEqual(['any', 'right', 'unconditional'])
        expect(errors.map(({ Key, Code }) => `${Key} ${Code}`).sort()).toEqual([
          'none NoSuchKey',
          'wrong PreconditionFailed',
        ])
        for (const key of ['right', 'any', 'unconditional']) expect(await content(name, key)).toBeUndefined()
        expect(await content(name, 'wrong')).toBe('old')
      },
    },
  ])
})

const versioned = ownBucket(enableVersioning)
rows('DeleteObject of a version', versioned, [
  ...[etag, other, '*'].map(
    (ifMatch): Row => ({
      name: `takes no condition (${ifMatch}), which would be about the current one`,
      ask: async (name) => {
        const { headers } = await put(name, 'version', 'old')
        const versionId = headers['x-amz-version-id'] ?? ''
        return { method: 'DELETE', key: 'version', query: { versionId }, headers: { 'if-match': ifMatch } }
      },
      status: 501,
      error: { Code: 'NotImplemented', Header: 'If-Match' },
      and: async (_, name) => expect(await content(name, 'version')).toBe('old'),
    }),
  ),
])
