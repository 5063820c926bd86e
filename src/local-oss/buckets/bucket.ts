import { randomBytes } from 'node:crypto'
import { renderXml, text } from '../../xml/index.ts'
import { parseDocument, readText, readXml } from '../body.ts'
import { accountOf, type BucketCall, type Call, changeBucket } from '../call.ts'
import { isoSeconds, ownerElements, ownerOf } from '../document-values.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { Reply } from '../http.ts'
import { parseLimit } from '../lists/list-query.ts'
import { checkBucketName } from '../name-rules.ts'
import { checkPublic, oneOf, parseStorageClass } from '../objects/object-properties.ts'
import { bucketKey, bucketsRange, configRange, currentRange, uploadsRange } from '../store/keys.ts'
import type { Acl, BucketRecord, StorageClass } from '../store/records.ts'
import { Transaction } from '../store/transaction.ts'

const ACLS = ['private', 'public-read', 'public-read-write']

/**
 * PutBucket: created in the region addressed. For a bucket that exists it is a success too: `x-oss-acl` sets its ACL (a
 * report about rclone), without it the ACL stays (a test of the Java SDK).
 */
export async function putBucket(call: Call): Promise<Reply> {
  const { state, bucketName: name, region } = call
  const owner = accountOf(call)
  checkBucketName(name)
  const acl = parseAcl(call)
  const { storageClass, redundancy } = parseConfiguration(await readText(call))
  return state.locks.run([{ name: `B${name}` }], async () => {
    const existing = state.store.get<BucketRecord>(bucketKey(name))
    if (existing !== undefined && (ownerOf(existing) !== owner || existing.region !== region)) {
      throw new OssError('BucketAlreadyExists')
    }
    if (existing !== undefined && acl !== undefined) checkPublic(existing, acl, 'bucket')
    const id = randomBytes(6).toString('hex')
    const created = { id, owner, name, region, created: state.now(), storageClass, redundancy }
    const record: BucketRecord = { acl: 'private', ...(existing ?? created), ...(acl && { acl }) }
    const transaction = new Transaction()
    transaction.put(bucketKey(name), record)
    await state.store.commit(transaction)
    return { headers: { location: `/${name}` } }
  })
}

function parseConfiguration(body: string): { storageClass: StorageClass; redundancy: 'LRS' | 'ZRS' } {
  if (body.trim() === '') return { storageClass: 'Standard', redundancy: 'LRS' }
  const configuration = parseDocument(body, 'CreateBucketConfiguration')
  const redundancy = text(configuration, 'DataRedundancyType')
  if (redundancy !== undefined && redundancy !== 'LRS' && redundancy !== 'ZRS') {
    throw invalidArgument('no such data redundancy type exists', 'DataRedundancyType', redundancy)
  }
  return {
    storageClass: parseStorageClass(text(configuration, 'StorageClass')) ?? 'Standard',
    redundancy: redundancy ?? 'LRS',
  }
}

/** DeleteBucket: only an empty one, without versions and without pending uploads. */
export async function deleteBucket(call: BucketCall): Promise<Reply> {
  const { store } = call.state
  await changeBucket(call, async (transaction, bucket) => {
    for (const range of [currentRange(bucket.id), uploadsRange(bucket.id)]) {
      if (await store.first(range))
        throw new OssError('BucketNotEmpty', { elements: { BucketName: bucket.name } })
    }
    const documents = store.cursor(configRange(bucket.id))
    for (let entry = await documents.next(); entry; entry = await documents.next())
      transaction.delete(entry[0])
    await documents.close()
    transaction.delete(bucketKey(bucket.name))
  })
  return { status: 204 }
}

/** ListBuckets: all of the account's, in every region. */
export async function listBuckets(call: Call): Promise<Reply> {
  const account = accountOf(call)
  const prefix = call.query.get('prefix') ?? ''
  const marker = call.query.get('marker') ?? ''
  const maxKeys = parseLimit(call.query, 'max-keys', 100)
  const buckets: BucketRecord[] = []
  const cursor = call.state.store.cursor(bucketsRange())
  for (let entry = await cursor.next(); entry; entry = await cursor.next()) {
    const bucket = JSON.parse(entry[1].toString('utf8')) as BucketRecord
    if (ownerOf(bucket) !== account) continue
    if (bucket.name.startsWith(prefix) && bucket.name > marker) buckets.push(bucket)
  }
  await cursor.close()
  const page = buckets.slice(0, maxKeys)
  const truncated = buckets.length > maxKeys
  return {
    body: renderXml('ListAllMyBucketsResult', {
      ...(truncated || prefix || marker ? { Prefix: prefix, Marker: marker, MaxKeys: maxKeys } : {}),
      IsTruncated: truncated ? true : undefined,
      NextMarker: truncated ? page.at(-1)?.name : undefined,
      Owner: ownerElements(account),
      Buckets: {
        Bucket: page.map((bucket) => ({
          ...locationElements(bucket),
          Region: bucket.region,
          StorageClass: bucket.storageClass,
        })),
      },
    }),
  }
}

/** GetBucketInfo. */
export async function getBucketInfo({ bucket }: BucketCall): Promise<Reply> {
  const { encryption } = bucket
  return {
    body: renderXml('BucketInfo', {
      Bucket: {
        ...locationElements(bucket),
        StorageClass: bucket.storageClass,
        DataRedundancyType: bucket.redundancy,
        Versioning: bucket.versioning,
        AccessControlList: { Grant: bucket.acl },
        Owner: ownerElements(ownerOf(bucket)),
        ServerSideEncryptionRule: {
          SSEAlgorithm: encryption?.algorithm ?? 'None',
          KMSMasterKeyID: encryption?.keyId,
          KMSDataEncryption: encryption?.dataEncryption,
        },
        BlockPublicAccess: bucket.publicAccessBlocked ?? false,
        CrossRegionReplication: 'Disabled',
        TransferAcceleration: 'Disabled',
      },
    }),
  }
}

function locationElements({ name, region, created }: BucketRecord) {
  return {
    Name: name,
    CreationDate: isoSeconds(created),
    Location: `oss-${region}`,
    ExtranetEndpoint: `oss-${region}.aliyuncs.com`,
    IntranetEndpoint: `oss-${region}-internal.aliyuncs.com`,
  }
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

/** PutBucketAcl, by header alone. */
export async function putBucketAcl(call: BucketCall): Promise<Reply> {
  const acl = parseAcl(call)
  if (acl === undefined) throw new OssError('MissingArgument')
  await changeBucket(call, (transaction, bucket) => {
    checkPublic(bucket, acl, 'bucket')
    transaction.put(bucketKey(bucket.name), { ...bucket, acl })
  })
  return {}
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
    transaction.put(bucketKey(bucket.name), { ...bucket, versioning: status })
  })
  return {}
}

function parseAcl({ headers }: Call): Acl | undefined {
  return oneOf<Acl>(headers['x-oss-acl'], ACLS, 'x-oss-acl', 'no such bucket access control exists')
}
