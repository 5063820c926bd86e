import { OssError } from '../../oss/error.ts'
import { isCopy } from '../../oss/headers.ts'
import { textOf } from '../../oss/read-body.ts'
import type { Endpoint } from '../../oss/regions.ts'
import type { Body, Clock, HeaderMap, OssRequest, OssResponse, Transport } from '../../ports.ts'
import { isStoredChecksum } from '../../translate/stored-checksum.ts'
import { renderXml, type XmlTree } from '../../xml/index.ts'
import type { Address, Facts, Side, Sides } from './facts.ts'
import { copyRefusal, type OssRules, objectRefusal, type Refusal, writeRefusal } from './predict-refusal.ts'
import {
  asksForBytes,
  purposeOf,
  type RecordedCall,
  reportedHeaders,
  type Target,
  targetOf,
} from './recorded-call.ts'

/** Placeholders for what only OSS, or the object's bytes, could give. */
const UPLOAD_ID = 'UPLOAD-ID'
const VERSION_ID = 'VERSION-ID'
const COMPUTED = '(computed from the bytes)'

/** OSS for a dry run of one copy. */
export type DryRunOss = {
  /** Passes reads on, answers writes as OSS is expected to, and moves no byte of an object. */
  transport: Transport
  /** Every call so far, in order. */
  calls: readonly RecordedCall[]
  /** The last refusal that was expected of OSS. */
  refusal(): Refusal | undefined
}

type Ports = {
  real: Transport
  facts: Facts
  clock: Clock
  rules: OssRules
  /** The custom domains of buckets. */
  domains: Endpoint['domains']
  /** Where the two are asked for. */
  hosts: Record<Side, string>
}

