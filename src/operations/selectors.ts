import { invalidArgument, invalidRequest, S3Error } from '../s3/error.ts'
import type { S3Request } from '../s3/request.ts'
import { overrideNames } from './objects/response-overrides.ts'
import type { Operation } from './operation.ts'

type Level = Operation['on']
type Query = ReadonlyMap<string, string>

/**
 * The query names that select an operation in S3's model, with the resource type S3's 405 names for each: measured
 * on S3 in September 2026 by brekkylab/backlot, but for those of `session` and `renameObject`.
 */
export const resourceTypes: ReadonlyMap<string, string> = new Map(
  Object.entries({
    abac: 'BUCKET_ABAC',
    accelerate: 'ACCELERATE',
    acl: 'ACL',
    analytics: 'ANALYTICS',
    annotation: 'OBJECT_ANNOTATIONS',
    attributes: 'OBJECT_ATTRIBUTES',
    cors: 'CORS',
    delete: 'MULTI_OBJECT_DELETE',
    encryption: 'ENCRYPTION',
    'intelligent-tiering': 'INTELLIGENT_TIERING',
    inventory: 'INVENTORY',
    'legal-hold': 'OBJECT_LOCK_LEGALHOLD',
    lifecycle: 'LIFECYCLE',
    location: 'LOCATION',
    logging: 'LOGGING_STATUS',
    metadataAnnotationTable: 'BUCKET_METADATA_ANNOTATION_TABLE_CONFIGURATION',
    metadataConfiguration: 'BUCKET_METADATA_CONFIGURATION',
    metadataInventoryTable: 'BUCKET_METADATA_INVENTORY_TABLE_CONFIGURATION',
    metadataJournalTable: 'BUCKET_METADATA_JOURNAL_TABLE_CONFIGURATION',
    metadataTable: 'BUCKET_METADATA_TABLE_CONFIGURATION',
    metrics: 'METRICS',
    notification: 'NOTIFICATION',
    'object-lock': 'OBJECT_LOCK_CONFIGURATION',
    ownershipControls: 'OWNERSHIP_CONTROLS',
    policy: 'BUCKETPOLICY',
    policyStatus: 'POLICY_STATUS',
    publicAccessBlock: 'PUBLIC_ACCESS_BLOCK',
    renameObject: 'RENAME_OBJECT',
    replication: 'REPLICATION',
    requestPayment: 'REQUEST_PAYMENT',
    restore: 'RESTORE',
    retention: 'OBJECT_LOCK_RETENTION',
    select: 'SELECT',
    session: 'SESSION',
    tagging: 'TAGGING',
    torrent: 'TORRENT',
    uploadId: 'UPLOAD',
    uploads: 'UPLOADS',
    versioning: 'VERSIONING',
    versions: 'BUCKETVERSIONS',
    website: 'WEBSITE',
  }),
)
/** Those that are another resource on an object. */
const objectResourceTypes: ReadonlyMap<string, string> = new Map([
  ['encryption', 'OBJECT_ENCRYPTION'],
  ['tagging', 'OBJECT_TAGGING'],
])

/** The selector of a part of an upload: the one that has two names. */
const PART = 'partNumber&uploadId'

/** Names that say more about an operation, and select none: without a value, too, they ask for nothing. */
export const parameterNames: ReadonlySet<string> = new Set([
  'annotation-prefix',
  'annotationName',
  'bucket-region',
  'continuation-token',
  'delimiter',
  'encoding-type',
  'fetch-owner',
  'id',
  'key-marker',
  'list-type',
  'marker',
  'max-annotation-results',
  'max-buckets',
  'max-directory-buckets',
  'max-keys',
  'max-parts',
  'max-uploads',
  'part-number-marker',
  'partNumber',
  'prefix',
  ...overrideNames,
  'select-type',
  'start-after',
  'upload-id-marker',
  'version-id-marker',
  'versionId',
  // Of presigned URLs of SigV2.
  'AWSAccessKeyId',
  'Expires',
  'Signature',
])

/**
 * Refuses a query that says two things with one parameter.
 * @throws S3Error InvalidArgument.
 */
