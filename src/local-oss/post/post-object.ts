import { renderXml } from '../../xml/index.ts'
import { checkAccess } from '../access/access.ts'
import { percentEncode } from '../address.ts'
import { UnreadableBody } from '../body.ts'
import type { BucketCall } from '../call.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { Bytes, HeaderMap, Reply } from '../http.ts'
import { checkKey } from '../name-rules.ts'
import { putObject } from '../objects/put-object.ts'
import { type Form, readForm } from './form.ts'
import { checkFormPolicy, type FormPolicy, parseFormPolicy } from './form-policy.ts'
import { checkFormSignature } from './form-signature.ts'

/**
 * PostObject: the file of a form becomes an object. It is signed by the form's fields; other signatures are not looked at
 * (OSS's page on PostObject).
 */
export async function postObject(call: BucketCall): Promise<Reply> {
  const form = await readForm(call.headers['content-type'], call.body)
  try {
    return await putForm(call, form)
  } catch (cause) {
    throw cause instanceof UnreadableBody && cause.cause instanceof OssError ? cause.cause : cause
  } finally {
    form.close()
  }
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: in a key it stands for the file's name
const FILE_NAME = '${filename}'

async function putForm(call: BucketCall, form: Form): Promise<Reply> {
  const { fields, fileName, file } = form
  const now = Date.now()
  const { account, accessKeyId } = checkFormSignature(fields, call.keyring, call.region, now)
  const named = fields.get('key')
  if (named === undefined) throw invalidArgument("Bucket POST must contain a field named 'key'.", 'key', '')
  const key = named.replaceAll(FILE_NAME, () => fileName)
  const encoded = fields.get('policy')
  const policy = encoded === undefined ? undefined : parseFormPolicy(encoded)
  const asked = new Map([...fields, ['key', key], ['bucket', call.bucket.name]])
  if (policy !== undefined) checkFormPolicy(policy, asked, now)
  checkKey(key)
  const headers = headersOf(form)
  const put = { ...call, key, headers, account, accessKeyId, body: withinSize(file, policy) }
  checkAccess(put, { bucket: call.bucket, key, versionId: undefined, action: 'PutObject', acl: 'write' })
  const reply = await putObject(put)
  // What a callback answers.
  if (reply.body !== undefined) return reply
  return answer(fields, call, key, reply.headers ?? {})
}

/** The fields that are headers of a PutObject. A body's length is not known before its end. */
function headersOf({ fields, fileType }: Form): HeaderMap {
  const headers: HeaderMap = { 'transfer-encoding': 'chunked' }
  if (fileType !== undefined) headers['content-type'] = fileType
  for (const [name, value] of fields) {
    if (!/^(cache-control|content-(type|disposition|encoding|language)|expires|x-oss-.*)$/.test(name))
      continue
    if (/[\r\n\0]/.test(value)) throw invalidArgument('A form field has a line’s end.', name, value)
    headers[name] = Buffer.from(value, 'utf8').toString('latin1')
  }
  Object.assign(headers, callbackHeaders(fields))
  const type = headers['x-oss-content-type']
  if (type !== undefined) headers['content-type'] = type
  return headers
}

/** A callback's fields; those that begin with `x:` are its variables. */
function callbackHeaders(fields: Form['fields']): HeaderMap {
  const callback = fields.get('callback')
  if (callback === undefined) return {}
  const own = [...fields].filter(([name]) => name.startsWith('x:'))
  const variables =
    own.length === 0
      ? fields.get('callback-var')
      : Buffer.from(JSON.stringify(Object.fromEntries(own))).toString('base64')
  return { 'x-oss-callback': callback, ...(variables !== undefined && { 'x-oss-callback-var': variables }) }
}

/** The file, which must be of a size that the policy allows. @throws OssError EntityTooSmall, EntityTooLarge. */
async function* withinSize(file: Bytes, policy: FormPolicy | undefined): Bytes {
  const { minSize = 0, maxSize = Number.POSITIVE_INFINITY } = policy ?? {}
  let size = 0
  for await (const piece of file) {
    size += piece.length
    if (size > maxSize) throw new OssError('EntityTooLarge')
    yield piece
  }
  if (size < minSize) throw new OssError('EntityTooSmall')
}

/** A redirect, or the status asked for: 204 unless it is 200 or 201, which alone has a document. */
function answer(fields: Form['fields'], call: BucketCall, key: string, headers: HeaderMap): Reply {
  const { bucket, host, secure } = call
  const etag = headers.etag ?? ''
  const redirect = fields.get('success_action_redirect') ?? ''
  if (/^https?:\/\/\S+$/i.test(redirect) && URL.canParse(redirect)) {
    const target = new URL(redirect)
    for (const [name, value] of Object.entries({ bucket: bucket.name, key, etag })) {
      target.searchParams.set(name, value)
    }
    return { status: 303, headers: { ...headers, location: target.href } }
  }
  const location = `${secure ? 'https' : 'http'}://${host}/${percentEncode(key, '/')}`
  const status = fields.get('success_action_status')
  if (status === '200') return { headers }
  if (status !== '201') return { status: 204, headers }
  return {
    status: 201,
    headers: { ...headers, location },
    body: renderXml('PostResponse', { Bucket: bucket.name, ETag: etag, Key: key, Location: location }),
  }
}
