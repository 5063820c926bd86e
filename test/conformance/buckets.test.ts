import { afterAll, expect } from 'vitest'
import { failure } from './errors.ts'
import { must, newName, send, target, type Xml } from './s3.ts'
import { empty, ownBucket, put, type Row, rows } from './table.ts'

const bucket = ownBucket(async (name) => {
  await put(name, 'k')
})
const made: string[] = []
afterAll(async () => {
  if (!target.isGateway) for (const fresh of made) await empty(fresh)
})
const name = () => {
  const fresh = newName()
  made.push(fresh)
  return fresh
}
const located = (region: string) =>
  `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`
const invalidName = (bad: string): Row => ({
  name: `${JSON.stringify(bad)} is no name of a bucket`,
  ask: { method: 'PUT', path: `/${encodeURIComponent(bad)}` },
  ...failure('InvalidBucketName', { BucketName: bad }),
})

rows('CreateBucket', bucket, [
  {
    name: 'the answer names the bucket’s location',
    ask: () => ({ method: 'PUT', bucket: name() }),
    status: 200,
    headers: { location: /\/conformance-/, 'x-amz-bucket-arn': /^arn:aws:s3:::conformance-/ },
    body: '',
  },
  {
    name: 'a bucket of one’s own cannot be made again',
    ask: (own) => ({ method: 'PUT', bucket: own }),
    ...failure('BucketAlreadyOwnedByYou', { BucketName: expect.stringMatching(/^conformance-/) }),
    and: async (_, own) => expect((await send({ bucket: own, key: 'k' })).text).toBe('hello'),
  },
  {
    name: 'an ACL may be given, as rclone does',
    ask: () => ({ method: 'PUT', bucket: name(), headers: { 'x-amz-acl': 'private' } }),
    status: 200,
  },
  {
    name: 'a region that nobody knows is refused by name',
    ask: () => ({ method: 'PUT', bucket: name(), body: located('The_Moon!') }),
    ...failure('InvalidLocationConstraint', { LocationConstraint: 'The_Moon!' }),
  },
  {
    name: 'what is no XML is malformed',
    ask: () => ({ method: 'PUT', bucket: name(), body: 'in Europe, please' }),
    ...failure('MalformedXML'),
  },
  ...['UPPER-CASE', 'ab', 'a'.repeat(64), 'under_score', '-dash', 'dash-', 'blank space'].map(invalidName),
  {
    name: 'a name may have dots',
    ask: () => ({ method: 'PUT', bucket: `${name()}.dots` }),
    status: 200,
    differs: { reason: 'OSS names have no dots', ...failure('InvalidBucketName') },
  },
])

rows('HeadBucket', bucket, [
  {
    name: 'a bucket that is there tells its region',
    ask: (own) => ({ method: 'HEAD', bucket: own }),
    status: 200,
    headers: { 'x-amz-bucket-region': /^[a-z]+-[a-z]+/, 'x-amz-access-point-alias': 'false' },
  },
  {
    name: 'a bucket that is not there is 404 without a body',
    ask: { method: 'HEAD', bucket: 'conformance-no-such-bucket' },
    status: 404,
    body: '',
  },
])

rows('GetBucketLocation', bucket, [
  {
    name: 'the location is the element’s text, or an empty element',
    ask: (own) => ({ bucket: own, query: { location: '' } }),
    status: 200,
    headers: { 'content-type': /^application\/xml/ },
    body: /<LocationConstraint xmlns="http:\/\/s3.amazonaws.com\/doc\/2006-03-01\/"\s*(\/>|>[a-z0-9-]*<\/LocationConstraint>)/,
  },
  {
    name: 'a bucket that is not there is named',
    ask: { bucket: 'conformance-no-such-bucket', query: { location: '' } },
    ...failure('NoSuchBucket', { BucketName: 'conformance-no-such-bucket' }),
  },
])

rows('DeleteBucket', bucket, [
  {
    name: 'an empty bucket is deleted with a 204, and is gone',
    ask: async () => {
      const fresh = name()
      await must({ method: 'PUT', bucket: fresh })
      return { method: 'DELETE', bucket: fresh }
    },
    status: 204,
    body: '',
    and: async () => expect((await send({ method: 'HEAD', bucket: made.at(-1) ?? '' })).status).toBe(404),
  },
  {
    name: 'a bucket with objects is not empty',
    ask: (own) => ({ method: 'DELETE', bucket: own }),
    ...failure('BucketNotEmpty', { BucketName: expect.stringMatching(/^conformance-/) }),
  },
  {
    name: 'a bucket that is not there is named',
    ask: { method: 'DELETE', bucket: 'conformance-no-such-bucket' },
    ...failure('NoSuchBucket', { BucketName: 'conformance-no-such-bucket' }),
  },
])

const result = (xml: Xml) => xml.ListAllMyBucketsResult as Xml
const bucketsOf = (xml: Xml) => (((result(xml).Buckets || {}) as Xml).Bucket ?? []) as Xml[]
rows('ListBuckets', bucket, [
  {
    name: 'buckets come with their names and times, and their owner',
    ask: { bucket: null },
    status: 200,
    headers: { 'content-type': /^application\/xml/ },
    xml: { ListAllMyBucketsResult: { Owner: { ID: expect.stringMatching(/./) } } },
    and: ({ xml }, own) => {
      const found = bucketsOf(xml).find(({ Name }) => Name === own)
      expect(found?.CreationDate).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    },
  },
  {
    name: 'a prefix narrows the list, and is told',
    ask: (own) => ({ bucket: null, query: { prefix: own } }),
    status: 200,
    and: ({ xml }, own) => {
      expect(bucketsOf(xml).map(({ Name }) => Name)).toEqual([own])
      expect(result(xml).Prefix).toBe(own)
    },
  },
  {
    name: 'a page has a token for the next',
    ask: { bucket: null, query: { 'max-buckets': '1' } },
    status: 200,
    and: async ({ xml }) => {
      expect(bucketsOf(xml)).toHaveLength(1)
      const token = String(result(xml).ContinuationToken)
      expect(token).toMatch(/./)
      const query = { 'max-buckets': '1', 'continuation-token': token }
      const next = await must({ bucket: null, query })
      expect(bucketsOf(next.xml)[0]?.Name).not.toBe(bucketsOf(xml)[0]?.Name)
    },
  },
  ...(target.isGateway ? ['0', '-1', '10001', 'many'] : []).map(
    (size): Row => ({
      name: `${size} buckets at most are refused`,
      ask: { bucket: null, query: { 'max-buckets': size } },
      status: 400,
      error: { Code: 'InvalidArgument', ArgumentName: 'max-buckets' },
    }),
  ),
])

rows('requests that are no operation', bucket, [
  {
    name: 'a method that S3 does not know on an object is not allowed',
    ask: { method: 'PATCH', key: 'k' },
    ...failure('MethodNotAllowed', { Method: 'PATCH' }),
  },
  {
    name: 'a delete of the service is not allowed',
    ask: { method: 'DELETE', bucket: null },
    ...failure('MethodNotAllowed', { Method: 'DELETE', ResourceType: 'SERVICE' }),
  },
])
