import { createGateway } from '../../app.ts'
import { encodeStrictly } from '../../bytes/percent.ts'
import type { Client, Config, Upstream } from '../../config/index.ts'
import type { Ports } from '../../gateway.ts'
import { createUpstreams } from '../../middleware/upstreams.ts'
import { authorize } from '../../operations/authorize.ts'
import { ossKey, placeOf } from '../../operations/mapping.ts'
import { OssError } from '../../oss/error.ts'
import { textOf } from '../../oss/read-body.ts'
import { encodePath } from '../../oss/sign.ts'
import { type HeaderMap, headerMap, type Incoming, type Reply } from '../../ports.ts'
import { parseCopySource } from '../../s3/copy-source.ts'
import { validateBucket } from '../../s3/request.ts'
import { signSigV4 } from '../../s3/sigv4-sign.ts'
import { createDryRunOss } from './dry-run-oss.ts'
import { aboutOf, assumed, type Explanation, planOf, refusedWith, whyOf } from './explanation.ts'
import { type Address, factsOf, type Side, type Sides } from './facts.ts'
import type { OssRules } from './predict-refusal.ts'

/** A CopyObject as a client asks for it. */
export type AskedCopy = {
  client: Client
  source: Address
  destination: Address
  /** What the client sends besides, in S3's names. */
  headers: HeaderMap
}

/**
 * What a CopyObject would do: the gateway itself answers it, on an OSS that reads but does not write.
 * @param ports the gateway's. Only GET and HEAD reach the transport, and none that reads an object's bytes.
 */
export async function explainCopy(ports: Ports, asked: AskedCopy, rules: OssRules): Promise<Explanation> {
  const { config, clock, transport: real } = ports
  const { document } = config
  const upstreams = createUpstreams({ ...ports, observer: undefined })
  const { refuses, named, from, to, ...between } = addresses(asked, config)
  const facts = factsOf(
    { source: upstreams.of(from).own, destination: upstreams.of(to).own },
    between.source,
    between.destination,
  )
  const domains = new Map([from, to].flatMap((name) => [...(endpointOf(config, name).domains ?? [])]))
  const hosts = { source: endpointOf(config, from).host, destination: endpointOf(config, to).host }
  const dry = createDryRunOss({ real, facts, clock, rules, domains, hosts }, between)
  const causes: string[] = []
  const gateway = createGateway({
    ...ports,
    // Nobody waits for the answer: it need not begin before its end.
    config: { ...config, document: { ...document, copy: { ...document.copy, keepAliveAfter: 0 } } },
    transport: dry.transport,
    log: (event, logged) => {
      if (event === 'request failed') causes.push(...(logged.causes as string[]))
    },
  })
  const assumptions: string[] = []
  // A name that cannot be a bucket's must not become one of a host.
  if (refuses === undefined) {
    const infos = await facts.ofBuckets()
    for (const [side, upstream] of [
      ['source', from],
      ['destination', to],
    ] as const) {
      const { bucket } = between[side]
      const info = infos[side]
      const oss = upstream === undefined ? gateway.oss : gateway.upstreams.get(upstream)
      // A gateway that has served a bucket knows where it is.
      if (!(info instanceof OssError)) oss?.learnRegion(bucket, info.region)
      else if (info.code === 'AccessDenied' && (side === 'source' || between.source.bucket !== bucket))
        assumptions.push(`${bucket} is in the same region as the other bucket: GetBucketInfo is not allowed`)
    }
  }
  const { status, body } = await gateway.answer(incoming(asked, clock()))
  const { calls } = dry
  assumptions.push(...assumed(calls, rules))
  if (status < 300)
    return { ...planOf(calls, between), why: whyOf(dry, from !== to), calls, answer: { status }, assumptions }
  const refused = refusedWith(await documentOf(body), causes)
  const about = aboutOf(refused, dry, named, refuses)
  const own =
    calls.length === 0 ? 'the gateway asks OSS nothing' : 'what OSS has told the gateway is against it'
  const why = dry.refusal()?.why ?? own
  return {
    plan: 'refuse',
    parts: 0,
    why,
    calls,
    answer: { status, refused: { ...refused, about } },
    assumptions,
  }
}

/** The two addresses as OSS has them, and as the client names them. */
type Addresses = Sides & {
  named: Sides
  /** The upstreams of the source and of the destination. */
  from: string | undefined
  to: string | undefined
  /** The one that the gateway does not take. */
  refuses: Side | undefined
}

function addresses({ client, source, destination }: AskedCopy, config: Config): Addresses {
  const given = { source, destination, named: { source, destination }, from: undefined, to: undefined }
  const at = ({ bucket, key, versionId }: Address) => {
    const mapped = placeOf(config, client, bucket)
    return { address: { bucket: mapped.bucket, key: ossKey({ mapped }, key), versionId }, mapped }
  }
  let written: ReturnType<typeof at>
  try {
    validateBucket(destination.bucket)
    written = at(destination)
    authorize(client, 'write', destination.bucket, destination.key)
  } catch {
    return { ...given, refuses: 'destination' }
  }
  try {
    const parsed = parseCopySource(copySourceOf(source), config.document.accessPoints)
    const read = at(parsed)
    authorize(client, 'read', parsed.bucket, parsed.key)
    return {
      source: read.address,
      destination: written.address,
      named: { source: parsed, destination },
      from: read.mapped.upstream,
      to: written.mapped.upstream,
      refuses: undefined,
    }
  } catch {
    return { ...given, refuses: 'source' }
  }
}

const endpointOf = (config: Config, upstream: string | undefined) =>
  upstream === undefined ? config.endpoint : (config.upstreams.get(upstream) as Upstream).endpoint

const copySourceOf = ({ bucket, key, versionId }: Address) =>
  `${encodeStrictly(bucket)}/${encodeStrictly(key)}${versionId === undefined ? '' : `?versionId=${encodeStrictly(versionId)}`}`

/** The request as it would come off the wire. */
function incoming({ client, source, destination, headers }: AskedCopy, now: number): Incoming {
  const path = `/${encodeStrictly(destination.bucket)}/${encodePath(destination.key)}`
  const sent = headerMap({ ...headers, host: 'localhost', 'x-amz-copy-source': copySourceOf(source) })
  const never = new AbortController()
  const [secretAccessKey = ''] = client.secretAccessKeys
  const key = { accessKeyId: client.accessKeyId, secretAccessKey }
  return {
    method: 'PUT',
    target: path,
    headers: signSigV4({ method: 'PUT', path, headers: sent }, key, now),
    body: nothing(),
    signal: () => never.signal,
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function documentOf(body: Reply['body']): Promise<string> {
  if (body === undefined || typeof body === 'string') return body ?? ''
  return body instanceof Uint8Array ? Buffer.from(body).toString() : textOf(body)
}
