import { createHmac } from 'node:crypto'
import { parseDate } from '../bytes/parse-date.ts'
import { trimWhitespace } from '../bytes/whitespace.ts'
import type { HeaderMap } from '../ports.ts'
import { invalidArgument, S3Error } from './error.ts'
import { parsePayload } from './payload.ts'
import { standsForHeader, withHoisted } from './presigned-headers.ts'
import type { S3Request } from './request.ts'
import {
  authScheme,
  equalSignatures,
  iso,
  requireRecent,
  requireSecrets,
  type SecretsOf,
  signatureMismatch,
  type Verified,
} from './signature.ts'

/** What the client says it signed. */
type Claim = {
  accessKeyId: string
  signature: string
  /** The line of the string to sign that holds the time: Date, Expires, or nothing beside an x-amz-date. */
  dateLine: string
  /** The request's headers as they were signed. */
  headers: HeaderMap
}

/**
 * Query parameters that are signed. All that choose an operation are: one that is not could be added to somebody's
 * presigned URL.
 */
export const signedParameters: ReadonlySet<string> = new Set([
  ...['abac', 'accelerate', 'acl', 'analytics', 'annotation', 'annotationName', 'attributes', 'cors'],
  ...['defaultObjectAcl', 'delete', 'encryption', 'intelligent-tiering', 'inventory', 'legal-hold'],
  ...['lifecycle', 'location', 'logging', 'metadataAnnotationTable', 'metadataConfiguration'],
  ...['metadataInventoryTable', 'metadataJournalTable', 'metadataTable', 'metrics', 'notification'],
  ...['object-lock', 'ownershipControls', 'partNumber', 'policy', 'policyStatus', 'publicAccessBlock'],
  ...['renameObject', 'replication', 'requestPayment', 'response-cache-control'],
  ...['response-content-disposition', 'response-content-encoding', 'response-content-language'],
  ...[
    'response-content-type',
    'response-expires',
    'restore',
    'retention',
    'select',
    'select-type',
    'session',
  ],
  ...['storageClass', 'tagging', 'torrent', 'uploadId', 'uploads', 'versionId', 'versioning', 'versions'],
  ...['website'],
])

/**
 * Verifies a request signed with Signature Version 2, in its header or in its query (presigned). It covers the method,
 * the resource, Content-MD5, Content-Type and every x-amz- header by construction; other headers are unsigned, as in S3.
 * @param now milliseconds since the epoch.
 * @throws S3Error saying what AWS says; SignatureDoesNotMatch shows the string that should have been signed.
 */
export function verifySigV2(request: S3Request, secretsOf: SecretsOf, now: number): Verified {
  const presigned = authScheme(request) === 'sigv2-query'
  const claim = presigned ? claimOfQuery(request, now) : claimOfHeader(request, now)
  const { accessKeyId, signature } = claim
  const secrets = requireSecrets(secretsOf, accessKeyId, claim.headers['x-amz-security-token'])
  const signerOf = (text: string) =>
    secrets.findIndex((secret) =>
      equalSignatures(createHmac('sha1', secret).update(text).digest('base64'), signature),
    )
  const resource = resourceOf(request)
  const stringToSign = (path: string) => textOf(request, claim, path)
  // Clients sign a bucket with a slash after its name, whether they send one or not.
  const bare = request.key === undefined && request.bucket !== undefined && !resource.endsWith('/')
  let secret = signerOf(stringToSign(resource))
  if (secret < 0 && bare) secret = signerOf(stringToSign(`${resource}/`))
  if (secret < 0) {
    throw signatureMismatch({ accessKeyId, signature, stringToSign: stringToSign(resource) })
  }
  const { headers } = request
  return {
    accessKeyId,
    secret,
    // A chunk's signature goes on from one of version 4: there is none to go on from.
    payload: parsePayload(headers['x-amz-content-sha256']?.trim() ?? 'UNSIGNED-PAYLOAD'),
    presigned,
    headers: presigned
      ? withHoisted(request, (name) => standsForHeader(name) || isContentLine(name))
      : headers,
  }
}

function claimOfHeader({ headers }: S3Request, now: number): Claim {
  const [, accessKeyId, signature] = /^AWS ([^\s:]+):([^\s:]+)$/.exec(headers.authorization ?? '') ?? []
  if (accessKeyId === undefined || signature === undefined) {
    throw invalidArgument(
      'AWS authorization header is invalid.  Expected AwsAccessKeyId:signature',
      'Authorization',
      headers.authorization,
    )
  }
  const timestamp = (headers['x-amz-date'] ?? headers.date ?? '').trim()
  const time = parseDate(timestamp)
  if (time === undefined) {
    throw new S3Error('AccessDenied', {
      message: 'AWS authentication requires a valid Date or x-amz-date header.',
    })
  }
  requireRecent(time, timestamp, now)
  return { accessKeyId, signature, dateLine: 'x-amz-date' in headers ? '' : timestamp, headers }
}

function claimOfQuery(request: S3Request, now: number): Claim {
  const accessKeyId = request.query.get('AWSAccessKeyId')
  const signature = request.query.get('Signature')
  const expires = request.query.get('Expires')
  if (!accessKeyId || !signature || !expires) {
    throw new S3Error('AccessDenied', {
      message: 'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters',
    })
  }
  if (!/^\d{1,15}$/.test(expires)) {
    throw new S3Error('AccessDenied', {
      message: `Invalid date (should be seconds since epoch): ${expires}`,
    })
  }
  if (Number(expires) * 1000 < now) {
    throw new S3Error('AccessDenied', {
      message: 'Request has expired',
      elements: { Expires: iso(Number(expires) * 1000), ServerTime: iso(now) },
    })
  }
  // boto writes every header that it signs into the query, where nothing distinguishes them from other parameters.
  const headers = withHoisted(request, (name) => name.startsWith('x-amz-') || isContentLine(name))
  return { accessKeyId, signature, dateLine: expires, headers }
}

const isContentLine = (name: string) => name === 'content-type' || name === 'content-md5'

function textOf({ method, parameters }: S3Request, { dateLine, headers }: Claim, path: string): string {
  const value = (name: string) => trimWhitespace(headers[name] ?? '')
  const amzLines = Object.keys(headers)
    .filter((name) => name.startsWith('x-amz-'))
    .sort()
    .map((name) => `${name}:${value(name)}\n`)
    .join('')
  const signed = parameters
    .filter(([name]) => signedParameters.has(name))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    .join('&')
  const resource = signed === '' ? path : `${path}?${signed}`
  return `${method}\n${value('content-md5')}\n${value('content-type')}\n${dateLine}\n${amzLines}${resource}`
}

/** The path as it was sent; behind a bucket's own host name, with the bucket before it. */
const resourceOf = ({ rawPath, hostBucket }: S3Request) =>
  hostBucket === undefined ? rawPath : `/${hostBucket}${rawPath}`
