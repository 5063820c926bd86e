import { digestOf } from '../../bytes/digest.ts'
import { decodeKey } from '../../bytes/percent.ts'
import { eachInParallel } from '../../copy/each-in-parallel.ts'
import { inTurn } from '../../copy/write-turn.ts'
import { OssError, OssUnreachable } from '../../oss/error.ts'
import type { HeaderMap, Reply } from '../../ports.ts'
import { S3Error } from '../../s3/error.ts'
import { MAX_LISTED } from '../../s3/limits.ts'
import {
  checkElements,
  childElements,
  childText,
  malformedXml,
  optionalFlag,
  requiredText,
} from '../../translate/elements.ts'
import { toS3Error, unreachable } from '../../translate/errors.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { requestPayer } from '../../translate/to-oss-headers.ts'
import { children, renderXml, text, type XmlNode, type XmlTree } from '../../xml/index.ts'
import { authorize } from '../authorize.ts'
import { authorizeSession } from '../authorize-session.ts'
import { bucketName, keyName, ossKey } from '../mapping.ts'
import { type BucketRequest, type Context, xmlReply } from '../operation.ts'
import { callOnBucket, requireDocument } from '../subresource.ts'
import { turnOfMany } from '../writes/turns.ts'
import { deleteObject } from './object.ts'
import { bypassGovernance } from './retention.ts'

/** Its key as the client names it. */
type Wanted = { key: string; versionId: string | undefined; etag: string | undefined }

/**
 * DeleteObjects: one OSS DeleteMultipleObjects for the keys that may be deleted; the others become errors of their
 * own. OSS is never asked to be quiet: what its answer leaves out, it has not deleted. OSS knows no ETag there: a key that
 * has one is deleted by itself, under that condition.
 * @throws S3Error MalformedXML; NotImplemented for S3's conditions of directory buckets, before anything is deleted.
 */
export async function deleteObjects(request: BucketRequest, context: Context): Promise<Reply> {
  const { wanted, quiet } = parseDelete(await requireDocument(request, 'Delete'), context)
  const errors: XmlTree[] = []
  const allowed = wanted.filter((object) => {
    const refusal = refusalOf(object, request, context)
    if (refusal !== undefined) errors.push(errorElement(object, refusal))
    return refusal === undefined
  })
  const unconditional = allowed.filter(({ etag }) => etag === undefined)
  const turn = turnOfMany(
    request,
    unconditional.map(({ key }) => ossKey(request, key)),
    context,
  )
  const { deleted, headers } = await inTurn(turn, () =>
    deleteFromOss(
      request,
      context,
      unconditional.map(({ key, versionId }) => ({ key: ossKey(request, key), versionId })),
    ),
  )
  const conditional = new Map<Wanted, XmlTree | S3Error>()
  await eachInParallel(
    allowed.filter(({ etag }) => etag !== undefined),
    Math.min(AT_A_TIME, context.platform.connections),
    request.signal(),
    async (object) => conditional.set(object, await deleteConditionally(request, context, object)),
  )
  const done = allowed.flatMap((object): XmlTree[] => {
    const result =
      conditional.get(object) ??
      deleted.get(nameOf(object))?.shift() ??
      new S3Error('AccessDenied', { message: KEPT })
    if (!(result instanceof S3Error)) return [result]
    errors.push(errorElement(object, result))
    return []
  })
  recordBatch(context, wanted, errors)
  return xmlReply('DeleteResult', { Deleted: quiet ? [] : done, Error: errors }, headers)
}

/** Who deleted what is to be found in the access log object by object. */
function recordBatch({ record }: Context, wanted: readonly Wanted[], errors: readonly XmlTree[]): void {
  if (record === undefined) return
  const codes = new Map(errors.map(({ Key, VersionId, Code }) => [`${VersionId ?? ''}/${Key}`, String(Code)]))
  record.batch = wanted.map((object) => ({ ...object, errorCode: codes.get(nameOf(object)) }))
}

/** How many keys with a condition are deleted at a time. */
const AT_A_TIME = 8

const KEPT = 'OSS has not deleted this object: a retention period or a legal hold may keep it.'

/** @throws S3Error MalformedXML, NotImplemented. */
function parseDelete(document: XmlNode, { config }: Context): { wanted: Wanted[]; quiet: boolean } {
  checkElements(document, 'Delete', ['Quiet'], ['Object'])
  const objects = childElements(document, 'Object')
  if (objects.length === 0 || objects.length > MAX_LISTED) throw malformedXml()
  const elements = ['Key', 'VersionId', ...(config.document.conditionalWrites === 'refuse' ? [] : ['ETag'])]
  const wanted = objects.map((object) => {
    checkElements(object, 'Delete/Object', elements)
    return {
      key: requiredText(object, 'Key'),
      versionId: childText(object, 'VersionId'),
      etag: childText(object, 'ETag'),
    }
  })
  return { wanted, quiet: optionalFlag(document, 'Quiet') ?? false }
}

