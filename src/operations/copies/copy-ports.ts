import { limitRequests } from '../../copy/request-limit.ts'
import { nativeTimeout, withoutAnswerTimeout } from '../../copy/retry.ts'
import type { CopyPorts } from '../../copy/run.ts'
import type { CopyRoute } from '../../observe/record.ts'
import type { OssClient } from '../../oss/client.ts'
import type { TimeLimit } from '../../ports.ts'
import type { Context } from '../operation.ts'

/**
 * What a copy works with, from the settings and the runtime; times there are seconds, here milliseconds.
 * @param from the upstream of its source; undefined: that of the environment.
 */
export function copyPorts(context: Context, from: string | undefined): CopyPorts {
  const { config, oss, clock, log, sleep, timer, random, platform } = context
  const settings = config.document.copy
  const { keepAliveAfter, timeout, parallel } = settings
  // Where the platform counts requests, each copy counts its own.
  const counted = settings.maxRequests === undefined ? undefined : limitRequests(settings.maxRequests)
  const own = (client: OssClient) => {
    const untimed = withoutAnswerTimeout(client)
    return counted === undefined ? untimed : counted(untimed)
  }
  const destination = own(oss)
  return {
    oss: destination,
    sourceOss: from === context.upstream ? destination : own(context.at(from).oss),
    clock,
    log,
    sleep,
    timer,
    random,
    timeout: timeout * 1000,
    keepAliveAfter: keepAliveAfter * 1000,
    settings,
    onRoute: (route, size) => recordRoute(context, route, size, size),
    parallel: Math.min(parallel, platform.connections),
    // One connection to read from, one to write to.
    parallelRelays: Math.max(1, Math.min(parallel, Math.floor(platform.connections / 2))),
  }
}

/** Records how an object or a part of one is copied. @param size of the source, @param bytes of it to copy, where known. */
export function recordRoute(
  { record }: Context,
  route: CopyRoute,
  size: number | undefined,
  bytes: number | undefined,
): void {
  if (record === undefined) return
  record.copyRoute = route
  record.objectSize = size
  record.bytesCopied = bytes
}

/** How long OSS may take for what a client wants done in one long call: never less than for any other. */
export function longCallLimit({ config }: Context): TimeLimit {
  const { copy, timeouts } = config.document
  const own = nativeTimeout(copy.timeout * 1000)
  const general = { ms: timeouts.oss.headers * 1000, setting: 'timeouts.oss.headers' }
  return own.ms > general.ms ? own : general
}
