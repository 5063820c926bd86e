import { encodeStrictly } from '../bytes/percent.ts'
import {
  type Body,
  type Clock,
  type HeaderMap,
  headerMap,
  type OssResponse,
  type Sleep,
  type TimeLimit,
  type Transport,
} from '../ports.ts'
import { parseLenientXml, text, type XmlNode } from '../xml/index.ts'
import { type RewrittenList, type RowTables, rewriteRows } from '../xml/rows.ts'
import { type CallObserver, failedCall, operationOf } from './call-record.ts'
import { OssError, OssUnreachable, OssWebsitePage } from './error.ts'
import { type Endpoint, isRegionName, regionOfHost, regionOfLocation, urlBase } from './regions.ts'
import { isStream, type Repeat, repeating } from './retry.ts'
import { encodePath, type OssCredentials, signV4 } from './sign.ts'

/** One request to OSS. */
export type OssCall = {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  bucket?: string | undefined
  key?: string | undefined
  /** Decoded; a null value sends the bare name (a sub-resource), undefined nothing. */
  query?: Record<string, string | null | undefined> | undefined
  headers?: HeaderMap
  body?: Body | Uint8Array | undefined
  /** Overrides what is known of the bucket. */
  region?: string | undefined
  signal?: AbortSignal | undefined
  /** How long OSS may take to begin its response, where that is longer than for other calls. */
  answerTimeout?: TimeLimit | undefined
}

/** What the client works with. */
export type OssClientPorts = {
  transport: Transport
  clock: Clock
  endpoint: Endpoint
  /** Absent: requests are not signed, and OSS decides what anybody may. */
  credentials: OssCredentials | undefined
  /** What attempts are repeated with; absent: every call is made once. */
  sleep?: Sleep
  random?: () => number
}

/** Calls OSS: finds the host by the bucket's region, signs (or not), retries, and throws errors as {@link OssError}. */
export type OssClient = {
  /** @throws OssError for any status of 300 and above; OssUnreachable when no answer came. */
  send(call: OssCall): Promise<OssResponse>
  /**
   * Like `send`, with the body read as the document of that root. @throws OssUnreachable when it is none; OssWebsitePage.
   */
  sendForXml(call: OssCall, root: string): Promise<{ headers: HeaderMap; document: XmlNode }>
  /** Like `sendForXml`, for a list: its rows are rewritten into S3's by their tables (xml/rows.ts). */
  sendForList<Name extends string>(
    call: OssCall,
    root: string,
    tables: RowTables<Name>,
  ): Promise<{ headers: HeaderMap; document: RewrittenList<Name> }>
  learnRegion(bucket: string, region: string): void
  forgetRegion(bucket: string): void
  /** The same client without retries, for callers with their own. */
  once: OssClient
  /** The same client, whose calls an observer is told of. */
  observedBy(observer: CallObserver): OssClient
  /** The same for all clients made from one: what is known of OSS is kept by it. */
  identity: object
}

const MAX_KNOWN_BUCKETS = 10_000

/** "Invalid signing region in Authorization header": a host that serves all regions, or a bucket's own, names no endpoint. */
const WRONG_SIGNING_REGION = '0002-00000226'

/** The client of OSS: one for a gateway; it learns the regions of buckets. */
export function createOssClient(ports: OssClientPorts): OssClient {
  const { sleep, random } = ports
  const repeat = sleep === undefined || random === undefined ? makeOnce : repeating({ sleep, random })
  return clientOf(ports, { regions: new Map(), repeat }, repeat, undefined)
}

/** What all clients made from one share. */
type Shared = { regions: Map<string, string>; repeat: Repeat }

const makeOnce: Repeat = (_, attempt) => attempt()

