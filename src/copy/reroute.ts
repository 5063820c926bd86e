import { isOutcomeUnknown } from '../oss/retry.ts'
import type { HeaderMap } from '../ports.ts'
import { objectAclHeader } from '../translate/acl.ts'
import { splitForUpload, storedContent } from '../translate/to-oss-headers.ts'
import { checkDestination } from './conditions.ts'
import type { Copy, CopyResult } from './copy.ts'
import { eachInParallel } from './each-in-parallel.ts'
import { initiate } from './initiate-upload.ts'
import {
  abort,
  complete,
  type Part,
  type Upload,
  type UploadPorts,
  type Written,
} from './multipart-upload.ts'
import type { ByteRange } from './plan.ts'
import { relayWhole } from './relay.ts'
import { findLostResult, readResult, verifiedResult } from './result.ts'
import { withRetries } from './retry.ts'
import { readTagging, type SourceFacts } from './source.ts'
import { asSourceChanged } from './source-changed.ts'
import { inTurn } from './write-turn.ts'

/** Gets one range of the source into a part. @returns the part's ETag. */
export type CopyRange = (
  ports: UploadPorts,
  copy: Copy,
  facts: SourceFacts,
  upload: Upload,
  number: number,
  range: ByteRange,
) => Promise<string>

/**
 * A copy as a multipart upload of the gateway's own.
 * @throws what hindered it; then the upload is aborted and the destination as it was.
 */
export async function copyByUpload(
  ports: UploadPorts,
  copy: Copy,
  facts: SourceFacts,
  { ranges, parallel, copyRange }: { ranges: readonly ByteRange[]; parallel: number; copyRange: CopyRange },
  onStatusDecided: () => void,
): Promise<CopyResult> {
  const { initial, acl } = splitForUpload(await destinationHeaders(ports, copy, facts))
  copy.signal().throwIfAborted()
  const upload = await initiate(ports, copy.destination, { ...initial, ...copy.turn.headers })
  const began = ports.clock()
  let completing = false
  let completed: Written | undefined
  try {
    onStatusDecided()
    const parts = await eachInParallel(
      ranges,
      parallel,
      copy.signal(),
      async (range, index, signal): Promise<Part> => {
        const number = index + 1
        return {
          number,
          etag: await copyRange(ports, { ...copy, signal: () => signal }, facts, upload, number, range),
        }
      },
    )
    copy.signal().throwIfAborted()
    const atEnd = { ...copy.turn.headers, ...(acl === undefined ? {} : objectAclHeader(acl)) }
    completed = await inTurn(copy.turn, () => {
      completing = true
      return complete(ports, upload, parts, atEnd)
    })
  } catch (error) {
    await abort(ports, upload, (error as Error).message)
    // The responses to the completion and to the abort may both have been lost.
    const lost = completing && isOutcomeUnknown(error)
    const found = lost && (await findLostResult(ports, copy, facts, began).catch(() => undefined))
    if (found) return found
    throw asSourceChanged(error)
  } finally {
    await upload.abortOrphans?.()
  }
  return verifiedResult(ports, copy, facts, completed)
}

/** A copy as one PutObject of what is read meanwhile. @throws what hindered it; the destination is as it was. */
export async function copyInOne(
  ports: UploadPorts,
  copy: Copy,
  facts: SourceFacts,
  onStatusDecided: () => void,
): Promise<CopyResult> {
  const headers = { ...(await destinationHeaders(ports, copy, facts)), ...copy.turn.headers }
  await checkDestination(ports, copy)
  onStatusDecided()
  const began = ports.clock()
  let outcomeUnknown = false
  let written: Written
  try {
    const relayed = () =>
      relayWhole(ports, copy, facts, headers, () => {
        outcomeUnknown = true
      })
    written = await inTurn(copy.turn, relayed, () => outcomeUnknown)
  } catch (error) {
    // The last attempt may have been refused only because an earlier one had succeeded.
    const found = outcomeUnknown && (await findLostResult(ports, copy, facts, began).catch(() => undefined))
    if (found) return found
    throw asSourceChanged(error)
  }
  return readResult(ports, copy, written)
}

/** All headers of the destination, as a native copy would have set them. */
async function destinationHeaders(
  ports: UploadPorts,
  { source, content, tagging, target, payer, signal }: Copy,
  facts: SourceFacts,
): Promise<HeaderMap> {
  const tags =
    tagging === 'copy'
      ? await withRetries(ports, signal(), (signal) =>
          readTagging(ports.sourceOss, { source, payer }, facts, signal),
        )
      : tagging
  return {
    ...(content === 'copy' ? storedContent(facts.headers) : content),
    ...(tags ? { 'x-oss-tagging': tags } : {}),
    ...target,
    ...payer,
  }
}
