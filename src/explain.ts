import type { Copy } from './copy/copy.ts'
import { type Plan, planCopy } from './copy/plan.ts'
import type { Refusal } from './copy/refusal.ts'
import { performCopy } from './copy/run.ts'
import { readSource, type SourceFacts } from './copy/source.ts'
import { parseCopy } from './operations/copy.ts'
import { copyPorts } from './operations/copy-ports.ts'
import type { Context, ObjectRequest } from './operations/operation.ts'
import { getBucketInfo } from './oss/bucket-info.ts'
import { createOssClient } from './oss/client.ts'
import type { HeaderMap, OssRequest, OssResponse, Transport } from './ports.ts'
import { renderXml } from './xml.ts'

const GiB = 1024 ** 3
// https://www.alibabacloud.com/help/doc-detail/31979.htm (2025-12-23); OSS itself decides, and may differ.
const LIMIT_CHANGING_FORM = GiB
const LIMIT_BETWEEN_BUCKETS = 5 * GiB

export type Explanation = { plan: Plan; why: string; calls: readonly string[] }

/**
 * What a CopyObject would do: the engine itself runs, on a transport that reads but does not write.
 * @param transport the real one; only GET and HEAD reach it, and none that reads an object's bytes.
 * @param copyLimit the embedded OSS's, where that is what answers.
 * @throws S3Error, OssError as the copy itself would.
 */
export async function explainCopy(
  context: Omit<Context, 'oss'>,
  transport: Transport,
  request: ObjectRequest,
  copyLimit: number | undefined,
): Promise<Explanation> {
  const { endpoint, credentials } = context.config
  const reading = createOssClient({ transport, clock: context.clock, endpoint, credentials })
  const copy = await parseCopy(request, { ...context, oss: reading })
  const facts = await readSource(reading, copy, request.signal())
  const [from, to] = await Promise.all(
    [copy.source, copy.destination].map(({ bucket }) => getBucketInfo(reading, bucket)),
  )
  const [refusal, why] = expectedRefusal(copy, facts, from?.region === to?.region, copyLimit)
  const calls: string[] = []
  const oss = createOssClient({
    transport: dryTransport(transport, refusal, facts, calls),
    clock: context.clock,
    endpoint,
    credentials,
  })
  for (const [info, { bucket }] of [
    [from, copy.source],
    [to, copy.destination],
  ] as const) {
    if (info !== undefined) oss.learnRegion(bucket, info.region)
  }
  if (copy.checksum !== undefined)
    calls.push(`GET the source once, to compute ${copy.checksum.header} (unless it is kept with it)`)
  const ports = copyPorts({ ...context, oss })
  const plan = planCopy(ports.settings, refusal, facts)
  // Only the plan's own refusal may stop the rehearsal: it is what is explained.
  if (plan.kind !== 'refuse') await performCopy(ports, { ...copy, checksum: undefined }, () => {})
  return { plan, why, calls }
}

function expectedRefusal(
  copy: Copy,
  facts: SourceFacts,
  sameRegion: boolean,
  copyLimit: number | undefined,
): [Refusal | undefined, why: string] {
  const { source, destination, target } = copy
  if (!sameRegion)
    return ['crossRegion', 'source and destination are in different regions, and OSS copies within one']
  if (facts.type === 'Appendable')
    return ['appendable', 'the source is an appendable object, which OSS does not copy']
  const changesForm = 'x-oss-storage-class' in target || 'x-oss-server-side-encryption' in target
  const sameBucket = source.bucket === destination.bucket
  const limit =
    copyLimit ??
    (changesForm ? LIMIT_CHANGING_FORM : sameBucket ? Number.POSITIVE_INFINITY : LIMIT_BETWEEN_BUCKETS)
  if (facts.size > limit) {
    return [
      'oversize',
      `the source has ${facts.size} bytes, and OSS is expected to refuse more than ${limit} in one CopyObject`,
    ]
  }
  return [undefined, `nothing is known against it: ${facts.size} bytes, same region, type ${facts.type}`]
}

