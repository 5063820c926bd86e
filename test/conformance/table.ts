import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type Ask, must, newName, send, target, type Xml } from './s3.ts'

/** A header's value, a pattern for it, or null for a header that must not be there. */
type HeaderRule = string | RegExp | null

export type Expected = {
  status: number
  headers?: Readonly<Record<string, HeaderRule>>
  body?: string | RegExp
  /** Part of the document, its root element included. */
  xml?: object
  /** Elements of `<Error>`. */
  error?: Readonly<Record<string, unknown>>
  /** What else holds. */
  and?: (answer: Answer, bucket: string) => void | Promise<void>
}

export type Row = Expected & {
  /** A sentence about S3. */
  name: string
  ask: Ask | ((bucket: string) => Ask | Promise<Ask>)
  /** Where the gateway is not S3 on purpose: why, and what it answers instead. */
  differs?: Expected & { reason: string }
}

/** A bucket for a file's rows, made before them. */
export function ownBucket(prepare?: (bucket: string) => Promise<void>): () => string {
  const bucket = newName()
  beforeAll(async () => {
    await must({ method: 'PUT', bucket })
    await prepare?.(bucket)
  })
  afterAll(() => (target.isGateway ? undefined : empty(bucket)))
  return () => bucket
}

/** Turns versioning on. */
export async function enableVersioning(bucket: string, Status = 'Enabled'): Promise<void> {
  const body = `<VersioningConfiguration><Status>${Status}</Status></VersioningConfiguration>`
  await must({ method: 'PUT', bucket, query: { versioning: '' }, body })
}

/** Rows of one request and its answer each. */
export function rows(operation: string, bucketOf: () => string, table: readonly Row[]): void {
  describe(operation, () => {
    for (const row of table) {
      const differs = target.isGateway ? row.differs : undefined
      test(
        differs === undefined ? row.name : `not as in S3, where ${row.name}: ${differs.reason}`,
        async () => {
          const bucket = bucketOf()
          const ask = typeof row.ask === 'function' ? await row.ask(bucket) : row.ask
          const answer = await send({ ...ask, bucket: ask.bucket === undefined ? bucket : ask.bucket })
          check(answer, differs ?? row, ask.method)
          await (differs ?? row).and?.(answer, bucket)
        },
      )
    }
  })
}

export function check(answer: Answer, { status, headers = {}, body, xml, error }: Expected, method = 'GET') {
  expect(`${answer.status} ${answer.status === status ? '' : answer.text}`.trim()).toBe(String(status))
  expect(answer.headers['x-amz-request-id'], 'every answer has a request id').toMatch(/\w/)
  expect(answer.headers['x-amz-id-2'], 'every answer has an extended request id').toMatch(/\S/)
  for (const [name, rule] of Object.entries(headers)) {
    const value = answer.headers[name]
    if (rule === null) expect(value, name).toBeUndefined()
    else if (typeof rule === 'string') expect(value, name).toBe(rule)
    else expect(value, name).toMatch(rule)
  }
  if (typeof body === 'string') expect(answer.text).toBe(body)
  else if (body !== undefined) expect(answer.text).toMatch(body)
  if (xml !== undefined) expect(answer.xml).toMatchObject(xml)
  if (error !== undefined && method === 'HEAD') expect(answer.body.length, 'HEAD has no body').toBe(0)
  else if (error !== undefined) {
    expect(answer.headers['content-type']).toMatch(/^application\/xml/)
    expect(answer.text, 'clients do not see an error with a namespace').toMatch(/<Error>.*<\/Error>$/s)
    const document = answer.xml.Error as Xml
    expect(document).toMatchObject(error)
    expect(document).toMatchObject({
      RequestId: answer.headers['x-amz-request-id'],
      HostId: answer.headers['x-amz-id-2'],
    })
  }
}

/** Removes a bucket with everything in it. */
export async function empty(bucket: string): Promise<void> {
  const uploads = (await send({ bucket, query: { uploads: '' } })).xml.ListMultipartUploadsResult as Xml
  for (const { Key, UploadId } of (uploads?.Upload ?? []) as Xml[]) {
    await send({ method: 'DELETE', bucket, key: String(Key), query: { uploadId: String(UploadId) } })
  }
  for (let more = true; more; ) {
    const list = (await send({ bucket, query: { versions: '' } })).xml.ListVersionsResult as Xml
    const found = [...((list?.Version ?? []) as Xml[]), ...((list?.DeleteMarker ?? []) as Xml[])]
    for (const { Key, VersionId } of found) {
      const one = { method: 'DELETE', bucket, key: String(Key), query: { versionId: String(VersionId) } }
      const { status } = await send(one)
      if (status === 403) await send({ ...one, headers: { 'x-amz-bypass-governance-retention': 'true' } })
    }
    more = list?.IsTruncated === 'true'
  }
  await send({ method: 'DELETE', bucket })
}

/** Puts an object, as a step before what a row asks. */
export const put = (bucket: string, key: string, body: string | Uint8Array = 'hello', headers = {}) =>
  must({ method: 'PUT', bucket, key, body, headers })
