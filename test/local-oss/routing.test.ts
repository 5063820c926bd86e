import { beforeAll, describe, expect, test } from 'vitest'
import { createKeyring } from '../../src/local-oss/auth/accounts.ts'
import { canonicalRequest, signV4, stringToSignV4, V4_ALGORITHM } from '../../src/local-oss/auth/sign-v4.ts'
import type { State } from '../../src/local-oss/call.ts'
import { sendToInternet } from '../../src/local-oss/callback/send-callback.ts'
import { Faults } from '../../src/local-oss/faults.ts'
import { createHandler } from '../../src/local-oss/handler.ts'
import { Cnames } from '../../src/local-oss/hosts/cnames.ts'
import type { Transport } from '../../src/local-oss/http.ts'
import { newestReadings } from '../../src/local-oss/readings.ts'
import { findOperation, SUBRESOURCES } from '../../src/local-oss/routing.ts'
import { Blobs } from '../../src/local-oss/store/blobs.ts'
import { Locks } from '../../src/local-oss/store/locks.ts'
import { UNSUPPORTED_SUBRESOURCES } from '../../src/local-oss/subresources.ts'
import { basicTime } from '../encodings.ts'
import { credentials } from './setup.ts'

/** What is served: the operation, its method and level, the sub-resources it needs, and in brackets those it allows. */
const SERVED = `
  ListBuckets GET service [regionList] [tagging]
  DescribeRegions GET service regions
  GetPublicAccessBlock GET service publicAccessBlock
  PutPublicAccessBlock PUT service publicAccessBlock
  DeletePublicAccessBlock DELETE service publicAccessBlock
  HeadBucket HEAD bucket
  PutBucket PUT bucket
  DeleteBucket DELETE bucket
  GetBucketInfo GET bucket bucketInfo
  GetBucketLocation GET bucket location
  GetBucketStat GET bucket stat
  GetBucketPolicyStatus GET bucket policyStatus
  GetBucketAcl GET bucket acl
  PutBucketAcl PUT bucket acl
  GetBucketVersioning GET bucket versioning
  PutBucketVersioning PUT bucket versioning
  GetBucketCors GET bucket cors
  PutBucketCors PUT bucket cors
  DeleteBucketCors DELETE bucket cors
  GetBucketLifecycle GET bucket lifecycle
  PutBucketLifecycle PUT bucket lifecycle
  DeleteBucketLifecycle DELETE bucket lifecycle
  GetBucketTags GET bucket tagging
  PutBucketTags PUT bucket tagging
  DeleteBucketTags DELETE bucket tagging
  GetBucketEncryption GET bucket encryption
  PutBucketEncryption PUT bucket encryption
  DeleteBucketEncryption DELETE bucket encryption
  GetBucketPolicy GET bucket policy
  PutBucketPolicy PUT bucket policy
  DeleteBucketPolicy DELETE bucket policy
  GetBucketWebsite GET bucket website
  PutBucketWebsite PUT bucket website
  DeleteBucketWebsite DELETE bucket website
  GetBucketLogging GET bucket logging
  PutBucketLogging PUT bucket logging
  DeleteBucketLogging DELETE bucket logging
  GetBucketReferer GET bucket referer
  PutBucketReferer PUT bucket referer
  GetBucketRequestPayment GET bucket requestPayment
  PutBucketRequestPayment PUT bucket requestPayment
  GetBucketPublicAccessBlock GET bucket publicAccessBlock
  PutBucketPublicAccessBlock PUT bucket publicAccessBlock
  DeleteBucketPublicAccessBlock DELETE bucket publicAccessBlock
  GetBucketStorageQuota GET bucket quota
  PutBucketStorageQuota PUT bucket quota
  DeleteBucketStorageQuota DELETE bucket quota
  GetBucketUserQos GET bucket qos
  PutBucketUserQos PUT bucket qos
  GetBucketTransferAcceleration GET bucket transferAcceleration
  PutBucketTransferAcceleration PUT bucket transferAcceleration
  GetBucketObjectWormConfiguration GET bucket objectWorm
  PutBucketObjectWormConfiguration PUT bucket objectWorm
  DeleteBucketTransferAcceleration DELETE bucket transferAcceleration
  GetBucketAccessMonitor GET bucket accessmonitor
  PutBucketAccessMonitor PUT bucket accessmonitor
  GetBucketArchiveDirectRead GET bucket bucketArchiveDirectRead
  PutBucketArchiveDirectRead PUT bucket bucketArchiveDirectRead
  GetBucketHttpsConfig GET bucket httpsConfig
  PutBucketHttpsConfig PUT bucket httpsConfig
  GetBucketResourceGroup GET bucket resourceGroup
  PutBucketResourceGroup PUT bucket resourceGroup
  GetBucketOverwriteConfig GET bucket overwriteConfig
  PutBucketOverwriteConfig PUT bucket overwriteConfig
  DeleteBucketOverwriteConfig DELETE bucket overwriteConfig
  GetBucketUserDefinedLogFieldsConfig GET bucket userDefinedLogFieldsConfig
  PutBucketUserDefinedLogFieldsConfig PUT bucket userDefinedLogFieldsConfig
  DeleteBucketUserDefinedLogFieldsConfig DELETE bucket userDefinedLogFieldsConfig
  InitiateBucketWorm POST bucket worm
  GetBucketWorm GET bucket worm
  AbortBucketWorm DELETE bucket worm
  CompleteBucketWorm POST bucket wormId
  ExtendBucketWorm POST bucket wormId wormExtend
  ListStyle GET bucket style
  GetStyle GET bucket style styleName
  PutStyle PUT bucket style styleName
  DeleteStyle DELETE bucket style styleName
  ListBucketInventory GET bucket inventory
  GetBucketInventory GET bucket inventory inventoryId
  PutBucketInventory PUT bucket inventory inventoryId
  DeleteBucketInventory DELETE bucket inventory inventoryId
  ListLiveChannel GET bucket live
  GetLiveChannelInfo GET object live [comp]
  ListCname GET bucket cname
  ListObjects GET bucket
  ListObjectsV2 GET bucket list-type
  ListObjectVersions GET bucket versions
  ListMultipartUploads GET bucket uploads
  DeleteMultipleObjects POST bucket delete
  PostObject POST bucket
  GetObject GET object [versionId]
  HeadObject HEAD object [versionId]
  GetObjectMeta HEAD object objectMeta [versionId]
  PutObject PUT object [callback] [callback-var]
  DeleteObject DELETE object [versionId]
  DeleteObject DELETE object symlink [versionId]
  AppendObject POST object append [position]
  SealAppendObject POST object seal [position]
  GetSymlink GET object symlink [versionId]
  PutSymlink PUT object symlink
  GetObjectAcl GET object acl [versionId]
  PutObjectAcl PUT object acl [versionId]
  GetObjectTagging GET object tagging [versionId]
  PutObjectTagging PUT object tagging [versionId]
  DeleteObjectTagging DELETE object tagging [versionId]
  RestoreObject POST object restore [versionId]
  CleanRestoredObject POST object cleanRestoredObject [versionId]
  GetObjectRetention GET object retention [versionId]
  PutObjectRetention PUT object retention [versionId]
  GetObjectLegalHold GET object legalHold [versionId]
  PutObjectLegalHold PUT object legalHold [versionId]
  InitiateMultipartUpload POST object uploads [sequential] [versionId]
  UploadPart PUT object partNumber uploadId [sequential]
  CompleteMultipartUpload POST object uploadId [sequential] [callback] [callback-var]
  AbortMultipartUpload DELETE object uploadId [sequential]
  ListParts GET object uploadId [sequential]
`

