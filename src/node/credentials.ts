import { randomUUID } from 'node:crypto'
import { createCredentials, type SourceCredentials } from '../oss/credentials/create.ts'
import { type CredentialSource, isFixed } from '../oss/credentials/source.ts'
import type { Ask, Clock, Credentials, Log } from '../ports.ts'
import { ask } from '../runtime/ask.ts'
import { nodeFiles } from './files.ts'
import { nodePorts } from './ports.ts'

/** Milliseconds between two looks whether the key is to be renewed: a timer for an hour does not run while a machine sleeps. */
const LOOK_INTERVAL = 1_000

/** Credentials whose key is renewed ahead of time, until they are closed. */
export type OpenCredentials = Credentials & Pick<SourceCredentials, 'status'> & { close(): void }

/**
 * The credentials of a source, with a key in hand.
 * @param ports what asks over the network, and the clock. Default: fetch, and this machine's.
 * @throws Error that says why there is no key, without a secret.
 */
export async function openCredentials(
  source: CredentialSource,
  log: Log,
  ports: { ask?: Ask; clock?: Clock } = {},
): Promise<OpenCredentials> {
  const credentials: SourceCredentials = createCredentials(source, {
    ask,
    clock: nodePorts.clock,
    ...ports,
    readFile: nodeFiles.read,
    newId: randomUUID,
    log,
    shares: nodePorts.platform.requestsWait,
  })
  if (isFixed(source)) return { ...credentials, close: () => {} }
  await credentials.current()
  const looking = setInterval(() => void credentials.renewIfDue(), LOOK_INTERVAL)
  looking.unref()
  return { ...credentials, close: () => clearInterval(looking) }
}
