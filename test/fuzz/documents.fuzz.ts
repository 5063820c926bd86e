import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sign } from '../gateway/wire.ts'
import { type FuzzWorld, HOST, mutated, openWorld, runs } from './world.ts'

let world: FuzzWorld
let uploadId = ''
beforeAll(async () => {
  world = await openWorld()
  for (const target of ['/bucket', '/bucket/key']) {
    await world.ask(sign({ method: 'PUT', target, headers: { 'content-length': '0' } }, HOST))
  }
  const { body } = await world.ask(
    sign({ method: 'POST', target: '/bucket/key?uploads', headers: { 'content-length': '0' } }, HOST),
  )
  uploadId = /<UploadId>([^<]+)/.exec(body.toString())?.[1] ?? ''
  expect(uploadId).not.toBe('')
})
afterAll(() => world.close())

/** What asks, and a document that it takes. */
const documents: Record<string, string> = {
  'PUT /new':
    '<CreateBucketConfiguration><LocationConstraint>cn-beijing</LocationConstraint></CreateBucketConfiguration>',
  'POST /bucket/key?uploadId=':
    '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"5d41402abc4b2a76b9719d911017c592"</ETag></Part></CompleteMultipartUpload>',
  'POST /bucket?delete':
    '<Delete><Quiet>true</Quiet><Object><Key>a</Key><VersionId>null</VersionId></Object><Object><Key>b&amp;c</Key></Object></Delete>',
  'PUT /bucket/key?tagging': '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>',
  'PUT /bucket/key?acl':
    '<AccessControlPolicy><Owner><ID>1</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>',
  'POST /bucket/key?restore':
    '<RestoreRequest><Days>1</Days><GlacierJobParameters><Tier>Standard</Tier></GlacierJobParameters></RestoreRequest>',
  'PUT /bucket/key?retention':
    '<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate></Retention>',
  'PUT /bucket/key?legal-hold': '<LegalHold><Status>ON</Status></LegalHold>',
  'PUT /bucket?versioning': '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
  'PUT /bucket?cors':
    '<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><MaxAgeSeconds>1</MaxAgeSeconds></CORSRule></CORSConfiguration>',
  'PUT /bucket?lifecycle':
    '<LifecycleConfiguration><Rule><ID>a</ID><Filter><Prefix>a</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>',
  'PUT /bucket?encryption':
    '<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>',
  'PUT /bucket?publicAccessBlock':
    '<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>',
  'PUT /bucket?logging':
    '<BucketLoggingStatus><LoggingEnabled><TargetBucket>bucket</TargetBucket><TargetPrefix>l</TargetPrefix></LoggingEnabled></BucketLoggingStatus>',
  'PUT /bucket?website':
    '<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>',
  'PUT /bucket?requestPayment':
    '<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>',
  'PUT /bucket?policy':
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}]}',
  'PUT /bucket?acl':
    '<AccessControlPolicy><AccessControlList><Grant><Grantee><ID>1</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>',
  'PUT /bucket?tagging': '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>',
  'PUT /bucket?object-lock':
    '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>',
  'PUT /bucket?ownershipControls':
    '<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>',
}
const requests = Object.keys(documents)
const pieces = [
  '<',
  '>',
  '</',
  '/>',
  '<a>',
  '</a>',
  '&',
  '&amp;',
  '&#0;',
  '&#xD800;',
  '&#x110000;',
  '&lt;',
  '&x;',
  '<![CDATA[',
  ']]>',
  '<!--',
  '-->',
  '<!DOCTYPE a [<!ENTITY x "y">]>',
  '<?xml version="1.0" encoding="UTF-16"?>',
  '\u0000',
  '\uFEFF',
  '\r\n',
  ' ',
  'xmlns="x"',
  '<__proto__>',
  '<constructor>',
  '<toString/>',
  '<Key/>',
  '<Key>..</Key>',
  '-1',
  '1e9',
  '99999999999999999999',
  'NaN',
  '中',
  '"',
  "'",
  '<Part/>',
  '<Object/>',
  '<Tag/>',
  '[',
  ']',
  '{',
  '}',
  'null',
]