const form = (method: string, level: string, names: readonly string[]) =>
  [method, level, ...[...names].sort()].join(' ')

/** Each form in which an operation may be asked for, and which it is. */
const served = new Map<string, string>()
for (const line of SERVED.trim().split('\n')) {
  const [name = '', method = '', level = '', ...names] = line.trim().split(' ')
  const needed = names.filter((other) => !other.startsWith('['))
  const allowed = names.filter((other) => other.startsWith('[')).map((other) => other.slice(1, -1))
  served.set(form(method, level, needed), name)
  for (const other of allowed) served.set(form(method, level, [...needed, other]), name)
  for (const [i, one] of allowed.entries()) {
    for (const other of allowed.slice(i + 1)) served.set(form(method, level, [...needed, one, other]), name)
  }
}

const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'PATCH']
const targets = {
  service: { bucket: '', key: '' },
  bucket: { bucket: 'routed', key: '' },
  object: { bucket: 'routed', key: 'k' },
}
type Level = keyof typeof targets
const LEVELS = Object.keys(targets) as Level[]
/** Sub-resources that OSS may get. */
const FUTURE = ['nextSetting', 'x-oss-nextAction']
const names = [...SUBRESOURCES, ...FUTURE]
const isRead = (method: string) => method === 'GET' || method === 'HEAD'

