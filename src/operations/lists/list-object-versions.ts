import type { Reply } from '../../ports.ts'
import { invalidArgument } from '../../s3/error.ts'
import { isVersionId } from '../../s3/request.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { text } from '../../xml/index.ts'
import { bucketName, ossMarker, ossPrefix } from '../mapping.ts'
import type { BucketRequest, Context } from '../operation.ts'
import { isReserved } from '../reserved-keys.ts'
import { keyForm } from './keys.ts'
import { pageQuery, parsePageSize } from './list-query.ts'
import { listReply } from './list-reply.ts'
import { nextMarker, withoutReserved } from './reserved-rows.ts'
import { deleteMarkerRows, prefixRows, versionRows, wantsRestoreStatus } from './rows.ts'
import { inS3Order } from './version-order.ts'

/** ListObjectVersions: versions and delete markers of each key together, the newest first. */
export async function listObjectVersions(request: BucketRequest, { oss }: Context): Promise<Reply> {
  const { bucket, query, headers } = request
  const maxKeys = parsePageSize(query, 'max-keys')
  const form = keyForm(request)
  const { encode } = form
  const named = (name: string) => query.get(name) || undefined
  const [prefix, delimiter, keyMarker, idMarker] = [
    'prefix',
    'delimiter',
    'key-marker',
    'version-id-marker',
  ].map(named)
  if (idMarker !== undefined && keyMarker === undefined) {
    throw invalidArgument(
      'A version-id marker cannot be specified without a key marker.',
      'version-id-marker',
      idMarker,
    )
  }
  if (idMarker !== undefined && !isVersionId(idMarker)) {
    throw invalidArgument('Invalid version id specified', 'version-id-marker', idMarker)
  }
  const tables = {
    DeleteMarker: deleteMarkerRows(form),
    Version: versionRows(form, wantsRestoreStatus(headers)),
    CommonPrefixes: prefixRows(form),
  }
  const answer = await withoutReserved((behind) =>
    oss.sendForList(
      {
        method: 'GET',
        bucket,
        query: {
          versions: null,
          prefix: ossPrefix(request, prefix),
          delimiter,
          'key-marker': ossMarker(request, behind ?? keyMarker),
          'version-id-marker': behind === undefined ? idMarker : undefined,
          ...pageQuery(maxKeys),
        },
        headers: requestPayer(headers),
      },
      'ListVersionsResult',
      tables,
    ),
  )
  const { document, rows } = answer.document
  const truncated = maxKeys > 0 && text(document, 'IsTruncated') === 'true'
  const next = nextMarker(text(document, 'NextKeyMarker'), form) ?? ''
  return listReply(
    'ListVersionsResult',
    {
      Name: bucketName(request),
      Prefix: encode(prefix ?? ''),
      KeyMarker: encode(keyMarker ?? ''),
      VersionIdMarker: idMarker ?? '',
      NextKeyMarker: truncated ? encode(next) : undefined,
      NextVersionIdMarker: truncated && !isReserved(next) ? text(document, 'NextVersionIdMarker') : undefined,
      Delimiter: delimiter === undefined ? undefined : encode(delimiter),
      MaxKeys: maxKeys,
      EncodingType: query.get('encoding-type'),
      IsTruncated: truncated,
    },
    maxKeys === 0 ? [] : [...inS3Order(rows.DeleteMarker, rows.Version), ...rows.CommonPrefixes.take()],
    toS3Answer(answer.headers),
  )
}
