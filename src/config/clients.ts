import type { Incoming, OssCredentials } from '../ports.ts'
import type { SessionPolicy } from '../translate/session-policy.ts'
import { stsSecretProblem } from './document-checks.ts'
import type { Document, OperationKind } from './document-schema.ts'
import { readSecret, type SettingName } from './environment.ts'
import type { Files } from './files.ts'
import { keyIdProblem, secretProblem } from './values.ts'

/** Who may sign requests, and what for. */
export type Client = {
  accessKeyId: string
  /** Each of them signs: two while clients change from one to the other. */
  secretAccessKeys: readonly string[]
  /** Names, and beginnings of names with a `*` after them; absent: all. */
  buckets?: readonly string[] | undefined
  /** Key prefixes; absent: all keys. */
  prefixes?: readonly string[] | undefined
  readOnly: boolean
  /** Where its buckets are that no mapping names; absent: the upstream of the environment. */
  upstream?: string | undefined
  /** The kinds of operations that it may do; absent: all, but with `prefixes` it changes nothing but objects. */
  operations?: readonly OperationKind[] | undefined
  /** Of one process: requests at a time, instead of `limits.perKey`, and in a second. */
  limits?: { inFlight?: number | undefined; rate?: number | undefined } | undefined
  /** Of a request that is signed with a short-lived key of the client's (`sts`), whose secret is then the only one. */
  session?: Session | undefined
}

/** A short-lived key that the gateway has given out for a client. */
export type Session = {
  accessKeyId: string
  /** As AssumeRole was told; undefined: of GetSessionToken. */
  name: string | undefined
  /** What it may do of all that its client may; undefined: all of it. */
  policy: SessionPolicy | undefined
  /** Who sends the request, for the policy's conditions. */
  peer: Incoming['peer']
}

/** What short-lived keys are made of. */
export type Sts = {
  /** The first makes new ones, each of them is good for those that there are. */
  secrets: readonly string[]
  /** Seconds. */
  maxDuration: number
}

/**
 * Who has not signed, where the settings forward such requests. The limits are the gateway's; within them OSS decides.
 * @returns undefined where they are refused. No key is empty, so that nobody can sign as this client.
 */
export function parseAnonymous({ anonymous, anonymousBuckets }: Document): Client | undefined {
  if (anonymous === 'deny') return undefined
  return { accessKeyId: '', secretAccessKeys: [], buckets: anonymousBuckets, readOnly: false }
}

/** The settings that clients' keys are read from, and where what is wrong with them is reported, without quoting one. */
export type KeySettings = {
  get(name: SettingName): string | undefined
  reported: ReadonlySet<SettingName>
  /** Absent where there are none: on Workers. */
  files: Files | undefined
  problems: string[]
}

/**
 * Who may use the gateway: `S3_ACCESS_KEY_ID`, or else whoever has the gateway's own key, and the document's clients.
 * @param oss the gateway's own key; absent where nobody else has it, since it comes and goes.
 * @returns all by id, and the first of them, `main`.
 */
export function parseClients(
  { get, reported, files, problems }: KeySettings,
  oss: OssCredentials | undefined,
  document: Document,
): { clients: ReadonlyMap<string, Client>; main: Client } {
  const id = get('S3_ACCESS_KEY_ID')
  const secret = get('S3_SECRET_ACCESS_KEY')
  if ((id === undefined) !== (secret === undefined)) {
    const missing = id === undefined ? 'S3_ACCESS_KEY_ID' : 'S3_SECRET_ACCESS_KEY'
    if (!reported.has(missing))
      problems.push(
        `${missing} is missing: clients sign with the pair; leave out both to let them use the OSS pair`,
      )
  }
  if (id === undefined && secret === undefined && oss === undefined && !reported.has('S3_ACCESS_KEY_ID'))
    problems.push(
      'S3_ACCESS_KEY_ID is missing: what clients sign with, and S3_SECRET_ACCESS_KEY: the key that the gateway gets for OSS is none that they could have',
    )
  const whyNot = {
    S3_ACCESS_KEY_ID: id === undefined ? undefined : keyIdProblem(id),
    S3_SECRET_ACCESS_KEY: secret === undefined ? undefined : secretProblem(secret),
  }
  for (const [name, why] of Object.entries(whyNot))
    if (why !== undefined) problems.push(`${name} is not right: ${why}`)
  const main: Client = {
    accessKeyId: id ?? oss?.accessKeyId ?? '',
    secretAccessKeys: [secret ?? oss?.accessKeySecret ?? ''],
    readOnly: false,
  }
  const clients = new Map([[main.accessKeyId, main]])
  for (const [i, client] of document.clients.entries()) {
    const { secretAccessKeyFile: file } = client
    const add = (why: string) => problems.push(`GATEWAY_CONFIG: clients.${i}.secretAccessKeyFile: ${why}`)
    const fromFile = file === undefined ? undefined : readSecrets(files, file, secretProblem, add)
    if (clients.has(client.accessKeyId))
      problems.push(
        `GATEWAY_CONFIG: clients: the accessKeyId ${client.accessKeyId} is there twice${client.accessKeyId === main.accessKeyId ? ' (it is that of the environment)' : ''}`,
      )
    clients.set(client.accessKeyId, clientOf(client, fromFile))
  }
  return { clients, main }
}

/** @param fromFile the secrets in its file, where it has one. */
function clientOf(
  { secretAccessKey, secretAccessKeys, secretAccessKeyFile, ...client }: Document['clients'][number],
  fromFile: readonly string[] | undefined,
): Client {
  return { ...client, secretAccessKeys: fromFile ?? secretAccessKeys ?? [secretAccessKey ?? ''] }
}

/** Where the document has `sts`, what it says of it. */
export function parseSts(
  { files, problems }: Pick<KeySettings, 'files' | 'problems'>,
  { sts }: Document,
): Sts | undefined {
  if (sts === undefined) return undefined
  const { secrets = [], secretsFile, maxDuration } = sts
  const add = (why: string) => problems.push(`GATEWAY_CONFIG: sts.secretsFile: ${why}`)
  const fromFile = secretsFile && readSecrets(files, secretsFile, stsSecretProblem, add)
  return { secrets: fromFile || secrets, maxDuration }
}

/**
 * Secrets from a file, a line each.
 * @param problemOf what is wrong with one.
 * @param add told what is wrong with them; it never quotes one.
 */
function readSecrets(
  files: Files | undefined,
  file: string,
  problemOf: (secret: string) => string | undefined,
  add: (why: string) => void,
): string[] {
  const { text, why } = readSecret(files, file)
  const lines = (text ?? '').split('\n').map((line) => line.trim())
  // An empty file holds an empty secret, which is said to be one.
  const secrets = text === undefined ? [] : lines.filter((line, i) => line !== '' || i === 0)
  const tooMany = secrets.length > 2 ? 'it has more than two lines: the new secret and the old' : undefined
  const problem = why ?? tooMany ?? secrets.map(problemOf).find((one) => one !== undefined)
  if (problem !== undefined) add(problem)
  return secrets
}
