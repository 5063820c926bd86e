import type { Credentials, HeaderMap, OssCredentials, OssResponse } from '../ports.ts'
import { parseLenientXml, text, type XmlNode } from '../xml/index.ts'
import { type RewrittenList, type RowTables, rewriteRows } from '../xml/rows.ts'
import { attempt } from './attempt.ts'
import type { OssCall, OssClientPorts } from './call.ts'
import { type CallObserver, reasonOf } from './call-record.ts'
import {
  errorCauses,
  failed,
  isKeyRefused,
  OssError,
  OssKeyUnaddressable,
  OssUnreachable,
  OssWebsitePage,
} from './error.ts'
import { joined, piecesOf, wholeOf } from './read-body.ts'
import { isRegionName, regionOfHost, regionOfLocation } from './regions.ts'
import { isStream, type Repeat, repeating } from './retry.ts'

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
  once(): OssClient
  /** The same client, whose calls an observer is told of. */
  observedBy(observer: CallObserver): OssClient
  /** The same for all clients made from one: what is known of OSS is kept by it. */
  identity: object
}

const MAX_KNOWN_BUCKETS = 10_000

const dotSegment = /(?:^|\/)\.\.?(?:\/|$)/

/** The client of OSS: one for a gateway; it learns the regions of buckets. */
export function createOssClient(ports: OssClientPorts): OssClient {
  const { sleep, random } = ports
  const repeat = sleep === undefined || random === undefined ? makeOnce : repeating({ sleep, random })
  return new Client({ ports, regions: new Map(), repeat }, repeat, undefined)
}

/** What all clients made from one share. */
type Shared = { ports: OssClientPorts; regions: Map<string, string>; repeat: Repeat }

const makeOnce: Repeat = (_, attempt) => attempt()

/** A class, since one is made for each request that is observed: as closures it would be a dozen objects. */
class Client implements OssClient {
  readonly identity: Shared
  readonly #repeat: Repeat
  readonly #observer: CallObserver | undefined

  constructor(shared: Shared, repeat: Repeat, observer: CallObserver | undefined) {
    this.identity = shared
    this.#repeat = repeat
    this.#observer = observer
  }

  send(call: OssCall): Promise<OssResponse> {
    return this.#repeat(call, () => this.#sendOnce(call), this.#observer)
  }

  // Repeated too where the response is not a complete document.
  sendForXml(call: OssCall, root: string) {
    const read = (bytes: Buffer) => parseLenientXml(bytes.toString('utf8'), root)
    return this.#repeat(call, () => this.#readOnce(call, root, read), this.#observer)
  }

  sendForList<Name extends string>(call: OssCall, root: string, tables: RowTables<Name>) {
    const read = (bytes: Buffer) => rewriteRows(bytes, root, tables)
    return this.#repeat(call, () => this.#readOnce(call, root, read), this.#observer)
  }

  learnRegion(bucket: string, region: string): void {
    const { regions } = this.identity
    // The name becomes part of a host name, so it is checked although OSS has sent it.
    if (!isRegionName(region)) return
    if (regions.size >= MAX_KNOWN_BUCKETS) regions.clear()
    regions.set(bucket, region)
  }

  forgetRegion(bucket: string): void {
    this.identity.regions.delete(bucket)
  }

