import type { Config } from '../config/index.ts'
import { createCredentials, type SourceCredentials } from '../oss/credentials/create.ts'
import type { Log } from '../ports.ts'
import { ask } from '../runtime/ask.ts'
import { workerPorts } from './ports.ts'

/**
 * The credentials of a Worker: secrets that it is bound to, or a key that is asked for by fetch. `renewIfDue` is to be
 * called with each request, since nothing runs between two.
 */
export const workerCredentials = (
  { credentials }: Pick<Config, 'credentials'>,
  log: Log = workerPorts.log,
): SourceCredentials =>
  createCredentials(credentials, {
    ...workerPorts,
    log,
    ask,
    shares: workerPorts.platform.requestsWait,
    // The settings of a Worker name no such source.
    fetchOnMachine: ({ from }) => {
      throw new Error(`on Workers there is no key from ${from}`)
    },
  })
