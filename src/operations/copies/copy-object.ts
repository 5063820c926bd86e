import { checkSource } from '../../copy/conditions.ts'
import { type Copy, type CopyResult, isSelfCopy } from '../../copy/copy.ts'
import { performCopy } from '../../copy/run.ts'
import { OssError } from '../../oss/error.ts'
import type { HeaderMap, Reply } from '../../ports.ts'
import { type Algorithm, algorithmNamed, allAlgorithms } from '../../s3/checksum.ts'
import { invalidArgument, S3Error } from '../../s3/error.ts'
import { toS3Time } from '../../translate/date.ts'
import { child } from '../../translate/elements.ts'
import { toS3Error } from '../../translate/errors.ts'
import { toS3ETag } from '../../translate/etag.ts'
import { parsePreconditions } from '../../translate/preconditions.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { isRestored } from '../../translate/restore.ts'
import { hasTags, requestedTagging } from '../../translate/tags.ts'
import { requestPayer, toOssContent, toOssTarget } from '../../translate/to-oss-headers.ts'
import { text, type XmlTree } from '../../xml/index.ts'
import { authorizeSession } from '../authorize-session.ts'
import { keepAliveReply } from '../keep-alive-reply.ts'
import { asNamed } from '../mapping.ts'
import { copyPartIndex } from '../objects/part-index.ts'
import { lockOfWrite, writeLocked } from '../objects/write-lock.ts'
import { writeSettings } from '../objects/write-settings.ts'
import { type Context, type ObjectRequest, xmlReply } from '../operation.ts'
import { callOnBucket } from '../subresource.ts'
import { writeTurn } from '../writes/turns.ts'
import { copyPorts } from './copy-ports.ts'
import { requireSourceOwner, type SourceOf, sourceOf } from './source-of.ts'

const SOURCE = 'x-amz-copy-source'

/** CopyObject: one OSS CopyObject, unless the request needs to know the source first or OSS refuses it. */
export async function copyObject(request: ObjectRequest, context: Context): Promise<Reply> {
  const from = sourceOf(request, context)
  const copy = await parseCopy(request, context, from)
  const lock = await lockOfWrite(request, context)
  const ports = copyPorts(context, from.upstream)
  const algorithm = wantedChecksum(request.headers['x-amz-checksum-algorithm'])
  let onStatusDecided = () => {}
  const statusDecided = new Promise<void>((resolve) => {
    onStatusDecided = resolve
  })
  const write = () => performCopy(ports, copy, onStatusDecided)
  const work = writeLocked(request, context, lock, write).then(
    async (result) => {
      await keepParts(copy, result, context)
      return copyReply(result, algorithm)
    },
    (error) => {
      // The key that is missing is the source's.
      throw error instanceof OssError ? toS3Error(error, from.named) : error
    },
  )
  // After the client has disconnected, a copy still has its upload to abort.
  request.waitUntil?.(work)
  return await keepAliveReply(work, () => statusDecided, context)
}

/** A native copy has its source's ETag, and so its parts and the checksum beside it. */
async function keepParts(
  copy: Copy,
  { etag, isNative }: CopyResult,
  { oss, config }: Context,
): Promise<void> {
  const { source, destination, payer } = copy
  const { storeParts, storeChecksums } = config.document
  if (isNative && storeParts)
    await copyPartIndex(oss, source, { ...destination, etag, payer }, storeChecksums)
}

function copyReply(
  { lastModified, etag, headers, checksum }: CopyResult,
  algorithm: Algorithm | undefined,
): Reply {
  const result: XmlTree = { LastModified: toS3Time(lastModified), ETag: toS3ETag(etag) }
  if (algorithm !== undefined && checksum !== undefined) {
    result.ChecksumType = 'FULL_OBJECT'
    result[`Checksum${algorithm.name}`] = checksum
  }
  return xmlReply('CopyObjectResult', result, toS3Answer(headers))
}