/** What all version ids of OSS are like. One of S3's own, as long as it may be, is that of no version here. */
const ossVersionId = /^(?:null|CAEQ[\w.-]{46,128})$/

/** Why a key is not even asked for: the client may not, or OSS would refuse all of them because of it. */
function refusalOf(
  { key, versionId, etag }: Wanted,
  request: BucketRequest,
  { client }: Context,
): S3Error | undefined {
  const bucket = bucketName(request)
  const { headers } = request
  try {
    authorize(client, 'write', bucket, key)
    authorizeSession(
      client,
      { name: 'DeleteObject' },
      {
        bucket,
        key,
        query: new Map(versionId === undefined ? [] : [['versionId', versionId]]),
        headers: etag === undefined ? headers : { ...headers, 'if-match': etag },
      },
    )
    ossKey(request, key)
    // Also an empty one: the object itself was not asked for.
    if (versionId !== undefined && !ossVersionId.test(versionId)) return new S3Error('NoSuchVersion')
    return undefined
  } catch (error) {
    if (error instanceof S3Error) return error
    throw error
  }
}

const errorElement = ({ key, versionId }: Wanted, { code, message }: S3Error): XmlTree => ({
  Key: key,
  VersionId: versionId,
  Code: code,
  Message: message,
})

/** One DeleteObject. @returns its element of the answer, or why it was not deleted. */
async function deleteConditionally(
  request: BucketRequest,
  context: Context,
  { key, versionId, etag }: Wanted,
): Promise<XmlTree | S3Error> {
  const query = new Map(versionId === undefined ? [] : [['versionId', versionId]])
  const headers = { ...request.headers, 'if-match': etag ?? '' }
  try {
    const { headers: answer } = await deleteObject(
      { ...request, key: ossKey(request, key), query, headers },
      context,
    )
    const isMarker = answer['x-amz-delete-marker'] === 'true'
    return {
      Key: key,
      DeleteMarker: isMarker ? 'true' : undefined,
      DeleteMarkerVersionId: isMarker ? answer['x-amz-version-id'] : undefined,
    }
  } catch (error) {
    if (error instanceof S3Error) return error
    if (error instanceof OssError) return toS3Error(error, { bucket: bucketName(request), key })
    if (error instanceof OssUnreachable) return unreachable(error)
    throw error
  }
}

/**
 * OSS's DeleteMultipleObjects.
 * @param objects their keys as OSS has them.
 * @returns its results by object as the client names it, in OSS's order; an object asked for twice has two. What has none is not deleted.
 */
export async function deleteFromOss(
  request: BucketRequest,
  context: Context,
  objects: readonly Pick<Wanted, 'key' | 'versionId'>[],
): Promise<{ deleted: Map<string, XmlTree[]>; headers: HeaderMap }> {
  const deleted = new Map<string, XmlTree[]>()
  if (objects.length === 0) return { deleted, headers: {} }
  const bypass = await bypassGovernance(request, context)
  const body = new TextEncoder().encode(
    renderXml('Delete', {
      Quiet: false,
      Object: objects.map(({ key, versionId }) => ({ Key: key, VersionId: versionId })),
    }),
  )
  const call = callOnBucket(request, 'POST', 'delete')
  const { headers, document } = await context.oss.sendForXml(
    {
      ...call,
      // Some characters of keys do not survive XML.
      query: { ...call.query, 'encoding-type': 'url' },
      headers: {
        'content-type': 'application/xml',
        'content-md5': digestOf('md5', body, 'base64'),
        ...bypass,
        ...requestPayer(request.headers),
      },
      body,
    },
    'DeleteResult',
  )
  for (const result of children(document, 'Deleted')) {
    const key = keyName(request, decodeKey(text(result, 'Key') ?? ''))
    const object = { key, versionId: text(result, 'VersionId') }
    const results = deleted.get(nameOf(object)) ?? []
    deleted.set(nameOf(object), results)
    results.push({
      Key: object.key,
      VersionId: object.versionId,
      DeleteMarker: text(result, 'DeleteMarker'),
      DeleteMarkerVersionId: text(result, 'DeleteMarkerVersionId'),
    })
  }
  return { deleted, headers: toS3Answer(headers) }
}

const nameOf = ({ key, versionId }: Pick<Wanted, 'key' | 'versionId'>) => `${versionId ?? ''}/${key}`
