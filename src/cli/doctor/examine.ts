import type { Config } from '../../config/index.ts'
import { openCredentials } from '../../node/credentials.ts'
import type { CredentialSource } from '../../oss/credentials/source.ts'
import type { OssCredentials } from '../../ports.ts'
import type { Arguments } from './arguments.ts'
import type { Answers, Facts, Question, Request, UpstreamFacts } from './check.ts'
import { measureCopies } from './copy-sizes.ts'
import { factsOf } from './facts.ts'
import type { Network } from './network.ts'
import { type OssVoice, openOssVoice } from './oss-voice.ts'
import { type Report, reportOf } from './report.ts'
import { type Asker, runSteps } from './run.ts'
import { openS3Voice, type S3Voice } from './s3-voice.ts'
import { removeScratch, Written } from './scratch.ts'
import { allSteps } from './steps.ts'
import { askIdentity } from './sts-voice.ts'

/** What doctor works with. */
export type DoctorPorts = { network: Network; now: () => number }

/**
 * Takes all steps, and removes what they have written.
 * @param signal ends it before the next step.
 * @throws UsageError; an Error where a package is missing.
 */
export async function examine(
  asked: Arguments,
  config: Config,
  { network, now }: DoctorPorts,
  signal: AbortSignal | undefined,
): Promise<{ report: Report; secrets: readonly string[] }> {
  const main = await keyOf(config.credentials)
  const keys = new Map<string | undefined, UpstreamFacts['key']>()
  for (const [name, { credentials }] of config.upstreams) keys.set(name, await keyOf(credentials))
  const facts = factsOf(asked, config, (name) => keys.get(name) ?? main, now())
  const written = new Written()
  const s3 = await openS3Voice(network, facts.client)
  const voices = new Map<string | undefined, OssVoice>()
  for (const { name, endpoint, key } of facts.upstreams)
    voices.set(name, await openOssVoice(network, endpoint, key as OssCredentials))
  const oss = (upstream: string | undefined) => voices.get(upstream) as OssVoice
  const results = await runSteps(
    allSteps(facts),
    facts,
    asker(facts, network, s3, oss, written, signal),
    now,
    signal,
  )
  for (const bucket of facts.buckets) {
    const removal = await removeScratch(bucket, written, {
      oss: (request) => oss(bucket.upstream)(request, bucket.region),
      gateway: (request) => s3(request, facts.gateway),
    })
    if (removal !== undefined) results.push(removal)
  }
  return { report: reportOf(facts, results), secrets: secretsOf(facts) }
}

async function keyOf(source: CredentialSource): Promise<UpstreamFacts['key']> {
  try {
    const opened = await openCredentials(source, () => {})
    opened.close()
    return await opened.current()
  } catch (error) {
    return { none: (error as Error).message }
  }
}

/** Puts questions to those they are of. */
function asker(
  facts: Facts,
  network: Network,
  s3: S3Voice,
  oss: (upstream: string | undefined) => OssVoice,
  written: Written,
  signal: AbortSignal | undefined,
): Asker {
  const regionOf = (upstream: string | undefined, name: string | undefined) =>
    facts.buckets.find((bucket) => bucket.upstream === upstream && bucket.bucket === name)?.region
  const askers: {
    [Of in Question['of']]: (
      question: Extract<Question, { of: Of }>,
      upstream: UpstreamFacts,
    ) => Promise<Answers[Of]>
  } = {
    name: ({ host }) => network.resolve(host),
    connection: ({ origin, name }) => network.connect(origin, name),
    page: ({ url, name }) => network.exchange({ method: 'GET', url, headers: {}, name }),
    // Of a body that is only announced nothing is stored.
    gateway: (question) =>
      question.announced === undefined
        ? written.during(asInOss(question), () => s3(question, question.at ?? facts.gateway))
        : s3(question, question.at ?? facts.gateway),
    oss: (question, { name }) =>
      written.during(question, () => oss(name)(question, regionOf(name, question.bucket))),
    copies: ({ bucket, kinds }, { name }) =>
      measureCopies(bucket, kinds, async (request) =>
        signal?.aborted
          ? { silence: 'stopped', code: '' }
          : written.during(request, () => oss(name)(request, bucket.region)),
      ),
    sts: (_, { endpoint, key }) => askIdentity(network, endpoint, key as OssCredentials),
  }
  /** A request of a client's by the names that OSS has. */
  function asInOss(request: Request): Request {
    const place = facts.buckets.find(({ name }) => name === request.bucket)
    if (place === undefined || request.key === undefined) return request
    return { ...request, bucket: place.bucket, key: place.prefix + request.key }
  }
  return <Of extends Question['of']>(question: Extract<Question, { of: Of }>, upstream: UpstreamFacts) =>
    (askers[question.of] as unknown as (...asked: [typeof question, UpstreamFacts]) => Promise<Answers[Of]>)(
      question,
      upstream,
    )
}

/** The keys that settings hold, that roles are assumed with among them. */
function keysOf(source: CredentialSource): OssCredentials[] {
  if (source.from === 'settings') return [source.key]
  if (source.from === 'assume-role') return keysOf(source.by)
  return source.from === 'profile' ? keysOf(source.is) : []
}

/** What must not be told, should others say it. */
function secretsOf({ upstreams, config: { clients, uploadIdSecret } }: Facts): string[] {
  const keys = upstreams.flatMap(({ key, credentials }) => [key, ...keysOf(credentials)])
  return [
    ...keys.flatMap((one) => ('none' in one ? [] : [one.accessKeySecret, one.securityToken ?? ''])),
    ...[...clients.values()].flatMap(({ secretAccessKeys }) => secretAccessKeys),
    uploadIdSecret,
  ].filter((secret) => secret !== '')
}
