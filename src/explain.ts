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
  const facts = await readSource(reading, copy, request.signal)
  const [from, to] = await Promise.all(
    [copy.source, copy.destination].map(({ bucket }) => getBucketInfo(reading, bucket)),
  )
  const [refusal, why] = expectedRefusal(copy, facts, from?.region === to?.region, copyLimit)
  const calls: string[] = []
  const oss = createOssClient({
    transport: dryTransport(transport, refusal, calls),
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

/** Answers every write itself, as OSS would, and writes down every call. */
function dryTransport(real: Transport, refusal: Refusal | undefined, calls: string[]): Transport {
  let written = false
  return async (request) => {
    calls.push(describe(request))
    const { method, headers, url } = request
    if (method === 'HEAD' && written)
      return answer(200, { etag: '"0"', 'last-modified': new Date(0).toUTCString() })
    if (method === 'GET' && 'range' in headers) return answer(206, {})
    if (method === 'GET' || method === 'HEAD') return real(request)
    if ('x-oss-copy-source' in headers && !url.includes('partNumber=')) {
      if (refusal !== undefined) return refused(refusal)
      return answer(200, {}, '<CopyObjectResult><ETag>"0"</ETag></CopyObjectResult>')
    }
    if ('x-oss-copy-source' in headers)
      return answer(200, {}, '<CopyPartResult><ETag>"0"</ETag></CopyPartResult>')
    if (/[?&]uploads$/.test(url))
      return answer(
        200,
        {},
        '<InitiateMultipartUploadResult><UploadId>UPLOAD-ID</UploadId></InitiateMultipartUploadResult>',
      )
    written = method === 'POST' || !url.includes('partNumber=')
    return answer(200, { etag: '"0"' }, '<CompleteMultipartUploadResult/>')
  }
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
  headers,
  body: bytes(text),
})

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  if (text !== '') yield new TextEncoder().encode(text)
}

const unsaid = new Set([
  'authorization',
  'x-oss-date',
  'x-oss-content-sha256',
  'x-oss-security-token',
  'content-length',
])

function describe({ method, url, headers }: OssRequest): string {
  const said = Object.entries(headers).filter(([name]) => !unsaid.has(name))
  return [`${method} ${url}`, ...said.map(([name, value]) => `     ${name}: ${value}`)].join('\n')
}
