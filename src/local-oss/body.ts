import { createHash } from 'node:crypto'
import { parseLenientXml, type XmlNode } from '../xml/index.ts'
import type { Call } from './call.ts'
import { OssError } from './errors.ts'
import type { Bytes } from './http.ts'
import { Crc64 } from './store/crc64.ts'
import type { Staged } from './store/transaction.ts'
import { throttled } from './traffic-limit.ts'

/** Bytes: the most that PutObject, AppendObject and one part take. */
export const MAX_UPLOAD = 5 * 1024 ** 3
const MAX_DOCUMENT = 2 * 1024 ** 2

/** The request's body ended early: the client has gone, and is not answered. The cause says what happened. */
export class UnreadableBody extends Error {
  override name = 'UnreadableBody'
}

/** Object bytes that arrived whole and are what the client said they are. */
export type ReceivedBody = { staged: Staged; md5: Buffer; crc64: bigint }

/**
 * Stages a request's body, and checks it against the length and digests that the request declares.
 * @throws OssError MissingContentLength, EntityTooLarge, IncompleteBody, InvalidDigest, InvalidCRC64.
 */
export async function receiveBody(call: Call): Promise<ReceivedBody> {
  const declared = declaredLength(call)
  if (declared === undefined && !isChunked(call)) throw new OssError('MissingContentLength')
  const md5 = createHash('md5')
  const crc64 = new Crc64()
  const arriving = throttled(interruptible(call.body, call.signal), call.trafficLimit)
  const checked = withLength(arriving, declared, MAX_UPLOAD)
  const hashed = async function* () {
    for await (const chunk of checked) {
      md5.update(chunk)
      crc64.update(chunk)
      yield chunk
    }
  }
  const staged = await call.state.blobs.stage(hashed())
  const received = { staged, md5: md5.digest(), crc64: crc64.digest() }
  try {
    checkDigest(call, received.md5)
    const expected = call.headers['x-oss-hash-crc64ecma']
    if (expected !== undefined && expected !== String(received.crc64)) throw new OssError('InvalidCRC64')
  } catch (cause) {
    await call.state.blobs.discard(staged)
    throw cause
  }
  return received
}

/**
 * Runs `use`; when that is refused, the received bytes are removed. After any other failure it is unknown whether they
 * became an object: if not, the next start removes them.
 */
export async function discardOnRefusal<T>(
  call: Call,
  received: ReceivedBody,
  use: () => Promise<T>,
): Promise<T> {
  try {
    return await use()
  } catch (cause) {
    if (cause instanceof OssError) await call.state.blobs.discard(received.staged)
    throw cause
  }
}

/** A small body as text. @throws OssError MalformedXML when it is too large, InvalidDigest. */
export async function readText(call: Call): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of withLength(
    interruptible(call.body, call.signal),
    declaredLength(call),
    Infinity,
  )) {
    length += chunk.length
    if (length > MAX_DOCUMENT) throw new OssError('MalformedXML')
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  checkDigest(call, createHash('md5').update(body).digest())
  return body.toString('utf8')
}

/** A body that must be an XML document with this root. @throws OssError MalformedXML. */
export async function readXml(call: Call, root: string): Promise<XmlNode> {
  return parseDocument(await readText(call), root)
}

/** OSS lets blanks stand before a document (tests of ossutil). @throws OssError MalformedXML. */
export function parseDocument(text: string, root: string): XmlNode {
  try {
    return parseLenientXml(text.trimStart(), root)
  } catch {
    throw new OssError('MalformedXML')
  }
}

function declaredLength({ headers }: Call): number | undefined {
  const length = headers['content-length']
  if (length === undefined) return undefined
  if (!/^\d+$/.test(length)) throw new OssError('MissingContentLength')
  return Number(length)
}

const isChunked = ({ headers }: Call) =>
  headers['transfer-encoding']?.toLowerCase().includes('chunked') === true

function checkDigest({ headers }: Call, actual: Buffer): void {
  const claimed = headers['content-md5']
  if (claimed === undefined) return
  if (Buffer.from(claimed, 'base64').equals(actual)) return
  throw new OssError('InvalidDigest', { elements: { 'Content-MD5': claimed } })
}

async function* withLength(body: Bytes, declared: number | undefined, limit: number): Bytes {
  if (declared !== undefined && declared > limit) throw new OssError('EntityTooLarge')
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > limit) throw new OssError('EntityTooLarge')
    if (declared !== undefined && length > declared) throw new OssError('IncompleteBody')
    yield chunk
  }
  if (declared !== undefined && length < declared) throw new OssError('IncompleteBody')
}

/** The same bytes; the wait for the next of them ends when the signal aborts. @throws UnreadableBody. */
async function* interruptible(body: Bytes, signal: AbortSignal | undefined): Bytes {
  const iterator = body[Symbol.asyncIterator]()
  let giveUp = (_: unknown) => {}
  const interrupt = () => giveUp(signal?.reason)
  signal?.addEventListener('abort', interrupt)
  try {
    for (;;) {
      const { done, value } = await next()
      if (done) return
      yield value
    }
  } finally {
    signal?.removeEventListener('abort', interrupt)
    Promise.resolve(iterator.return?.()).catch(() => {})
  }

  async function next() {
    try {
      signal?.throwIfAborted()
      // Promise.race against one promise for the whole body would keep every chunk in memory until its end.
      return await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        giveUp = reject
        iterator.next().then(resolve, reject)
      })
    } catch (cause) {
      throw new UnreadableBody('the body broke off', { cause })
    }
  }
}
