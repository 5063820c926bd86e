import { createHmac } from 'node:crypto'
import { equalSignatures } from './signature.ts'

/** What a session token says. Its holder can read it, and change nothing in it. */
export type SessionClaims = {
  /** The short-lived key's id. */
  accessKeyId: string
  /** The access key id of the client that it was given out for. */
  parent: string
  /** When it ends, in milliseconds since the epoch. */
  expires: number
  name: string | undefined
  /** JSON; undefined: it narrows nothing. */
  policy: string | undefined
}

/** A short-lived key. */
export type SessionKey = { accessKeyId: string; secretAccessKey: string; sessionToken: string }

/** Characters; the longest that is made has some 6,000. */
const MAX_TOKEN = 8192
/** As long as AWS's secrets. */
const SECRET_LENGTH = 40

/**
 * The key that some claims are about. Its token is `<claims>.<tag>`, both base64url: the claims as JSON, and their HMAC. Its
 * secret is another HMAC of the claims, which nobody can compute who has not both of the secrets.
 * @param secret the gateways' own.
 * @param parentSecret the client's, so that what was given out ends with it.
 */
export function sealSession(claims: SessionClaims, secret: string, parentSecret: string): SessionKey {
  const { accessKeyId, parent, expires, name, policy } = claims
  const text = JSON.stringify([accessKeyId, parent, expires, name ?? null, policy ?? null])
  const payload = Buffer.from(text).toString('base64url')
  return {
    accessKeyId,
    secretAccessKey: secretOf(payload, secret, parentSecret),
    sessionToken: `${payload}.${tagOf(payload, secret, parentSecret)}`,
  }
}

/**
 * What a token says, and the secret of its key.
 * @param accessKeyId with which it was sent: it is no other key's.
 * @param secrets the gateways' own.
 * @param parentSecretsOf a client's secrets by its access key id; undefined where there is none.
 * @returns undefined for a token that was not made with these secrets. Whether it has expired is the caller's to see.
 */
export function openSession(
  token: string,
  accessKeyId: string,
  secrets: readonly string[],
  parentSecretsOf: (parent: string) => readonly string[] | undefined,
): { claims: SessionClaims; secretAccessKey: string } | undefined {
  const [, payload = '', tag = ''] = /^([\w-]+)\.([\w-]{43})$/.exec(token.slice(0, MAX_TOKEN + 1)) ?? []
  const claims = token.length > MAX_TOKEN ? undefined : readClaims(payload)
  if (claims?.accessKeyId !== accessKeyId) return undefined
  for (const parentSecret of parentSecretsOf(claims.parent) ?? []) {
    for (const secret of secrets) {
      // The text, not its bytes: base64 has several texts for some.
      if (equalSignatures(tagOf(payload, secret, parentSecret), tag)) {
        return { claims, secretAccessKey: secretOf(payload, secret, parentSecret) }
      }
    }
  }
  return undefined
}

/** What claims these are, if they are in their form: nothing yet says by whom. */
function readClaims(payload: string): SessionClaims | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    if (!Array.isArray(claims)) return undefined
    const [accessKeyId, parent, expires, name, policy] = claims
    const areTexts = [accessKeyId, parent, name ?? '', policy ?? ''].every((one) => typeof one === 'string')
    if (!areTexts || typeof expires !== 'number') return undefined
    return { accessKeyId, parent, expires, name: name ?? undefined, policy: policy ?? undefined }
  } catch {
    return undefined
  }
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** A key for one use, so that what serves the one is of no use for the other. */
const derived = (use: 'tag' | 'secret', secret: string, parentSecret: string) =>
  hmac(hmac(secret, `s3-oss-gateway session ${use}`), parentSecret)

const tagOf = (payload: string, secret: string, parentSecret: string) =>
  hmac(derived('tag', secret, parentSecret), payload).toString('base64url')

const secretOf = (payload: string, secret: string, parentSecret: string) =>
  hmac(derived('secret', secret, parentSecret), payload)
    .toString('base64')
    .slice(0, SECRET_LENGTH)
