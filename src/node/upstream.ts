import { bucketsByDomain } from '../config/bucket-domains.ts'
import type { Config } from '../config/index.ts'
import { createLocalOss, type LocalOss } from '../local-oss/index.ts'
import { type Body, type HeaderMap, headerMap, type Log, type Transport } from '../ports.ts'
import { decodeHeader, encodeHeader } from './header-text.ts'
import { ossTransport } from './oss-transport.ts'

export { isLocalOssDirectory } from '../local-oss/index.ts'

/** The OSS that the settings name, real or embedded, and what closes its connections or its store. */
export type Upstream = {
  transport: Transport
  /** The same OSS with other timeouts, for settings that are read again. Its connections close by themselves when idle. */
  renewed(timeouts: Config['document']['timeouts']['oss']): Transport
  close: () => Promise<void>
  localOss: LocalOss | undefined
}

/**
 * Opens the OSS that the settings name.
 * @param log told of what keeps the embedded OSS from storing or giving back what it should.
 * @param options `lifecycle`: whether the embedded OSS deletes and moves what its lifecycle rules say.
 * @throws Error when the embedded OSS's folder is in use, has an unknown format, or cannot be written.
 */
export async function openUpstream(
  { localOss: embedded, endpoint, document }: Config,
  log: Log = () => {},
  { lifecycle = true }: { lifecycle?: boolean } = {},
): Promise<Upstream> {
  if (embedded === undefined) {
    return { ...ossTransport(document.timeouts.oss), localOss: undefined }
  }
  const { directory, copyLimit, restoreTime, day, key } = embedded
  const localOss = await createLocalOss({
    directory,
    copyLimit,
    restoreDelay: restoreTime * 1000,
    day: day * 1000,
    lifecycle,
    cnames: bucketsByDomain(endpoint),
    onProblem: ({ kind, message }) =>
      log('the embedded OSS has a problem with its store', { kind, why: message }),
    credentials: key,
  })
  const transport = withTextHeaders(localOss.transport as Transport)
  return {
    transport,
    renewed: () => transport,
    close: () => localOss.close(),
    localOss,
  }
}

/** A transport whose header values are text, over one whose values have a character for each byte (Latin-1). */
export function withTextHeaders(transport: Transport): Transport {
  return async (request) => {
    const { body } = request
    const sent = body === undefined || body instanceof Uint8Array ? undefined : counted(body, request.headers)
    const response = await transport({
      ...request,
      headers: mapValues(request.headers, encodeHeader),
      ...(sent === undefined ? {} : { body: sent.body }),
    })
    if (response.status < 300 && sent?.isRead() === false) {
      throw new Error('a success came before the request was out')
    }
    return { ...response, headers: mapValues(response.headers, decodeHeader) }
  }
}

/**
 * A streamed body, and whether all of it has been read. Unlike `SentBody` of oss-dispatch.ts it counts a piece as it is
 * handed over: in process nothing waits to be written, and the last piece may be the last that is asked for.
 */
function counted(body: Body, { 'content-length': length }: HeaderMap) {
  let left = length === undefined ? Number.POSITIVE_INFINITY : Number(length)
  async function* read(): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      left -= piece.length
      yield piece
    }
    if (length === undefined) left = 0
  }
  return { body: read(), isRead: () => left <= 0 }
}

function mapValues(headers: HeaderMap, change: (value: string) => string): HeaderMap {
  const changed = headerMap()
  for (const name in headers) changed[name] = change(headers[name] as string)
  return changed
}
