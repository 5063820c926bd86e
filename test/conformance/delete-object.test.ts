import { expect } from 'vitest'
import { md5, sha256 } from '../encodings.ts'
import { failure } from './errors.ts'
import { send } from './s3.ts'
import { ownBucket, put, type Row, rows } from './table.ts'

const bucket = ownBucket()
const there = (key: string) => async (name: string) => {
  await put(name, key)
  return { method: 'DELETE', key }
}

rows('DeleteObject', bucket, [
  {
    name: 'the answer is an empty 204 and the object is gone',
    ask: there('gone'),
    status: 204,
    body: '',
    headers: { 'x-amz-version-id': null, 'x-amz-delete-marker': null },
    and: async (_, name) => expect((await send({ bucket: name, key: 'gone' })).status).toBe(404),
  },
  { name: 'a key that is not there is deleted too', ask: { method: 'DELETE', key: 'nothing' }, status: 204 },
  {
    name: 'a bucket that is not there is named',
    ask: { method: 'DELETE', bucket: 'conformance-no-such-bucket', key: 'k' },
    ...failure('NoSuchBucket', { BucketName: 'conformance-no-such-bucket' }),
  },
  {
    name: 'a version id that is none is an invalid argument',
    ask: { method: 'DELETE', key: 'k', query: { versionId: 'no such!' } },
    ...failure('InvalidArgument', { Message: 'Invalid version id specified', ArgumentName: 'versionId' }),
  },
  {
    name: 'the version null is the object of a bucket without versions',
    ask: async (name) => ({ ...(await there('null')(name)), query: { versionId: 'null' } }),
    status: 204,
    and: async (_, name) => expect((await send({ bucket: name, key: 'null' })).status).toBe(404),
  },
  {
    name: 'If-Match with another ETag fails and deletes nothing',
    ask: async (name) => ({ ...(await there('kept')(name)), headers: { 'if-match': '"0"' } }),
    ...failure('PreconditionFailed', { Condition: 'If-Match' }),
  },
  {
    name: 'a lock can only be bypassed in a bucket with locks',
    ask: async (name) => ({
      ...(await there('locked')(name)),
      headers: { 'x-amz-bypass-governance-retention': 'true' },
    }),
    ...failure('InvalidArgument', {
      Message: 'x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.',
      ArgumentName: 'x-amz-bypass-governance-retention',
    }),
  },
])

const document = (keys: readonly string[], quiet = false) =>
  `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${quiet ? '<Quiet>true</Quiet>' : ''}${keys
    .map((key) => `<Object><Key>${key}</Key></Object>`)
    .join('')}</Delete>`
const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64')
const remove = (body: string, headers: Record<string, string> = {}) => ({
  method: 'POST',
  query: { delete: '' },
  body,
  headers: { 'content-md5': base64(md5(body)), ...headers },
})
const deleting =
  (keys: string[], body = document(keys), headers?: Record<string, string>) =>
  async (name: string) => {
    for (const key of keys) await put(name, key.replaceAll('&amp;', '&'))
    return remove(body, headers)
  }
const malformed = (name: string, body: string): Row => ({
  name,
  ask: remove(body),
  ...failure('MalformedXML'),
})

rows('DeleteObjects', bucket, [
  {
    name: 'each key is reported as deleted, also the one that was not there',
    ask: deleting(['a', 'b'], document(['a', 'nothing', 'b'])),
    status: 200,
    headers: { 'content-type': /^application\/xml/ },
    xml: { DeleteResult: { Deleted: [{ Key: 'a' }, { Key: 'nothing' }, { Key: 'b' }] } },
    and: async (_, name) => expect((await send({ bucket: name, key: 'b' })).status).toBe(404),
  },
  {
    name: 'quietly, only what failed is reported',
    ask: deleting(['a', 'b'], document(['a', 'b'], true)),
    status: 200,
    and: ({ text }) => expect(text).not.toMatch(/<Deleted>|<Error>/),
  },
  {
    name: 'keys may need escaping',
    ask: deleting(['a&amp;b+c d/é'], document(['a&amp;b+c d/é'])),
    status: 200,
    xml: { DeleteResult: { Deleted: [{ Key: 'a&b+c d/é' }] } },
    and: async (_, name) => expect((await send({ bucket: name, key: 'a&b+c d/é' })).status).toBe(404),
  },
  {
    name: 'a document without a namespace is understood',
    ask: remove('<Delete><Object><Key>a</Key></Object></Delete>'),
    status: 200,
  },
  {
    name: 'a checksum is as good as a Content-MD5, which newer SDKs do not send',
    ask: () => {
      const body = document(['a'])
      return {
        method: 'POST',
        query: { delete: '' },
        body,
        headers: { 'x-amz-checksum-sha256': base64(sha256(body)) },
      }
    },
    status: 200,
  },
  {
    name: 'a Content-MD5 of another document is BadDigest and deletes nothing',
    ask: deleting(['kept-by-md5'], undefined, { 'content-md5': base64(md5('other')) }),
    ...failure('BadDigest'),
    and: async (_, name) => expect((await send({ bucket: name, key: 'kept-by-md5' })).status).toBe(200),
  },
  {
    name: 'a thousand keys are taken',
    ask: remove(
      document(
        Array.from({ length: 1000 }, (_, index) => `k${index}`),
        true,
      ),
    ),
    status: 200,
  },
  malformed(
    'a thousand and one keys are too many',
    document(Array.from({ length: 1001 }, (_, index) => `k${index}`)),
  ),
  malformed('no key is malformed', document([])),
  malformed('what is no XML is malformed', 'keys: a, b'),
  malformed('another document is malformed', '<Tagging/>'),
  {
    name: 'a bucket that is not there is named',
    ask: { ...remove(document(['a'])), bucket: 'conformance-no-such-bucket' },
    ...failure('NoSuchBucket', { BucketName: 'conformance-no-such-bucket' }),
  },
])
