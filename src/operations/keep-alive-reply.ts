import { keepAlive, withEarlyReply } from '../copy/keep-alive.ts'
import type { Reply } from '../ports.ts'
import type { Context } from './operation.ts'

/**
 * The reply of an operation that may take long: after `copy.keepAliveAfter` a 200 whose body is spaces until the result
 * is there, as S3 answers CopyObject and CompleteMultipartUpload.
 * @param work a reply whose body is a document. @param statusDecided asked once the work is long: resolves when
 * nothing but 200 or a retry is left; where it rejects, the answer waits for the work.
 * @throws what the work throws before its answer has begun.
 */
export function keepAliveReply(
  work: Promise<Reply>,
  statusDecided: () => Promise<void>,
  context: Context,
): Promise<Reply> {
  const after = context.config.document.copy.keepAliveAfter * 1000
  return withEarlyReply(work, statusDecided, after, context.timer, () => {
    const document = work.then(({ body }) => body as string, context.renderErrorDocument)
    return {
      status: 200,
      headers: { 'content-type': 'application/xml' },
      body: keepAlive(document, context.sleep),
    }
  })
}