export function checkRepeated({ method, parameters, query }: S3Request): void {
  // A preflight asks about another request's URL.
  if (parameters.length === query.size || method === 'OPTIONS') return
  for (const [name, value] of parameters) {
    if ((parameterNames.has(name) || name === 'uploadId') && query.get(name) !== value) {
      throw invalidArgument('A query string parameter must not have two values', name, value)
    }
  }
}

/**
 * What a query selects: one selector, or the plain operation of the method. The value of a selector says nothing in S3.
 * @returns the selector (of a part, that of both its names), or undefined for the plain operation.
 * @throws S3Error InvalidArgument for two selectors, and for half a part's; InvalidRequest for a part of no object;
 * NotImplemented, on a write, for a name without a value that S3 does not know: so the next sub-resource of S3 would
 * come, and must not become an upload or a deletion.
 */
export function selectorOf(method: string, on: Level, query: Query): string | undefined {
  // A preflight asks about another request's URL.
  if (query.size === 0 || method === 'OPTIONS') return undefined
  const selectors: string[] = []
  for (const [name, value] of query) {
    if (resourceTypes.has(name)) selectors.push(name)
    else if (value === '' && isWrite(method) && !parameterNames.has(name) && !/^x-/i.test(name)) {
      throw unknownSubresource(name)
    }
  }
  if (query.has('partNumber')) {
    if (selectors.length === 1 && selectors[0] === 'uploadId') return PART
    if (selectors.length > 0) selectors.push('partNumber')
    else refuseLonePart(method, on, query.get('partNumber'))
  }
  if (query.has('annotationName') && !selectors.includes('annotation')) selectors.push('annotationName')
  const [selector, ...others] = selectors.sort()
  if (others.length > 0) {
    const message = `Conflicting query string parameters: ${selectors.join(', ')}`
    throw invalidArgument(message, 'ResourceType', selector)
  }
  if (selector === 'annotationName') {
    throw invalidArgument('Unexpected query string parameter', 'ResourceType', selector)
  }
  if (selector === 'website' && query.get(selector) !== '') {
    throw invalidArgument('The website parameter must not have a value', selector, query.get(selector))
  }
  return selector
}

/** Whether a method may change something. */
export const isWrite = (method: string): boolean =>
  method === 'PUT' || method === 'POST' || method === 'DELETE'

/** Without an upload a part number is a parameter of reads of objects. */
function refuseLonePart(method: string, on: Level, number: string | undefined): void {
  if (on !== 'object') throw invalidRequest('Object must have a valid key name.')
  if (isWrite(method)) {
    const message = 'This operation does not accept partNumber without uploadId'
    throw invalidArgument(message, 'partNumber', number)
  }
}

const unknownSubresource = (name: string) =>
  new S3Error('NotImplemented', {
    message: `This gateway knows no sub-resource ${JSON.stringify(name)}, which a parameter without a value asks for.`,
    elements: { ArgumentName: name },
  })

/**
 * Why no operation of a method takes a selector.
 * @param allowed the methods that do.
 */
export function noOperationError(
  method: string,
  on: Level,
  selector: string | undefined,
  allowed: readonly string[],
): S3Error {
  if (method === 'GET' && on === 'object') {
    if (selector === 'logging') return new S3Error('NoLoggingStatusForKey')
    if (selector === 'uploads')
      return invalidRequest('Key is not expected for the GET method ?uploads subresource')
    if (selector === 'versions')
      return invalidRequest('There is no such thing as the ?versions sub-resource for a key')
  }
  if (on === 'bucket' && selector === 'uploadId' && method !== 'HEAD' && method !== 'PUT') {
    return invalidRequest('A key must be specified')
  }
  return new S3Error('MethodNotAllowed', {
    elements: { Method: method, ResourceType: resourceType(on, selector) },
    headers: allowed.length === 0 ? {} : { allow: allowed.join(', ') },
  })
}

function resourceType(on: Level, selector: string | undefined): string {
  if (selector === undefined || on === 'service') return on.toUpperCase()
  if (selector === PART) return 'PART'
  return (
    (on === 'object' ? objectResourceTypes.get(selector) : undefined) ??
    (resourceTypes.get(selector) as string)
  )
}