/** Answers every write itself, as OSS would, and writes down every call. No byte of an object is moved. */
function dryTransport(
  real: Transport,
  refusal: Refusal | undefined,
  facts: SourceFacts,
  calls: string[],
): Transport {
  const { etag, size, headers: described } = facts
  let written = false
  return async (request) => {
    calls.push(describe(request, written))
    const { method, headers, url } = request
    const ofPart = url.includes('partNumber=')
    if (method === 'HEAD' && written) return answer(200, described)
    if (method === 'GET' && headers.range !== undefined) {
      return answer(206, { etag, 'content-range': `${headers.range.replace('=', ' ')}/${size}` })
    }
    if (method === 'GET' || method === 'HEAD') return real(request)
    if (headers['x-oss-copy-source'] !== undefined && !ofPart && refusal !== undefined)
      return refused(refusal)
    written ||= !ofPart && !/[?&]uploads$/.test(url)
    return answer(200, { etag }, resultOf(request, etag))
  }
}

/** The document OSS would answer a write with. */
function resultOf({ method, headers, url }: OssRequest, etag: string): string {
  if (/[?&]uploads$/.test(url)) return renderXml('InitiateMultipartUploadResult', { UploadId: 'UPLOAD-ID' })
  if (method === 'POST') return renderXml('CompleteMultipartUploadResult', { ETag: etag })
  if (headers['x-oss-copy-source'] === undefined) return ''
  return renderXml(url.includes('partNumber=') ? 'CopyPartResult' : 'CopyObjectResult', { ETag: etag })
}

function refused(refusal: Refusal): OssResponse {
  const [status, code, ec] =
    refusal === 'oversize'
      ? [400, 'EntityTooLarge', '']
      : refusal === 'crossRegion'
        ? [403, 'AccessDenied', '0016-00000306']
        : [400, 'OperationNotSupported', '']
  return answer(status, {}, `<Error><Code>${code}</Code><EC>${ec}</EC></Error>`)
}

const answer = (status: number, headers: HeaderMap, text = ''): OssResponse => ({
  status,
  headers: { 'x-oss-request-id': 'explain', ...headers },
  body: bytes(text),
})

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  if (text !== '') yield new TextEncoder().encode(text)
}

/** Why each kind of call is made. */
function reasonOf({ method, url, headers }: OssRequest, written: boolean): string {
  const [path = '', query = ''] = url.split('?')
  const part = /(?:^|&)partNumber=(\d+)/.exec(query)?.[1]
  const copies = headers['x-oss-copy-source'] !== undefined
  if (method === 'HEAD')
    return written
      ? "the result's time and ETag"
      : `what ${path} is: size, metadata, the ETag to pin the copy to`
  if (part !== undefined)
    return copies ? `part ${part}, moved by OSS` : `part ${part}, streamed by the gateway`
  if (method === 'PUT')
    return copies ? 'the whole copy in one call' : 'the whole object, streamed by the gateway'
  if (method === 'POST')
    return query === 'uploads' ? 'begins an upload with all that the copy is to have' : 'completes the upload'
  if (query.startsWith('tagging')) return "the source's tags, which only a CopyObject takes along"
  if (query.startsWith('uploads'))
    return 'the uploads there are, so that one whose id got lost can be told and aborted'
  return headers.range === undefined ? 'what the bucket is' : "the source's bytes, pinned to its ETag"
}

const unsaid = new Set([
  'authorization',
  'x-oss-date',
  'x-oss-content-sha256',
  'x-oss-security-token',
  'content-length',
])

function describe(request: OssRequest, written: boolean): string {
  const said = Object.entries(request.headers).filter(([name]) => !unsaid.has(name))
  return [
    `${request.method} ${request.url}`,
    `     (${reasonOf(request, written)})`,
    ...said.map(([name, value]) => `     ${name}: ${value}`),
  ].join('\n')
}
