import { OssError } from '../../oss/error.ts'
import type { HeaderMap } from '../../ports.ts'
import { notImplemented, S3Error } from '../../s3/error.ts'
import { etagMatches } from '../../translate/etag.ts'
import { preconditionFailed } from '../../translate/preconditions.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { keyName } from '../mapping.ts'
import type { Context, ObjectRequest } from '../operation.ts'

/** What a write asks of the current object of its key: to be this one (`*`: any), or not to be there. */
export type WriteCondition = { ifMatch: string } | 'absent'

/**
 * `If-Match` and `If-None-Match` on the object that is written (S3: User Guide, conditional writes): S3 takes an ETag in
 * the one and `*` in the other, and not both.
 * @throws S3Error NotImplemented for others, as S3.
 */
export function parseWriteCondition(headers: HeaderMap): WriteCondition | undefined {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers
  if (ifMatch === undefined && ifNoneMatch === undefined) return undefined
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    throw notImplemented(
      'If-Match,If-None-Match',
      'Multiple conditional request headers present in the request',
    )
  }
  if (ifMatch !== undefined && (ifMatch.trim() === '*' || ifMatch.includes(','))) throw otherForm('If-Match')
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*') throw otherForm('If-None-Match')
  return ifMatch === undefined ? 'absent' : { ifMatch }
}

/**
 * `If-Match` of a deletion, which may be `*`: only the current object is looked at, and so no version can be named
 * (measured on S3: localstack/localstack#13894, ministackorg/ministack#1475).
 * @param ifMatch the header, or the ETag of an entry of DeleteObjects.
 * @throws S3Error NotImplemented, as S3.
 */
export function parseDeleteCondition(
  ifMatch: string | undefined,
  versionId: string | undefined,
): WriteCondition | undefined {
  if (ifMatch === undefined) return undefined
  if (versionId !== undefined) {
    throw notImplemented('If-Match', 'A condition is about the current object; this request names a version')
  }
  if (ifMatch.includes(',')) throw otherForm('If-Match')
  return { ifMatch }
}

const otherForm = (header: string) =>
  notImplemented(header, `We don't accept the provided value of ${header} header for this API`)

/**
 * Whether the condition holds for the object that is there now; a delete marker is none.
 * @throws S3Error PreconditionFailed; NoSuchKey for If-Match where nothing is, as S3.
 */
export async function checkCondition(
  condition: WriteCondition,
  request: Pick<ObjectRequest, 'bucket' | 'key' | 'headers' | 'mapped'>,
  context: Context,
): Promise<void> {
  const etag = await currentETag(request, context)
  if (condition === 'absent') {
    if (etag !== undefined) throw preconditionFailed('If-None-Match', '')
  } else if (etag === undefined) {
    throw new S3Error('NoSuchKey', { elements: { Key: keyName(request, request.key) } })
  } else if (!etagMatches(condition.ifMatch, etag)) {
    throw preconditionFailed('If-Match', '')
  }
}

async function currentETag(
  { bucket, key, headers }: Pick<ObjectRequest, 'bucket' | 'key' | 'headers'>,
  { oss }: Context,
): Promise<string | undefined> {
  try {
    const answer = await oss.send({ method: 'HEAD', bucket, key, headers: requestPayer(headers) })
    return answer.headers.etag ?? ''
  } catch (error) {
    if (error instanceof OssError && error.status === 404 && error.code !== 'NoSuchBucket') return undefined
    throw error
  }
}
