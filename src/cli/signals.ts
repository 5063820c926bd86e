import type { Config } from '../config/index.ts'
import type { Workers } from '../node/cluster/primary.ts'
import type { Running } from '../node/serve.ts'
import { sleep } from '../runtime/timers.ts'
import type { RunningLocalOss } from './local-oss.ts'

/** Ends the process, having said why. */
export type Fail = (code: number, lines: readonly string[]) => never

/** Milliseconds within which a second signal is the same one: npm passes on a Ctrl-C that the terminal sends too. */
const SAME_SIGNAL = 1_000
/** Milliseconds of `timeouts.drain` in a container: what load balancers take to notice, and Kubernetes to tell them. */
const CONTAINER_DRAIN = 5_000

/**
 * How long requests are still taken after SIGTERM, in milliseconds. In a container the process is the first, or whoever runs it
 * has left a mark: Kubernetes its own, others `container` (https://systemd.io/CONTAINER_INTERFACE), as the image does.
 */
export function drainTime({ document }: Config): number {
  const { drain } = document.timeouts
  if (drain !== undefined) return drain * 1000
  const { KUBERNETES_SERVICE_HOST, container } = process.env
  const isContained = process.pid === 1 || (KUBERNETES_SERVICE_HOST ?? container) !== undefined
  return isContained ? CONTAINER_DRAIN : 0
}

/**
 * Stops at SIGTERM and SIGINT.
 * @param drain says for how many milliseconds requests are still taken after SIGTERM, by the settings of then; nobody
 *   waits for a Ctrl-C.
 */
export function handleSignals(
  gateway: Promise<Running | Workers | RunningLocalOss>,
  drain: () => number,
  fail: Fail,
): void {
  let signalledAt: number | undefined

  async function stop(drainFor: number): Promise<void> {
    const running = await gateway
    if ('drain' in running) running.drain()
    if (drainFor > 0) await sleep(drainFor)
    await running.stop()
  }

  function onSignal(drainFor: number): void {
    if (signalledAt === undefined) {
      signalledAt = performance.now()
      stop(drainFor).then(
        () => process.exit(0),
        (error: Error) => fail(1, [`It did not stop cleanly: ${error.message}`]),
      )
    } else if (performance.now() - signalledAt > SAME_SIGNAL) {
      fail(1, ['Told to stop a second time: what is in flight is given up.'])
    }
  }

  process.on('SIGTERM', () => onSignal(drain()))
  process.on('SIGINT', () => onSignal(0))
}
