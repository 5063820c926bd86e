import type { OssCredentials } from '../oss/sign.ts'
import type { Document, OperationKind } from './document-schema.ts'
import type { SettingName } from './environment.ts'
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
  /** The kinds of operations that it may do; absent: all, but with `prefixes` it changes nothing but objects. */
  operations?: readonly OperationKind[] | undefined
  /** Of one process: requests at a time, instead of `limits.perKey`, and in a second. */
  limits?: { inFlight?: number | undefined; rate?: number | undefined } | undefined
}

/**
 * Who has not signed, where the settings forward such requests. The limits are the gateway's; within them OSS decides.
 * @returns undefined where they are refused. No key is empty, so that nobody can sign as this client.
 */
export function parseAnonymous({ anonymous, anonymousBuckets }: Document): Client | undefined {
  if (anonymous === 'deny') return undefined
  return { accessKeyId: '', secretAccessKeys: [], buckets: anonymousBuckets, readOnly: false }
}

/** The settings that keys are read from, and where what is wrong with them is reported, without quoting one. */
export type KeySettings = {
  get(name: SettingName): string | undefined
  reported: ReadonlySet<SettingName>
  problems: string[]
}

/** The gateway's own key at OSS. Adds to `problems` what is missing or wrong. */
export function parseOssCredentials({ get, reported, problems }: KeySettings): OssCredentials {
  const read = (name: SettingName, what: string, wrong: (text: string) => string | undefined) => {
    const text = get(name)
    const why = text === undefined ? undefined : wrong(text)
    if (text === undefined && !reported.has(name)) problems.push(`${name} is missing: ${what}`)
    if (why !== undefined) problems.push(`${name} is not right: ${why}`)
    return text ?? ''
  }
  const id = read('OSS_ACCESS_KEY_ID', "the gateway's own key at OSS", ossKeyIdProblem)
  const accessKeySecret = read('OSS_ACCESS_KEY_SECRET', 'the secret of that key', secretProblem)
  const temporary = id.startsWith('STS.') || get('OSS_SESSION_TOKEN') !== undefined
  if (!temporary) return { accessKeyId: id, accessKeySecret }
  const securityToken = read('OSS_SESSION_TOKEN', 'a temporary key (STS.…) needs its token', secretProblem)
  return { accessKeyId: id, accessKeySecret, securityToken }
}

const ossKeyIdProblem = (id: string) =>
  /^(?:AKIA|ASIA)[A-Z0-9]{16}$/.test(id)
    ? "that is a key of AWS's, and OSS needs one of its own"
    : keyIdProblem(id)

/**
 * Who may use the gateway: `S3_ACCESS_KEY_ID`, or else whoever has the gateway's own key, and the document's clients.
 * @returns all by id, and the first of them, `main`.
 */
export function parseClients(
  { get, reported, problems }: KeySettings,
  oss: OssCredentials,
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
  const whyNot = {
    S3_ACCESS_KEY_ID: id === undefined ? undefined : keyIdProblem(id),
    S3_SECRET_ACCESS_KEY: secret === undefined ? undefined : secretProblem(secret),
  }
  for (const [name, why] of Object.entries(whyNot))
    if (why !== undefined) problems.push(`${name} is not right: ${why}`)
  const main: Client = {
    accessKeyId: id ?? oss.accessKeyId,
    secretAccessKeys: [secret ?? oss.accessKeySecret],
    readOnly: false,
  }
  const clients = new Map([[main.accessKeyId, main]])
  for (const client of document.clients) {
    if (clients.has(client.accessKeyId))
      problems.push(
        `GATEWAY_CONFIG: clients: the accessKeyId ${client.accessKeyId} is there twice${client.accessKeyId === main.accessKeyId ? ' (it is that of the environment)' : ''}`,
      )
    clients.set(client.accessKeyId, clientOf(client))
  }
  return { clients, main }
}

function clientOf({ secretAccessKey, secretAccessKeys, ...client }: Document['clients'][number]): Client {
  return { ...client, secretAccessKeys: secretAccessKeys ?? [secretAccessKey ?? ''] }
}
