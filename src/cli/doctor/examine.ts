import type { Client, Config } from '../../config/index.ts'
import { openCredentials } from '../../node/credentials.ts'
import type { OssCredentials } from '../../ports.ts'
import type { Arguments } from './arguments.ts'
import type { Answers, Facts, Question } from './check.ts'
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
  const key = await keyOf(config)
  const facts = factsOf(asked, config, key, now())
  const written = new Written()
  const s3 = await openS3Voice(network, [...config.clients.values()][0] as Client)
  const oss = await openOssVoice(network, facts.oss ?? config.endpoint, key as OssCredentials)
  const results = await runSteps(allSteps(facts), facts, asker(facts, network, s3, oss, written), now, signal)
  for (const bucket of facts.buckets) {
    const removal = await removeScratch(bucket, written, (request) => oss(request, bucket.region))
    if (removal !== undefined) results.push(removal)
  }
  return { report: reportOf(facts, results), secrets: secretsOf(facts) }
}

async function keyOf({ credentials }: Config): Promise<Facts['key']> {
  try {
    const opened = await openCredentials(credentials, () => {})
    opened.close()
    return await opened.current()
  } catch (error) {
    return { none: (error as Error).message }
  }
}

/** Puts questions to those they are of. */
function asker(facts: Facts, network: Network, s3: S3Voice, oss: OssVoice, written: Written): Asker {
  const regionOf = (name: string | undefined) => facts.buckets.find((bucket) => bucket.name === name)?.region
  const askers: {
    [Of in Question['of']]: (question: Extract<Question, { of: Of }>) => Promise<Answers[Of]>
  } = {
    name: ({ host }) => network.resolve(host),
    connection: ({ origin, name }) => network.connect(origin, name),
    page: ({ url, name }) => network.exchange({ method: 'GET', url, headers: {}, name }),
    // Of a body that is only announced nothing is stored.
    gateway: (question) =>
      question.announced === undefined
        ? written.during(question, () => s3(question, question.at ?? facts.gateway))
        : s3(question, question.at ?? facts.gateway),
    oss: (question) => written.during(question, () => oss(question, regionOf(question.bucket))),
    sts: () => askIdentity(network, facts.config.endpoint, facts.key as OssCredentials),
  }
  return <Of extends Question['of']>(question: Extract<Question, { of: Of }>) =>
    (askers[question.of] as unknown as (asked: typeof question) => Promise<Answers[Of]>)(question)
}

/** What must not be told, should others say it. */
function secretsOf({ key, config: { credentials, clients, uploadIdSecret } }: Facts): string[] {
  const keys = [key, ...(credentials.from === 'settings' ? [credentials.key] : [])]
  return [
    ...keys.flatMap((one) => ('none' in one ? [] : [one.accessKeySecret, one.securityToken ?? ''])),
    ...[...clients.values()].flatMap(({ secretAccessKeys }) => secretAccessKeys),
    uploadIdSecret,
  ].filter((secret) => secret !== '')
}
