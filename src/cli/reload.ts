import { statSync, unwatchFile, watchFile } from 'node:fs'
import { type Config, ConfigError } from '../config/index.ts'
import type { Settings, Workers } from '../node/cluster.ts'
import type { Running } from '../node/serve.ts'
import { readSettings } from '../node/settings.ts'
import type { Log } from '../ports.ts'

/** Milliseconds between two looks at a file, and at settings that were refused. Looked at and not watched: Kubernetes replaces a link to its folder. */
const WATCH_INTERVAL = 2_000
/** Milliseconds after a change: who writes a file in place empties it first. */
const WRITING = 200

/**
 * Reads the settings again at SIGHUP, and when a file that they name has changed. Opens the access log again at SIGHUP,
 * SIGUSR1 and SIGUSR2.
 * @param onSettings told of the settings that have been read again.
 */
export function handleReload(
  gateway: Promise<Running | Workers>,
  settings: Settings,
  log: Log,
  onSettings: (config: Config) => void,
): void {
  const watched = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  /** What the log was told last of settings that were refused. */
  let told: string | undefined
  /** What the files were like when they were read last. */
  let read: string | undefined
  const look = () => [...watched].map(stampOf).join()

  /** What is watched already goes on being so: a change since it was read would be lost. */
  function watch(files: readonly string[]): void {
    for (const file of watched) {
      if (files.includes(file)) continue
      unwatchFile(file, reloadSoon)
      watched.delete(file)
    }
    for (const file of files) {
      if (watched.has(file)) continue
      watchFile(file, { interval: WATCH_INTERVAL, persistent: false }, reloadSoon)
      watched.add(file)
    }
  }

  function reloadSoon(): void {
    clearTimeout(timer)
    timer = setTimeout(() => {
      // Somebody may have told by a signal, too.
      if (look() !== read) void reload()
    }, WRITING).unref()
  }

  /**
   * With a mistake in the settings all goes on as before. They are tried again until they are right: what they lack may be a
   * file that is still to come.
   */
  async function reload(isRepeated = false): Promise<void> {
    clearTimeout(timer)
    const running = await gateway
    const now = look()
    try {
      const next = readSettings(process.env)
      if ('localOss' in running) await running.reload(next.config)
      else void running.reload(next)
      onSettings(next.config)
      for (const warning of next.config.warnings) log('warning', { warning })
      log('settings read again', {})
      watch(next.files)
      read = now
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems : [(error as Error).message]
      const text = problems.join('\n')
      if (!isRepeated || text !== told) log('settings refused, all goes on as before', { problems })
      told = text
      clearTimeout(timer)
      timer = setTimeout(() => void reload(true), WATCH_INTERVAL).unref()
    }
  }

  async function reopenLog(): Promise<void> {
    const running = await gateway
    running.reopenLog()
  }

  watch(settings.files)
  process.on('SIGHUP', () => {
    void reopenLog()
    void reload()
  })
  // Unless it is listened to, SIGUSR1, which nginx takes for this, starts Node's debugger.
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => void reopenLog())
}

/** What tells one content of a file from another; empty where there is none. */
function stampOf(file: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(file)
    return `${ino} ${size} ${mtimeMs}`
  } catch {
    return ''
  }
}
