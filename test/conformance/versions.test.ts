import { describe, expect } from 'vitest'
import { md5 } from '../encodings.ts'
import { failure } from './errors.ts'
import { type Answer, type Ask, must, send, type Xml } from './s3.ts'
import { check, enableVersioning, ownBucket, put, type Row, rows } from './table.ts'

const VERSION = /^(?!null$)\S+$/
const idOf = ({ headers }: { headers: Record<string, string> }) => headers['x-amz-version-id'] ?? ''
const bucket = ownBucket(enableVersioning)

/** An old version, a new one, and a delete marker upon them. */
async function history(name: string, key: string) {
  const first = idOf(await put(name, key, 'first'))
  const second = idOf(await put(name, key, 'second'))
  const marker = idOf(await must({ method: 'DELETE', bucket: name, key }))
  return { first, second, marker }
}

describe('in a bucket with versions', () => {
  rows('PutObject', bucket, [
    {
      name: 'each write has a version id of its own, and the old one stays',
      ask: { method: 'PUT', key: 'put', body: 'first' },
      status: 200,
      headers: { 'x-amz-version-id': VERSION },
      and: async (first, name) => {
        const second = await put(name, 'put', 'second')
        expect(idOf(second)).not.toBe(idOf(first))
        const old = await send({ bucket: name, key: 'put', query: { versionId: idOf(first) } })
        check(old, { status: 200, body: 'first', headers: { 'x-amz-version-id': idOf(first) } })
        check(await send({ bucket: name, key: 'put' }), { status: 200, body: 'second' })
      },
    },
  ])
  rows('DeleteObject', bucket, [
    {
      name: 'leaves a delete marker with an id',
      ask: async (name) => {
        await put(name, 'delete')
        return { method: 'DELETE', key: 'delete' }
      },
      status: 204,
      headers: { 'x-amz-version-id': VERSION, 'x-amz-delete-marker': 'true' },
    },
    {
      name: 'of a version deletes that one for good',
      ask: async (name) => {
        const { first } = await history(name, 'delete-version')
        return { method: 'DELETE', key: 'delete-version', query: { versionId: first } }
      },
      status: 204,
      headers: { 'x-amz-version-id': VERSION, 'x-amz-delete-marker': null },
    },
    {
      name: 'of a delete marker brings the object back',
      ask: async (name) => {
        const { marker } = await history(name, 'delete-marker')
        return { method: 'DELETE', key: 'delete-marker', query: { versionId: marker } }
      },
      status: 204,
      headers: { 'x-amz-delete-marker': 'true' },
      and: async (_, name) =>
        expect((await send({ bucket: name, key: 'delete-marker' })).text).toBe('second'),
    },
  ])
  rows('DeleteObjects', bucket, [
    {
      name: 'tells of delete markers it made and versions it deleted',
      ask: async (name) => {
        const { first } = await history(name, 'many')
        const body = `<Delete><Object><Key>many</Key><VersionId>${first}</VersionId></Object><Object><Key>fresh</Key></Object></Delete>`
        return { method: 'POST', query: { delete: '' }, body }
      },
      status: 200,
      and: ({ xml }) => {
        const deleted = (xml.DeleteResult as Xml).Deleted as Xml[]
        expect(deleted).toContainEqual({ Key: 'many', VersionId: expect.stringMatching(VERSION) })
        expect(deleted).toContainEqual({
          Key: 'fresh',
          DeleteMarker: 'true',
          DeleteMarkerVersionId: expect.stringMatching(VERSION),
        })
      },
    },
  ])
  rows('GetObject and HeadObject', bucket, [
    {
      name: 'a deleted object is NoSuchKey, and says that there is a delete marker',
      ask: async (name) => {
        await history(name, 'get')
        return { key: 'get' }
      },
      ...failure('NoSuchKey', { Key: 'get' }),
      headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': VERSION },
    },
    {
      name: 'the head of a deleted object says that there is a delete marker',
      ask: { method: 'HEAD', key: 'get' },
      status: 404,
      headers: { 'x-amz-delete-marker': 'true' },
    },
    {
      name: 'a delete marker cannot be read by its id',
      ask: async (name) => {
        const { marker } = await history(name, 'get-marker')
        return { key: 'get-marker', query: { versionId: marker } }
      },
      ...failure('MethodNotAllowed', { Method: 'GET', ResourceType: 'DeleteMarker' }),
      headers: { 'x-amz-delete-marker': 'true', 'last-modified': /GMT$/, allow: 'DELETE' },
    },
    {
      name: 'the head of a delete marker says when it was made',
      ask: async (name) => {
        const { marker } = await history(name, 'head-marker')
        return { method: 'HEAD', key: 'head-marker', query: { versionId: marker } }
      },
      status: 405,
      headers: { 'x-amz-delete-marker': 'true', 'last-modified': /GMT$/, allow: 'DELETE' },
    },
    {
      name: 'a range of an older version is held to that version’s ETag',
      ask: async (name) => {
        const { first } = await history(name, 'if-range')
        const headers = { range: 'bytes=0-1', 'if-range': `"${md5('first')}"` }
        return { key: 'if-range', query: { versionId: first }, headers }
      },
      status: 206,
      body: 'fi',
    },
    {
      name: 'an older version is read by its id',
      ask: async (name) => {
        const { first } = await history(name, 'get-version')
        return { key: 'get-version', query: { versionId: first } }
      },
      status: 200,
      body: 'first',
      headers: { 'x-amz-version-id': VERSION },
    },
    {
      name: 'a version that is not there is named',
      ask: async (name) => {
        const { first } = await history(name, 'get-gone')
        await must({ method: 'DELETE', bucket: name, key: 'get-gone', query: { versionId: first } })
        return { key: 'get-gone', query: { versionId: first } }
      },
      ...failure('NoSuchVersion', { Key: 'get-gone', VersionId: expect.stringMatching(VERSION) }),
    },
  ])
  rows('CopyObject', bucket, [
    {
      name: 'tells the id of the source’s version and of the copy',
      ask: async (name) => {
        const { first } = await history(name, 'source')
        const headers = { 'x-amz-copy-source': `${name}/source?versionId=${first}` }
        return { method: 'PUT', key: 'copy', headers }
      },
      status: 200,
      headers: { 'x-amz-version-id': VERSION, 'x-amz-copy-source-version-id': VERSION },
      and: async (_, name) => expect((await send({ bucket: name, key: 'copy' })).text).toBe('first'),
    },
    {
      name: 'of an older version onto itself restores it',
      ask: async (name) => {
        const { first } = await history(name, 'restored')
        const headers = { 'x-amz-copy-source': `${name}/restored?versionId=${first}` }
        return { method: 'PUT', key: 'restored', headers }
      },
      status: 200,
      and: async (_, name) => expect((await send({ bucket: name, key: 'restored' })).text).toBe('first'),
    },
    {
      name: 'of a delete marker by its id is refused',
      ask: async (name) => {
        const { marker } = await history(name, 'from-marker')
        const headers = { 'x-amz-copy-source': `${name}/from-marker?versionId=${marker}` }
        return { method: 'PUT', key: 'copy', headers }
      },
      ...failure('InvalidRequest', {
        Message: 'The source of a copy request may not specifically refer to a delete marker by version id.',
      }),
    },
    {
      name: 'of a deleted object is NoSuchKey',
      ask: (name) => ({
        method: 'PUT',
        key: 'copy',
        headers: { 'x-amz-copy-source': `${name}/from-marker` },
      }),
      ...failure('NoSuchKey', { Key: 'from-marker' }),
    },
  ])
})

