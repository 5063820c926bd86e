import { RESERVED_PREFIX } from '../../../operations/reserved-keys.ts'
import { type ActionRow, objectActions } from '../actions.ts'
import { type Bucket, ok, type Request, type Step, skipped, type Verdict, wrong } from '../check.ts'
import { errorOf, type Response, said } from '../http-response.ts'
import { askingOss, denied } from '../oss-answers.ts'
import { resourceOf } from '../ram-policy.ts'
import { aboutBucket } from './names.ts'

/** How an action is tried: what is asked, and what that leaves behind. */
type Probe = {
  request: (bucket: Bucket) => Omit<Request, 'bucket'>
  /** Absent: nothing changes. `removes`: it is what the rest is removed with. */
  changes?: 'removes' | 'writes'
}

const none = ({ scratch }: Bucket) => `${scratch}none`
const read = (query: Record<string, string>, key?: (bucket: Bucket) => string): Probe => ({
  request: (bucket) => ({ method: 'GET', query, ...(key === undefined ? {} : { key: key(bucket) }) }),
})
const list = (query: Record<string, string>): Probe => ({
  request: ({ scratch }) => ({ method: 'GET', query: { ...query, prefix: scratch } }),
})
const change = (
  method: Request['method'],
  query: Record<string, string>,
  more: Pick<Request, 'headers' | 'body'> = {},
): Probe => ({
  request: (bucket) => ({ method, query, key: none(bucket), ...more }),
  changes: 'writes',
})

/** An id that no upload has. */
const NO_UPLOAD = '0123456789ABCDEF0123456789ABCDEF'
/** Of what never had versions, and so of a key that never was. */
const NO_VERSION = { versionId: 'null' }
const document = (xml: string) => ({ body: Buffer.from(xml) })
const tags = document('<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>')
const hold = document('<LegalHold><Status>OFF</Status></LegalHold>')
const retention = () =>
  document(
    `<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>${new Date(Date.now() + 86_400_000).toISOString()}</RetainUntilDate></Retention>`,
  )
const privately = { headers: { 'x-oss-object-acl': 'private' } }
const restored = document('<RestoreRequest><Days>1</Days></RestoreRequest>')

/**
 * A request for each action that OSS refuses without it. Of a key that is not there OSS says so only to who may ask: but for
 * one small object nothing is written.
 */
const probes: Readonly<Record<string, Probe>> = {
  GetBucketLocation: read({ location: '' }),
  GetBucketAcl: read({ acl: '' }),
  GetBucketCors: read({ cors: '' }),
  ListObjects: list({ 'max-keys': '1' }),
  ListObjectVersions: list({ versions: '', 'max-keys': '1' }),
  ListMultipartUploads: list({ uploads: '', 'max-uploads': '1' }),
  GetObject: read({}, none),
  GetObjectTagging: read({ tagging: '' }, none),
  GetObjectAcl: read({ acl: '' }, none),
  ListParts: read({ uploadId: NO_UPLOAD }, none),
  GetObjectVersion: read(NO_VERSION, none),
  GetObjectVersionTagging: read({ tagging: '', ...NO_VERSION }, none),
  GetObjectVersionAcl: read({ acl: '', ...NO_VERSION }, none),
  GetObjectRetention: read({ retention: '' }, none),
  GetObjectLegalHold: read({ legalHold: '' }, none),
  DeleteObjectVersion: { ...change('DELETE', NO_VERSION), changes: 'removes' },
  DeleteObject: { ...change('DELETE', {}), changes: 'removes' },
  AbortMultipartUpload: { ...change('DELETE', { uploadId: NO_UPLOAD }), changes: 'removes' },
  PutObject: {
    request: ({ scratch }) => ({ method: 'PUT', key: `${scratch}small`, body: Buffer.from('small') }),
    changes: 'writes',
  },
  PutObjectTagging: change('PUT', { tagging: '' }, tags),
  DeleteObjectTagging: change('DELETE', { tagging: '' }),
  PutObjectAcl: change('PUT', { acl: '' }, privately),
  RestoreObject: change('POST', { restore: '' }, restored),
  PutObjectVersionTagging: change('PUT', { tagging: '', ...NO_VERSION }, tags),
  DeleteObjectVersionTagging: change('DELETE', { tagging: '', ...NO_VERSION }),
  PutObjectVersionAcl: change('PUT', { acl: '', ...NO_VERSION }, privately),
  RestoreObjectVersion: change('POST', { restore: '', ...NO_VERSION }, restored),
  PutObjectRetention: change('PUT', { retention: '' }, retention()),
  PutObjectLegalHold: change('PUT', { legalHold: '' }, hold),
}

