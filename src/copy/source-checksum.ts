import { OssError, OssUnreachable } from '../oss/error.ts'
import { isTransient } from '../oss/retry.ts'
import { storedFullChecksum } from '../translate/stored-checksum.ts'
import type { Copy, WantedChecksum } from './copy.ts'
import type { UploadPorts } from './multipart-upload.ts'
import { readRange } from './relay.ts'
import type { SourceFacts } from './source.ts'

const ATTEMPTS = 4

/**
 * The checksum with its value: the one kept with it, or computed by reading it once, pinned and in order.
 * It has to be known before the copy is written, because it is kept in the copy's metadata.
 * A stream that breaks off is continued where it ended.
 * @throws OssError, 412 when the source is another one by now; OssUnreachable when it cannot be read to its end.
 */
export async function withComputedValue(
  ports: UploadPorts,
  copy: Copy,
  wanted: WantedChecksum,
  facts: SourceFacts,
): Promise<WantedChecksum & { value: string }> {
  const kept = storedFullChecksum(facts.headers, wanted.header)
  return { ...wanted, value: kept ?? (await computed(ports, copy, wanted, facts)) }
}

async function computed(
  ports: UploadPorts,
  copy: Copy,
  { create }: WantedChecksum,
  facts: SourceFacts,
): Promise<string> {
  const hasher = create()
  let read = 0
  for (let tried = 1; read < facts.size; tried++) {
    const before = read
    const ended = new AbortController()
    const stalled = whenStalled(ports, () => read, ended.signal)
    try {
      const rest = { first: read, last: facts.size - 1 }
      const signal = AbortSignal.any([copy.signal(), stalled, ended.signal])
      for await (const bytes of await readRange(ports, copy, facts, rest, signal)) {
        hasher.update(bytes)
        read += bytes.length
      }
      if (read === before) throw new OssUnreachable('the source ended before its announced length')
    } catch (error) {
      // Any error but OSS's own means that the stream broke off.
      const isRetryable = !(error instanceof OssError) || isTransient(error)
      if (copy.signal().aborted || tried >= ATTEMPTS || !isRetryable) throw error
      if (read > before) tried = 0
      await ports.sleep(200 * 2 ** tried * (0.5 + ports.random()), copy.signal())
    } finally {
      ended.abort()
    }
  }
  if (read !== facts.size) throw new OssUnreachable('the source is longer than announced')
  return hasher.digest()
}

/** A signal that aborts when no byte has come for as long as a call to OSS may take. */
function whenStalled({ sleep, timeout }: UploadPorts, moved: () => number, ended: AbortSignal): AbortSignal {
  const stalled = new AbortController()
  const look = async () => {
    for (let before = -1; moved() !== before; await sleep(timeout, ended)) before = moved()
    stalled.abort(new OssUnreachable('the source stopped coming'))
  }
  look().catch(() => {})
  return stalled.signal
}