/** What serves a request with these names. Reads ignore what OSS does not know. */
function expected(method: string, level: Level, asked: readonly string[]): string | undefined {
  const heard = isRead(method) ? asked.filter((name) => !FUTURE.includes(name)) : asked
  return served.get(form(method, level, heard))
}

const found = (method: string, level: Level, asked: readonly string[]) =>
  findOperation({ method, ...targets[level] }, new Map(asked.map((name) => [name, ''])), {})?.name

describe('one operation, or none, serves', () => {
  test.each(METHODS)('%s with no, one or two sub-resources', (method) => {
    const wrong: unknown[] = []
    for (const level of LEVELS) {
      const check = (asked: string[]) => {
        const name = found(method, level, asked)
        if (name !== expected(method, level, asked)) wrong.push([level, asked, name])
      }
      check([])
      for (const [i, one] of names.entries()) {
        check([one])
        for (const other of names.slice(i + 1)) check([one, other])
      }
    }
    expect(wrong).toEqual([])
  })

  test.each([
    ['CopyObject', 'PUT', [], 'x-oss-copy-source'],
    ['UploadPartCopy', 'PUT', ['partNumber', 'uploadId'], 'x-oss-copy-source'],
  ])('%s by its header', (name, method, asked, header) => {
    const query = new Map(asked.map((subresource) => [subresource, '1']))
    expect(findOperation({ method, ...targets.object }, query, { [header]: '/b/k' })?.name).toBe(name)
  })

  test.each([
    ['PutCname', 'POST', 'add'],
    ['DeleteCname', 'POST', 'delete'],
    ['CreateCnameToken', 'POST', 'token'],
    ['GetCnameToken', 'GET', 'token'],
    [undefined, 'POST', 'other'],
  ])('%s by the value of a parameter', (name, method, comp) => {
    const query = new Map(Object.entries({ cname: '', comp }))
    expect(findOperation({ method, ...targets.bucket }, query, {})?.name).toBe(name)
  })

  test.each([
    ['GetBucketCallbackPolicy', 'GET', 'callback'],
    ['PutBucketCallbackPolicy', 'PUT', 'callback'],
    ['DeleteBucketCallbackPolicy', 'DELETE', 'callback'],
    [undefined, 'DELETE', 'other'],
  ])('%s beside the bucket’s policy', (name, method, comp) => {
    const query = new Map(Object.entries({ policy: '', comp }))
    expect(findOperation({ method, ...targets.bucket }, query, {})?.name).toBe(name)
  })

  test('a preflight of any request', () => {
    for (const name of names) expect(found('OPTIONS', 'object', [name])).toBe('OptionObject')
  })

  test.each([
    ['PUT', { 'encoding-type': '', 'x-oss-traffic-limit': '' }, 'PutObject'],
    ['PUT', { nextSetting: 'with-a-value' }, 'PutObject'],
    ['PUT', { 'x-oss-rename': 'with-a-value' }, undefined],
    ['DELETE', { ACL: '' }, undefined],
  ])('%s with %j', (method, query, name) => {
    expect(findOperation({ method, ...targets.object }, new Map(Object.entries(query)), {})?.name).toBe(name)
  })
})

