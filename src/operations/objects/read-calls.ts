import { isRedirection } from '../../oss/error.ts'
import { addRange, versionIdOf } from '../../oss/headers.ts'
import type { HeaderMap, OssResponse } from '../../ports.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { isAnonymous } from '../authorize.ts'
import type { Context, ObjectRequest } from '../operation.ts'
import { withDeleteMarkerTime } from './delete-marker.ts'
import { responseOverrides } from './response-overrides.ts'

/**
 * The object's headers, as OSS has them.
 * @throws OssError; S3Error MethodNotAllowed for a delete marker.
 */
export async function statObject(request: ObjectRequest, context: Context): Promise<HeaderMap> {
  const { bucket, key, query, headers } = request
  try {
    const object = await context.oss.send({
      method: 'HEAD',
      bucket,
      key,
      query: { versionId: query.get('versionId') },
      headers: requestPayer(headers),
    })
    return object.headers
  } catch (error) {
    throw await withDeleteMarkerTime(error, request, context)
  }
}

/**
 * Whether OSS, where the object is missing and its bucket is a website, answers a read with the index page of a folder: 200,
 * and nothing says so. S3's endpoint knows no pages. A HEAD is not answered so.
 */
export const mayBeIndexPage = ({ key, query }: ObjectRequest): boolean =>
  key.endsWith('/') && !query.has('versionId')

/**
 * Looks for the object of a read that may be answered with an index page, where nobody has signed: OSS answers their HEAD by
 * the website as well, but not what asks for an object's metadata alone.
 * @returns undefined where there is no need. @throws OssError NoSuchKey, AccessDenied.
 */
export function requireNoIndexPage(
  request: ObjectRequest,
  { oss, client }: Context,
): Promise<unknown> | undefined {
  const { bucket, key, headers } = request
  if (!isAnonymous(client) || !mayBeIndexPage(request)) return undefined
  return oss.send({
    method: 'HEAD',
    bucket,
    key,
    query: { objectMeta: null },
    headers: requestPayer(headers),
  })
}

/**
 * OSS's GetObject. A rule of the bucket's website may redirect it, which S3's endpoint would not do: then the object, if
 * there is one, is read by its version, of which no website knows.
 * @param asked the conditions, as OSS's headers; it is changed.
 * @throws OssError; S3Error MethodNotAllowed for a delete marker.
 */
export async function sendGet(
  request: ObjectRequest,
  context: Context,
  asked: HeaderMap,
  range: string | undefined,
): Promise<OssResponse> {
  const { bucket, key, query, headers } = request
  if (range !== undefined) addRange(asked, range)
  // Or OSS compresses some types, and drops ETag and length.
  asked['accept-encoding'] = 'identity'
  const read = (versionId: string | undefined) =>
    context.oss.send({
      method: 'GET',
      bucket,
      key,
      query: { versionId, ...responseOverrides(query) },
      headers: Object.assign(asked, requestPayer(headers)),
    })
  const versionId = query.get('versionId')
  try {
    return await read(versionId)
  } catch (error) {
    if (!isRedirection(error) || versionId !== undefined) throw error
    return read(versionIdOf(await statObject(request, context)) ?? 'null')
  }
}
