import { describe, expect, test } from 'vitest'
import { type Ask, newName, send } from './s3.ts'
import { ownBucket, put, type Row, rows } from './table.ts'

// What S3 answers: measured in September 2026 by brekkylab/backlot, as are the resource types.
const bucket = ownBucket(async (name) => {
  await put(name, 'k', 'stays')
})

/** Nothing has happened: the bucket is there, and the object in it is what it was. */
const unchanged: Row['and'] = async (_, name) => {
  expect((await send({ bucket: name, key: 'k' })).text).toBe('stays')
}

const onBucket = (method: string, query: Record<string, string>, key?: string): Ask => ({
  method,
  query,
  ...(key === undefined ? {} : { key }),
  ...(method === 'PUT' || method === 'POST' ? { body: '<x/>' } : {}),
})
const onObject = (method: string, query: Record<string, string>): Ask => onBucket(method, query, 'k')

const notAllowed: [method: string, on: 'object' | 'bucket', selectors: Record<string, string>][] = [
  [
    'DELETE',
    'object',
    {
      acl: 'ACL',
      'legal-hold': 'OBJECT_LOCK_LEGALHOLD',
      retention: 'OBJECT_LOCK_RETENTION',
      restore: 'RESTORE',
      uploads: 'UPLOADS',
      attributes: 'OBJECT_ATTRIBUTES',
      policy: 'BUCKETPOLICY',
      lifecycle: 'LIFECYCLE',
      cors: 'CORS',
      versioning: 'VERSIONING',
      encryption: 'OBJECT_ENCRYPTION',
      torrent: 'TORRENT',
      select: 'SELECT',
      delete: 'MULTI_OBJECT_DELETE',
      website: 'WEBSITE',
      publicAccessBlock: 'PUBLIC_ACCESS_BLOCK',
      metadataConfiguration: 'BUCKET_METADATA_CONFIGURATION',
    },
  ],
  [
    'PUT',
    'object',
    {
      uploads: 'UPLOADS',
      restore: 'RESTORE',
      delete: 'MULTI_OBJECT_DELETE',
      location: 'LOCATION',
      lifecycle: 'LIFECYCLE',
      policy: 'BUCKETPOLICY',
      cors: 'CORS',
      'object-lock': 'OBJECT_LOCK_CONFIGURATION',
      attributes: 'OBJECT_ATTRIBUTES',
      versions: 'BUCKETVERSIONS',
      torrent: 'TORRENT',
      abac: 'BUCKET_ABAC',
    },
  ],
  ['POST', 'object', { acl: 'ACL', tagging: 'OBJECT_TAGGING', delete: 'MULTI_OBJECT_DELETE' }],
  ['GET', 'object', { restore: 'RESTORE', select: 'SELECT', delete: 'MULTI_OBJECT_DELETE' }],
  ['HEAD', 'object', { acl: 'ACL', tagging: 'OBJECT_TAGGING', uploadId: 'UPLOAD', location: 'LOCATION' }],
  ['PATCH', 'object', { tagging: 'OBJECT_TAGGING', encryption: 'OBJECT_ENCRYPTION', torrent: 'TORRENT' }],
  [
    'DELETE',
    'bucket',
    {
      versioning: 'VERSIONING',
      acl: 'ACL',
      logging: 'LOGGING_STATUS',
      notification: 'NOTIFICATION',
      'object-lock': 'OBJECT_LOCK_CONFIGURATION',
      uploads: 'UPLOADS',
      requestPayment: 'REQUEST_PAYMENT',
      accelerate: 'ACCELERATE',
      location: 'LOCATION',
      versions: 'BUCKETVERSIONS',
      policyStatus: 'POLICY_STATUS',
    },
  ],
  ['POST', 'bucket', { acl: 'ACL', policy: 'BUCKETPOLICY', uploads: 'UPLOADS' }],
  ['GET', 'bucket', { delete: 'MULTI_OBJECT_DELETE', restore: 'RESTORE', torrent: 'TORRENT' }],
  ['HEAD', 'bucket', { acl: 'ACL', versioning: 'VERSIONING' }],
  ['PATCH', 'bucket', { acl: 'ACL' }],
]

for (const [method, on, selectors] of notAllowed) {
  rows(
    `${method} of a sub-resource of ${on === 'bucket' ? 'a bucket' : 'an object'} that has no such method`,
    bucket,
    Object.entries(selectors).map(([selector, ResourceType]) => ({
      name: `?${selector} is 405 ${ResourceType}`,
      ask: (on === 'bucket' ? onBucket : onObject)(method, {
        [selector]: selector === 'uploadId' ? 'u' : '',
      }),
      status: 405,
      error: { Code: 'MethodNotAllowed', Method: method, ResourceType },
      and: unchanged,
    })),
  )
}

