import { getBucketInfo } from '../../oss/bucket-info.ts'
import { OssError } from '../../oss/error.ts'
import type { HeaderMap } from '../../ports.ts'
import { notImplemented, S3Error } from '../../s3/error.ts'
import { etagMatches } from '../../translate/etag.ts'
import { preconditionFailed } from '../../translate/preconditions.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import type { Context, ObjectRequest } from '../operation.ts'

/**
 * `If-Match` and `If-None-Match` on the object being written (S3: User Guide, conditional writes).
 * @returns the headers that make OSS hold the condition, or none where it was looked at here (`best-effort`).
 * @throws S3Error PreconditionFailed, NoSuchKey; NotImplemented for what OSS cannot hold.
 */
export async function writeConditions(request: ObjectRequest, context: Context): Promise<HeaderMap> {
  const ifMatch = request.headers['if-match']
  const ifNoneMatch = request.headers['if-none-match']
  if (ifMatch === undefined && ifNoneMatch === undefined) return {}
  refuseUnsupportedConditions(request, context)
  const bestEffort = isBestEffort(context)
  if (ifMatch !== undefined) {
    const etag = await currentETag(request, context)
    if (etag === undefined) throw new S3Error('NoSuchKey', { elements: { Key: request.key } })
    if (!etagMatches(ifMatch, etag)) throw preconditionFailed('If-Match', '')
    return {}
  }
  const { versioning } = await getBucketInfo(context.oss, request.bucket)
  if (versioning === undefined) return { 'x-oss-forbid-overwrite': 'true' }
  // OSS ignores forbid-overwrite there: sent alone it would overwrite and answer 200.
  if (!bestEffort)
    throw notImplemented(
      'If-None-Match',
      needsSetting('OSS holds no such condition in a bucket with versioning'),
    )
  if ((await currentETag(request, context)) !== undefined) throw preconditionFailed('If-None-Match', '')
  return {}
}

const isBestEffort = ({ config }: Context) => config.document.conditionalWrites === 'best-effort'

/** @throws S3Error NotImplemented for conditions that no write of this gateway is held to. */
export function refuseUnsupportedConditions({ headers }: ObjectRequest, context: Context): void {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers
  refuseOtherForms(ifMatch, ifNoneMatch)
  if (ifMatch !== undefined && !isBestEffort(context))
    throw notImplemented('If-Match', needsSetting('OSS has no such condition'))
}

const needsSetting = (why: string) =>
  `${why}; the setting conditionalWrites: best-effort looks first and then writes`

/** S3 takes an ETag in If-Match and `*` in If-None-Match, one of them. */
function refuseOtherForms(ifMatch: string | undefined, ifNoneMatch: string | undefined): void {
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    throw notImplemented(
      'If-Match,If-None-Match',
      'Multiple conditional request headers present in the request',
    )
  }
  const refused =
    ifMatch?.trim() === '*'
      ? 'If-Match'
      : ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*'
        ? 'If-None-Match'
        : undefined
  if (refused !== undefined) {
    throw notImplemented(refused, `We don't accept the provided value of ${refused} header for this API`)
  }
}

async function currentETag(request: ObjectRequest, { oss }: Context): Promise<string | undefined> {
  const { bucket, key } = request
  try {
    const { headers } = await oss.send({
      method: 'HEAD',
      bucket,
      key,
      headers: requestPayer(request.headers),
    })
    return headers.etag
  } catch (error) {
    if (error instanceof OssError && error.status === 404 && error.code !== 'NoSuchBucket') return undefined
    throw error
  }
}
