import { checkAccess } from '../access/access.ts'
import { percentEncode } from '../address.ts'
import { storedConfig } from '../buckets/config-document.ts'
import type { BucketCall } from '../call.ts'
import { OssError } from '../errors.ts'
import type { Reply } from '../http.ts'
import { getObject, headObject } from '../objects/get-object.ts'
import { currentObject } from '../objects/versions.ts'
import { isMet, type RoutingRule, targetKey } from './routing-rule.ts'
import { parseWebsite, type Website } from './website-config.ts'

/**
 * The website that a request is for, if its bucket is one: of objects that are read by their keys alone and, where nobody
 * signs, of the bucket itself (OSS's page on PutBucketWebsite). A signed HEAD is a program's.
 */
export function websiteOf(call: BucketCall): Website | undefined {
  const { operation, account, query, state, bucket, method } = call
  const isRoot = operation === 'ListObjects' || operation === 'HeadBucket'
  const isRead = operation === 'GetObject' || operation === 'HeadObject'
  if ((!isRoot && !isRead) || query.has('versionId') || (isRoot && query.size > 0)) return undefined
  if (account !== undefined && (isRoot || method === 'HEAD' || !state.readings.signedReadsSeeWebsite)) {
    return undefined
  }
  const configuration = storedConfig(state, bucket, 'website', 'WebsiteConfiguration')
  if (configuration === undefined) return undefined
  const website = parseWebsite(configuration)
  return isRoot && website.index === undefined ? undefined : website
}

/**
 * Answers by a website: a rule that is met, the object, the page of its directory, the page for what is missing.
 * @throws OssError what the read of the object is refused with, when the website has nothing for it.
 */
export async function serveWebsite(call: BucketCall, website: Website): Promise<Reply> {
  const { key, headers } = call
  const early = website.rules.find((rule) => isMet(rule, key, headers, false))
  if (early !== undefined) return follow(call, early)
  try {
    return await read(call, key === '' ? (website.index?.suffix ?? '') : key)
  } catch (cause) {
    if (!isMissing(cause)) throw cause
    const late = website.rules.find((rule) => isMet(rule, key, headers, true))
    if (late !== undefined) return follow(call, late)
    const page = (await indexPage(call, website)) ?? (await errorPage(call, website))
    if (page !== undefined) return page
    throw cause
  }
}

const isMissing = (cause: unknown) => cause instanceof OssError && cause.code === 'NoSuchKey'

/** An object as the caller may read it. @throws OssError NoSuchKey, AccessDenied and what else GetObject throws. */
async function read(call: BucketCall, key: string): Promise<Reply> {
  if (key === '') throw new OssError('NoSuchKey', { elements: { Key: key } })
  const { bucket, method } = call
  checkAccess(call, { bucket, key, versionId: undefined, action: 'GetObject', acl: 'read' })
  return method === 'HEAD' ? headObject({ ...call, key }) : getObject({ ...call, key })
}

/** Undefined when there is none. @throws OssError as {@link read}. */
async function readIfThere(call: BucketCall, key: string): Promise<Reply | undefined> {
  return currentObject(call.state, call.bucket, key) === undefined ? undefined : read(call, key)
}

/** The page of what is asked for as a directory. */
async function indexPage(call: BucketCall, { index }: Website): Promise<Reply | undefined> {
  const { state, bucket, key } = call
  if (index === undefined || key === '') return undefined
  const { suffix, supportSubDir, type } = index
  if (key.endsWith('/')) return readIfThere(call, supportSubDir ? key + suffix : suffix)
  if (!supportSubDir || type === 1) return undefined
  const page = `${key}/${suffix}`
  if (type === 2) return readIfThere(call, page)
  if (currentObject(state, bucket, page) === undefined) return undefined
  return { status: 302, headers: { location: `/${percentEncode(key, '/')}/` } }
}

/** For who does not sign: a program has to learn what is wrong. */
async function errorPage(call: BucketCall, { error }: Website): Promise<Reply | undefined> {
  if (error === undefined || call.account !== undefined) return undefined
  // Conditions and ranges are about the object that was asked for.
  const { referer = '', 'user-agent': agent = '' } = call.headers
  const reply = await readIfThere({ ...call, headers: { referer, 'user-agent': agent } }, error.key)
  return reply && { ...reply, status: error.status }
}

/**
 * Does what a rule says.
 * @throws OssError MirrorFailed where the object is to be fetched: nobody is called from here; OperationNotSupported for a
 * script.
 */
async function follow(call: BucketCall, rule: RoutingRule): Promise<Reply> {
  if (rule.scripted) throw new OssError('OperationNotSupported')
  if (rule.type === 'Mirror') throw new OssError('MirrorFailed')
  const key = targetKey(rule, call.key)
  if (rule.type === 'Internal') return read(call, key)
  const { protocol = call.secure ? 'https' : 'http', host = call.host, passQuery, status } = rule
  const query = passQuery
    ? [...call.query].map((pair) => pair.map((part) => percentEncode(part)).join('='))
    : []
  const location = `${protocol}://${host}/${percentEncode(key, '/')}${query.length > 0 ? `?${query.join('&')}` : ''}`
  return { status, headers: { location } }
}
