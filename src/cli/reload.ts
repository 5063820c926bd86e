import { setTimeout as sleep } from 'node:timers/promises'
import { type Config, ConfigError } from '../config/index.ts'
import type { Workers } from '../node/cluster/primary.ts'
import { areSame, type FileStamps, stampsOf } from '../node/file-stamps.ts'
import type { Running } from '../node/serve.ts'
import { readSettings, type Settings } from '../node/settings.ts'
import type { Log } from '../ports.ts'

/** Milliseconds between two looks at the files, and at settings that were refused. Looked at and not watched: Kubernetes replaces a link to their folder. */
const LOOK_INTERVAL = 2_000
/** Milliseconds for which files must stay as they are before they are read: who writes one in place empties it first. */
const WRITING = 200

/**
 * Reads the settings again at SIGHUP, and when a file that they were read from has changed. Opens the access log again at
 * SIGHUP, SIGUSR1 and SIGUSR2.
 * @param onSettings told of the settings that have been read again.
 */
export function handleReload(
  gateway: Promise<Running | Workers>,
  settings: Settings,
  log: Log,
  onSettings: (config: Config) => void,
): void {
  /** What the files were like as they were read last; undefined: the settings were refused, and are tried again. */
  let read: FileStamps | undefined = settings.files
  /** What the log was told last of settings that were refused. */
  let told: string | undefined
  let reloads = 0

  /**
   * With a mistake in the settings all goes on as before. They are tried again until they are right: what they lack may be a
   * file that is still to come.
   */
  async function reload(isRepeated = false): Promise<void> {
    const running = await gateway
    const number = ++reloads
    try {
      const next = readSettings(process.env)
      // Not when it is done, which may take as long as a key: what changes meanwhile is another change.
      read = next.files
      if ('localOss' in running) await running.reload(next.config)
      else void running.reload(next)
      onSettings(next.config)
      for (const warning of next.config.warnings) log('warning', { warning })
      log('settings read again', {})
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems : [(error as Error).message]
      const text = problems.join('\n')
      if (!isRepeated || text !== told) log('settings refused, all goes on as before', { problems })
      told = text
      // Those that were read later are tried until they are right.
      if (number === reloads) read = undefined
    }
  }

  async function look(): Promise<void> {
    const before = read
    if (before === undefined) return void reload(true)
    const now = await stampsOf(before.keys())
    if (areSame(now, before)) return
    await sleep(WRITING, undefined, { ref: false })
    const isWritten = areSame(await stampsOf(before.keys()), now)
    // A signal may have told of the same change.
    if (isWritten && read === before) void reload()
  }

  async function watch(): Promise<void> {
    await gateway
    for (;;) {
      await sleep(LOOK_INTERVAL, undefined, { ref: false })
      await look()
    }
  }

  async function reopenLog(): Promise<void> {
    const running = await gateway
    running.reopenLog()
  }

  void watch()
  process.on('SIGHUP', () => {
    void reopenLog()
    void reload()
  })
  // Unless it is listened to, SIGUSR1, which nginx takes for this, starts Node's debugger.
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => void reopenLog())
}
