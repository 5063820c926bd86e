import { ossCrc64 } from '../oss/crc64.ts'
import { OssUnreachable } from '../oss/error.ts'
import type { Body, HeaderMap } from '../ports.ts'
import { attempt } from './attempt.ts'
import type { Copy } from './copy.ts'
import type { ByteRange } from './plan.ts'
import { payerOf, type SourceFacts } from './source.ts'
import type { Upload, UploadPorts } from './upload.ts'

type Source = Pick<Copy, 'source' | 'target' | 'signal'>

/**
 * Streams one range of the source into a part.
 * @returns OSS's headers of the part, its ETag among them.
 * @throws OssError, 412 when the source is another one by now; OssUnreachable when the bytes came out different.
 */
export function relayPart(
  ports: UploadPorts,
  copy: Source,
  facts: SourceFacts,
  { bucket, key, uploadId }: Upload,
  number: number,
  range: ByteRange,
): Promise<HeaderMap> {
  return relay(ports, copy, facts, range, (body, length, signal) =>
    ports.oss.send({
      method: 'PUT',
      bucket,
      key,
      query: { partNumber: String(number), uploadId },
      headers: { 'content-length': String(length), ...payerOf(copy.target) },
      body,
      signal,
    }),
  )
}

/**
 * Streams a whole, small source into one PutObject. OSS is told the source's CRC-64 where it is known,
 * and stores nothing that differs.
 * @param headers the destination's, complete.
 */
export function relayWhole(
  ports: UploadPorts,
  copy: Copy,
  facts: SourceFacts,
  headers: HeaderMap,
): Promise<HeaderMap> {
  const { bucket, key } = copy.destination
  const crc64: HeaderMap = facts.crc64 === undefined ? {} : { 'x-oss-hash-crc64ecma': facts.crc64 }
  return relay(ports, copy, facts, { first: 0, last: facts.size - 1 }, (body, length, signal) =>
    ports.oss.send({
      method: 'PUT',
      bucket,
      key,
      headers: { ...headers, ...crc64, 'content-length': String(length) },
      body,
      signal,
    }),
  )
}

type Put = (body: Body | Uint8Array, length: number, signal: AbortSignal) => Promise<{ headers: HeaderMap }>

function relay(
  ports: UploadPorts,
  copy: Source,
  facts: SourceFacts,
  range: ByteRange,
  put: Put,
): Promise<HeaderMap> {
  const length = range.last - range.first + 1
  return attempt(
    ports,
    copy.signal,
    async (signal) => {
      if (length === 0) return (await put(new Uint8Array(0), 0, signal)).headers
      const bytes = await readRange(ports, copy, facts, range, signal)
      const crc64 = ossCrc64()
      const { headers } = await put(observed(bytes, length, crc64.update), length, signal)
      const stored = headers['x-oss-hash-crc64ecma']
      if (stored !== undefined && stored !== crc64.decimal()) {
        throw new OssUnreachable(
          `OSS stored other bytes than were sent: CRC-64 ${stored} instead of ${crc64.decimal()}`,
        )
      }
      return headers
    },
    length,
  )
}

/** The bytes of a range of the source, pinned to the one that was looked at, from its own region. */
export async function readRange(
  { oss }: Pick<UploadPorts, 'oss'>,
  { source, target }: Source,
  facts: SourceFacts,
  { first, last }: ByteRange,
  signal: AbortSignal,
): Promise<Body> {
  const { body } = await oss.send({
    method: 'GET',
    bucket: source.bucket,
    key: source.key,
    query: { versionId: facts.versionId },
    headers: {
      range: `bytes=${first}-${last}`,
      'x-oss-range-behavior': 'standard',
      'if-match': facts.etag,
      'accept-encoding': 'identity',
      ...payerOf(target),
    },
    signal,
  })
  return body
}

/** Passes the bytes on, showing each to `see`; throws when there are not exactly as many as announced. */
async function* observed(
  body: Body,
  length: number,
  see: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  let left = length
  for await (const bytes of body) {
    left -= bytes.length
    if (left < 0) break
    see(bytes)
    yield bytes
  }
  if (left !== 0) throw new OssUnreachable('the source ended before its announced length, or after it')
}
