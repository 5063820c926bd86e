import { OssError } from '../oss/error.ts'
import { forbidsOverwrite } from '../oss/headers.ts'
import { failedCondition, preconditionFailed } from '../translate/preconditions.ts'
import type { Copy } from './copy.ts'
import type { UploadPorts } from './multipart-upload.ts'
import { type CopySettings, planCopy } from './plan.ts'
import { withRetries } from './retry.ts'
import { readSource, type SourceFacts } from './source.ts'

/**
 * HEAD of the source, and the client's conditions evaluated on it by S3's rules.
 * @throws S3Error PreconditionFailed; OssError, OssUnreachable as {@link readSource}.
 */
export async function checkSource(ports: UploadPorts, copy: Copy): Promise<SourceFacts> {
  const facts = await withRetries(ports, copy.signal(), (signal) => readSource(ports.sourceOss, copy, signal))
  const failed = failedCondition(copy.preconditions, facts)
  if (failed !== undefined) throw preconditionFailed(failed, 'x-amz-copy-source-')
  return facts
}

/**
 * While a native copy takes long: checks what would make its status another than 200, so that the answer may begin.
 * Where a check fails the answer waits for OSS's own, which may be another. Never rejects.
 * @param onStatusDecided called when all checks hold.
 */
export async function decideStatusEarly(
  ports: UploadPorts & { settings: CopySettings },
  copy: Copy,
  onStatusDecided: () => void,
): Promise<void> {
  try {
    const facts = await checkSource(ports, copy)
    if (planCopy(ports.settings, 'oversize', facts).kind === 'refuse') return
    await checkDestination(ports, copy)
    onStatusDecided()
  } catch {
    // The answer begins when OSS has answered.
  }
}

/**
 * Looks whether the client's condition on the destination holds; that is decided only at the end of what may be a long
 * way. @throws S3Error PreconditionFailed, NoSuchKey.
 */
export async function checkDestination(
  ports: UploadPorts,
  { turn, destination, payer, signal }: Copy,
): Promise<void> {
  await turn.check()
  if (!forbidsOverwrite(turn.headers)) return
  try {
    const source = { ...destination, versionId: undefined }
    await withRetries(ports, signal(), (signal) => readSource(ports.oss, { source, payer }, signal))
  } catch (error) {
    if (error instanceof OssError && error.status === 404) return
    throw error
  }
  throw preconditionFailed('If-None-Match', '')
}
