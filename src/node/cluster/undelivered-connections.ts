import type { Worker } from 'node:cluster'

/**
 * Closes the connections that had been sent to a worker but not accepted by it when it died. Node keeps them open for an
 * acknowledgement that never comes, and their clients would wait.
 */
export function closeUndeliveredConnections({ process: child }: Worker): void {
  type Internal = { seq?: number; ack?: number }
  const undelivered = new Map<number, { close(): void }>()
  const { send } = child
  child.send = (...args: unknown[]) => {
    const [message, handle] = args as [Internal, { close(): void } | undefined]
    if (message.seq !== undefined && handle) undelivered.set(message.seq, handle)
    return (send as (...args: unknown[]) => boolean).apply(child, args)
  }
  child.on('internalMessage', ({ ack }: Internal) => undelivered.delete(ack ?? -1))
  child.once('exit', () => {
    for (const handle of undelivered.values()) handle.close()
  })
}