const ID = 'CAEQNhiBgMDJgZCA0BYiIDc4MGZjZGI2OTBjOTRmNTE5NmU5NmFhZjhjYmY0NzM1'
const tags = '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'
const retention =
  '<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2099-01-01T00:00:00Z</RetainUntilDate></Retention>'
const restore = '<RestoreRequest><Days>1</Days></RestoreRequest>'
const attributes = { headers: { 'x-amz-object-attributes': 'ETag' } }
/** Everything that can be asked of a version. */
const ofVersions: [operation: string, ask: Ask][] = [
  ['GetObject', {}],
  ['HeadObject', { method: 'HEAD' }],
  ['DeleteObject', { method: 'DELETE' }],
  ['GetObjectAcl', { query: { acl: '' } }],
  ['PutObjectAcl', { method: 'PUT', query: { acl: '' }, headers: { 'x-amz-acl': 'private' } }],
  ['GetObjectTagging', { query: { tagging: '' } }],
  ['PutObjectTagging', { method: 'PUT', query: { tagging: '' }, body: tags }],
  ['DeleteObjectTagging', { method: 'DELETE', query: { tagging: '' } }],
  ['GetObjectAttributes', { query: { attributes: '' }, ...attributes }],
  ['GetObjectRetention', { query: { retention: '' } }],
  ['PutObjectRetention', { method: 'PUT', query: { retention: '' }, body: retention }],
  ['GetObjectLegalHold', { query: { 'legal-hold': '' } }],
  [
    'PutObjectLegalHold',
    { method: 'PUT', query: { 'legal-hold': '' }, body: '<LegalHold><Status>ON</Status></LegalHold>' },
  ],
  ['RestoreObject', { method: 'POST', query: { restore: '' }, body: restore }],
]
const noIds = ['abc', '234', 'not-a-version', '\0', '6f8b2f0e-3f5b-4d8e-9b0a-2d1c3e4f5a6b']
const stays = async (_: Answer, name: string) =>
  expect((await send({ bucket: name, key: 'stays' })).text).toBe('stays')
