import { ossCrc64 } from '../oss/checksum.ts'
import { OssUnreachable } from '../oss/error.ts'
import { addRange, crc64Of, expectCrc64 } from '../oss/headers.ts'
import { textOf } from '../oss/read-body.ts'
import { isOutcomeUnknown } from '../oss/retry.ts'
import type { Body, HeaderMap, OssResponse } from '../ports.ts'
import type { Copy } from './copy.ts'
import type { Upload, UploadPorts, Written } from './multipart-upload.ts'
import type { ByteRange } from './plan.ts'
import { withRetries } from './retry.ts'
import type { SourceFacts } from './source.ts'

type Source = Pick<Copy, 'source' | 'payer' | 'signal'>

/**
 * Streams one range of the source into a part.
 * @returns the part's ETag.
 * @throws OssError, 412 when the source is another one by now; OssUnreachable when the bytes came out different.
 */
export async function relayPart(
  ports: UploadPorts,
  copy: Source,
  facts: SourceFacts,
  { bucket, key, uploadId }: Upload,
  number: number,
  range: ByteRange,
): Promise<string> {
  const { etag } = await relay(ports, copy, facts, range, (body, length, signal) =>
    ports.oss.send({
      method: 'PUT',
      bucket,
      key,
      query: { partNumber: String(number), uploadId },
      headers: { 'content-length': String(length), ...copy.payer },
      body,
      signal,
    }),
  )
  return etag
}

/**
 * Streams a whole, small source into one PutObject. The source's CRC-64 is sent where it is known, and OSS refuses
 * bytes that differ.
 * @param headers the destination's, complete.
 * @param onOutcomeUnknown called when an attempt may have succeeded although its answer was lost.
 */
export function relayWhole(
  ports: UploadPorts,
  copy: Copy,
  facts: SourceFacts,
  headers: HeaderMap,
  onOutcomeUnknown: () => void,
): Promise<Written> {
  const { bucket, key } = copy.destination
  return relay(
    ports,
    copy,
    facts,
    { first: 0, last: facts.size - 1 },
    (body, length, signal) =>
      ports.oss.send({
        method: 'PUT',
        bucket,
        key,
        headers: { ...headers, ...expectCrc64(facts.crc64), 'content-length': String(length) },
        body,
        signal,
      }),
    onOutcomeUnknown,
  )
}

type Put = (body: Body | Uint8Array, length: number, signal: AbortSignal) => Promise<OssResponse>

function relay(
  ports: UploadPorts,
  copy: Source,
  facts: SourceFacts,
  range: ByteRange,
  put: Put,
  onOutcomeUnknown: () => void = () => {},
): Promise<Written> {
  const length = range.last - range.first + 1
  return withRetries(
    ports,
    copy.signal(),
    async (signal) => {
      const ended = new AbortController()
      const crc64 = ossCrc64()
      try {
        const bytes =
          length === 0
            ? new Uint8Array(0)
            : observed(
                await readRange(ports, copy, facts, range, AbortSignal.any([signal, ended.signal])),
                length,
                crc64.update,
              )
        return await stored(put(bytes, length, signal), crc64.decimal).catch((error) => {
          if (isOutcomeUnknown(error)) onOutcomeUnknown()
          throw error
        })
      } finally {
        // A source that was not read to its end would keep its connection.
        ended.abort()
      }
    },
    length,
  )
}

/** @throws OssUnreachable when the answer is not OSS's, or OSS has stored other bytes than were sent. */
async function stored(answer: Promise<OssResponse>, sent: () => string): Promise<Written> {
  const { headers, body } = await answer
  await textOf(body)
  const { etag } = headers
  const crc64 = crc64Of(headers) ?? sent()
  if (!etag) throw new OssUnreachable('OSS stored bytes without an ETag')
  if (crc64 !== sent()) {
    throw new OssUnreachable(`OSS stored other bytes than were sent: CRC-64 ${crc64} instead of ${sent()}`)
  }
  return { etag, headers }
}

/**
 * The bytes of a range of the source, pinned to the one that was looked at, from its own region.
 * @throws OssError, 412 when the source is another one by now; OssUnreachable when what comes is not that range.
 */
export async function readRange(
  { sourceOss }: Pick<UploadPorts, 'sourceOss'>,
  { source, payer }: Source,
  facts: SourceFacts,
  { first, last }: ByteRange,
  signal: AbortSignal,
): Promise<Body> {
  const { headers, body } = await sourceOss.send({
    method: 'GET',
    bucket: source.bucket,
    key: source.key,
    query: { versionId: facts.versionId },
    headers: addRange(
      { 'if-match': facts.etag, 'accept-encoding': 'identity', ...payer },
      `bytes=${first}-${last}`,
    ),
    signal,
  })
  // Anything between here and OSS may have answered, or ignored the range.
  const isAsked = headers['content-range'] === `bytes ${first}-${last}/${facts.size}`
  if (headers.etag === facts.etag && isAsked) return body
  throw new OssUnreachable('the answer is not the range of the source that was asked for')
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