  once(): OssClient {
    return new Client(this.identity, makeOnce, this.#observer)
  }

  observedBy(observer: CallObserver): OssClient {
    return new Client(this.identity, this.#repeat, observer)
  }

  async #findRegion(bucket: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      const { document } = await this.sendForXml(
        { method: 'GET', bucket, query: { location: null }, signal },
        'LocationConstraint',
      )
      this.learnRegion(bucket, regionOfLocation(text(document, '#text') ?? ''))
    } catch (error) {
      // Not allowed to ask: the endpoint's own region is the best guess.
      if (!(error instanceof OssError && error.code === 'AccessDenied')) throw error
    }
  }

  /** A streamed body cannot be sent twice, so its bucket's region is looked up before, once. A custom domain leads there by itself. */
  #needsRegion({ body, bucket, region }: OssCall): boolean {
    const { ports, regions } = this.identity
    return (
      isStream(body) && !!bucket && !region && !regions.has(bucket) && !ports.endpoint.domains?.has(bucket)
    )
  }

  /** The region that OSS's refusal names; where it only says that the signature's is another, it is looked up. */
  async #actualRegion({ bucket, query, signal }: OssCall, error: unknown): Promise<string | undefined> {
    if (!(error instanceof OssError)) return undefined
    if (error.endpoint) return regionOfHost(error.endpoint)
    // A host that serves all regions, or a bucket's own, names no endpoint.
    if (error.ec !== errorCauses.wrongSigningRegion || !bucket || (query && 'location' in query))
      return undefined
    await this.#findRegion(bucket, signal).catch((hindrance) => {
      throw hindrance instanceof OssError && hindrance.code === 'NoSuchBucket' ? hindrance : error
    })
    return this.identity.regions.get(bucket)
  }

  /** The region where the bucket is, if that is why OSS has refused. Rejects with that refusal where it is not. */
  async #movedTo(call: OssCall, region: string, error: unknown): Promise<string> {
    const actual = await this.#actualRegion(call, error)
    if (!call.bucket || !actual || !isRegionName(actual) || actual === region) throw error
    this.learnRegion(call.bucket, actual)
    if (isStream(call.body)) {
      throw new OssUnreachable(`the bucket ${call.bucket} has moved to ${actual}`, { cause: error })
    }
    return actual
  }

  /** Once more in the bucket's own region, and once with another key. */
  async #sendOnce(call: OssCall): Promise<OssResponse> {
    const { ports, regions } = this.identity
    if (ports.platform?.resolvesDots && dotSegment.test(call.key ?? '')) throw new OssKeyUnaddressable()
    if (this.#needsRegion(call)) await this.#findRegion(call.bucket as string, call.signal)
    const { credentials } = ports
    let region = call.region ?? (call.bucket && regions.get(call.bucket)) ?? ports.endpoint.region
    let [hasMoved, isRenewed] = [false, false]
    for (;;) {
      // Not awaited where it is there: that would be a promise more for each call.
      const current = credentials?.current()
      const key = current instanceof Promise ? await current : current
      try {
        const response = await attempt(ports, call, region, key, this.#observer)
        // Other regions answer some calls on a bucket, but none on an object.
        if (call.bucket && call.key && !regions.has(call.bucket)) this.learnRegion(call.bucket, region)
        return response
      } catch (error) {
        if (key !== undefined && credentials?.renew !== undefined && isKeyRefused(error)) {
          await renewKey(credentials.renew, key, error)
          if (isRenewed || isStream(call.body)) throw refusedKey('it has been renewed', error)
          isRenewed = true
          this.#observer?.onRetry(reasonOf(error))
        } else {
          if (hasMoved) throw error
          region = await this.#movedTo(call, region, error)
          hasMoved = true
        }
      }
    }
  }

  async #readOnce<Document>(call: OssCall, root: string, read: (bytes: Buffer) => Document) {
    const { headers, body } = await this.#sendOnce(call)
    if (this.identity.ports.credentials === undefined && !/xml/i.test(headers['content-type'] ?? 'xml')) {
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
}

/** What a key's refusal becomes where another attempt may succeed: OSS has done nothing. */
const refusedKey = (why: string, refusal: OssError) =>
  new OssUnreachable(`OSS refuses the gateway's key (${refusal.code}): ${why}`, {
    cause: failed(refusal, 'not-sent'),
  })

/** Gets another key than the one that OSS refuses. @throws OssUnreachable where there is none now. */
async function renewKey(
  renew: NonNullable<Credentials['renew']>,
  key: OssCredentials,
  refusal: OssError,
): Promise<void> {
  try {
    await renew(key)
  } catch (error) {
    throw refusedKey((error as Error).message, refusal)
  }
}
