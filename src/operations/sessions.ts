import type { Client, Config } from '../config/index.ts'
import type { Incoming } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import { openSession } from '../s3/session-token.ts'
import type { SecretsOf } from '../s3/signature.ts'
import { parseSessionPolicy } from '../translate/session-policy.ts'

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

/** @throws S3Error InvalidToken, ExpiredToken. */
function clientOfToken(
  { clients, sts }: Pick<Config, 'clients' | 'sts'>,
  { token, accessKeyId, peer }: { token: string; accessKeyId: string; peer: Incoming['peer'] },
  now: number,
): Client {
  if (sts === undefined) {
    throw new S3Error('InvalidToken', {
      message: 'This gateway gives out no session tokens: sign with a permanent access key.',
    })
  }
  const opened = openSession(token, accessKeyId, sts.secrets, (id) => clients.get(id)?.secretAccessKeys)
  if (opened === undefined) throw new S3Error('InvalidToken')
  const { claims, secretAccessKey } = opened
  const parent = clients.get(claims.parent)
  if (parent === undefined) throw new S3Error('InvalidToken')
  if (claims.expires <= now) throw new S3Error('ExpiredToken')
  const policy = claims.policy === undefined ? undefined : parseSessionPolicy(claims.policy)
  const session = { accessKeyId, name: claims.name, policy, peer }
  return { ...parent, secretAccessKeys: [secretAccessKey], session }
}
