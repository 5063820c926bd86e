import type { Client, Sts } from '../../config/index.ts'
import { type SessionClaims, sealSession } from '../../s3/session-token.ts'
import { iso } from '../../s3/signature.ts'
import { parseSessionPolicy } from '../../translate/session-policy.ts'
import type { XmlTree } from '../../xml/index.ts'
import { invalid, StsError } from './error.ts'

/** Who asks for what. */
export type StsCall = {
  client: Client
  /** Of the client's secrets the one that has signed. */
  secret: string
  parameters: ReadonlyMap<string, string>
  sts: Sts
  /** Milliseconds since the epoch. */
  now: number
  /** The id of a key that nobody has. */
  newKeyId: () => string
}

/** What is answered, and of a short-lived key what may be told of it. */
export type StsResult = { result: XmlTree; issued?: { accessKeyId: string; name: string | undefined } }

/** An action of STS with the parameters that it takes; those of AWS's that are not among them are refused. */
type Action = { takes: readonly string[]; perform: (call: StsCall) => StsResult }

/** The account that all clients are in: the gateway has no others. */
const ACCOUNT = '000000000000'
const roleOf = ({ accessKeyId }: Client) => `arn:aws:iam::${ACCOUNT}:role/${accessKeyId}`
const userOf = ({ accessKeyId }: Client) => `arn:aws:iam::${ACCOUNT}:user/${accessKeyId}`
const sessionOf = ({ accessKeyId }: Client, name: string) =>
  `arn:aws:sts::${ACCOUNT}:assumed-role/${accessKeyId}/${name}`

/** Seconds: what AWS makes keys valid for at least, where the request says nothing, and at most. */
const durations = {
  AssumeRole: { least: 900, usual: 3600, most: 43_200 },
  GetSessionToken: { least: 900, usual: 43_200, most: 129_600 },
}

/** Characters of the parameter, and bytes of what of it is kept. */
const MAX_POLICY = 2048

/** The actions that the gateway serves (https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html). */
export const actions: Readonly<Record<string, Action>> = {
  AssumeRole: { takes: ['RoleArn', 'RoleSessionName', 'Policy', 'DurationSeconds'], perform: assumeRole },
  GetSessionToken: { takes: ['DurationSeconds'], perform: getSessionToken },
  GetCallerIdentity: { takes: [], perform: getCallerIdentity },
}

/**
 * AssumeRole. A client has one role, which is named as its access key and may what it may; with a policy, less.
 * @throws StsError; S3Error MalformedPolicy.
 */
function assumeRole(call: StsCall): StsResult {
  const { client, parameters } = call
  requirePermanent(client, 'sts:AssumeRole')
  const arn = required(parameters, 'RoleArn')
  if (arn !== roleOf(client)) {
    if (!arn.startsWith(roleOf({ ...client, accessKeyId: '' }))) {
      throw invalid(`RoleArn must be ${roleOf(client)}: a client has one role, named as its access key`)
    }
    throw denied(client, `sts:AssumeRole on resource: ${arn}`)
  }
  const name = required(parameters, 'RoleSessionName')
  if (!/^[\w+=,.@-]{2,64}$/.test(name)) {
    throw unsatisfied('roleSessionName', name, 'Member must have 2 to 64 characters of [\\w+=,.@-]')
  }
  const policy = packedPolicy(parameters.get('Policy'))
  const { accessKeyId } = client
  const credentials = issue(call, 'AssumeRole', { name, policy })
  return {
    result: {
      AssumedRoleUser: { Arn: sessionOf(client, name), AssumedRoleId: `${accessKeyId}:${name}` },
      Credentials: credentials,
      PackedPolicySize: policy === undefined ? undefined : packedSize(policy),
    },
    issued: { accessKeyId: credentials.AccessKeyId, name },
  }
}