const kept = ownBucket(async (name) => {
  await enableVersioning(name)
  await put(name, 'stays', 'stays')
})
describe('a version id', () => {
  for (const [operation, ask] of ofVersions) {
    rows(operation, kept, [
      ...noIds.map(
        (id): Row => ({
          name: `${JSON.stringify(id)} cannot be one`,
          ask: { key: 'stays', ...ask, query: { ...ask.query, versionId: id } },
          ...(id === '\0'
            ? { status: 400 }
            : failure('InvalidArgument', {
                Message: 'Invalid version id specified',
                ArgumentName: 'versionId',
                ArgumentValue: id,
              })),
          and: stays,
        }),
      ),
      {
        name: 'that is empty is refused',
        ask: { key: 'stays', ...ask, query: { ...ask.query, versionId: '' } },
        ...failure('InvalidArgument', {
          Message: 'Version id cannot be the empty string',
          ArgumentName: 'versionId',
        }),
        and: stays,
      },
      ...(operation === 'DeleteObject' || operation.includes('Retention') || operation.includes('LegalHold')
        ? []
        : [
            {
              name: 'that no version has is NoSuchVersion',
              ask: { key: 'stays', ...ask, query: { ...ask.query, versionId: ID } },
              ...failure('NoSuchVersion', { Key: 'stays', VersionId: ID }),
            },
          ]),
    ])
  }
  rows('DeleteObject', kept, [
    {
      name: 'that no version has is deleted all the same',
      ask: { method: 'DELETE', key: 'stays', query: { versionId: ID } },
      status: 204,
      and: stays,
    },
  ])
  rows('DeleteObjects', kept, [
    // The second is one of S3's own, which OSS would refuse with all others.
    ...['abc', '3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH'].map((VersionId) => ({
      name: `that cannot be one is an error of its key alone: ${VersionId}`,
      ask: {
        method: 'POST',
        query: { delete: '' },
        body: `<Delete><Object><Key>stays</Key><VersionId>${VersionId}</VersionId></Object><Object><Key>other</Key></Object></Delete>`,
      },
      status: 200,
      xml: {
        DeleteResult: {
          Error: [
            {
              Key: 'stays',
              VersionId,
              Code: 'NoSuchVersion',
              Message: 'The specified version does not exist.',
            },
          ],
          Deleted: [{ Key: 'other' }],
        },
      },
      and: stays,
    })),
  ])
  rows('CopyObject and UploadPartCopy', kept, [
    ...noIds.map(
      (id): Row => ({
        name: `${JSON.stringify(id)} cannot be the source’s`,
        ask: (name) => ({
          method: 'PUT',
          key: 'copy',
          headers: { 'x-amz-copy-source': `${name}/stays?versionId=${encodeURIComponent(id)}` },
        }),
        ...failure('InvalidArgument', { Message: 'Invalid version id specified', ArgumentName: 'versionId' }),
      }),
    ),
    {
      name: 'that no version of the source has is NoSuchVersion',
      ask: (name) => ({
        method: 'PUT',
        key: 'copy',
        headers: { 'x-amz-copy-source': `${name}/stays?versionId=${ID}` },
      }),
      ...failure('NoSuchVersion', { Key: 'stays', VersionId: ID }),
    },
  ])
  rows('ListObjectVersions', kept, [
    {
      name: 'cannot be any marker',
      ask: { query: { versions: '', 'key-marker': 'stays', 'version-id-marker': 'abc' } },
      ...failure('InvalidArgument', {
        Message: 'Invalid version id specified',
        ArgumentName: 'version-id-marker',
        ArgumentValue: 'abc',
      }),
    },
  ])

  const upload = { uploadId: 'upload', partNumber: '1' }
  const notOfVersions: [operation: string, ask: Ask][] = [
    ['PutObject', { method: 'PUT', key: 'stays', body: 'new' }],
    ['CopyObject', { method: 'PUT', key: 'copy', headers: { 'x-amz-copy-source': 'bucket/key' } }],
    ['CreateMultipartUpload', { method: 'POST', key: 'stays', query: { uploads: '' } }],
    ['UploadPart', { method: 'PUT', key: 'stays', query: upload, body: 'new' }],
    [
      'CompleteMultipartUpload',
      { method: 'POST', key: 'stays', query: { uploadId: 'upload' }, body: '<a/>' },
    ],
    ['AbortMultipartUpload', { method: 'DELETE', key: 'stays', query: { uploadId: 'upload' } }],
    ['ListParts', { key: 'stays', query: { uploadId: 'upload' } }],
    ['DeleteBucket', { method: 'DELETE' }],
    ['ListObjects', {}],
    ['ListObjectsV2', { query: { 'list-type': '2' } }],
    ['ListObjectVersions', { query: { versions: '' } }],
    ['GetBucketVersioning', { query: { versioning: '' } }],
    [
      'PutBucketVersioning',
      {
        method: 'PUT',
        query: { versioning: '' },
        body: '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>',
      },
    ],
  ]
  for (const [operation, ask] of notOfVersions) {
    rows(
      operation,
      kept,
      [ID, 'null', 'abc', ''].map(
        (id): Row => ({
          name: `does not take ${JSON.stringify(id)}`,
          ask: { ...ask, query: { ...ask.query, versionId: id } },
          ...failure('InvalidArgument', {
            Message: 'This operation does not accept a version-id.',
            ArgumentName: 'versionId',
            ArgumentValue: id,
          }),
          and: stays,
        }),
      ),
    )
  }
})

