import { describe } from 'vitest'
import { encode, encodeKey } from '../encodings.ts'
import { failure } from './errors.ts'
import { ownBucket, put, type Row, rows } from './table.ts'

const keys = ['a b+c', 'ünï/côdé', 'what?', '?versionId', 'a%41b', 'x=1&y=2', '~tilde', "it's (1)!*"]
const bucket = ownBucket(async (name) => {
  for (const key of [...keys, 'plain', 'a b']) await put(name, key, key)
})
let count = 0
const from = (source: (bucket: string) => string) => (name: string) => ({
  method: 'PUT',
  key: `copy-${count++}`,
  headers: { 'x-amz-copy-source': source(name) },
})
const copiedFrom = (name: string, source: (bucket: string) => string): Row => ({
  name,
  ask: from(source),
  status: 200,
})
const wrong = (name: string, Message: string, value: string): Row => ({
  name,
  ask: from(() => value),
  ...failure('InvalidArgument', { Message, ArgumentName: 'x-amz-copy-source' }),
})

describe('x-amz-copy-source', () => {
  rows('keys', bucket, [
    ...keys.map((key) =>
      copiedFrom(`${key} is found with its characters encoded`, (name) => `${name}/${encodeKey(key)}`),
    ),
    ...keys.map((key) =>
      copiedFrom(`${key} is found with everything encoded, also the slash after the bucket`, (name) =>
        encode(`${name}/${key}`),
      ),
    ),
  ])
  rows('forms', bucket, [
    copiedFrom('may begin with a slash, as Java and s3cmd write it', (name) => `/${name}/plain`),
    copiedFrom('may have hexadecimal digits in lower case', (name) => `${name}%2fplain`),
    copiedFrom('takes a plus for a blank', (name) => `${name}/a+b`),
    copiedFrom('may have blanks that are not encoded, as JavaScript sends them', (name) => `${name}/a b`),
    copiedFrom(
      'may name the version null of an object without versions',
      (name) => `${name}/plain?versionId=null`,
    ),
    wrong('has to name a key', 'Invalid copy source object key', 'plain'),
    wrong('has to name a key after the bucket', 'Invalid copy source object key', 'bucket/'),
    wrong('has to be decodable', 'Invalid copy source encoding', 'bucket/%ZZ'),
    wrong('has to name a bucket that may exist', 'Invalid copy source bucket name', 'UPPER_CASE/key'),
    copiedFrom('may have its leading slash encoded, as encodeURIComponent does', (name) =>
      encode(`/${name}/plain`),
    ),
    wrong('that is empty is refused, and never a plain write', 'Invalid copy source bucket name', ''),
    wrong('that is a slash names no bucket', 'Invalid copy source bucket name', '/'),
    wrong('that begins with two slashes names no bucket', 'Invalid copy source bucket name', '//bucket/key'),
    {
      name: 'with another query than a version is refused',
      ask: from((name) => `${name}/plain?acl`),
      status: 400,
      error: { Code: 'InvalidArgument' },
    },
    {
      name: 'with a version id that is none is refused',
      ask: from((name) => `${name}/plain?versionId=no%20such`),
      ...failure('InvalidArgument', { Message: 'Invalid version id specified', ArgumentName: 'versionId' }),
    },
    {
      name: 'with an access point that nobody made is refused',
      ask: from(() => 'arn:aws:s3:us-east-1:123456789012:accesspoint/nobodys/object/key'),
      status: 400,
      error: { Code: 'InvalidArgument' },
    },
  ])
})
