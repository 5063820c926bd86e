import { OssError } from '../../oss/error.ts'
import type { HeaderMap, Reply } from '../../ports.ts'
import { invalidArgument, S3Error } from '../../s3/error.ts'
import { toS3Time } from '../../translate/date.ts'
import {
  checkElements,
  parseTimestamp,
  requiredText,
  requiredWord,
  unsupportedElement,
} from '../../translate/elements.ts'
import { bypassGovernanceHeader } from '../../translate/object-lock.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { text } from '../../xml/index.ts'
import { type BucketRequest, type Context, type ObjectRequest, xmlReply } from '../operation.ts'
import { callOnObject, requireDocument, withDocument } from '../subresource.ts'
import { readBucketLock } from './bucket-lock.ts'

const BYPASS = 'x-amz-bypass-governance-retention'
const MODES = ['GOVERNANCE', 'COMPLIANCE'] as const

/** GetObjectRetention, by OSS's object WORM. */
export async function getObjectRetention(request: ObjectRequest, context: Context): Promise<Reply> {
  const answer = await context.oss
    .sendForXml(callOnObject(request, 'GET', 'retention'), 'Retention')
    .catch((error) => refuse(error, request, context))
  // OSS may answer an empty one where there is none.
  if (!text(answer.document, 'Mode')) throw new S3Error('NoSuchObjectLockConfiguration')
  return xmlReply(
    'Retention',
    {
      Mode: text(answer.document, 'Mode'),
      RetainUntilDate: toS3Time(text(answer.document, 'RetainUntilDate') ?? ''),
    },
    toS3Answer(answer.headers),
  )
}

/** PutObjectRetention. @throws S3Error MalformedXML, InvalidArgument, InvalidRequest, AccessDenied. */
export async function putObjectRetention(request: ObjectRequest, context: Context): Promise<Reply> {
  const document = await requireDocument(request, 'Retention')
  checkElements(document, 'Retention', ['Mode', 'RetainUntilDate'])
  if (!('Mode' in document) && !('RetainUntilDate' in document)) {
    throw unsupportedElement('Retention', 'OSS cannot take a retention period away')
  }
  const mode = requiredWord(document, 'Mode', MODES)
  const date = requiredText(document, 'RetainUntilDate')
  const until = parseTimestamp(date)
  if (until <= context.clock()) {
    throw invalidArgument('The retain until date must be in the future!', 'RetainUntilDate', date)
  }
  const call = callOnObject(request, 'PUT', 'retention')
  const bypass = bypassHeader(request.headers)
  return put(request, context, {
    ...withDocument(call, 'Retention', { Mode: mode, RetainUntilDate: new Date(until).toISOString() }),
    headers: { ...call.headers, 'content-type': 'application/xml', ...bypass },
  }).catch(async (error) => {
    const mayChangeMode = mode === 'COMPLIANCE' && Object.keys(bypass).length > 0
    throw mayChangeMode && (await isGoverned(error, request, context)) ? modeStays(error) : error
  })
}

/** Whether OSS refuses a retention of the other mode because the version has one under governance. */
async function isGoverned(error: unknown, request: ObjectRequest, { oss }: Context): Promise<boolean> {
  if (!(error instanceof OssError) || error.code !== 'FileImmutable') return false
  const reading = oss.sendForXml(callOnObject(request, 'GET', 'retention'), 'Retention')
  return reading.then(
    ({ document }) => text(document, 'Mode') === 'GOVERNANCE',
    () => false,
  )
}

/** S3 lets who bypasses governance change it into compliance. */
function modeStays(cause: unknown): S3Error {
  const { message, elements } = unsupportedElement(
    'Retention/Mode',
    'OSS changes the mode of a retention only when its period is over',
  )
  return new S3Error('NotImplemented', { message, elements, cause })
}

/** GetObjectLegalHold. */
export async function getObjectLegalHold(request: ObjectRequest, context: Context): Promise<Reply> {
  const answer = await context.oss
    .sendForXml(callOnObject(request, 'GET', 'legalHold'), 'LegalHold')
    .catch((error) => refuse(error, request, context))
  return xmlReply('LegalHold', { Status: text(answer.document, 'Status') }, toS3Answer(answer.headers))
}

/** PutObjectLegalHold. @throws S3Error MalformedXML, InvalidRequest. */
export async function putObjectLegalHold(request: ObjectRequest, context: Context): Promise<Reply> {
  const document = await requireDocument(request, 'LegalHold')
  checkElements(document, 'LegalHold', ['Status'])
  const Status = requiredWord(document, 'Status', ['ON', 'OFF'])
  return put(
    request,
    context,
    withDocument(callOnObject(request, 'PUT', 'legalHold'), 'LegalHold', { Status }),
  )
}

/**
 * The header that deletes what is retained in governance mode.
 * @throws S3Error InvalidArgument in a bucket without object lock, as S3.
 */
export async function bypassGovernance(request: BucketRequest, context: Context): Promise<HeaderMap> {
  if (!(BYPASS in request.headers)) return {}
  if ((await readBucketLock(request, context)) === undefined) {
    throw invalidArgument(`${BYPASS} is only applicable to Object Lock enabled buckets.`, BYPASS)
  }
  return bypassHeader(request.headers)
}

const bypassHeader = (headers: HeaderMap): HeaderMap =>
  headers[BYPASS]?.toLowerCase() === 'true' ? bypassGovernanceHeader() : {}

async function put(
  request: ObjectRequest,
  context: Context,
  call: ReturnType<typeof callOnObject>,
): Promise<Reply> {
  const answer = await context.oss.send(call).catch((error) => refuse(error, request, context))
  return { status: 200, headers: toS3Answer(answer.headers) }
}

/** What the codes are that OSS has for objects without a lock and for buckets without object lock, no document says. */
const isAboutLocks = ({ status, code }: OssError) =>
  code === 'InvalidRequest' ||
  (status === 404 && !['NoSuchBucket', 'NoSuchKey', 'NoSuchVersion'].includes(code))

/** S3 has an error for an object without a lock and another for a bucket without object lock. */
async function refuse(error: unknown, request: ObjectRequest, context: Context): Promise<never> {
  if (!(error instanceof OssError) || !isAboutLocks(error)) throw error
  if ((await readBucketLock(request, context)) === undefined) {
    throw new S3Error('InvalidRequest', {
      message: 'Bucket is missing Object Lock Configuration',
      cause: error,
    })
  }
  throw error.code === 'InvalidRequest'
    ? error
    : new S3Error('NoSuchObjectLockConfiguration', { cause: error })
}