const suspended = ownBucket(async (name) => {
  await put(name, 'before', 'unversioned')
  await enableVersioning(name)
  await put(name, 'before', 'versioned')
  await enableVersioning(name, 'Suspended')
})
describe('in a bucket whose versioning is suspended', () => {
  rows('PutObject', suspended, [
    {
      name: 'writes are the version null, which is not told',
      ask: { method: 'PUT', key: 'k', body: 'hello' },
      status: 200,
      headers: { 'x-amz-version-id': null },
      and: async (_, name) => {
        expect((await must({ bucket: name, key: 'k' })).headers['x-amz-version-id']).toBe('null')
      },
    },
  ])
  rows('CopyObject', suspended, [
    {
      name: 'a copy has the version id null',
      ask: (name) => ({ method: 'PUT', key: 'copy', headers: { 'x-amz-copy-source': `${name}/k` } }),
      status: 200,
      headers: { 'x-amz-version-id': 'null' },
    },
  ])
  rows('GetObject', suspended, [
    {
      name: 'what was there before versions is the version null',
      ask: { key: 'before', query: { versionId: 'null' } },
      status: 200,
      body: 'unversioned',
      headers: { 'x-amz-version-id': 'null' },
    },
  ])
  rows('DeleteObject', suspended, [
    {
      name: 'a delete marker has the id null',
      ask: { method: 'DELETE', key: 'k' },
      status: 204,
      headers: { 'x-amz-version-id': 'null', 'x-amz-delete-marker': 'true' },
    },
  ])
})

const listed = ownBucket(async (name) => {
  await enableVersioning(name)
  await put(name, 'a', 'first')
  await put(name, 'a', 'second')
  await must({ method: 'DELETE', bucket: name, key: 'a' })
  await put(name, 'dir/b c', 'x')
  await put(name, 'dir/d', 'x')
})
type Entry = { Key?: string; IsLatest?: string; VersionId?: string }
const result = (xml: Xml) => xml.ListVersionsResult as Xml
const versionsOf = (xml: Xml) => (result(xml).Version ?? []) as Entry[]
const markersOf = (xml: Xml) => (result(xml).DeleteMarker ?? []) as Entry[]
const list = (query: Record<string, string> = {}) => ({ query: { versions: '', ...query } })

