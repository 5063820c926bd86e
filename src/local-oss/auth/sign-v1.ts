import { createHmac } from 'node:crypto'
import type { HeaderMap } from '../http.ts'
import { signedHeaderLines } from './signed-headers.ts'

/** Query names that are part of the V1 resource: the union of the SDKs' lists. */
const SUBRESOURCES = new Set(
  `acl bucketInfo location stat delete append tagging objectMeta uploads uploadId partNumber security-token position
  response-content-type response-content-language response-expires response-cache-control
  response-content-disposition response-content-encoding restore callback callback-var versions versioning versionId
  sequential continuation-token regionList cloudboxes symlink logging website cors lifecycle referer qos live comp
  status vod startTime endTime encryption policy policyStatus requestPayment qosInfo asyncFetch inventory inventoryId
  worm wormId wormExtend objectWorm retention legalHold cleanRestoredObject seal replication replicationLocation
  replicationProgress transferAcceleration cname metaQuery resourceGroup style styleName httpsConfig
  publicAccessBlock accessPoint accessPointPolicy bucketArchiveDirectRead group link objectInfo qosRequester
  redundancyTransition requesterQosInfo resourcePool resourcePoolBuckets resourcePoolInfo img processConfiguration udf
  udfName udfImage udfImageDesc udfApplication udfApplicationLog vpcip vip udfId withHashContext rtc
  responseHeader`.split(/\s+/),
)

/** What V1 signs of a request. */
export type V1Request = {
  method: string
  bucket: string
  key: Buffer
  query: ReadonlyMap<string, string>
  headers: HeaderMap
  /** The date line: the date header, or `Expires` of a signed URL. */
  date: string
}

/** The string to sign of Signature Version 1, as bytes; the resource's values are decoded, not escaped. */
export function stringToSignV1(request: V1Request): Buffer {
  const { method, headers, date } = request
  const head = [method, headers['content-md5'] ?? '', headers['content-type'] ?? '', date]
  const lines = signedHeaderLines(headers, (name) => name.startsWith('x-oss-'))
  return Buffer.concat([Buffer.from(`${head.join('\n')}\n`), ...lines, resource(request)])
}

function resource({ bucket, key, query }: V1Request): Buffer {
  const signed = [...query]
    .filter(([name]) => SUBRESOURCES.has(name) || name.startsWith('x-oss-'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
  const path = bucket === '' ? '/' : `/${bucket}/`
  const suffix = signed.length > 0 ? `?${signed.join('&')}` : ''
  return Buffer.concat([Buffer.from(path), key, Buffer.from(suffix)])
}

/** The signature in base64. */
export function signV1(secret: string, stringToSign: Buffer): string {
  return createHmac('sha1', secret).update(stringToSign).digest('base64')
}
