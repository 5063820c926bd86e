import type { WriteTurn } from '../../copy/write-turn.ts'
import type { OssCall } from '../../oss/call.ts'
import { ossCrc64 } from '../../oss/checksum.ts'
import type { OssClient } from '../../oss/client.ts'
import { OssError } from '../../oss/error.ts'
import { crc64Of } from '../../oss/headers.ts'
import { type HeaderMap, headerMap, type OssResponse } from '../../ports.ts'
import type { PlainBody } from '../../s3/body.ts'
import { S3Error } from '../../s3/error.ts'
import { MAX_UPLOAD_BYTES } from '../../s3/limits.ts'

/** Bytes; a body up to this length is read and verified before anything is sent, a longer one while it is sent. */
const SHORT_BYTES = 128 * 1024

/**
 * Sends a client's body on to OSS, verified.
 * @param turn begun before OSS has all of the body, however long the client takes to send it. The caller ends it.
 * @param headersOf headers to add, for the verified checksums and the bytes where those are known before they are sent.
 * @param watch is shown the bytes as they are sent.
 * @throws S3Error EntityTooLarge, and what the body turned out not to be; then OSS has stored nothing.
 *   InternalError when OSS's CRC-64 says that it stored other bytes than it was sent.
 */
export async function sendBody(
  oss: OssClient,
  body: PlainBody,
  {
    method,
    bucket,
    key,
    query,
    headers: given,
  }: Pick<OssCall, 'method' | 'bucket' | 'key' | 'query' | 'headers'>,
  turn: WriteTurn,
  headersOf: (checksums?: HeaderMap, bytes?: Uint8Array) => HeaderMap = () => ({}),
  watch?: (bytes: Uint8Array) => void,
): Promise<OssResponse> {
  const { length } = body
  if (length !== undefined && length > MAX_UPLOAD_BYTES) {
    throw new S3Error('EntityTooLarge', {
      elements: { ProposedSize: length, MaxSizeAllowed: MAX_UPLOAD_BYTES },
    })
  }
  const bytes = length === undefined ? await wholeIfShort(body.body) : await readIfShort(body, length)
  const headers = headerMap(given)
  const isWhole = bytes instanceof Uint8Array
  Object.assign(headers, isWhole ? headersOf(body.checksums(), bytes) : headersOf())
  if (length !== undefined) headers['content-length'] = String(length)
  const crc64 = ossCrc64()
  let broken: unknown
  let isOver = false
  /** OSS may refuse a stream before its end, and is then read on while nobody waits for it. */
  const beginTurn = () => {
    if (isOver) throw new Error('the write is over')
    return turn.begin()
  }
  const see =
    watch === undefined
      ? crc64.update
      : (bytes: Uint8Array) => {
          crc64.update(bytes)
          watch(bytes)
        }
  if (isWhole) await turn.begin()
  else await turn.check()
  try {
    const sent = seen(bytes, see, beginTurn, (error) => {
      broken = error
    })
    // Field by field: each object made by a spread has a hidden class of its own, which slows down every read of it.
    const stored = await oss.send({ method, bucket, key, query, headers, body: sent, signal: turn.signal })
    // A body that failed its verification is never a success, whatever OSS has answered.
    const failure = body.failure()
    if (failure !== undefined) throw failure
    const storedCrc64 = crc64Of(stored.headers)
    if (storedCrc64 !== undefined && storedCrc64 !== crc64.decimal()) {
      throw storedOtherBytes(storedCrc64, crc64.decimal())
    }
    return stored
  } catch (error) {
    // A body that failed its verification, its condition, or broke off was not sent to its end: its error is the answer.
    throw body.failure() ?? (broken instanceof S3Error || broken instanceof OssError ? broken : error)
  } finally {
    isOver = true
  }
}

/**
 * The same body; each piece is passed to `see` as it is read, and an error to `failed`. Of a stream, the last piece is
 * given when `beforeLast` has ended.
 */
function seen(
  body: PlainBody['body'] | Uint8Array,
  see: (bytes: Uint8Array) => void,
  beforeLast: WriteTurn['begin'],
  failed: (error: unknown) => void,
) {
  if (!(body instanceof Uint8Array)) return watched(body, see, beforeLast, failed)
  see(body)
  return body
}

async function* watched(
  body: PlainBody['body'],
  see: (bytes: Uint8Array) => void,
  beforeLast: WriteTurn['begin'],
  failed: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    let held: Uint8Array | undefined
    for await (const bytes of body) {
      see(bytes)
      if (held !== undefined) yield held
      held = bytes
    }
    await beforeLast()
    if (held !== undefined) yield held
  } catch (error) {
    failed(error)
    throw error
  }
}

/** Retryable: the client's next attempt replaces what is there now. */
const storedOtherBytes = (stored: string, sent: string) =>
  new S3Error('InternalError', {
    cause: new Error(`OSS stored bytes of CRC-64 ${stored}, sent were ${sent}`),
  })

/**
 * A body of unknown length that comes in one piece is at hand, verified, and its length is known; any other goes out
 * as it comes, in HTTP's chunked coding.
 */
async function wholeIfShort(body: PlainBody['body']): Promise<PlainBody['body'] | Uint8Array> {
  const iterator = body[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done) return new Uint8Array(0)
  const second = await iterator.next()
  return second.done ? first.value : resumed([first.value, second.value], iterator)
}

async function* resumed(pieces: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>) {
  try {
    yield* pieces
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

/** An empty body has no last piece that could be withheld until it is verified: it has to be read before, as every short one is. */
const readIfShort = (body: PlainBody, length: number) => (length > SHORT_BYTES ? body.body : body.whole())