/** OSS as it would answer one copy, without anything being written. */
export function createDryRunOss(
  { real, facts, clock, rules, domains, hosts }: Ports,
  { source, destination }: Sides,
): DryRunOss {
  const calls: RecordedCall[] = []
  /** The headers of OSS's answer to a HEAD of the source. */
  let sourceHead: HeaderMap = {}
  /** The headers it would answer to a HEAD of each object written so far. */
  const written = new Map<string, HeaderMap>()
  const aborted = new Set<string>()
  let refusal: Refusal | undefined
  let computed = false

  const transport: Transport = async (request) => {
    const { method, url } = request
    const target = targetOf(url, [destination.bucket, source.bucket], domains)
    const headers = reportedHeaders(request)
    for (const name in headers) if (computed && isStoredChecksum(name)) headers[name] = COMPUTED
    const result = isVersion(target, source) ? undefined : written.get(nameOf(target))
    const of = sideOf(target, result !== undefined, new URL(url).host)
    const why = purposeOf(method, target, headers, of, result !== undefined)
    const call: RecordedCall = { method, url, ...target, headers, why, made: false, status: 0 }
    if (of !== undefined) call.of = of
    calls.push(call)
    if (method !== 'GET' && method !== 'HEAD') return expected(call, await answerWrite(request, target))
    if (of === 'source' && asksForBytes(method, target)) return expected(call, await answerBytes(request))
    if (result !== undefined && method === 'HEAD') return expected(call, answer(200, result))
    return pass(call, request)
  }

  /** A call that is not made, with the answer that is expected to it. */
  function expected(call: RecordedCall, answered: Answer): OssResponse {
    call.status = answered.response.status
    const { refused } = answered
    if (refused !== undefined) {
      refusal = refused
      call.code = refused.code
      call.of = refused.of
    }
    return answered.response
  }

  async function pass(call: RecordedCall, request: OssRequest): Promise<OssResponse> {
    call.made = true
    const response = await real(request)
    call.status = response.status
    if (response.status >= 300) {
      const text = await textOf(response.body)
      call.code = new OssError(response.status, response.headers, refusalText(response.headers, text)).code
      return { ...response, body: bytesOf(text) }
    }
    if (call.method === 'HEAD' && call.of === 'source') sourceHead = response.headers
    return response
  }

  async function answerWrite({ method, headers }: OssRequest, target: Target): Promise<Answer> {
    const { query } = target
    const copies = isCopy(headers)
    const uploadId = query.get('uploadId')
    if (method === 'DELETE') {
      if (uploadId !== undefined && aborted.has(uploadId))
        return answer(404, {}, { Error: { Code: 'NoSuchUpload' } })
      if (uploadId === undefined) written.delete(nameOf(target))
      else aborted.add(uploadId)
      return answer(204)
    }
    if (query.has('partNumber')) {
      const etag = `"PART-${query.get('partNumber')}"`
      return answer(200, { etag }, copies ? { CopyPartResult: { ETag: etag } } : undefined)
    }
    if (copies) {
      const refused = copyRefusal(headers, await facts.ofCopy(headers), rules)
      return refused === undefined ? write(target, headers, 'CopyObjectResult') : refusedBy(refused)
    }
    // The lock of the destination, which nobody else has.
    if (query.has('append')) return answer(200, await versionHeaders())
    const isWhole = query.size === 0
    if (!isWhole && uploadId === undefined && !query.has('uploads')) return answer(200)
    if (nameOf(target) === nameOf(destination)) {
      const refused = writeRefusal(headers, await facts.ofDestination(headers))
      if (refused !== undefined) return refusedBy(refused)
    }
    if (query.has('uploads'))
      return answer(200, {}, { InitiateMultipartUploadResult: { UploadId: UPLOAD_ID } })
    return write(target, headers, isWhole ? undefined : 'CompleteMultipartUploadResult')
  }

  async function write(target: Target, headers: HeaderMap, root: string | undefined): Promise<Answer> {
    const object = await facts.ofSource(headers)
    const seen = object instanceof OssError ? { etag: '"0"', size: 0 } : object
    const { etag = seen.etag, 'content-length': size = String(seen.size) } = sourceHead
    const time = new Date(clock())
    const resultHeaders = { etag, ...(await versionHeaders()) }
    const described = { 'content-length': size, 'last-modified': time.toUTCString() }
    written.set(nameOf(target), { ...headers, ...resultHeaders, ...described })
    const result = { LastModified: time.toISOString(), ETag: etag }
    return answer(200, resultHeaders, root === undefined ? undefined : { [root]: result })
  }

  /** Of what is written to the destination's bucket. */
  async function versionHeaders(): Promise<HeaderMap> {
    const versioning = await facts.versioning()
    if (versioning === undefined) return {}
    return { 'x-oss-version-id': versioning === 'Enabled' ? VERSION_ID : 'null' }
  }

  async function answerBytes({ headers }: OssRequest): Promise<Answer> {
    const object = await facts.ofSource(headers)
    const refused = object instanceof OssError ? undefined : objectRefusal({}, object)
    if (refused !== undefined) return refusedBy(refused)
    const { etag = '', 'content-length': size } = sourceHead
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
    const { response } = answer(206, { etag, 'content-range': `bytes ${first}-${last}/${size}` })
    // A relay sends them on unread; a checksum computed from these zeros is replaced in the calls.
    const body = zeros(Number(last) - Number(first) + 1, () => {
      computed = true
    })
    return { response: { ...response, body } }
  }

  /** Before it is written, a copy onto itself concerns its source; of one bucket it is the destination's. */
  function sideOf({ bucket, key }: Target, isWritten: boolean, host: string): Side | undefined {
    const is = (at: Address) => at.bucket === bucket && (key === '' || at.key === key)
    // Two upstreams may have buckets of one name.
    const isAt = (side: Side) => host === hosts[side] || host.endsWith(`.${hosts[side]}`)
    if (isAt('source') !== isAt('destination') && is(source) && is(destination))
      return isAt('source') ? 'source' : 'destination'
    if (is(source) && !(is(destination) && (isWritten || key === ''))) return 'source'
    return is(destination) ? 'destination' : undefined
  }

  return { transport, calls, refusal: () => refusal }
}

const nameOf = ({ bucket, key }: { bucket: string; key: string }) => `${bucket}/${key}`

const isVersion = (target: Target, { versionId, ...source }: Address) =>
  versionId !== undefined && target.query.get('versionId') === versionId && nameOf(target) === nameOf(source)

type Answer = { response: OssResponse; refused?: Refusal }

function answer(status: number, headers: HeaderMap = {}, document?: XmlTree): Answer {
  const [root] = Object.keys(document ?? {})
  const text = document === undefined || root === undefined ? '' : renderXml(root, document[root] as XmlTree)
  return { response: { status, headers: { 'x-oss-request-id': 'explain', ...headers }, body: bytesOf(text) } }
}

function refusedBy(refused: Refusal): Answer {
  const { status, code, message, ec, bucketName } = refused
  const document = { Error: { Code: code, Message: message, EC: ec, BucketName: bucketName } }
  return { ...answer(status, {}, status === 304 ? undefined : document), refused }
}

/** The document of a refusal: of a HEAD it is a header. */
const refusalText = (headers: HeaderMap, text: string) =>
  headers['x-oss-err'] === undefined ? text : Buffer.from(headers['x-oss-err'], 'base64').toString('utf8')

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  if (text !== '') yield Buffer.from(text)
}

const ZEROS = new Uint8Array(1024 ** 2)

async function* zeros(length: number, onRead: () => void): Body {
  onRead()
  for (let left = length; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, left)
}