describe('CreateBucket is no sub-resource', () => {
  for (const [selector, ResourceType] of Object.entries({
    location: 'LOCATION',
    delete: 'MULTI_OBJECT_DELETE',
    uploads: 'UPLOADS',
    versions: 'BUCKETVERSIONS',
    policyStatus: 'POLICY_STATUS',
  })) {
    test(`PUT ?${selector} makes no bucket`, async () => {
      const name = newName()
      const answer = await send({ method: 'PUT', bucket: name, query: { [selector]: '' } })
      expect(answer.status).toBe(405)
      expect(answer.xml.Error).toMatchObject({ Code: 'MethodNotAllowed', Method: 'PUT', ResourceType })
      expect((await send({ bucket: name })).status).toBe(404)
    })
  }
})

rows('A method that no resource has', bucket, [
  {
    name: 'names the service',
    ask: { method: 'PATCH', bucket: null },
    status: 405,
    error: { Code: 'MethodNotAllowed', Method: 'PATCH', ResourceType: 'SERVICE' },
    headers: { allow: 'GET' },
  },
  {
    name: 'names the bucket',
    ask: { method: 'PATCH' },
    status: 405,
    error: { Code: 'MethodNotAllowed', Method: 'PATCH', ResourceType: 'BUCKET' },
  },
  {
    name: 'names the object',
    ask: { method: 'POST', key: 'k' },
    status: 405,
    error: { Code: 'MethodNotAllowed', Method: 'POST', ResourceType: 'OBJECT' },
    headers: { allow: 'GET, HEAD, PUT, DELETE' },
  },
  {
    name: 'names a part of an upload',
    ask: { method: 'DELETE', key: 'k', query: { partNumber: '1', uploadId: 'u' } },
    status: 405,
    error: { Code: 'MethodNotAllowed', Method: 'DELETE', ResourceType: 'PART' },
    headers: { allow: 'PUT' },
  },
  {
    name: 'on a bucket is a form, or nothing',
    ask: { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } },
    status: 412,
    error: {
      Code: 'PreconditionFailed',
      Condition: 'Bucket POST must be of the enclosure-type multipart/form-data',
    },
  },
])

rows('A sub-resource of the bucket, read at a key', bucket, [
  ...['versions', 'uploads'].map((name) => ({
    name: `?${name} is none of the key's`,
    ask: onObject('GET', { [name]: '' }),
    status: 400,
    error: {
      Code: 'InvalidRequest',
      Message:
        name === 'versions'
          ? 'There is no such thing as the ?versions sub-resource for a key'
          : 'Key is not expected for the GET method ?uploads subresource',
    },
  })),
  {
    name: '?logging has a code of its own',
    ask: onObject('GET', { logging: '' }),
    status: 400,
    error: {
      Code: 'NoLoggingStatusForKey',
      Message: 'There is no such thing as the ?logging sub-resource for a key',
    },
  },
])

const conflicts: [Ask, string][] = [
  [onBucket('GET', { acl: '', versioning: '' }), 'acl, versioning'],
  [onBucket('GET', { versioning: '', acl: '' }), 'acl, versioning'],
  [onBucket('GET', { uploads: '', uploadId: 'u' }), 'uploadId, uploads'],
  [onBucket('DELETE', { policy: '', cors: '' }), 'cors, policy'],
  [onBucket('PUT', { policy: '', tagging: '' }), 'policy, tagging'],
  [onBucket('POST', { delete: '', website: '' }), 'delete, website'],
  [onObject('PUT', { cors: '', acl: '' }), 'acl, cors'],
  [onObject('PUT', { partNumber: '1', uploadId: 'u', acl: '' }), 'acl, partNumber, uploadId'],
  [onObject('PUT', { partNumber: '1', tagging: '' }), 'partNumber, tagging'],
  [onObject('GET', { partNumber: '1', tagging: '' }), 'partNumber, tagging'],
  [onObject('DELETE', { uploadId: 'u', tagging: '' }), 'tagging, uploadId'],
  [onObject('GET', { acl: '', annotationName: 'n' }), 'acl, annotationName'],
]
rows(
  'Two sub-resources',
  bucket,
  conflicts.map(([ask, names]) => ({
    name: `${ask.method} with ${Object.keys(ask.query ?? {}).join(' and ')} conflict, named in order`,
    ask,
    status: 400,
    error: {
      Code: 'InvalidArgument',
      Message: `Conflicting query string parameters: ${names}`,
      ArgumentName: 'ResourceType',
      ArgumentValue: names.split(', ')[0],
    },
    and: unchanged,
  })),
)

