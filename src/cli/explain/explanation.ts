import { isCopy } from '../../oss/headers.ts'
import { parseLenientXml, text } from '../../xml/index.ts'
import type { DryRunOss } from './dry-run-oss.ts'
import type { Side, Sides } from './facts.ts'
import type { OssRules } from './predict-refusal.ts'
import type { RecordedCall } from './recorded-call.ts'

/** What a copy is refused with. */
export type Refused = {
  code: string
  message: string
  /** Which of the two it is about, or the `request` itself. */
  about: Side | 'request'
  /** The further elements of S3's error document, such as `Key` and `Condition`. */
  elements: Record<string, string>
  /** What the gateway's log would say of a failure that is not the client's. */
  causes: readonly string[]
}

/** What a CopyObject would do, and why. */
export type Explanation = {
  /** How the copy is done; `refuse`: not at all. */
  plan: 'native' | 'parts' | 'relay' | 'refuse'
  /** In how many pieces. */
  parts: number
  why: string
  /** Those that the copy makes, in order; of parts, which are moved together, any order. */
  calls: readonly RecordedCall[]
  /** What the client is answered. */
  answer: { status: number; refused?: Refused }
  /** What only writing would show. */
  assumptions: readonly string[]
}

/** What an error document of S3's refuses. @param causes what the gateway's log says of it. */
export function refusedWith(document: string, causes: readonly string[]): Omit<Refused, 'about'> {
  const error = parseLenientXml(document, 'Error')
  const { Code: _, Message: __, RequestId: ___, HostId: ____, ...others } = error
  const elements = Object.fromEntries(Object.keys(others).map((name) => [name, text(error, name) ?? '']))
  return { code: text(error, 'Code') ?? '', message: text(error, 'Message') ?? '', elements, causes }
}

/** Which of the two a refusal is about: as it says itself, else as the call says that was refused, or looked. */
export function aboutOf(
  { elements }: Omit<Refused, 'about'>,
  { calls, refusal }: DryRunOss,
  { source, destination }: Sides,
  refuses: Side | undefined,
): Refused['about'] {
  const { Condition, ArgumentName, Header, BucketName, Key } = elements
  if (refuses !== undefined && calls.length === 0) return refuses
  if (Condition !== undefined) return Condition.startsWith(SOURCE) ? 'source' : 'destination'
  if (ArgumentName === SOURCE || ArgumentName === 'versionId') return 'source'
  const named = BucketName ?? Key
  const [from, to] = [source, destination].map((at) => (BucketName === undefined ? at.key : at.bucket))
  if (named !== undefined && from !== to) {
    if (named === from) return 'source'
    if (named === to) return 'destination'
  }
  if (refuses !== undefined && (calls.at(-1)?.status ?? 200) < 300) return refuses
  if (ArgumentName !== undefined || Header !== undefined) return 'request'
  return refusal()?.of ?? calls.at(-1)?.of ?? 'request'
}

const SOURCE = 'x-amz-copy-source'

/** How a copy is done, by the calls that it makes. */
export function planOf(
  calls: readonly RecordedCall[],
  { destination }: Sides,
): Pick<Explanation, 'plan' | 'parts'> {
  const writes = calls.filter(
    ({ method, bucket, key, query }) =>
      method === 'PUT' &&
      bucket === destination.bucket &&
      key === destination.key &&
      (query.size === 0 || query.has('partNumber')),
  )
  const streamed = writes.filter(({ headers }) => !isCopy(headers))
  if (streamed.length > 0) return { plan: 'relay', parts: streamed.length }
  const parts = writes.filter(({ query }) => query.has('partNumber'))
  return parts.length > 0 ? { plan: 'parts', parts: parts.length } : { plan: 'native', parts: 1 }
}

/** Why it is done so. @param isAcross whether the two are at two upstreams. */
export function whyOf({ calls, refusal }: DryRunOss, isAcross: boolean): string {
  if (isAcross) return 'the source is at another upstream: no key of OSS copies from the one to the other'
  const refused = refusal()
  if (refused !== undefined) return refused.why
  if (calls.some(({ method, headers }) => method === 'PUT' && isCopy(headers)))
    return 'nothing is known against one CopyObject'
  return 'the source is a symbolic link: a CopyObject would make another link of it'
}

/** What the explanation takes for granted. */
export function assumed(calls: readonly RecordedCall[], { copyLimit }: OssRules): string[] {
  const lines: string[] = []
  const has = (holds: (call: RecordedCall) => boolean) => calls.some(holds)
  const isRead = ({ method }: RecordedCall) => method === 'GET' || method === 'HEAD'
  if (has((call) => !isRead(call))) {
    lines.push(
      'OSS takes the writes at the first attempt, and soon: policies, retention, KMS, quotas and its load show only when something is written',
    )
  }
  if (calls.length > 0)
    lines.push(
      'the gateway has served both buckets before: to learn where a bucket is takes a call of its own',
    )
  if (has(({ headers, query }) => isCopy(headers) && query.size === 0)) {
    lines.push(
      copyLimit === undefined
        ? "one CopyObject has the limits of OSS's documents: 1 GiB where class or encryption change, else 5 GiB between buckets; OSS decides, and beyond its limit the copy goes on in parts"
        : `one CopyObject copies up to ${copyLimit} bytes (LOCAL_OSS_COPY_LIMIT)`,
    )
  }
  if (has((call) => isRead(call) && !call.made && call.method === 'GET')) {
    lines.push("the source's bytes can be read: none was read for this explanation")
  }
  return lines
}