/** Actions by the order in which they are tried: what reads, what removes, what writes. */
const tried = (changes: Probe['changes']) =>
  Object.keys(probes)
    .filter((action) => probes[action]?.changes === changes)
    .flatMap((action) => objectActions.find((row) => row.action === action) ?? [])

/** What OSS lets the gateway's key do in a bucket, action by action. */
export function permissionChecks(bucket: Bucket): Step[] {
  const about = aboutBucket(bucket.name)
  const inBucket = (row: ActionRow) => permissionCheck(row, bucket, ['bucket'])
  return [
    ...tried(undefined).map(inBucket),
    {
      about,
      name: 'writing',
      does: 'looks whether doctor may write in it',
      means: '',
      needs: ['bucket'],
      compare({ readOnly }) {
        if (readOnly) return skipped('--read-only')
        if (bucket.retention === undefined)
          return skipped('nobody says whether what is written can be removed')
        return bucket.retention === 'none' ? ok('yes') : skipped('what is written could not be removed')
      },
    },
    ...tried('removes').map((row) => permissionCheck(row, bucket, ['writing', ...neededToRemove(row)])),
    {
      about,
      name: 'scratch',
      does: 'looks whether doctor may remove what it writes',
      means: '',
      needs: ['writing', 'oss:DeleteObject', 'oss:DeleteObjectVersion', 'oss:ListObjectVersions'],
      compare: () => ok(`${bucket.scratch}*`),
    },
    ...tried('writes').map((row) => permissionCheck(row, bucket, ['scratch'])),
    ...reserved.map((one) => reservedCheck(one, bucket)),
  ]
}

/** In a bucket with versions a deletion leaves a marker, which is a version to be removed. */
const neededToRemove = ({ action }: ActionRow) =>
  action === 'DeleteObject' ? ['oss:DeleteObjectVersion', 'oss:ListObjectVersions'] : []

function permissionCheck({ action, on, only, without }: ActionRow, bucket: Bucket, needs: string[]): Step {
  const { request } = probes[action] as Probe
  return askingOss({
    about: aboutBucket(bucket.name),
    name: `oss:${action}`,
    does: `tries ${action}`,
    means: without ?? 'S3 operations that need it are refused (AccessDenied)',
    needs,
    applies: () =>
      (only !== 'versions' || bucket.versioning !== undefined) &&
      (only !== 'object lock' || bucket.hasObjectLock === true),
    ask: () => ({ of: 'oss', bucket: bucket.bucket, ...request(bucket) }),
    judge: (answer) => permissionVerdict(answer, action, bucket, on),
  })
}

const BELOW = `below ${RESERVED_PREFIX}`

/** What the gateway does below its own prefix, what removes it first; each with what it needs of the others. */
const reserved: readonly (Omit<Request, 'bucket' | 'key'> & { action: string; needs: string[] })[] = [
  { action: 'GetObject', method: 'GET', needs: [] },
  { action: 'DeleteObjectVersion', method: 'DELETE', query: NO_VERSION, needs: ['scratch'] },
  { action: 'DeleteObject', method: 'DELETE', needs: ['scratch', `oss:DeleteObjectVersion ${BELOW}`] },
  { action: 'PutObject', method: 'PUT', body: Buffer.from('lock'), needs: [`oss:DeleteObject ${BELOW}`] },
]

/** The same below the gateway's own prefix, which a policy may forget. */
function reservedCheck({ action, needs, ...request }: (typeof reserved)[number], bucket: Bucket): Step {
  return askingOss({
    about: aboutBucket(bucket.name),
    name: `oss:${action} ${BELOW}`,
    does: `tries ${action} where the gateway keeps locks of conditional writes and the index of parts`,
    means: 'conditional writes are refused, and reads of parts are told less than S3 tells',
    needs: [`oss:${action}`, ...needs],
    applies: () => action !== 'DeleteObjectVersion' || bucket.versioning !== undefined,
    ask: () => ({ of: 'oss', bucket: bucket.bucket, key: `${bucket.reservedScratch}lock`, ...request }),
    judge: (answer) => permissionVerdict(answer, action, bucket, 'object', RESERVED_PREFIX),
  })
}

function permissionVerdict(
  answer: Response,
  action: string,
  bucket: Bucket,
  on: ActionRow['on'],
  prefix = bucket.within,
): Verdict {
  const error = errorOf(answer)
  if (error?.code === 'AccessDenied') return denied(error, action, on, bucket, prefix)
  // That there is no such thing, or that it is archived, OSS says to who may ask for it.
  const isAllowed =
    error === undefined ||
    (error.status === 404 && error.code !== 'NoSuchBucket') ||
    error.code === 'InvalidObjectState'
  if (isAllowed) return ok('allowed')
  return wrong(`OSS answers ${said(answer)}`, `oss:${action} on ${resourceOf(on, bucket.bucket, prefix)}`)
}