rows('Half a part of an upload', bucket, [
  ...['PUT', 'POST', 'DELETE'].map((method) => ({
    name: `${method} ?partNumber is not the object`,
    ask: onObject(method, { partNumber: '3' }),
    status: 400,
    error: {
      Code: 'InvalidArgument',
      Message: 'This operation does not accept partNumber without uploadId',
      ArgumentName: 'partNumber',
    },
    and: unchanged,
  })),
  {
    name: 'PUT ?uploadId is not the object',
    ask: onObject('PUT', { uploadId: 'u' }),
    status: 405,
    error: { Code: 'MethodNotAllowed', ResourceType: 'UPLOAD' },
    and: unchanged,
  },
  {
    name: 'PUT ?uploadId is no copy either',
    ask: (name) => ({
      method: 'PUT',
      key: 'k',
      query: { uploadId: 'u' },
      headers: { 'x-amz-copy-source': `${name}/k` },
    }),
    status: 405,
    error: { Code: 'MethodNotAllowed', ResourceType: 'UPLOAD' },
  },
  {
    name: 'a bucket has no parts',
    ask: { query: { partNumber: '1' } },
    status: 400,
    error: { Code: 'InvalidRequest', Message: 'Object must have a valid key name.' },
  },
  {
    name: 'a bucket has no upload with an id',
    ask: { method: 'DELETE', query: { uploadId: 'u' } },
    status: 400,
    error: { Code: 'InvalidRequest', Message: 'A key must be specified' },
    and: unchanged,
  },
])

const signedPath =
  (ask: Ask, search: string): Row['ask'] =>
  (name) => ({
    ...ask,
    path: `/${name}/k?${search}`,
  })
rows('A name twice', bucket, [
  ...[
    ['GET', 'versionId=null&versionId=x', 'versionId'],
    ['DELETE', 'versionId=null&versionId=x', 'versionId'],
    ['PUT', 'partNumber=1&uploadId=u&partNumber=2', 'partNumber'],
    ['DELETE', 'uploadId=u&uploadId=v', 'uploadId'],
    ['GET', 'uploadId=u&uploadId=v', 'uploadId'],
    ['GET', 'response-expires=a&response-expires=b', 'response-expires'],
  ].map(
    ([method = '', search = '', ArgumentName]): Row => ({
      name: `${method} ?${search} does not choose between its values`,
      ask: signedPath({ method, sign: 'none' }, search),
      status: 400,
      error: { Code: 'InvalidArgument', ArgumentName },
      and: unchanged,
    }),
  ),
  {
    name: 'is one where the values are the same',
    ask: signedPath({ method: 'DELETE', sign: 'none' }, 'versionId=null&acl&acl=&versionId=null'),
    status: 405,
    error: { Code: 'MethodNotAllowed', ResourceType: 'ACL' },
  },
  {
    name: 'is ignored if it says nothing',
    ask: signedPath({ sign: 'none' }, 'next=1&next=2'),
    status: 403,
    error: { Code: 'AccessDenied' },
  },
])

// What S3 does with a sub-resource that it does not have yet is not known: the gateway refuses it.
rows('A name without a value that S3 does not know', bucket, [
  ...[onObject('PUT', { next: '' }), onObject('DELETE', { next: '' }), onObject('POST', { next: '' })]
    .concat(onBucket('DELETE', { next: '' }), onBucket('POST', { next: '' }), onBucket('PUT', { ACL: '' }))
    .map((ask) => ({
      name: `${ask.method} ${ask.key ?? 'bucket'} ?${Object.keys(ask.query ?? {})} does nothing`,
      ask,
      status: 501,
      error: { Code: 'NotImplemented', ArgumentName: Object.keys(ask.query ?? {})[0] },
      and: unchanged,
    })),
  {
    name: 'is ignored in a read',
    ask: { key: 'k', query: { next: '' } },
    status: 200,
    body: 'stays',
  },
])

rows('A name that selects nothing', bucket, [
  {
    name: 'is ignored with a value',
    ask: { method: 'PUT', key: 'ignored', query: { next: 'value' }, body: 'x' },
    status: 200,
  },
  {
    name: 'is ignored when it begins with x-',
    ask: {
      method: 'PUT',
      key: 'ignored',
      query: { 'x-user': '', 'X-Other': '', 'x-id': 'PutObject' },
      body: 'x',
    },
    status: 200,
  },
  {
    name: 'is ignored when it is a parameter of another operation',
    ask: { method: 'PUT', key: 'ignored', query: { prefix: '', 'list-type': '2' }, body: 'x' },
    status: 200,
  },
  {
    name: 'is none of the operation that a selector names',
    ask: { query: { versioning: '', 'list-type': '2' } },
    status: 200,
    xml: { VersioningConfiguration: {} },
  },
  {
    name: 'is the value of a selector',
    ask: { query: { versioning: '1' } },
    status: 200,
    xml: { VersioningConfiguration: {} },
  },
])