function clientOf(
  ports: OssClientPorts,
  shared: Shared,
  repeat: Repeat,
  observer: CallObserver | undefined,
): OssClient {
  const { regions } = shared
  function learnRegion(bucket: string, region: string) {
    // The name becomes part of a host name, so it is checked although OSS has sent it.
    if (!isRegionName(region)) return
    if (regions.size >= MAX_KNOWN_BUCKETS) regions.clear()
    regions.set(bucket, region)
  }

  async function findRegion(bucket: string, signal: AbortSignal | undefined) {
    try {
      const { document } = await sendForXml(
        { method: 'GET', bucket, query: { location: null }, signal },
        'LocationConstraint',
      )
      learnRegion(bucket, regionOfLocation(text(document, '#text') ?? ''))
    } catch (error) {
      // Not allowed to ask: the endpoint's own region is the best guess.
      if (!(error instanceof OssError && error.code === 'AccessDenied')) throw error
    }
  }

  /** A streamed body cannot be sent twice, so its bucket's region is looked up before, once. A custom domain leads there by itself. */
  const needsRegion = ({ body, bucket, region }: OssCall) =>
    isStream(body) && !!bucket && !region && !regions.has(bucket) && !ports.endpoint.domains?.has(bucket)

  /** The region that OSS's refusal names; where it only says that the signature's is another, it is looked up. */
  async function actualRegion(
    { bucket, query, signal }: OssCall,
    error: unknown,
  ): Promise<string | undefined> {
    if (!(error instanceof OssError)) return undefined
    if (error.endpoint) return regionOfHost(error.endpoint)
    if (error.ec !== WRONG_SIGNING_REGION || !bucket || (query && 'location' in query)) return undefined
    await findRegion(bucket, signal).catch((hindrance) => {
      throw hindrance instanceof OssError && hindrance.code === 'NoSuchBucket' ? hindrance : error
    })
    return regions.get(bucket)
  }

  async function sendOnce(call: OssCall): Promise<OssResponse> {
    if (needsRegion(call)) await findRegion(call.bucket as string, call.signal)
    const region = call.region ?? (call.bucket && regions.get(call.bucket)) ?? ports.endpoint.region
    try {
      const response = await attempt(ports, call, region, observer)
      // Other regions answer some calls on a bucket, but none on an object.
      if (call.bucket && call.key && !regions.has(call.bucket)) learnRegion(call.bucket, region)
      return response
    } catch (error) {
      const actual = await actualRegion(call, error)
      if (!call.bucket || !actual || !isRegionName(actual) || actual === region) throw error
      learnRegion(call.bucket, actual)
      if (isStream(call.body)) {
        throw new OssUnreachable(`the bucket ${call.bucket} has moved to ${actual}`, { cause: error })
      }
      return attempt(ports, call, actual, observer)
    }
  }

  async function readOnce<Document>(call: OssCall, root: string, read: (bytes: Buffer) => Document) {
    const { headers, body } = await sendOnce(call)
    if (ports.credentials === undefined && !/xml/i.test(headers['content-type'] ?? 'xml')) {
      // Leaves the rest to the runtime.
      for await (const _ of body) break
      throw new OssWebsitePage()
    }
    const bytes = wholeOf(body) ?? joined(await piecesOf(body))
    try {
      return { headers, document: read(bytes) }
    } catch (cause) {
      // Something between here and OSS answered, or half an answer came: what OSS did is unknown.
      throw new OssUnreachable(`OSS's answer is no ${root}: ${(cause as Error).message}`, { cause })
    }
  }

  const onRetry = observer?.onRetry
  const send: OssClient['send'] = (call) => repeat(call, () => sendOnce(call), onRetry)
  // Repeated too where the response is not a complete document.
  const sendForXml: OssClient['sendForXml'] = (call, root) =>
    repeat(
      call,
      () => readOnce(call, root, (bytes) => parseLenientXml(bytes.toString('utf8'), root)),
      onRetry,
    )
  const sendForList: OssClient['sendForList'] = (call, root, tables) =>
    repeat(call, () => readOnce(call, root, (bytes) => rewriteRows(bytes, root, tables)), onRetry)
  let once: OssClient | undefined
  return {
    send,
    sendForXml,
    sendForList,
    learnRegion,
    forgetRegion: (bucket) => void regions.delete(bucket),
    get once() {
      once ??= clientOf(ports, shared, makeOnce, observer)
      return once
    },
    observedBy: (other) => clientOf(ports, shared, repeat, other),
    identity: shared,
  }
}