/** The request's headers as a copy; everything that can be refused without asking OSS is refused here. */
export async function parseCopy(request: ObjectRequest, context: Context, from: SourceOf): Promise<Copy> {
  const { headers, bucket, key } = request
  const replaceMetadata = isReplace(headers, 'x-amz-metadata-directive')
  const replaceTagging = isReplace(headers, 'x-amz-tagging-directive')
  const tagging = replaceTagging ? (requestedTagging(headers) ?? '') : 'copy'
  // S3 measures metadata also where it does not count.
  const replaced = toOssContent(headers)
  const content = replaceMetadata ? replaced : 'copy'
  const target = toOssTarget(headers, await writeSettings(request, context))
  await requireSourceOwner(request, context, from)
  const copy: Copy = {
    source: from.source,
    destination: { bucket, key },
    isAcross: from.upstream !== context.upstream,
    preconditions: parsePreconditions(headers, `${SOURCE}-`, context.clock()),
    content,
    tagging,
    target,
    payer: requestPayer(headers),
    checksum: wantedChecksum(headers['x-amz-checksum-algorithm']),
    keepsChecksum: context.config.document.storeChecksums,
    turn: await writeTurn(request, context),
    signal: request.signal,
  }
  if (tagging === 'copy') await authorizeTags(copy, request, from, context)
  if (isSelfCopy(copy) && content === 'copy' && !changesForm(headers)) await requireChange(copy, context)
  return copy
}

/**
 * As in S3 the source's tags, where it has any, are copied for who may read tags there and write them here.
 * @throws S3Error AccessDenied; the errors of {@link checkSource}.
 */
async function authorizeTags(
  copy: Copy,
  request: ObjectRequest,
  from: SourceOf,
  context: Context,
): Promise<void> {
  const { client } = context
  const { named: source } = from
  const query = new Map(source.versionId === undefined ? [] : [['versionId', source.versionId]])
  const actions = () => {
    authorizeSession(client, { name: 'GetObjectTagging' }, { ...source, query })
    authorizeSession(client, { name: 'PutObjectTagging' }, asNamed(request))
  }
  try {
    actions()
  } catch (error) {
    const { headers } = await checkSource(copyPorts(context, from.upstream), copy)
    if (hasTags(headers)) throw error
  }
}

/** @throws S3Error InvalidRequest for an algorithm that S3 does not know. */
const wantedChecksum = (name: string | undefined): Algorithm | undefined =>
  name === undefined ? undefined : allAlgorithms[algorithmNamed(name)]

function isReplace(
  headers: HeaderMap,
  name: 'x-amz-metadata-directive' | 'x-amz-tagging-directive',
): boolean {
  const directive = headers[name]
  if (directive === undefined || directive === 'COPY') return false
  if (directive === 'REPLACE') return true
  throw invalidArgument(`Unknown ${name.split('-')[2]} directive.`, name, directive)
}

/** What in a request makes a self-copy without REPLACE legal. An ACL or tags do not. */
const changesForm = (headers: HeaderMap) =>
  headers['x-amz-storage-class'] !== undefined || headers['x-amz-server-side-encryption'] !== undefined

/**
 * A self-copy that asks for no change makes one where the object is a restored copy of an archived one, which stays
 * then, and where the bucket encrypts what is written.
 * @throws S3Error InvalidRequest; the errors of {@link checkSource}.
 */
async function requireChange(copy: Copy, context: Context): Promise<void> {
  const { headers } = await checkSource(copyPorts(context, context.upstream), copy)
  if (isRestored(headers) || (await encryptsByDefault(copy.destination.bucket, context))) return
  throw new S3Error('InvalidRequest', {
    message:
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  })
}

/** Whether a bucket has a rule of default encryption; what may not be asked counts as none. */
async function encryptsByDefault(bucket: string, { oss }: Context): Promise<boolean> {
  try {
    const call = callOnBucket({ bucket }, 'GET', 'encryption')
    const { document } = await oss.sendForXml(call, 'ServerSideEncryptionRule')
    const rule = child(document, 'ApplyServerSideEncryptionByDefault')
    return rule !== undefined && Boolean(text(rule, 'SSEAlgorithm'))
  } catch (error) {
    if (error instanceof OssError && (error.status === 404 || error.status === 403)) return false
    throw error
  }
}