rows('ListObjectVersions', listed, [
  {
    name: 'has versions and delete markers, the newest of a key first',
    ask: list(),
    status: 200,
    headers: { 'content-type': /^application\/xml/ },
    xml: {
      ListVersionsResult: {
        IsTruncated: 'false',
        MaxKeys: '1000',
        Prefix: '',
        KeyMarker: '',
        VersionIdMarker: '',
        DeleteMarker: [{ Key: 'a', IsLatest: 'true', Owner: { ID: expect.stringMatching(/./) } }],
        Version: [
          {
            Key: 'a',
            IsLatest: 'false',
            Size: '6',
            StorageClass: 'STANDARD',
            VersionId: expect.stringMatching(VERSION),
            ETag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
            Owner: { ID: expect.stringMatching(/./) },
            LastModified: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          },
          { Key: 'a', IsLatest: 'false', Size: '5' },
          { Key: 'dir/b c', IsLatest: 'true' },
          { Key: 'dir/d', IsLatest: 'true' },
        ],
      },
    },
    and: ({ xml }, name) => expect(result(xml).Name).toBe(name),
  },
  {
    name: 'a prefix narrows the list',
    ask: list({ prefix: 'dir/' }),
    status: 200,
    xml: { ListVersionsResult: { Prefix: 'dir/' } },
    and: ({ xml }) => expect(versionsOf(xml).map(({ Key }) => Key)).toEqual(['dir/b c', 'dir/d']),
  },
  {
    name: 'a delimiter rolls keys up into common prefixes',
    ask: list({ delimiter: '/' }),
    status: 200,
    xml: { ListVersionsResult: { CommonPrefixes: [{ Prefix: 'dir/' }] } },
  },
  {
    name: 'encoding-type=url encodes keys',
    ask: list({ 'encoding-type': 'url' }),
    status: 200,
    xml: { ListVersionsResult: { EncodingType: 'url' } },
    and: ({ xml }) => expect(versionsOf(xml).map(({ Key }) => Key)).toContain('dir/b+c'),
  },
  {
    name: 'pages of one give each version once',
    ask: list({ 'max-keys': '1' }),
    status: 200,
    xml: { ListVersionsResult: { IsTruncated: 'true', MaxKeys: '1' } },
    and: async (first, name) => {
      const found: Entry[] = []
      for (let page = first; ; ) {
        found.push(...versionsOf(page.xml), ...markersOf(page.xml))
        const { IsTruncated, NextKeyMarker, NextVersionIdMarker } = result(page.xml)
        if (IsTruncated !== 'true') break
        const markers = {
          'key-marker': String(NextKeyMarker),
          'version-id-marker': String(NextVersionIdMarker),
        }
        page = await must({ bucket: name, ...list({ 'max-keys': '1', ...markers }) })
      }
      expect(found.map(({ Key }) => Key)).toEqual(['a', 'a', 'a', 'dir/b c', 'dir/d'])
      expect(new Set(found.map(({ VersionId }) => VersionId)).size).toBe(5)
    },
  },
  {
    name: 'a key marker alone goes on with the next key',
    ask: list({ 'key-marker': 'a' }),
    status: 200,
    xml: { ListVersionsResult: { KeyMarker: 'a' } },
    and: ({ xml }) => expect(versionsOf(xml).map(({ Key }) => Key)).toEqual(['dir/b c', 'dir/d']),
  },
  {
    name: 'a version marker without a key marker is refused',
    ask: list({ 'version-id-marker': 'null' }),
    ...failure('InvalidArgument', {
      Message: 'A version-id marker cannot be specified without a key marker.',
      ArgumentName: 'version-id-marker',
      ArgumentValue: 'null',
    }),
  },
  {
    name: 'another encoding is refused',
    ask: list({ 'encoding-type': 'base64' }),
    ...failure('InvalidArgument', { Message: 'Invalid Encoding Method specified in Request' }),
  },
  {
    name: 'a bucket that is not there is named',
    ask: { ...list(), bucket: 'conformance-no-such-bucket' },
    ...failure('NoSuchBucket', { BucketName: 'conformance-no-such-bucket' }),
  },
])

const plain = ownBucket(async (name) => {
  await put(name, 'k')
})
rows('ListObjectVersions of a bucket without versions', plain, [
  {
    name: 'has the version null',
    ask: list(),
    status: 200,
    xml: { ListVersionsResult: { Version: [{ Key: 'k', VersionId: 'null', IsLatest: 'true' }] } },
  },
])
