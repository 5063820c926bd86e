import type { Client, Config, Sts } from '../config/index.ts'
import type { Incoming } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import { remember } from '../s3/remember.ts'
import { openSession, type SessionClaims } from '../s3/session-token.ts'
import type { SecretsOf } from '../s3/signature.ts'
import { parseSessionPolicy, type SessionPolicy } from '../translate/session-policy.ts'

/** Who signs a request; what verifies its signature asks for the secrets, and then it is known whose they are. */
export type Signer = { secretsOf: SecretsOf; client: () => Client }

/**
 * Finds the client whose key has signed: one of the settings, or, by the token that comes with a short-lived key, the one that
 * the key was given out for, as it is in the settings now.
 * @param now milliseconds since the epoch.
 */
export function signerOf(
  config: Pick<Config, 'clients' | 'sts'>,
  request: Pick<Incoming, 'peer'>,
  now: number,
): Signer {
  let found: Client | undefined
  return {
    secretsOf: (accessKeyId, token) => {
      found =
        token === undefined
          ? config.clients.get(accessKeyId)
          : clientOfToken(config, { token, accessKeyId, peer: request.peer }, now)
      return found?.secretAccessKeys
    },
    client: () => {
      if (found === undefined) throw new S3Error('InvalidAccessKeyId')
      return found
    },
  }
}

/** What a token is that was made with the secrets of the settings. */
type Known = { claims: SessionClaims; secretAccessKey: string; policy: SessionPolicy | undefined }

const MAX_KNOWN = 256
/** Of each gateway, by its settings, which never change: opening a token costs more than verifying a signature. */
const knownTokens = new WeakMap<object, Map<string, Known>>()

/** @throws S3Error InvalidToken. */
function open(config: Pick<Config, 'clients'>, sts: Sts, token: string, accessKeyId: string): Known {
  const { clients } = config
  const tokens = knownTokens.get(config) ?? new Map<string, Known>()
  knownTokens.set(config, tokens)
  const known = tokens.get(token)
  if (known?.claims.accessKeyId === accessKeyId) return known
  const opened = openSession(token, accessKeyId, sts.secrets, (id) => clients.get(id)?.secretAccessKeys)
  if (opened === undefined) throw new S3Error('InvalidToken')
  const { policy: text } = opened.claims
  const found = { ...opened, policy: text === undefined ? undefined : parseSessionPolicy(text) }
  // Tokens that this gateway has not given out never get here: strangers cannot fill the cache.
  remember(tokens, MAX_KNOWN, token, found)
  return found
}

/** @throws S3Error InvalidToken, ExpiredToken. */
function clientOfToken(
  config: Pick<Config, 'clients' | 'sts'>,
  { token, accessKeyId, peer }: { token: string; accessKeyId: string; peer: Incoming['peer'] },
  now: number,
): Client {
  const { clients, sts } = config
  if (sts === undefined) {
    throw new S3Error('InvalidToken', {
      message: 'This gateway gives out no session tokens: sign with a permanent access key.',
    })
  }
  const { claims, secretAccessKey, policy } = open(config, sts, token, accessKeyId)
  const parent = clients.get(claims.parent)
  if (parent === undefined) throw new S3Error('InvalidToken')
  if (claims.expires <= now) throw new S3Error('ExpiredToken')
  const session = { accessKeyId, name: claims.name, policy, peer }
  return { ...parent, secretAccessKeys: [secretAccessKey], session }
}
