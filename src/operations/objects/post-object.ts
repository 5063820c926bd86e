import { encodeStrictly } from '../../bytes/percent.ts'
import { secretNumber } from '../../observe/record.ts'
import { type HeaderMap, headerMap, type Reply } from '../../ports.ts'
import type { PlainBody } from '../../s3/body.ts'
import { invalidArgument, S3Error } from '../../s3/error.ts'
import { type Fields, isUnsignedForm, requireField, verifyForm } from '../../s3/form-signature.ts'
import { MAX_UPLOAD_BYTES } from '../../s3/limits.ts'
import { type Form, readForm } from '../../s3/multipart-form.ts'
import { fileBody } from '../../s3/plain-body.ts'
import { holdToPolicy, type SizeRange } from '../../s3/post-policy.ts'
import { validateKeyLength } from '../../s3/request.ts'
import { authScheme, refuseSessionToken } from '../../s3/signature.ts'
import { parseTagSet, toOssTagging, validateTags } from '../../translate/tags.ts'
import { parseXml, renderXml, XmlError } from '../../xml/index.ts'
import { checkAnonymous, checkAnonymousWrite } from '../anonymous.ts'
import { authorize, authorizeOperation, isAnonymous } from '../authorize.ts'
import { authorizeSession } from '../authorize-session.ts'
import { checkHeaders } from '../check-headers.ts'
import { requireOwner } from '../expected-owner.ts'
import { ossKey, recordPlace } from '../mapping.ts'
import type { BucketRequest, Context, ObjectRequest } from '../operation.ts'
import { requestOrigin } from '../request-origin.ts'
import { signerOf } from '../sessions.ts'
import { readUnverified } from '../unverified.ts'
import { putObject } from './object.ts'

// biome-ignore lint/suspicious/noTemplateCurlyInString: S3's own variable
const FILE_NAME = '${filename}'

/**
 * POST Object: a browser's form, allowed by a signed policy among its fields, or, where the settings forward what nobody has
 * signed, by OSS. Nothing in it is used before the policy is verified; then it is a PutObject whose headers are the fields.
 */
export async function postObject(request: BucketRequest, context: Context): Promise<Reply> {
  if (!context.config.document.postForms) {
    throw new S3Error('MethodNotAllowed', { elements: { Method: 'POST', ResourceType: 'BUCKET' } })
  }
  const { headers, body } = request
  const form = await readUnverified(
    'form',
    request,
    context,
    () => readForm(headers['content-type'], (body as PlainBody).body),
    // Of fields that arrive after the timeout, the body must still be closed.
    (late) => void late.close(),
  )
  try {
    return await putForm(form, request, context)
  } finally {
    form.close()
  }
}

async function putForm(form: Form, request: BucketRequest, context: Context): Promise<Reply> {
  const { bucket } = request
  const key = requireField(form.fields, 'key').replaceAll(FILE_NAME, () => form.fileName)
  const fields = new Map([...form.fields, ['bucket', bucket], ['key', key]])
  const { sender, sizes } = verify(fields, request, context)
  const { client, record } = sender
  if (record !== undefined) record.key = key
  validateKeyLength(key)
  authorize(client, 'write', bucket, key)
  const headers = headersOf(fields)
  authorizeOperation(client, { name: 'PostObject', access: 'write' }, headers)
  authorizeSession(client, { name: 'PutObject' }, { bucket, key, headers })
  const mapped = context.config.buckets.get(bucket)
  const { upstream } = mapped ?? client
  const at = { mapped, bucket: mapped?.bucket ?? bucket, key: ossKey({ mapped }, key) }
  if (record !== undefined) recordPlace(record, upstream, at)
  await context.onVerified(client)

  checkHeaders({ name: 'PutObject', method: 'PUT' }, headers, headers)
  if (isAnonymous(client)) checkAnonymousWrite(headers)
  const owner = headers['x-amz-expected-bucket-owner']
  const placed: Context = { ...sender, ...sender.at(upstream) }
  if (owner !== undefined) await requireOwner(placed, at.bucket, owner)
  const put: ObjectRequest = {
    ...request,
    ...at,
    query: new Map(),
    headers,
    body: fileBody(headers, form.file, { ...sizes, most: Math.min(sizes.most, MAX_UPLOAD_BYTES) }),
  }
  const stored = await putObject(put, placed)
  return answer(fields, stored.headers, locationOf(request, key, context))
}

/** Who sends a form, as the context of the upload that it becomes, and the sizes that its file may have. */
type Verified = { sender: Context; sizes: SizeRange }