/** GetSessionToken: a key that may what its client may; AWS's takes no policy. @throws StsError. */
function getSessionToken(call: StsCall): StsResult {
  requirePermanent(call.client, 'sts:GetSessionToken')
  const credentials = issue(call, 'GetSessionToken', { name: undefined, policy: undefined })
  return {
    result: { Credentials: credentials },
    issued: { accessKeyId: credentials.AccessKeyId, name: undefined },
  }
}

/** GetCallerIdentity, which needs no permission. */
function getCallerIdentity({ client }: StsCall): StsResult {
  const { accessKeyId, session } = client
  const name = session?.name
  return {
    result: {
      Arn: name === undefined ? userOf(client) : sessionOf(client, name),
      UserId: name === undefined ? accessKeyId : `${accessKeyId}:${name}`,
      Account: ACCOUNT,
    },
  }
}

/** A new key as STS's documents have it. */
function issue(
  { client, secret, parameters, sts, now, newKeyId }: StsCall,
  action: keyof typeof durations,
  told: Pick<SessionClaims, 'name' | 'policy'>,
) {
  const seconds = durationOf(parameters.get('DurationSeconds'), action, sts)
  const expires = (Math.floor(now / 1000) + seconds) * 1000
  const claims = { accessKeyId: newKeyId(), parent: client.accessKeyId, expires, ...told }
  const key = sealSession(claims, sts.secrets[0] as string, secret)
  return {
    AccessKeyId: key.accessKeyId,
    SecretAccessKey: key.secretAccessKey,
    SessionToken: key.sessionToken,
    Expiration: iso(expires),
  }
}

/** @returns seconds. @throws StsError ValidationError. */
function durationOf(text: string | undefined, action: keyof typeof durations, { maxDuration }: Sts): number {
  const { least, usual, most } = durations[action]
  if (text === undefined) return Math.min(usual, maxDuration)
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(seconds >= least && seconds <= most)) {
    throw unsatisfied('durationSeconds', text, `Member must be a whole number from ${least} to ${most}`)
  }
  if (seconds > maxDuration) {
    throw invalid(
      `The requested DurationSeconds exceeds the ${maxDuration} seconds of this gateway's settings.`,
    )
  }
  return seconds
}

/** A policy as it is kept, without blanks. @throws StsError ValidationError, PackedPolicyTooLarge; S3Error MalformedPolicy. */
function packedPolicy(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the characters that AWS takes.
  if (text.length < 1 || text.length > MAX_POLICY || !/^[\x09\x0a\x0d\x20-\xff]*$/.test(text)) {
    throw invalid(`Policy must have 1 to ${MAX_POLICY} characters, of the blanks and [\\u0020-\\u00FF]`)
  }
  parseSessionPolicy(text)
  const packed = JSON.stringify(JSON.parse(text))
  if (packedSize(packed) > 100) {
    throw new StsError(
      'PackedPolicyTooLarge',
      `Packed policy consumes ${packedSize(packed)}% of allotted space`,
    )
  }
  return packed
}

/** Percent of the room for it. */
const packedSize = (policy: string) => Math.ceil((Buffer.byteLength(policy) / MAX_POLICY) * 100)

/** @throws StsError AccessDenied: no key that ends gives out another, which would end later. */
function requirePermanent(client: Client, action: string): void {
  if (client.session !== undefined) throw denied(client, `${action} with session credentials`)
}

const denied = (client: Client, what: string) =>
  new StsError(
    'AccessDenied',
    `User: ${client.session?.name === undefined ? userOf(client) : sessionOf(client, client.session.name)} is not authorized to perform: ${what}`,
    403,
  )

/** @throws StsError ValidationError. */
function required(parameters: ReadonlyMap<string, string>, name: string): string {
  const value = parameters.get(name)
  if (value !== undefined) return value
  const member = `${name[0]?.toLowerCase()}${name.slice(1)}`
  throw invalid(
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  )
}

const unsatisfied = (member: string, value: string, constraint: string) =>
  invalid(
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`,
  )
