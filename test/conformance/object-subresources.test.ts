import { describe, expect } from 'vitest'
import { md5 } from '../encodings.ts'
import { failure } from './errors.ts'
import { must, send } from './s3.ts'
import { ownBucket, put, type Row, rows } from './table.ts'

const bucket = ownBucket(async (name) => {
  await put(name, 'k')
  await put(name, 'untagged')
})

const tagging = (...tags: (readonly [string, string])[]) =>
  `<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>${tags
    .map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`)
    .join('')}</TagSet></Tagging>`
const tag = (body: string) => ({ method: 'PUT', key: 'k', query: { tagging: '' }, body })
const badTag = (name: string, tags: (readonly [string, string])[], elements: object): Row => ({
  name,
  ask: tag(tagging(...tags)),
  ...failure('InvalidTag', { ...elements }),
})
rows('PutObjectTagging', bucket, [
  {
    name: 'replaces all tags, and the answer is empty',
    ask: tag(tagging(['a', '1'], ['b', 'x y'])),
    status: 200,
    body: '',
    and: async (_, name) => {
      const { xml } = await must({ bucket: name, key: 'k', query: { tagging: '' } })
      expect(xml).toMatchObject({
        Tagging: {
          TagSet: {
            Tag: [
              { Key: 'a', Value: '1' },
              { Key: 'b', Value: 'x y' },
            ],
          },
        },
      })
    },
  },
  badTag(
    'a key twice is refused',
    [
      ['a', '1'],
      ['a', '2'],
    ],
    {
      Message: 'Cannot provide multiple Tags with the same key',
      TagKey: 'a',
    },
  ),
  badTag('a key of more than 128 characters is refused', [['k'.repeat(129), 'v']], {
    Message: 'The TagKey you have provided is invalid',
    TagKey: 'k'.repeat(129),
  }),
  badTag('an empty key is refused', [['', 'v']], { Message: 'The TagKey you have provided is invalid' }),
  badTag('a value of more than 256 characters is refused', [['k', 'v'.repeat(257)]], {
    Message: 'The TagValue you have provided is invalid',
    TagKey: 'k',
    TagValue: 'v'.repeat(257),
  }),
  badTag('a key of AWS’s own is refused', [['aws:k', 'v']], {
    Message: 'Your TagKey cannot be prefixed with aws:',
    TagKey: 'aws:k',
  }),
  {
    name: 'eleven tags are too many',
    ask: tag(tagging(...Array.from({ length: 11 }, (_, index) => [`k${index}`, 'v'] as const))),
    status: 400,
    error: { Code: 'BadRequest', Message: 'Object tags cannot be greater than 10' },
  },
  { name: 'what is no XML is malformed', ask: tag('a=1'), ...failure('MalformedXML') },
  {
    name: 'a key that is not there is named',
    ask: { ...tag(tagging(['a', '1'])), key: 'nothing' },
    ...failure('NoSuchKey', { Key: 'nothing' }),
  },
])
rows('PutObject with tags', bucket, [
  {
    name: 'tags in the header are those of the object, and counted when it is read',
    ask: { method: 'PUT', key: 'tagged', body: 'x', headers: { 'x-amz-tagging': 'a=1&b=x%20y' } },
    status: 200,
    and: async (_, name) =>
      expect((await must({ bucket: name, key: 'tagged' })).headers['x-amz-tagging-count']).toBe('2'),
  },
  {
    name: 'a tag twice in the header is refused',
    ask: { method: 'PUT', key: 'tagged', body: 'x', headers: { 'x-amz-tagging': 'a=1&a=2' } },
    ...failure('InvalidArgument', {
      Message:
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
      ArgumentName: 'x-amz-tagging',
      ArgumentValue: 'a=1&a=2',
    }),
  },
])
rows('GetObjectTagging and DeleteObjectTagging', bucket, [
  {
    name: 'an object without tags has an empty set',
    ask: { key: 'untagged', query: { tagging: '' } },
    status: 200,
    headers: { 'content-type': /^application\/xml/ },
    body: /<TagSet\s*(\/>|><\/TagSet>)/,
  },
  {
    name: 'deleting them answers 204, and leaves none',
    ask: async (name) => {
      await must({ bucket: name, ...tag(tagging(['a', '1'])) })
      return { method: 'DELETE', key: 'k', query: { tagging: '' } }
    },
    status: 204,
    and: async (_, name) =>
      expect((await must({ bucket: name, key: 'k', query: { tagging: '' } })).text).not.toContain('<Tag>'),
  },
  {
    name: 'a key that is not there is named',
    ask: { key: 'nothing', query: { tagging: '' } },
    ...failure('NoSuchKey', { Key: 'nothing' }),
  },
])

const acl = (grants: string, owner = '') =>
  `<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${owner}<AccessControlList>${grants}</AccessControlList></AccessControlPolicy>`
const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'
const grantTo = (uri: string, permission: string) =>
  `<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>${uri}</URI></Grantee><Permission>${permission}</Permission></Grant>`
const readAcl = async (name: string, key = 'k') =>
  (await must({ bucket: name, key, query: { acl: '' } })).text
rows('GetObjectAcl and PutObjectAcl', bucket, [
  {
    name: 'an object is its owner’s alone',
    ask: { key: 'k', query: { acl: '' } },
    status: 200,
    headers: { 'content-type': /^application\/xml/ },
    xml: {
      AccessControlPolicy: {
        Owner: { ID: expect.stringMatching(/./) },
        AccessControlList: { Grant: [{ Permission: 'FULL_CONTROL' }] },
      },
    },
  },
  {
    name: 'a canned ACL in the header is set',
    ask: { method: 'PUT', key: 'k', query: { acl: '' }, headers: { 'x-amz-acl': 'public-read' } },
    status: 200,
    body: '',
    and: async (_, name) =>
      expect(await readAcl(name)).toMatch(/AllUsers<\/URI><\/Grantee><Permission>READ<\/Permission>/),
  },
  {
    name: 'the document that was read can be written again, as s3cmd does after a copy',
    ask: async (name) => ({ method: 'PUT', key: 'untagged', query: { acl: '' }, body: await readAcl(name) }),
    status: 200,
    and: async (_, name) => expect(await readAcl(name, 'untagged')).toContain('AllUsers'),
  },
  {
    name: 'an ACL that S3 does not know is refused',
    ask: { method: 'PUT', key: 'k', query: { acl: '' }, headers: { 'x-amz-acl': 'everybody' } },
    ...failure('InvalidArgument', { ArgumentName: 'x-amz-acl', ArgumentValue: 'everybody' }),
  },
  {
    name: 'neither a header nor a document is a missing header',
    ask: { method: 'PUT', key: 'k', query: { acl: '' } },
    ...failure('MissingSecurityHeader', { MissingHeaderName: 'x-amz-acl' }),
  },
  {
    name: 'a header and a document at once are refused',
    ask: async (name) => ({
      method: 'PUT',
      key: 'k',
      query: { acl: '' },
      headers: { 'x-amz-acl': 'private' },
      body: await readAcl(name),
    }),
    status: 400,
    error: { Code: 'UnexpectedContent', Message: 'This request does not support content' },
  },
  {
    name: 'what is no XML is a malformed ACL',
    ask: { method: 'PUT', key: 'k', query: { acl: '' }, body: 'public' },
    ...failure('MalformedACLError'),
  },
  {
    name: 'a permission that S3 does not know is a malformed ACL',
    ask: { method: 'PUT', key: 'k', query: { acl: '' }, body: acl(grantTo(ALL_USERS, 'LOOK')) },
    ...failure('MalformedACLError'),
  },
  {
    name: 'a key that is not there is named',
    ask: { key: 'nothing', query: { acl: '' } },
    ...failure('NoSuchKey', { Key: 'nothing' }),
  },
])

rows('GetObjectAttributes', bucket, [
  {
    name: 'the attributes asked for come, the ETag without its quotes',
    ask: {
      key: 'k',
      query: { attributes: '' },
      headers: { 'x-amz-object-attributes': 'ETag,ObjectSize,StorageClass' },
    },
    status: 200,
    headers: { 'last-modified': /GMT$/ },
    xml: { GetObjectAttributesResponse: { ETag: md5('hello'), ObjectSize: '5', StorageClass: 'STANDARD' } },
  },
  {
    name: 'what was not asked for does not come',
    ask: { key: 'k', query: { attributes: '' }, headers: { 'x-amz-object-attributes': 'ObjectSize' } },
    status: 200,
    and: ({ text }) => expect(text).not.toContain('ETag'),
  },
  {
    name: 'no attribute at all is refused',
    ask: { key: 'k', query: { attributes: '' } },
    status: 400,
  },
  ...['x-amz-max-parts', 'x-amz-part-number-marker'].flatMap((header): Row[] => [
    {
      name: `${header} is a number`,
      ask: {
        key: 'k',
        query: { attributes: '' },
        headers: { 'x-amz-object-attributes': 'ETag,ObjectParts', [header]: 'first' },
      },
      status: 400,
      error: { Code: 'InvalidArgument', ArgumentName: header, ArgumentValue: 'first' },
    },
    {
      name: `${header} has no effect on an object without parts`,
      ask: {
        key: 'k',
        query: { attributes: '' },
        headers: { 'x-amz-object-attributes': 'ETag,ObjectParts', [header]: '1' },
      },
      status: 200,
      xml: { GetObjectAttributesResponse: { ETag: md5('hello') } },
    },
  ]),
  {
    name: 'a key that is not there is named',
    ask: { key: 'nothing', query: { attributes: '' }, headers: { 'x-amz-object-attributes': 'ETag' } },
    ...failure('NoSuchKey', { Key: 'nothing' }),
  },
])

const restore = (key: string, body = '<RestoreRequest><Days>1</Days></RestoreRequest>') => ({
  method: 'POST',
  key,
  query: { restore: '' },
  body,
})
rows('RestoreObject', bucket, [
  {
    name: 'a restore of an archived object is accepted, and told when it is read',
    ask: async (name) => {
      await put(name, 'archived', 'hello', { 'x-amz-storage-class': 'GLACIER' })
      return restore('archived')
    },
    status: 202,
    and: async (_, name) => {
      const { headers } = await must({ method: 'HEAD', bucket: name, key: 'archived' })
      expect(headers['x-amz-restore']).toMatch(/^ongoing-request="(true|false)"/)
    },
  },
  ...['', 'list-type', 'versions'].flatMap((list): Row[] => {
    const query = { prefix: 'archived', ...(list === '' ? {} : { [list]: list === 'list-type' ? '2' : '' }) }
    return [
      {
        name: `is told in a list that is asked for it, ?${list}`,
        ask: { query, headers: { 'x-amz-optional-object-attributes': 'RestoreStatus' } },
        status: 200,
        body: /<RestoreStatus><IsRestoreInProgress>(?:true|false<\/IsRestoreInProgress><RestoreExpiryDate>[\dT:.-]+Z<\/RestoreExpiryDate>)/,
      },
      {
        name: `is not told in any other, ?${list}`,
        ask: { query },
        status: 200,
        and: ({ text }) => expect(text).not.toContain('RestoreStatus'),
      },
      {
        name: `is the only attribute of its kind, ?${list}`,
        ask: { query, headers: { 'x-amz-optional-object-attributes': 'RestoreStatus,Colour' } },
        status: 400,
        error: { Code: 'InvalidArgument', ArgumentName: 'x-amz-optional-object-attributes' },
      },
    ]
  }),
  {
    name: 'an object that is in no archive is not restored',
    ask: restore('k'),
    status: 403,
    error: { Code: 'InvalidObjectState' },
  },
  {
    name: 'a key that is not there is named',
    ask: restore('nothing'),
    ...failure('NoSuchKey', { Key: 'nothing' }),
  },
])

describe('locks', () => {
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
  rows('in a bucket without locks', bucket, [
    {
      name: 'a retention is refused',
      ask: {
        method: 'PUT',
        key: 'k',
        query: { retention: '' },
        body: `<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>${tomorrow}</RetainUntilDate></Retention>`,
      },
      ...failure('InvalidRequest', { Message: 'Bucket is missing Object Lock Configuration' }),
    },
    {
      name: 'a legal hold is refused',
      ask: {
        method: 'PUT',
        key: 'k',
        query: { 'legal-hold': '' },
        body: '<LegalHold><Status>ON</Status></LegalHold>',
      },
      ...failure('InvalidRequest', { Message: 'Bucket is missing Object Lock Configuration' }),
    },
    {
      name: 'reading a retention is refused',
      ask: { key: 'k', query: { retention: '' } },
      ...failure('InvalidRequest', { Message: 'Bucket is missing Object Lock Configuration' }),
    },
  ])
  const locked = ownBucketWithLocks()
  rows('in a bucket with locks', locked, [
    {
      name: 'an object without a retention says so',
      ask: async (name) => {
        await put(name, 'k')
        return { key: 'k', query: { retention: '' } }
      },
      ...failure('NoSuchObjectLockConfiguration'),
    },
    {
      name: 'a retention is kept',
      ask: {
        method: 'PUT',
        key: 'k',
        query: { retention: '' },
        body: `<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>${tomorrow}</RetainUntilDate></Retention>`,
      },
      status: 200,
      and: async (_, name) => {
        const { xml } = await must({ bucket: name, key: 'k', query: { retention: '' } })
        expect(xml).toMatchObject({ Retention: { Mode: 'GOVERNANCE' } })
      },
    },
    {
      name: 'a retention in the past is refused',
      ask: {
        method: 'PUT',
        key: 'k',
        query: { retention: '' },
        body: '<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2001-01-01T00:00:00Z</RetainUntilDate></Retention>',
      },
      ...failure('InvalidArgument', { Message: 'The retain until date must be in the future!' }),
    },
    {
      name: 'a mode that S3 does not know is malformed',
      ask: {
        method: 'PUT',
        key: 'k',
        query: { retention: '' },
        body: `<Retention><Mode>FOREVER</Mode><RetainUntilDate>${tomorrow}</RetainUntilDate></Retention>`,
      },
      ...failure('MalformedXML'),
    },
    {
      name: 'a legal hold is kept, and lifted',
      ask: {
        method: 'PUT',
        key: 'k',
        query: { 'legal-hold': '' },
        body: '<LegalHold><Status>ON</Status></LegalHold>',
      },
      status: 200,
      and: async (_, name) => {
        const query = { 'legal-hold': '' }
        const { xml } = await must({ bucket: name, key: 'k', query })
        expect(xml).toMatchObject({ LegalHold: { Status: 'ON' } })
        const body = '<LegalHold><Status>OFF</Status></LegalHold>'
        expect((await send({ method: 'PUT', bucket: name, key: 'k', query, body })).status).toBe(200)
      },
    },
  ])
})

function ownBucketWithLocks() {
  return ownBucket(async (name) => {
    const versioning = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
    await must({ method: 'PUT', bucket: name, query: { versioning: '' }, body: versioning })
    const body =
      '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>'
    await must({ method: 'PUT', bucket: name, query: { 'object-lock': '' }, body })
  })
}
