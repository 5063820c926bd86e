import { randomBytes } from 'node:crypto'
import { renderXml, text } from '../../xml/index.ts'
import { checkAccess } from '../access/access.ts'
import { checkPublic } from '../access/public-access.ts'
import { parseDocument, readText, readXml } from '../body.ts'
import { accountOf, type BucketCall, type Call, changeBucket, checkRegion, findBucket } from '../call.ts'
import { ownerElements, ownerOf } from '../document-values.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { Reply } from '../http.ts'
import { checkNewBucketName } from '../name-rules.ts'
import {
  encryptionProperty,
  oneOf,
  parseEncryption,
  parseStorageClass,
} from '../objects/object-properties.ts'
import { bucketKey, configKey, configRange, currentRange, uploadsRange } from '../store/keys.ts'
import type { Acl, BucketRecord } from '../store/records.ts'
import { Transaction } from '../store/transaction.ts'
import { wormInForce } from './bucket-worm.ts'
import { encryptionTree, withEncryption } from './default-encryption.ts'

const ACLS = ['private', 'public-read', 'public-read-write']

/** What PutBucket says of a bucket beside its ACL. */
type Configuration = Partial<Pick<BucketRecord, 'storageClass' | 'redundancy' | 'encryption'>>

/** PutBucket: created in the region addressed. @throws OssError BucketAlreadyExists when it is elsewhere, or of another class. */
export async function putBucket(call: Call): Promise<Reply> {
  checkNewBucketName(call.bucketName)
  const document = parseConfiguration(await readText(call), call.region)
  return saveBucket(call, { ...document, ...encryptionProperty(parseEncryption(call.headers)) })
}

/** PutBucketAcl, by header alone; it makes a bucket that is missing (tests of ali-oss and of the Java SDK). */
export async function putBucketAcl(call: Call): Promise<Reply> {
  const { state, bucketName } = call
  checkNewBucketName(bucketName)
  const bucket = findBucket(state, bucketName)
  if (bucket === undefined) return saveBucket(call, {})
  const bucketCall = { ...call, bucket }
  checkRegion(bucketCall)
  const owner = ownerOf(bucket)
  try {
    checkAccess(call, { bucket, key: '', versionId: undefined, action: 'PutBucketAcl' })
  } catch (cause) {
    // To a stranger it is a bucket that cannot be made (a test of the Java SDK).
    throw owner === accountOf(call) ? cause : new OssError('BucketAlreadyExists')
  }
  const acl = parseAcl(call)
  await changeBucket(bucketCall, (transaction, existing) => {
    if (acl === undefined) return
    checkPublic(state, existing, acl, 'bucket')
    transaction.put(bucketKey(bucketName), { ...existing, acl })
  })
  return locationOf(bucketName)
}

/** Where ali-oss reads the bucket's name. */
const locationOf = (name: string): Reply => ({ headers: { location: `/${name}` } })

/**
 * Makes a bucket, or one's own again: `x-oss-acl` sets its ACL (a report about rclone), without it it stays (a test of the
 * Java SDK).
 */
function saveBucket(call: Call, configuration: Configuration): Promise<Reply> {
  const { state, bucketName: name, region } = call
  const owner = accountOf(call)
  const acl = parseAcl(call)
  return state.locks.run([{ name: `B${name}` }], async () => {
    const existing = findBucket(state, name)
    if (existing !== undefined) {
      if (ownerOf(existing) !== owner) throw new OssError('BucketAlreadyExists')
      checkSame(existing, configuration, region)
    }
    const { storageClass = 'Standard', redundancy = 'LRS', encryption } = configuration
    const id = randomBytes(6).toString('hex')
    const created = { id, owner, name, region, created: state.now(), storageClass, redundancy }
    const made = state.newBucketsBlockPublicAccess ? { ...created, publicAccessBlocked: true } : created
    const record: BucketRecord = { acl: 'private', ...(existing ?? made), ...(acl && { acl }) }
    checkPublic(state, record, acl ?? 'default', 'bucket')
    const transaction = new Transaction()
    transaction.put(bucketKey(name), withEncryption(record, encryption ?? record.encryption))
    if (existing === undefined && record.publicAccessBlocked) {
      const document = renderXml('PublicAccessBlockConfiguration', { BlockPublicAccess: true })
      transaction.putText(configKey(id, 'publicAccessBlock'), document)
    }
    if (encryption !== undefined) {
      const document = renderXml('ServerSideEncryptionRule', encryptionTree(encryption))
      transaction.putText(configKey(record.id, 'encryption'), document)
    }
    await state.store.commit(transaction)
    return locationOf(name)
  })
}

