import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { headerMap } from '../../src/ports.ts'
import { readForm } from '../../src/s3/multipart-form.ts'
import type { Payload } from '../../src/s3/payload.ts'
import { plainBody } from '../../src/s3/plain-body.ts'
import { readText } from '../../src/s3/request.ts'

/** A client's bytes in one piece of memory, which the next piece is read into: whoever holds on to one sees another. */
async function* lent(bytes: Uint8Array, sizes: readonly number[]) {
  const memory = Buffer.alloc(Math.max(1, ...sizes))
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const piece = bytes.subarray(at, at + (sizes[i % sizes.length] ?? 1))
    memory.fill(0xaa)
    memory.set(piece)
    yield memory.subarray(0, piece.length)
    at += piece.length
  }
  memory.fill(0xaa)
}

/** What a consumer sees that gives each piece back before it asks for the next. */
async function read(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const seen: Uint8Array[] = []
  for await (const piece of body) seen.push(Buffer.from(piece))
  return Buffer.concat(seen)
}

const content = fc.uint8Array({ minLength: 1, maxLength: 60_000 })
const sizes = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 5 })
const base64 = (sum: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(sum)
  return bytes.toString('base64')
}

/** In aws-chunked, with a trailer. */
function framed(bytes: Uint8Array, chunk: number): Buffer {
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += chunk) {
    const data = bytes.subarray(at, at + chunk)
    parts.push(Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n'))
  }
  parts.push(Buffer.from(`0\r\nx-amz-checksum-crc32:${base64(crc32(bytes))}\r\n\r\n`))
  return Buffer.concat(parts)
}

describe('memory that is only lent holds the right bytes for as long as it is looked at', () => {
  const ways: Record<
    string,
    (
      bytes: Uint8Array,
      chunk: number,
    ) => [headers: Record<string, string>, payload: Payload, wire: Uint8Array]
  > = {
    'of a body that nobody vouches for': (bytes) => [{}, { kind: 'unsigned' }, bytes],
    'of a signed body': (bytes) => [
      {},
      { kind: 'signed', sha256: createHash('sha256').update(bytes).digest('hex') },
      bytes,
    ],
    'of a body with a checksum': (bytes) => [
      { 'x-amz-checksum-crc32': base64(crc32(bytes)) },
      { kind: 'unsigned' },
      bytes,
    ],
    'of a body in chunks with a trailer': (bytes, chunk) => [
      { 'x-amz-decoded-content-length': String(bytes.length), 'x-amz-trailer': 'x-amz-checksum-crc32' },
      { kind: 'chunked', trailer: true },
      framed(bytes, chunk),
    ],
  }
  test.each(Object.entries(ways))('%s', async (_, way) => {
    await fc.assert(
      fc.asyncProperty(content, sizes, fc.integer({ min: 1000, max: 30_000 }), async (bytes, cuts, chunk) => {
        const [headers, payload, wire] = way(bytes, chunk)
        const request = { headers: headerMap({ 'content-length': String(wire.length), ...headers }) }
        const streamed = plainBody({ ...request, body: lent(wire, cuts) }, payload)
        expect((await read(streamed.body)).equals(bytes)).toBe(true)
        const whole = await plainBody({ ...request, body: lent(wire, cuts) }, payload).whole()
        expect(Buffer.from(whole).equals(bytes)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  test('of a form and its file', async () => {
    const head = '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nthe/key\r\n'
    const file = '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    await fc.assert(
      fc.asyncProperty(content, sizes, async (bytes, cuts) => {
        const wire = Buffer.concat([Buffer.from(head + file), bytes, Buffer.from('\r\n--b--')])
        const form = await readForm('multipart/form-data; boundary=b', lent(wire, cuts))
        expect(Object.fromEntries(form.fields)).toEqual({ key: 'the/key' })
        expect((await read(form.file)).equals(bytes)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  test('of a document', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 5000, unit: 'binary' }), sizes, async (text, cuts) => {
        expect(await readText(lent(Buffer.from(text), cuts))).toBe(Buffer.from(text).toString())
      }),
      { numRuns: 40 },
    )
  })
})