async function put(request: string, body: Buffer) {
  const [method = '', path = ''] = request.split(' ')
  const target = path.endsWith('uploadId=') ? `${path}${encodeURIComponent(uploadId)}` : path
  const headers = { 'content-length': String(body.length) }
  return world.ask(sign({ method, target, headers, body }, HOST))
}

const values = fc.constantFrom(
  '',
  ' ',
  '0',
  '-1',
  '1',
  '1e9',
  '99999999999999999999',
  'NaN',
  'true',
  'TRUE',
  'a',
  'é',
  '中'.repeat(300),
  '*',
  '&#13;',
  '&#xD800;',
  '..',
  'arn:aws:s3:::bucket/*',
  '2030-01-01',
  '2030-01-01T00:00:00Z',
  'Enabled',
  'STANDARD',
  '<a/>',
  '{}',
)
/** The document with texts, elements or characters of it exchanged. */
const changed = (document: string) =>
  fc.oneof(
    mutated([document], pieces),
    fc.array(fc.tuple(fc.nat(40), values), { minLength: 1, maxLength: 3 }).map((exchanges) =>
      exchanges.reduce((text, [nth, value]) => {
        const texts = [...text.matchAll(/(?<=[>"])[^<>"]*(?=[<"])/g)].filter(([found]) => found !== '')
        const found = texts[nth % Math.max(texts.length, 1)]
        if (found === undefined) return text
        return text.slice(0, found.index) + value + text.slice(found.index + found[0].length)
      }, document),
    ),
    fc.tuple(fc.nat(40), fc.boolean()).map(([nth, twice]) => {
      const elements = [...document.matchAll(/<(\w+)>.*?<\/\1>/g)]
      const [element = ''] = elements[nth % Math.max(elements.length, 1)] ?? []
      return document.replace(element, () => (twice ? element + element : ''))
    }),
  )

test('a document is understood or refused, in a bucket of its own at most', async () => {
  const asked = fc
    .constantFrom(...Object.entries(documents))
    .chain(([request, document]) =>
      fc.tuple(
        fc.oneof({ weight: 9, arbitrary: fc.constant(request) }, fc.constantFrom(...requests)),
        changed(document),
      ),
    )
  await fc.assert(
    fc.asyncProperty(asked, async ([request, document]) => {
      const { writes } = await put(request, Buffer.from(document))
      for (const { url } of writes) {
        expect(new URL(url).hostname).toMatch(/^(bucket|new)\.oss-cn-[a-z]+\.aliyuncs\.com$/)
        if (request !== 'PUT /new') expect(new URL(url).hostname).toMatch(/^bucket/)
      }
    }),
    runs(),
  )
})

test('bytes that are no document are refused', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...requests),
      fc.uint8Array({ maxLength: 60 }),
      async (request, bytes) => {
        await put(request, Buffer.from(bytes))
      },
    ),
    runs(),
  )
})

test.each([
  ['nested deeply', `${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`],
  ['with a million attributes', `<Delete ${'a="b" '.repeat(300_000)}/>`],
  ['with one long name', `<${'a'.repeat(1_900_000)}/>`],
  ['with many entities', `<Delete>${'&amp;'.repeat(390_000)}</Delete>`],
  ['never closed', '<'.repeat(1_000_000)],
  ['of open comments', '<!--'.repeat(400_000)],
  ['of many elements', `<Delete>${'<Object><Key>a</Key></Object>'.repeat(60_000)}</Delete>`],
])('a document %s is refused in time', async (_, document) => {
  for (const request of ['POST /bucket?delete', 'PUT /new', 'PUT /bucket/key?tagging']) {
    expect((await put(request, Buffer.from(document))).status).toBe(400)
  }
})