/** @throws S3Error those of {@link verifyForm}, {@link holdToPolicy} and {@link checkAnonymous}. */
function verify(fields: Fields, request: BucketRequest, context: Context): Verified {
  const { config, clock, record, anonymously } = context
  if (anonymously !== undefined && isUnsignedForm(fields) && authScheme(request) === 'anonymous') {
    checkAnonymous('bucket', request)
    refuseSessionToken(fields.get('x-amz-security-token'))
    return { sender: anonymously(), sizes: { least: 0, most: Number.POSITIVE_INFINITY } }
  }
  const now = clock()
  const signer = signerOf(config, request, now)
  const { secret, exempt } = verifyForm(fields, signer.secretsOf, config.document.signatureV2)
  const client = signer.client()
  if (record !== undefined) {
    const version = fields.has('x-amz-signature') ? 'SigV4' : 'SigV2'
    record.signature = { version, type: 'PostForm', secret: secretNumber(client.secretAccessKeys, secret) }
  }
  return { sender: { ...context, client }, sizes: holdToPolicy(fields, exempt, now) }
}

const sameNamed = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-type',
  'expires',
  'if-match',
  'if-none-match',
  'if-unmodified-since',
])
/** Fields about the form itself, or headers that mean something only on the wire. */
const notHeaders = new Set([
  'x-amz-algorithm',
  'x-amz-content-sha256',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-decoded-content-length',
  'x-amz-signature',
  'x-amz-trailer',
])

/** Headers by the names that forms have for them. */
const otherNames = new Map([
  ['acl', 'x-amz-acl'],
  ['tagging', 'x-amz-tagging'],
])

/** What a PutObject would say in its headers. @throws S3Error InvalidArgument, MalformedXML. */
function headersOf(fields: Fields): HeaderMap {
  const headers = headerMap()
  for (const [name, field] of fields) {
    const header = otherNames.get(name) ?? name
    const value = name === 'tagging' ? taggingHeader(field) : field
    if (header.startsWith('x-amz-copy-source')) {
      throw invalidArgument('You can only specify a copy source header for copy requests.', name, value)
    }
    if (!sameNamed.has(header) && (!header.startsWith('x-amz-') || notHeaders.has(header))) continue
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what no header may contain
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(header) || /[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
      throw invalidArgument('The form field cannot stand for a header.', name)
    }
    // The two names of one thing.
    if (header in headers) throw invalidArgument('A form field must not be given twice.', name)
    headers[header] = value
  }
  return headers
}

/** The form's `Tagging` document as the header, which both services write alike. */
function taggingHeader(document: string): string {
  try {
    const tags = parseTagSet(parseXml(document, 'Tagging'))
    validateTags(tags)
    return toOssTagging(tags)
  } catch (cause) {
    throw cause instanceof XmlError ? new S3Error('MalformedXML', { cause }) : cause
  }
}

function answer(fields: Fields, stored: HeaderMap, location: string): Reply {
  const [bucket = '', key = ''] = [fields.get('bucket'), fields.get('key')]
  const headers = { ...stored, location }
  const redirect = redirectOf(fields, [
    ['bucket', bucket],
    ['key', key],
    ['etag', stored.etag ?? ''],
  ])
  if (redirect !== undefined) return { status: 303, headers: { ...headers, location: redirect } }
  const status = fields.get('success_action_status')
  if (status !== '201') return { status: status === '200' ? 200 : 204, headers }
  const document = { Location: location, Bucket: bucket, Key: key, ETag: stored.etag }
  return {
    status: 201,
    headers: { ...headers, 'content-type': 'application/xml' },
    body: renderXml('PostResponse', document),
  }
}

/** Where the form wants the browser to go; one that is no address is as if it were not there, as in S3. */
function redirectOf(fields: Fields, result: readonly [string, string][]): string | undefined {
  const wanted = fields.get('success_action_redirect') ?? fields.get('redirect')
  if (wanted === undefined || !/^https?:\/\//i.test(wanted) || !URL.canParse(wanted)) return undefined
  const url = new URL(wanted)
  const query = result.map(([name, value]) => `${name}=${encodeStrictly(value)}`).join('&')
  url.search = url.search === '' ? query : `${url.search}&${query}`
  return url.href
}

/** The object's URL, by path or by host as the client addressed the bucket. */
function locationOf(request: BucketRequest, key: string, context: Context): string {
  const { hostBucket, bucket } = request
  const path = encodeStrictly(key).replaceAll('%2F', '/')
  return `${requestOrigin(request, context)}/${hostBucket === undefined ? `${bucket}/` : ''}${path}`
}
