import { DeleteObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { md5 } from '../encodings.ts'
import { type Ask, client, must, newName, send } from './s3.ts'
import { ownBucket, put, type Row, rows } from './table.ts'

const bucket = ownBucket(async (name) => {
  for (const key of KEYS) await put(name, key, key)
})
/** The second is what is left of the first where its control character is dropped. */
const KEYS = ['a/x\x01y', 'a/xy', 'k']

const malformed = (operation: string) => ({
  status: 400,
  error: {
    Code: operation.endsWith('Acl') ? 'MalformedACLError' : 'MalformedXML',
    Message: 'The XML you provided was not well-formed or did not validate against our published schema',
  },
})

/** Operations that take a document, with a text of it in which a character can stand. */
const documents: readonly (readonly [name: string, ask: Ask, document: (text: string) => string])[] = [
  [
    'DeleteObjects',
    { method: 'POST', query: { delete: '' } },
    (text) => `<Delete><Object><Key>a/x${text}y</Key></Object></Delete>`,
  ],
  [
    'PutObjectTagging',
    { method: 'PUT', key: 'k', query: { tagging: '' } },
    (text) => `<Tagging><TagSet><Tag><Key>k${text}</Key><Value>v</Value></Tag></TagSet></Tagging>`,
  ],
  [
    'PutBucketTagging',
    { method: 'PUT', query: { tagging: '' } },
    (text) => `<Tagging><TagSet><Tag><Key>k</Key><Value>v${text}</Value></Tag></TagSet></Tagging>`,
  ],
  [
    'PutBucketCors',
    { method: 'PUT', query: { cors: '' } },
    (text) =>
      `<CORSConfiguration><CORSRule><AllowedOrigin>http://a${text}</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>`,
  ],
  [
    'PutBucketLifecycleConfiguration',
    { method: 'PUT', query: { lifecycle: '' } },
    (text) =>
      `<LifecycleConfiguration><Rule><ID>a</ID><Filter><Prefix>p${text}</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>`,
  ],
  [
    'PutBucketVersioning',
    { method: 'PUT', query: { versioning: '' } },
    (text) => `<VersioningConfiguration><Status>Suspended${text}</Status></VersioningConfiguration>`,
  ],
  [
    'PutBucketAcl',
    { method: 'PUT', query: { acl: '' } },
    (text) =>
      `<AccessControlPolicy><Owner><ID>o${text}</ID></Owner><AccessControlList><Grant><Grantee><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`,
  ],
  [
    'PutBucketEncryption',
    { method: 'PUT', query: { encryption: '' } },
    (text) =>
      `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256${text}</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`,
  ],
  [
    'PutBucketWebsite',
    { method: 'PUT', query: { website: '' } },
    (text) =>
      `<WebsiteConfiguration><IndexDocument><Suffix>index${text}.html</Suffix></IndexDocument></WebsiteConfiguration>`,
  ],
  [
    'CompleteMultipartUpload',
    { method: 'POST', key: 'k', query: { uploadId: 'none' } },
    (text) =>
      `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"${md5('a')}${text}"</ETag></Part></CompleteMultipartUpload>`,
  ],
  [
    'RestoreObject',
    { method: 'POST', key: 'k', query: { restore: '' } },
    (text) => `<RestoreRequest><Days>1${text}</Days></RestoreRequest>`,
  ],
]

const noCharacters: Record<string, string> = {
  'a control character by reference': '&#x1;',
  'another control character by reference': '&#31;',
  'NUL by reference': '&#0;',
  'a surrogate by reference': '&#xD800;',
  'U+FFFF by reference': '&#xFFFF;',
  'a number beyond Unicode': '&#x110000;',
  'a raw control character': '\x01',
  'a raw escape': '\x1b',
  'a raw NUL': '\0',
  'a raw U+FFFE': '\ufffe',
  'an entity of HTML': '&nbsp;',
  'an entity of nobody': '&x;',
  'a reference without an end': '&amp',
  'a reference without a number': '&#;',
  'an ampersand': '& ',
  'the end of CDATA': ']]>',
}

for (const [name, ask, document] of documents) {
  rows(
    `${name} refuses a document with`,
    bucket,
    Object.entries(noCharacters).map(([what, text]): Row => {
      const body = document(text)
      const headers = { 'content-md5': Buffer.from(md5(body), 'hex').toString('base64') }
      return { name: what, ask: { ...ask, body, headers }, ...malformed(name) }
    }),
  )
  rows(`${name} refuses`, bucket, [
    ...Object.entries({
      'a document type': `<!DOCTYPE a [<!ENTITY x "y">]>${document('&x;')}`,
      'a second root': `${document('')}<a/>`,
      'text behind the root': `${document('')}a`,
      'the beginning of a document': document('').slice(0, -3),
      'a prefix of no namespace': document('')
        .replaceAll(/<(?=\w)/g, '<s3:')
        .replaceAll('</', '</s3:'),
      'an element of another namespace': document('').replace(
        '>',
        ' xmlns="urn:x" xmlns:a="urn:a"><a:Other/>',
      ),
      'US-ASCII by its word, which it is not': `<?xml version="1.0" encoding="US-ASCII"?>${document('é')}`,
      'another encoding': `<?xml version="1.0" encoding="UTF-16"?>${document('')}`,
      'what is not UTF-8': Buffer.from(document('\xff'), 'latin1'),
    }).map(([what, body]): Row => {
      const headers = { 'content-md5': Buffer.from(md5(body), 'hex').toString('base64') }
      return { name: what, ask: { ...ask, body, headers }, ...malformed(name) }
    }),
  ])
}

test('nothing has happened', async () => {
  for (const key of KEYS) expect((await must({ bucket: bucket(), key })).text).toBe(key)
  for (const query of ['tagging', 'cors', 'lifecycle', 'website', 'encryption']) {
    expect((await send({ bucket: bucket(), query: { [query]: '' } })).status, query).toBe(404)
  }
  expect((await must({ bucket: bucket(), query: { versioning: '' } })).text).not.toContain('Suspended')
})

test('the SDK, which sends such a key as it is, deletes no other one by it', async () => {
  const deletion = client().send(
    new DeleteObjectsCommand({ Bucket: bucket(), Delete: { Objects: [{ Key: 'a/x\x01y' }] } }),
  )
  await expect(deletion).rejects.toMatchObject({ name: 'MalformedXML' })
  for (const key of KEYS) expect((await must({ bucket: bucket(), key })).text).toBe(key)
})

describe('a key with a character that XML cannot hold', () => {
  const name = newName()
  const key = 'odd/\x01\x1f\x7f\u0085\u2028\r\n\t&<>"\u{1f600}'

  test('is stored, listed, copied and deleted by itself', async () => {
    await must({ method: 'PUT', bucket: name })
    await put(name, key, 'odd')
    const source = `${name}/${encodeURIComponent(key)}`
    await must({
      method: 'PUT',
      bucket: name,
      key: `${key}.copy`,
      headers: { 'x-amz-copy-source': source },
    })
    const listed = await must({ bucket: name, query: { 'list-type': '2', 'encoding-type': 'url' } })
    const keys = [...listed.text.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, one = '']) =>
      decodeURIComponent(one.replaceAll('+', ' ')),
    )
    expect(keys).toEqual([key, `${key}.copy`])
    const raw = await must({ bucket: name, query: { 'list-type': '2' } })
    expect(raw.text).toContain('<Key>odd/&#x1;&#x1f;&#x7f;&#x85;')
    const { Contents = [] } = await client().send(
      new ListObjectsV2Command({ Bucket: name, EncodingType: 'url' }),
    )
    expect(Contents).toHaveLength(2)
    expect((await must({ bucket: name, key })).text).toBe('odd')
    await must({ method: 'DELETE', bucket: name, key })
    expect((await send({ bucket: name, key })).status).toBe(404)
    expect((await must({ bucket: name, key: `${key}.copy` })).text).toBe('odd')
    await must({ method: 'DELETE', bucket: name, key: `${key}.copy` })
    await must({ method: 'DELETE', bucket: name })
  })
})
