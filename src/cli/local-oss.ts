import type { Config } from '../config/index.ts'
import { DEFAULT_LOCAL_CREDENTIALS } from '../config/machine.ts'
import { whyNotListening } from '../node/listen.ts'
import { openUpstream } from '../node/upstream.ts'
import type { Log } from '../ports.ts'
import { endsWithin } from '../runtime/timers.ts'

/** What `local-oss --help` prints. */
export const LOCAL_OSS_USAGE = `Usage: s3-oss-gateway local-oss

Runs the embedded OSS alone, for tests of what speaks OSS's own protocol. It listens on 127.0.0.1, answers for every
region, and has one account. Its settings are those of the gateway's embedded OSS:

  LOCAL_OSS_DIR           where it keeps its data; :memory: keeps none (.local-oss)
  LOCAL_OSS_PORT          where it listens (9010)
  LOCAL_OSS_COPY_LIMIT    size above which CopyObject is refused (1GiB)
  LOCAL_OSS_RESTORE_TIME  how long a restore is in progress: 90s, 5m (0)
  LOCAL_OSS_DAY           how long a day is, in lifecycle rules, restores and retention: 10s (24h)
  S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY
                          its key (local, local-secret)
`

/** A running embedded OSS. */
export type RunningLocalOss = {
  port: number
  /** Finishes what is in flight, for as long as the gateway would, and closes the store. */
  stop(): Promise<void>
}

/** Why the settings are none for it, or undefined. */
export function whyNotLocal({ localOss }: Config): string | undefined {
  if (localOss === undefined)
    return 'With names that begin with OSS_ set, there is no embedded OSS: unset them (an application under test has them in an environment of its own)'
  if (localOss.port === 0) return 'LOCAL_OSS_PORT is 0, which is off: name the port to listen on, or unset it'
  return undefined
}

/**
 * Starts the embedded OSS alone.
 * @param config settings to which {@link whyNotLocal} has no objection.
 * @throws Error when its port is taken or its folder cannot be used; it says what to do.
 */
export async function startLocalOss(config: Config, log: Log): Promise<RunningLocalOss> {
  const { localOss, close } = await openUpstream(config, log)
  if (localOss === undefined || config.localOss === undefined) throw new Error('there is no embedded OSS')
  const { port: wanted } = config.localOss
  try {
    const port = await localOss.listen(wanted)
    const stop = async () => void (await endsWithin(config.document.timeouts.stop * 1000, close()))
    return { port, stop }
  } catch (error) {
    await close()
    throw new Error(whyNotListening(error as NodeJS.ErrnoException, wanted, '127.0.0.1', 'LOCAL_OSS_PORT'), {
      cause: error,
    })
  }
}

/** What `local-oss` prints once it listens: where, its key, and a command to try. Never a secret that was set. */
export function localOssGreeting({ localOss }: Config, { port }: RunningLocalOss): string {
  const { accessKeyId, accessKeySecret } = DEFAULT_LOCAL_CREDENTIALS
  const isKnown =
    localOss?.key.accessKeyId === accessKeyId && localOss.key.accessKeySecret === accessKeySecret
  const endpoint = `http://127.0.0.1:${port}`
  const [id, secret] = isKnown
    ? [accessKeyId, accessKeySecret]
    : ['$S3_ACCESS_KEY_ID', '$S3_SECRET_ACCESS_KEY']
  return `${[
    `OSS           ${endpoint}, for every region, kept in ${localOss?.directory === ':memory:' ? 'memory' : localOss?.directory}`,
    `Key           ${isKnown ? `${accessKeyId} / ${accessKeySecret}` : 'S3_ACCESS_KEY_ID and its secret'}`,
    '',
    'Try it:',
    '',
    `ossutil mb oss://my-bucket -e ${endpoint} -i ${id} -k ${secret} --region cn-hangzhou`,
  ].join('\n')}\n`
}