/** @throws OssError BucketAlreadyExists for what a bucket that exists cannot become. */
function checkSame(
  existing: BucketRecord,
  { storageClass, redundancy }: Configuration,
  region: string,
): void {
  if (existing.region !== region) throw new OssError('BucketAlreadyExists')
  const refuse = (what: string) => {
    throw new OssError('BucketAlreadyExists', { message: `Bucket already exists can't modify ${what}` })
  }
  if (storageClass !== undefined && storageClass !== existing.storageClass) refuse('storage type')
  if (redundancy !== undefined && redundancy !== existing.redundancy) refuse('data redundancy type')
}

/** @throws OssError MalformedXML, InvalidArgument; InvalidLocationConstraint for another region than the one addressed. */
function parseConfiguration(body: string, region: string): Configuration {
  if (body.trim() === '') return {}
  const configuration = parseDocument(body, 'CreateBucketConfiguration')
  const location = text(configuration, 'LocationConstraint') || undefined
  if (location !== undefined && location !== `oss-${region}`) throw new OssError('InvalidLocationConstraint')
  const redundancy = text(configuration, 'DataRedundancyType')
  if (redundancy !== undefined && redundancy !== 'LRS' && redundancy !== 'ZRS') {
    throw invalidArgument('no such data redundancy type exists', 'DataRedundancyType', redundancy)
  }
  const storageClass = parseStorageClass(text(configuration, 'StorageClass'))
  return { ...(storageClass && { storageClass }), ...(redundancy && { redundancy }) }
}

/** HeadBucket: whether there is one, and where. */
export async function headBucket({ bucket }: BucketCall): Promise<Reply> {
  return { headers: { 'x-oss-bucket-region': `oss-${bucket.region}` } }
}

/** Its beginning is in a test of the Java SDK. */
const UPLOADS_LEFT = 'The bucket has Multipart Uploads. Please delete them first.'

/** DeleteBucket: only an empty one, without versions and without pending uploads. */
export async function deleteBucket(call: BucketCall): Promise<Reply> {
  const { store } = call.state
  await changeBucket(call, async (transaction, bucket) => {
    const elements = { BucketName: bucket.name }
    if (await store.first(currentRange(bucket.id))) throw new OssError('BucketNotEmpty', { elements })
    if (await store.first(uploadsRange(bucket.id))) {
      throw new OssError('BucketNotEmpty', { message: UPLOADS_LEFT, elements })
    }
    for await (const [document] of store.entries(configRange(bucket.id))) transaction.delete(document)
    transaction.delete(bucketKey(bucket.name))
  })
  return { status: 204 }
}

/** GetBucketLocation. */
export async function getBucketLocation({ bucket }: BucketCall): Promise<Reply> {
  return { body: renderXml('LocationConstraint', `oss-${bucket.region}`) }
}

/** GetBucketAcl; OSS's `Grant` holds the canned ACL's name. */
export async function getBucketAcl({ bucket }: BucketCall): Promise<Reply> {
  return {
    body: renderXml('AccessControlPolicy', {
      Owner: ownerElements(ownerOf(bucket)),
      AccessControlList: { Grant: bucket.acl },
    }),
  }
}

/** GetBucketVersioning; without a Status until it was first set. */
export async function getBucketVersioning({ bucket }: BucketCall): Promise<Reply> {
  return { body: renderXml('VersioningConfiguration', { Status: bucket.versioning }) }
}

/** PutBucketVersioning. */
export async function putBucketVersioning(call: BucketCall): Promise<Reply> {
  const status = text(await readXml(call, 'VersioningConfiguration'), 'Status')
  if (status !== 'Enabled' && status !== 'Suspended') throw new OssError('MalformedXML')
  await changeBucket(call, (transaction, bucket) => {
    // OSS has either for a bucket, not both; what it answers is not documented.
    const suspends = status === 'Suspended' && bucket.objectWorm !== undefined
    if (suspends || wormInForce(bucket, call.state.now())) throw new OssError('InvalidWORMConfiguration')
    transaction.put(bucketKey(bucket.name), { ...bucket, versioning: status })
  })
  return {}
}

function parseAcl({ headers }: Call): Acl | undefined {
  return oneOf<Acl>(
    headers['x-oss-acl'] || undefined,
    ACLS,
    'x-oss-acl',
    'no such bucket access control exists',
  )
}
