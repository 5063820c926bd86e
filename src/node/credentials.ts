import { randomUUID } from 'node:crypto'
import type { Config } from '../config/index.ts'
import { createCredentials, type SourceCredentials } from '../oss/credentials/create.ts'
import { machineSources } from '../oss/credentials/machine.ts'
import { type CredentialSource, isFixed } from '../oss/credentials/source.ts'
import type { Ask, Clock, Credentials, Log } from '../ports.ts'
import { ask } from '../runtime/ask.ts'
import { nodeFiles } from './files.ts'
import { nodePorts } from './ports.ts'

/** Milliseconds between two looks whether the key is to be renewed: a timer for an hour does not run while a machine sleeps. */
const LOOK_INTERVAL = 1_000

/** Credentials whose key is renewed ahead of time, until they are closed. */
export type OpenCredentials = Credentials & Pick<SourceCredentials, 'status'> & { close(): void }

/** The credentials of all upstreams: of that of the environment, and of the others by name. */
export type UpstreamCredentials = { credentials: OpenCredentials; upstreams: Map<string, OpenCredentials> }

/**
 * The credentials of all upstreams of the settings. Where another upstream than that of the environment has no key now,
 * the log says so, and it is asked for again when it is needed: the others serve without it.
 * @param kept those that earlier settings had opened, to go on with where their source is the same.
 * @throws Error that says why there is no key for the upstream of the environment.
 */
export async function openAllCredentials(
  config: Pick<Config, 'credentials' | 'upstreams'>,
  log: Log,
  kept: (source: CredentialSource, name: string | undefined) => OpenCredentials | undefined = () => undefined,
): Promise<UpstreamCredentials> {
  const credentials = kept(config.credentials, undefined) ?? (await openCredentials(config.credentials, log))
  const upstreams = new Map<string, OpenCredentials>()
  for (const [name, { credentials: source }] of config.upstreams) {
    const own = kept(source, name) ?? openUnasked(source, log)
    upstreams.set(name, own)
  }
  // All at once: each may have to be waited for.
  const all = [...upstreams].map(async ([name, own]) => {
    try {
      await own.current()
    } catch (error) {
      log('an upstream has no key for OSS', { upstream: name, why: (error as Error).message })
    }
  })
  await Promise.all(all)
  return { credentials, upstreams }
}

/** All that are open, the upstream of the environment's first. */
const all = ({ credentials, upstreams }: UpstreamCredentials) => [credentials, ...upstreams.values()]

/** Of an upstream; absent: of that of the environment. */
const keyOf = ({ credentials, upstreams }: UpstreamCredentials, name: string | undefined) =>
  name === undefined ? credentials : upstreams.get(name)

const sourceOf = (
  { credentials, upstreams }: Pick<Config, 'credentials' | 'upstreams'>,
  name: string | undefined,
) => (name === undefined ? credentials : upstreams.get(name)?.credentials)

/**
 * The credentials of settings that follow others; where a source is the same, those that are open. Nothing is closed.
 * @throws Error as {@link openAllCredentials}.
 */
export const reopenAllCredentials = (
  config: Pick<Config, 'credentials' | 'upstreams'>,
  log: Log,
  before: { config: Pick<Config, 'credentials' | 'upstreams'>; keys: UpstreamCredentials },
): Promise<UpstreamCredentials> =>
  openAllCredentials(config, log, (source, name) =>
    JSON.stringify(source) === JSON.stringify(sourceOf(before.config, name))
      ? keyOf(before.keys, name)
      : undefined,
  )

/** Closes credentials. @param kept but not what these have, too. */
export function closeAllCredentials(closed: UpstreamCredentials, kept?: UpstreamCredentials): void {
  const open = kept === undefined ? [] : all(kept)
  for (const one of all(closed)) if (!open.includes(one)) one.close()
}

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
  const credentials = openUnasked(source, log, ports)
  try {
    await credentials.current()
  } catch (error) {
    credentials.close()
    throw error
  }
  return credentials
}

/** The same before it is asked for a key. */
function openUnasked(
  source: CredentialSource,
  log: Log,
  ports: { ask?: Ask; clock?: Clock } = {},
): OpenCredentials {
  const credentials: SourceCredentials = createCredentials(source, {
    ask,
    clock: nodePorts.clock,
    ...ports,
    fetchOnMachine: machineSources(nodeFiles.read),
    newId: randomUUID,
    log,
    shares: nodePorts.platform.requestsWait,
  })
  if (isFixed(source)) return { ...credentials, close: () => {} }
  const looking = setInterval(() => void credentials.renewIfDue(), LOOK_INTERVAL)
  looking.unref()
  return { ...credentials, close: () => clearInterval(looking) }
}