describe('what nothing serves is refused, and changes nothing:', () => {
  let handle: Transport
  let state: State
  beforeAll(async () => {
    const blobs = await Blobs.open(undefined)
    state = {
      blobs,
      store: blobs.store,
      locks: new Locks(),
      cnames: new Cnames({}, 0),
      now: Date.now,
      copyLimit: 2 ** 30,
      restoreDelay: 0,
      day: 86_400_000,
      sendCallback: sendToInternet,
      newBucketsBlockPublicAccess: false,
      readings: newestReadings,
    }
    handle = createHandler({
      state,
      keyring: createKeyring(credentials),
      faults: new Faults(),
      listeners: new Set(),
    })
    const { bucket } = targets.bucket
    const setUp: [method: string, key: string, query: string[], body?: string][] = [
      ['PUT', '', []],
      ['PUT', '', ['policy'], '{"Version":"1","Statement":[]}'],
      [
        'PUT',
        '',
        ['tagging'],
        '<Tagging><TagSet><Tag><Key>k1</Key><Value>v</Value></Tag></TagSet></Tagging>',
      ],
      ['PUT', 'k', [], 'kept'],
      ['POST', 'k', ['uploads']],
    ]
    for (const [method, key, query, body] of setUp) {
      expect((await send(method, bucket, key, query, body)).status).toBe(200)
    }
  })

  async function send(method: string, bucket: string, key: string, asked: readonly string[], body = '') {
    const date = basicTime(Date.now())
    const scope = `${date.slice(0, 8)}/cn-hangzhou/oss/aliyun_v4_request`
    const headers: Record<string, string> = {
      'x-oss-date': date,
      'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
      'content-length': String(body.length),
    }
    const query = asked.join('&')
    const canonical = canonicalRequest({
      method,
      bucket,
      key: Buffer.from(key),
      query,
      headers,
      additionalHeaders: [],
    })
    const signature = signV4(credentials.accessKeySecret, scope, stringToSignV4(date, scope, canonical))
    headers.authorization = `${V4_ALGORITHM} Credential=${credentials.accessKeyId}/${scope},Signature=${signature}`
    const host = `${bucket && `${bucket}.`}oss-cn-hangzhou.aliyuncs.com`
    const answer = await handle({
      method,
      url: `http://${host}/${key}?${query}`,
      headers,
      body: Buffer.from(body),
    })
    const text = Buffer.concat(await answer.body.toArray()).toString()
    return { status: answer.status, text }
  }

  /** All that is stored. */
  async function contents(): Promise<string[]> {
    const all: string[] = []
    const cursor = state.store.cursor({ gte: Buffer.alloc(0), lt: Buffer.alloc(1, 0xff) })
    for (let entry = await cursor.next(); entry; entry = await cursor.next()) all.push(String(entry))
    await cursor.close()
    return all
  }

  const writes = METHODS.filter((method) => !isRead(method))
  const rows = writes.flatMap((method) => LEVELS.map((level) => [method, level] as const))
  test.each(rows)('%s on the %s', async (method, level) => {
    const before = await contents()
    expect(before.length).toBeGreaterThan(5)
    const { bucket, key } = targets[level]
    const alone = names.filter((name) => expected(method, level, [name]) !== undefined)
    const refused = [
      ...names.map((name) => [name]),
      ...alone.flatMap((one) => names.filter((other) => other !== one).map((other) => [one, other])),
    ].filter((asked) => expected(method, level, asked) === undefined)
    const answers = new Map<string, string>()
    for (const asked of refused) {
      const { status, text } = await send(method, bucket, key, asked)
      const isService = asked.some((name) => UNSUPPORTED_SUBRESOURCES.includes(name))
      answers.set(
        `${isService} ${status}`,
        `${status} ${/<Code>(.*)<\/Code>/.exec(text)?.[1]} ${isService ? 'service' : 'method'}`,
      )
    }
    expect([...answers.values()].sort()).toEqual([
      '400 OperationNotSupported service',
      '405 MethodNotAllowed method',
    ])
    expect(await contents()).toEqual(before)
  })
})
