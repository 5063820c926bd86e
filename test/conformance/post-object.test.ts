import { createHmac } from 'node:crypto'
import { expect } from 'vitest'
import { basicTime } from '../encodings.ts'
import { failure } from './errors.ts'
import { type Ask, must, send, target } from './s3.ts'
import { ownBucket, type Row, rows } from './table.ts'

const bucket = ownBucket()
const region = process.env.S3_REGION ?? 'us-east-1'
/** What a form writes for the name of its file. */
const FILENAME = '$' + '{filename}'
const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest()
type Form = {
  fields?: Record<string, string>
  /** Conditions besides those on the bucket and on every field. */
  conditions?: unknown[]
  /** Instead of all conditions. */
  only?: unknown[]
  /** Fields that get a condition of their own. */
  covers?: (field: string) => boolean
  expires?: number
  /** How long ago it was signed, in milliseconds. */
  age?: number
  content?: string
  without?: string
  spoil?: boolean
  order?: 'file first'
  /** Members of the policy, besides its own or instead of them. */
  policy?: object
}

/** A form as a browser sends it, signed by its policy. */
const form =
  (wanted: Form = {}) =>
  (name: string): Ask => {
    const { fields = {}, conditions = [], only, expires = 600_000, content = 'hello', age = 0 } = wanted
    const {
      without,
      spoil,
      order,
      policy: members,
      covers = (field) => !field.startsWith('x-ignore-'),
    } = wanted
    const now = basicTime(new Date(Date.now() - age))
    const day = now.slice(0, 8)
    const all: Record<string, string> = {
      key: 'form',
      ...fields,
      'x-amz-algorithm': 'AWS4-HMAC-SHA256',
      'x-amz-credential': `${target.accessKeyId}/${day}/${region}/s3/aws4_request`,
      'x-amz-date': now,
    }
    const covered = Object.entries(all)
      .filter(([field]) => covers(field))
      .map(([field, value]) => ({ [field]: value }))
    const document = {
      expiration: new Date(Date.now() + expires).toISOString(),
      conditions: only ?? [{ bucket: name }, ...covered, ...conditions],
      ...members,
    }
    const policy = Buffer.from(JSON.stringify(document)).toString('base64')
    const key = [region, 's3', 'aws4_request'].reduce<Buffer>(
      hmac,
      hmac(`AWS4${target.secretAccessKey}`, day),
    )
    const signature = hmac(key, spoil ? `${policy}x` : policy).toString('hex')
    const entries = Object.entries({ ...all, policy, 'x-amz-signature': signature })
    const boundary = 'conformance-boundary'
    const field = ([one, value]: [string, string]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${one}"\r\n\r\n${value}\r\n`
    const file = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a name.txt"\r\nContent-Type: text/plain\r\n\r\n${content}\r\n`
    const sent = entries.filter(([one]) => one !== without).map(field)
    const body = `${(order === undefined ? [...sent, file] : [file, ...sent]).join('')}--${boundary}--\r\n`
    return {
      method: 'POST',
      sign: 'none',
      body,
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    }
  }
const missing = (field: string, named: string): Row => ({
  name: `a form without ${field} says so`,
  ask: form({ without: field }),
  ...failure('InvalidArgument', {
    Message: `Bucket POST must contain a field named '${named}'.  If it is specified, please check the order of the fields.`,
    ArgumentName: named,
  }),
})

rows('PostObject', bucket, [
  {
    // So in AWS's own example, which is good for 36 hours (API reference, sigv4-post-example).
    name: 'a form is good as long as its policy is, however long ago it was signed',
    ask: form({ fields: { key: 'old' }, age: 36 * 3_600_000 }),
    status: 204,
  },
  {
    name: 'the answer is an empty 204 with the ETag, and the file is stored',
    ask: form(),
    status: 204,
    body: '',
    headers: { etag: '"5d41402abc4b2a76b9719d911017c592"' },
    and: async (_, name) => expect((await must({ bucket: name, key: 'form' })).text).toBe('hello'),
  },
  {
    name: 'a key may have the name of the file, and is expanded before its condition is judged',
    ask: form({
      fields: { key: `up/${FILENAME}` },
      covers: (field) => field !== 'key',
      conditions: [['eq', '$key', 'up/a name.txt']],
    }),
    status: 204,
    and: async (_, name) => expect((await must({ bucket: name, key: 'up/a name.txt' })).text).toBe('hello'),
  },
  {
    name: 'headers and metadata are fields',
    ask: form({ fields: { key: 'described', 'Content-Type': 'image/png', 'x-amz-meta-colour': 'blue' } }),
    status: 204,
    and: async (_, name) =>
      expect((await must({ method: 'HEAD', bucket: name, key: 'described' })).headers).toMatchObject({
        'content-type': 'image/png',
        'x-amz-meta-colour': 'blue',
      }),
  },
  {
    name: 'a status of 201 answers with the location',
    ask: form({ fields: { key: 'created', success_action_status: '201' } }),
    status: 201,
    headers: { 'content-type': /^application\/xml/ },
    xml: {
      PostResponse: {
        Key: 'created',
        ETag: '"5d41402abc4b2a76b9719d911017c592"',
        Location: expect.stringMatching(/created$/),
      },
    },
    and: ({ xml }, name) => expect(xml.PostResponse).toMatchObject({ Bucket: name }),
  },
  {
    name: 'a redirect names bucket, key and ETag',
    ask: form({ fields: { key: 'redirected', success_action_redirect: 'http://localhost.test/done' } }),
    status: 303,
    headers: { location: /^http:\/\/localhost\.test\/done\?bucket=conformance-\w+&key=redirected&etag=/ },
  },
  {
    name: 'fields to be ignored need no condition',
    ask: form({ fields: { key: 'ignored', 'x-ignore-me': 'yes' } }),
    status: 204,
  },
  {
    name: 'a condition may be on the beginning of a field',
    ask: (name) =>
      form({
        fields: { key: 'user/eric/file' },
        only: [
          { bucket: name },
          ['starts-with', '$key', 'user/eric/'],
          ['starts-with', '$x-amz-algorithm', ''],
          ['starts-with', '$x-amz-credential', ''],
          ['starts-with', '$x-amz-date', ''],
        ],
      })(name),
    status: 204,
  },
  {
    name: 'a policy that is expired is denied',
    ask: form({ fields: { key: 'expired' }, expires: -60_000 }),
    ...failure('AccessDenied', { Message: 'Invalid according to Policy: Policy expired.' }),
    and: async (_, name) => expect((await send({ bucket: name, key: 'expired' })).status).toBe(404),
  },
  {
    name: 'a field that breaks its condition is denied by that condition',
    ask: form({ fields: { key: 'broken' }, conditions: [['eq', '$key', 'another']] }),
    ...failure('AccessDenied', {
      Message: 'Invalid according to Policy: Policy Condition failed: ["eq", "$key", "another"]',
    }),
  },
  {
    name: 'a field without a condition is denied',
    ask: (name) => form({ fields: { key: 'extra' }, only: [{ bucket: name }] })(name),
    status: 403,
    error: {
      Code: 'AccessDenied',
      Message: expect.stringMatching(/^Invalid according to Policy: Extra input fields: /),
    },
  },
  {
    name: 'more bytes than the policy allows are too large',
    ask: form({ fields: { key: 'large' }, conditions: [['content-length-range', 1, 3]] }),
    ...failure('EntityTooLarge', { MaxSizeAllowed: '3' }),
    and: async (_, name) => expect((await send({ bucket: name, key: 'large' })).status).toBe(404),
  },
  {
    name: 'fewer bytes than the policy allows are too small',
    ask: form({ fields: { key: 'small' }, conditions: [['content-length-range', 10, 30]] }),
    ...failure('EntityTooSmall', { MinSizeAllowed: '10', ProposedSize: '5' }),
  },
  {
    name: 'a condition with two properties is none',
    ask: form({ conditions: [{ a: 'b', c: 'd' }] }),
    ...failure('InvalidPolicyDocument', {
      Message:
        'Invalid Policy: Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.',
    }),
  },
  ...(
    [
      [
        'an operation that is none',
        [['matches', '$key', 'form']],
        "Invalid Condition: unknown operation 'matches'.",
      ],
      ['an operation without a value', [['eq', '$key']], 'Invalid eq: wrong number of arguments.'],
      ['a condition of text', ['key'], 'Invalid condition test: must be a List or Object.'],
      ['a condition on a number', [{ key: 1 }], 'Invalid Simple-Condition: value must be a string.'],
    ] as const
  ).map(
    ([what, conditions, detail]): Row => ({
      name: `a policy with ${what} is none`,
      ask: form({ fields: { key: 'malformed' }, conditions: [...conditions] }),
      ...failure('InvalidPolicyDocument', { Message: `Invalid Policy: ${detail}` }),
      and: async (_, name) => expect((await send({ bucket: name, key: 'malformed' })).status).toBe(404),
    }),
  ),
  {
    name: 'a policy with a field of its own is none',
    ask: form({ policy: { Version: '2012-10-17' } }),
    ...failure('InvalidPolicyDocument', { Message: "Invalid Policy: Unexpected: 'Version'" }),
  },
  {
    name: 'a policy without an end is none',
    ask: form({ policy: { expiration: undefined } }),
    ...failure('InvalidPolicyDocument', { Message: 'Invalid Policy: Policy missing expiration.' }),
  },
  {
    name: 'a policy that ends on no day is none',
    ask: form({ policy: { expiration: '2090-02-30T00:00:00Z' } }),
    ...failure('InvalidPolicyDocument', {
      Message: "Invalid Policy: Invalid 'expiration' value: '2090-02-30T00:00:00Z'",
    }),
  },
  {
    name: 'a policy whose conditions are no list is none',
    ask: form({ policy: { conditions: { key: 'form' } } }),
    ...failure('InvalidPolicyDocument', {
      Message: "Invalid Policy: Invalid 'conditions' value: must be a List.",
    }),
  },
  missing('x-amz-signature', 'X-Amz-Signature'),
  missing('x-amz-algorithm', 'X-Amz-Algorithm'),
  {
    name: 'another signature does not match',
    ask: form({ fields: { key: 'spoilt' }, spoil: true }),
    ...failure('SignatureDoesNotMatch'),
    and: async (_, name) => expect((await send({ bucket: name, key: 'spoilt' })).status).toBe(404),
  },
  {
    name: 'fields after the file are not seen',
    ask: form({ order: 'file first' }),
    status: 400,
    error: { Code: 'InvalidArgument' },
  },
  {
    name: 'what is no form fails its precondition',
    ask: { method: 'POST', sign: 'none', body: 'hello', headers: { 'content-type': 'text/plain' } },
    ...failure('PreconditionFailed', {
      Condition: 'Bucket POST must be of the enclosure-type multipart/form-data',
    }),
  },
  {
    name: 'an unknown storage class is refused by name',
    ask: form({ fields: { key: 'class', 'x-amz-storage-class': 'COLDEST' } }),
    ...failure('InvalidStorageClass', { StorageClassRequested: 'COLDEST' }),
  },
])
