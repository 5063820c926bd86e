import { parseDate } from '../../bytes/parse-date.ts'
import { OssError } from '../../oss/error.ts'
import { MAX_LISTED } from '../../oss/limits.ts'
import { httpDateOf } from '../../translate/date.ts'
import { toS3Error } from '../../translate/errors.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { children, text } from '../../xml/index.ts'
import type { Context, ObjectRequest } from '../operation.ts'

/**
 * S3's refusal to read a delete marker by its version id, which says when it was made: OSS's does not, but its list does.
 * Any other error is given back as it is.
 */
export async function withDeleteMarkerTime(
  error: unknown,
  request: ObjectRequest,
  context: Context,
): Promise<unknown> {
  if (!(error instanceof OssError && error.status === 405 && error.isDeleteMarker)) return error
  const refusal = toS3Error(error, { ...request, versionId: request.query.get('versionId') })
  const time = await timeOfMarker(request, context).catch(() => undefined)
  if (time !== undefined) refusal.headers['last-modified'] = httpDateOf(time)
  return refusal
}

/** When the marker was made; undefined where a thousand versions are newer. */
async function timeOfMarker(
  { bucket, key, query, headers }: ObjectRequest,
  { oss }: Context,
): Promise<number | undefined> {
  const { document } = await oss.sendForXml(
    {
      method: 'GET',
      bucket,
      // The key itself is the first of those that begin with it.
      query: { versions: null, prefix: key, 'max-keys': String(MAX_LISTED), 'encoding-type': 'url' },
      headers: requestPayer(headers),
    },
    'ListVersionsResult',
  )
  const marker = children(document, 'DeleteMarker').find(
    (entry) => text(entry, 'VersionId') === query.get('versionId'),
  )
  return marker && parseDate(text(marker, 'LastModified') ?? '')
}
