import { type Copy, isSelfCopy } from '../copy/copy.ts'
import { copyNatively } from '../copy/native.ts'
import { refusedCopy } from '../copy/refusal.ts'
import { readSource } from '../copy/source.ts'
import { OssError } from '../oss/error.ts'
import type { HeaderMap, Reply } from '../ports.ts'
import { parseCopySource } from '../s3/copy-source.ts'
import { invalidArgument, notImplemented, S3Error } from '../s3/error.ts'
import { toS3Time } from '../translate/date.ts'
import { toS3Error } from '../translate/errors.ts'
import { toS3ETag } from '../translate/etag.ts'
import { storedContent, toOssContent, toS3Answer } from '../translate/headers.ts'
import {
  conditionOfStatus,
  failedCondition,
  needsSourceFacts,
  parsePreconditions,
  preconditionFailed,
} from '../translate/preconditions.ts'
import { parseTagging, toOssTagging } from '../translate/tagging.ts'
import { authorize } from './authorize.ts'
import { destinationConditions } from './conditional-write.ts'
import { destinationHeaders } from './destination.ts'
import { type Context, type ObjectRequest, xmlReply } from './operation.ts'
import { requireOwner } from './owner.ts'

const SOURCE = 'x-amz-copy-source-'

/** CopyObject: one OSS CopyObject, unless the request needs to know the source first. */
export async function copyObject(request: ObjectRequest, context: Context): Promise<Reply> {
  const copy = await parseCopy(request, context)
  const changed = changesForm(request.headers)
  if (isSelfCopy(copy) && copy.content === 'copy' && !changed) throw illegalSelfCopy()
  try {
    const result = await copyNatively(context.oss, await withSourceFacts(copy, context))
    return xmlReply(
      'CopyObjectResult',
      { LastModified: toS3Time(result.lastModified), ETag: toS3ETag(result.etag) },
      toS3Answer(result.headers),
    )
  } catch (error) {
    if (!(error instanceof OssError)) throw error
    if (error.status === 304 || error.status === 412) {
      // OSS says 304 where S3 says 412: a client would take a 304 for a success without a body.
      throw preconditionFailed(conditionOfStatus(error.status, copy.preconditions), SOURCE)
    }
    // The key that is missing is the source's.
    throw refusedCopy(error, copy, context.config.document.copy.maxSize) ?? toS3Error(error, copy.source)
  }
}

/** The request's headers as a copy; everything that can be refused without asking OSS is refused here. */
async function parseCopy(request: ObjectRequest, context: Context): Promise<Copy> {
  const { headers, bucket, key, signal } = request
  const source = parseCopySource(headers['x-amz-copy-source'] ?? '', context.config.document.accessPoints)
  authorize(context.client, 'read', source.bucket, source.key)
  const replaceMetadata = isReplace(headers, 'metadata')
  const replaceTagging = isReplace(headers, 'tagging')
  const algorithm = headers['x-amz-checksum-algorithm']
  if (algorithm !== undefined) throw notImplemented('x-amz-checksum-algorithm')
  const tags = replaceTagging ? toOssTagging(parseTagging(headers['x-amz-tagging'] ?? '')) : 'copy'
  const content = replaceMetadata ? toOssContent(headers) : 'copy'
  const target = await destinationHeaders(request, context)
  await requireOwner(context, source.bucket, headers['x-amz-source-expected-bucket-owner'])
  return {
    source,
    destination: { bucket, key },
    preconditions: parsePreconditions(headers, SOURCE, context.clock()),
    content,
    tagging: tags,
    target,
    condition: await destinationConditions(request, context),
    signal,
  }
}

function isReplace(headers: HeaderMap, what: 'metadata' | 'tagging'): boolean {
  const name = `x-amz-${what}-directive`
  const directive = headers[name]
  if (directive === undefined || directive === 'COPY') return false
  if (directive === 'REPLACE') return true
  throw invalidArgument(`Unknown ${what} directive.`, name, directive)
}

/** What makes a self-copy without REPLACE legal. An ACL or tags do not. */
const changesForm = (headers: HeaderMap) =>
  headers['x-amz-storage-class'] !== undefined || headers['x-amz-server-side-encryption'] !== undefined

const illegalSelfCopy = () =>
  new S3Error('InvalidRequest', {
    message:
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  })

/**
 * The copy with what only the source can tell: OSS has no `*`, and its rule for the metadata of
 * self-copies is contradictory in its documents, so the complete set is written out and the source pinned.
 */
async function withSourceFacts(copy: Copy, { oss }: Context): Promise<Copy> {
  const selfCopy = isSelfCopy(copy) && copy.content === 'copy'
  if (!selfCopy && !needsSourceFacts(copy.preconditions)) return copy
  const facts = await readSource(oss, copy)
  const failed = failedCondition(copy.preconditions, facts)
  if (failed !== undefined) throw preconditionFailed(failed, SOURCE)
  const pinned = { ...copy, preconditions: { ifMatch: facts.etag } }
  return selfCopy ? { ...pinned, content: storedContent(facts.headers) } : pinned
}
