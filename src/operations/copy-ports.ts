import { withBudget } from '../copy/budget.ts'
import type { CopyPorts } from '../copy/run.ts'
import type { Context } from './operation.ts'

/** What a copy works with, from the settings and the runtime; times there are seconds, here milliseconds. */
export function copyPorts({ config, oss, clock, log, sleep, random, platform }: Context): CopyPorts {
  const { keepAliveAfter, timeout, parallel, ...settings } = config.document.copy
  return {
    // Where the platform counts requests, each copy counts its own.
    oss: settings.maxRequests === undefined ? oss : withBudget(oss, settings.maxRequests),
    clock,
    log,
    sleep,
    random,
    timeout: timeout * 1000,
    keepAliveAfter: keepAliveAfter * 1000,
    settings: { ...settings, parallel: Math.min(parallel, platform.connections) },
    // One connection to read from, one to write to.
    parallelRelays: Math.max(1, Math.min(parallel, Math.floor(platform.connections / 2))),
  }
}