/** @throws OssError, OssUnreachable. */
function attempt(
  ports: OssClientPorts,
  call: OssCall,
  region: string,
  observer: CallObserver | undefined,
): Promise<OssResponse> {
  const began = observer === undefined ? 0 : ports.clock()
  const answer = sendTo(ports, call, region)
  if (observer === undefined) return answer
  return answer.then(
    (response) => {
      observer.onOssCall({
        operation: operationOf(call),
        status: response.status,
        began,
        time: ports.clock() - began,
        requestId: response.headers['x-oss-request-id'],
        errorCode: undefined,
        ec: undefined,
      })
      return response
    },
    (error) => {
      observer.onOssCall(failedCall(call, began, ports.clock() - began, error))
      throw error
    },
  )
}

/** @throws OssError, OssUnreachable. */
function sendTo(ports: OssClientPorts, call: OssCall, region: string): Promise<OssResponse> {
  const { method, bucket, key, body, signal, answerTimeout } = call
  const query = encodeQuery(call.query)
  const given = call.headers ?? {}
  const { credentials } = ports
  const headers =
    credentials === undefined
      ? headerMap(given)
      : signV4({ method, bucket, key, query, headers: given, region }, credentials, ports.clock())
  if (body instanceof Uint8Array) headers['content-length'] = String(body.length)
  const search = query.length === 0 ? '' : `?${query.join('&')}`
  const url = `${urlBase(ports.endpoint, region, call)}${encodePath(key ?? '')}${search}`
  const anonymous = credentials === undefined
  return ports.transport({ method, url, headers, body, signal, anonymous, answerTimeout }).then(
    (response) => {
      if (response.status >= 300) return refused(response)
      // From a proxy, say: taken for OSS's it would acknowledge a write that was not stored.
      if (response.headers['x-oss-request-id'] === undefined) return notFromOss(response)
      const isEmpty =
        method === 'HEAD' || response.status === 204 || response.headers['content-length'] === '0'
      return isEmpty && wholeOf(response.body) === undefined ? readToEnd(response) : response
    },
    (cause) => {
      throw new OssUnreachable(`no answer came from OSS: ${(cause as Error)?.message}`, { cause })
    },
  )
}

/** Reads an empty body to its end, which frees the connection. */
async function readToEnd(response: OssResponse): Promise<OssResponse> {
  await bytesOf(response.body)
  return response
}

async function notFromOss({ body }: OssResponse): Promise<never> {
  await bytesOf(body)
  throw new OssUnreachable(
    "no answer came from OSS: what answered has no x-oss-request-id, as all of OSS's do",
  )
}

async function refused(response: OssResponse): Promise<never> {
  const document = response.headers['x-oss-err']
  const body_ = await textOf(response.body)
  throw new OssError(
    response.status,
    response.headers,
    document === undefined ? body_ : decodeBase64(document),
  )
}

function encodeQuery(query: OssCall['query']): string[] {
  const encoded: string[] = []
  for (const name in query) {
    const value = query[name]
    if (value === undefined) continue
    encoded.push(value ? `${encodeStrictly(name)}=${encodeStrictly(value)}` : encodeStrictly(name))
  }
  return encoded
}

const decodeBase64 = (text: string) => Buffer.from(text, 'base64').toString('utf8')

/** Bytes; OSS's documents are smaller. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024

/** Reads a whole body as text. @throws OssUnreachable when it is cut short or larger than any document of OSS. */
export const textOf = async (body: Body): Promise<string> =>
  (wholeOf(body) ?? (await bytesOf(body))).toString('utf8')

function wholeOf(body: Body): Buffer | undefined {
  const whole = body.takeWhole?.()
  return whole === undefined || whole instanceof Buffer
    ? whole
    : Buffer.from(whole.buffer, whole.byteOffset, whole.length)
}

const bytesOf = async (body: Body) => joined(await piecesOf(body))

/** The pieces are taken out: a promise that is older than what it resolved with keeps that until V8's next full collection. */
const joined = (pieces: Uint8Array[]): Buffer => Buffer.concat(pieces.splice(0))

/** @throws OssUnreachable. */
async function piecesOf(body: Body): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of body) {
      size += chunk.length
      if (size > MAX_TEXT_BYTES) throw new Error(`OSS sent a document of over ${MAX_TEXT_BYTES} bytes`)
      chunks.push(chunk)
    }
  } catch (cause) {
    throw new OssUnreachable(`OSS's answer could not be read: ${(cause as Error).message}`, { cause })
  }
  return chunks
}
