import type { OssCall } from '../oss/call.ts'
import type { HeaderMap, Reply } from '../ports.ts'
import type { PlainBody } from '../s3/body.ts'
import { S3Error } from '../s3/error.ts'
import { readDocument } from '../s3/read-document.ts'
import {
  aclNotSupported,
  bucketAclHeader,
  documentedAcl,
  grantsNameAnAccount,
  namesAcl,
  type OssAcl,
  objectAclHeader,
  renderAcl,
  requestedAcl,
} from '../translate/acl.ts'
import { child } from '../translate/elements.ts'
import { toS3Answer } from '../translate/response-headers.ts'
import { text } from '../xml/index.ts'
import { type BucketRequest, type Context, type ObjectRequest, xmlReply } from './operation.ts'
import { callOnBucket, callOnObject } from './subresource.ts'

/** GetObjectAcl. An object without an ACL of its own has its bucket's. */
export async function getObjectAcl(request: ObjectRequest, { oss }: Context): Promise<Reply> {
  const object = await readAcl(oss, callOnObject(request, 'GET', 'acl'))
  const acl =
    object.acl === 'default' ? (await readAcl(oss, callOnBucket(request, 'GET', 'acl'))).acl : object.acl
  return xmlReply('AccessControlPolicy', renderAcl(acl, object.ownerId), toS3Answer(object.headers))
}

/**
 * PutObjectAcl, by canned ACL, grants or document.
 * @throws S3Error for what OSS's three ACLs cannot say; AccessControlListNotSupported where ACLs are off.
 */
export async function putObjectAcl(request: ObjectRequest, context: Context): Promise<Reply> {
  const { oss } = context
  if (areOff(context)) {
    await readAcl(oss, callOnObject(request, 'GET', 'acl'))
    throw aclNotSupported()
  }
  const acl = await wantedAcl(
    request,
    async () => (await readAcl(oss, callOnBucket(request, 'GET', 'acl'))).ownerId,
  )
  const call = callOnObject(request, 'PUT', 'acl')
  const { headers } = await oss.send({
    ...call,
    headers: { ...call.headers, ...objectAclHeader(acl) },
    body: new Uint8Array(0),
  })
  return { status: 200, headers: toS3Answer(headers) }
}

/** GetBucketAcl. */
export async function getBucketAcl(request: BucketRequest, { oss }: Context): Promise<Reply> {
  const { acl, ownerId, headers } = await readAcl(oss, callOnBucket(request, 'GET', 'acl'))
  return xmlReply('AccessControlPolicy', renderAcl(acl, ownerId), toS3Answer(headers))
}

/** PutBucketAcl. @throws as {@link putObjectAcl}. */
export async function putBucketAcl(request: BucketRequest, context: Context): Promise<Reply> {
  // OSS would make a bucket that is missing.
  const { ownerId } = await readAcl(context.oss, callOnBucket(request, 'GET', 'acl'))
  if (areOff(context)) throw aclNotSupported()
  const acl = await wantedAcl(request, async () => ownerId)
  const { headers } = await context.oss.send({
    ...callOnBucket(request, 'PUT', 'acl'),
    headers: bucketAclHeader(acl),
    body: new Uint8Array(0),
  })
  return { status: 200, headers: toS3Answer(headers) }
}

const areOff = ({ config }: Context) => config.document.acl.ownership === 'BucketOwnerEnforced'

type Acl = { acl: string; ownerId: string; headers: HeaderMap }

async function readAcl(oss: Context['oss'], call: OssCall): Promise<Acl> {
  const { headers, document } = await oss.sendForXml(call, 'AccessControlPolicy')
  return {
    // OSS's Grant is a canned ACL's name.
    acl: text(child(document, 'AccessControlList') ?? {}, 'Grant') ?? 'private',
    ownerId: text(child(document, 'Owner') ?? {}, 'ID') ?? '',
    headers,
  }
}

/**
 * Headers or a document, one of them.
 * @param ownerId asks for it, where grants have to be told from the owner's.
 * @throws S3Error UnexpectedContent, MissingSecurityHeader.
 */
async function wantedAcl({ headers, body }: BucketRequest, ownerId: () => Promise<string>): Promise<OssAcl> {
  const document = await readDocument((body as PlainBody).body, 'AccessControlPolicy').catch(malformedAcl)
  if (document !== undefined && namesAcl(headers)) throw new S3Error('UnexpectedContent')
  const grantor = grantsNameAnAccount(headers) ? await ownerId() : undefined
  const acl = requestedAcl(headers, 'ObjectWriter', grantor)
  if (acl !== undefined) return acl
  if (document === undefined) {
    throw new S3Error('MissingSecurityHeader', { elements: { MissingHeaderName: 'x-amz-acl' } })
  }
  const id = await ownerId()
  try {
    return documentedAcl(document, id)
  } catch (error) {
    return malformedAcl(error)
  }
}

/** S3 has a name of its own for an ACL that is no good XML. */
function malformedAcl(error: unknown): never {
  throw error instanceof S3Error && error.code === 'MalformedXML'
    ? new S3Error('MalformedACLError', { cause: error })
    : error
}
