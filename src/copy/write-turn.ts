import { OssError, OssUnreachable } from '../oss/error.ts'
import { isOutcomeUnknown } from '../oss/retry.ts'
import type { HeaderMap } from '../ports.ts'
import { S3Error } from '../s3/error.ts'

/**
 * The turn of one write among the others of its key. What OSS may make visible is begun within it, so that the condition
 * that was checked at its beginning still holds then.
 */
export type WriteTurn = {
  /** By these, OSS holds the condition itself. */
  headers: HeaderMap
  /**
   * Looks whether the condition holds, where OSS does not: for what is not worth beginning otherwise.
   * @throws S3Error PreconditionFailed, NoSuchKey.
   */
  check(): Promise<void>
  /**
   * Waits for the turn and checks the condition. A promise is to be awaited; undefined: it has begun.
   * @throws as `check`; S3Error SlowDown when it takes too long, ConditionalRequestConflict. Then there is nothing to end.
   */
  begin(): Promise<void> | undefined
  /** Aborts when another write may come between, so that this one must not be gone on with. */
  signal: AbortSignal | undefined
  /**
   * Ends a turn that has begun, or the wait for it; else does nothing. It can begin again.
   * @param isUnknown whether OSS may still make the write visible.
   * @throws S3Error ServiceUnavailable when another write may have come between: what the condition was worth is unknown.
   */
  end(isUnknown: boolean): Promise<void> | undefined
}

/** A write that is in nobody's way. */
export const noTurn: WriteTurn = {
  headers: {},
  check: async () => {},
  begin: () => undefined,
  signal: undefined,
  end: () => undefined,
}

/**
 * Makes a write within its turn.
 * @param isUnsettled whether another attempt than the last one may still make it visible.
 * @throws what the turn and the write throw.
 */
export async function inTurn<T>(
  turn: WriteTurn,
  write: () => Promise<T>,
  isUnsettled: () => boolean = () => false,
): Promise<T> {
  const waiting = turn.begin()
  if (waiting !== undefined) await waiting
  return endingTurn(turn, write(), isUnsettled)
}

/** Like {@link inTurn}, of a write that begins its turn by itself. */
export async function endingTurn<T>(
  turn: WriteTurn,
  write: Promise<T>,
  isUnsettled: () => boolean = () => false,
): Promise<T> {
  let result: T
  try {
    result = await write
  } catch (error) {
    await turn.end(mayStillHappen(error) || isUnsettled())
    throw error
  }
  await turn.end(isUnsettled())
  return result
}

/** Whether OSS may still make a write visible that has failed so. */
function mayStillHappen(error: unknown): boolean {
  if (error instanceof OssUnreachable) return error.failure !== 'not-sent'
  return error instanceof OssError ? isOutcomeUnknown(error) : !(error instanceof S3Error)
}
