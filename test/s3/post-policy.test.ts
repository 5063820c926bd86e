import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { S3Error } from '../../src/s3/error.ts'
import { verifyForm } from '../../src/s3/form-signature.ts'
import { holdToPolicy } from '../../src/s3/post-policy.ts'
import recorded from '../data/post-forms.json'

const { accessKeyId, secretAccessKey, now, bucket } = recorded
const secretsOf = (id: string, token?: string) => {
  if (token !== undefined) throw new S3Error('InvalidToken', { message: token })
  return id === accessKeyId ? [secretAccessKey] : undefined
}
const lower = (fields: Record<string, string | undefined>) =>
  new Map(
    Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), value]],
    ),
  )

function refusalOf(ask: () => unknown): S3Error {
  try {
    ask()
  } catch (error) {
    return error as S3Error
  }
  throw new Error('it was accepted')
}

describe('forms of boto3', () => {
  const forms = recorded.forms.map(({ name, fields }) => [name, fields as Record<string, string>] as const)

  test.each(forms)('%s', (_, form) => {
    const key = form.key?.replace(/\$\{filename\}/, 'a.txt') ?? ''
    const fields = new Map([...lower(form), ['bucket', bucket], ['key', key]])
    const { accessKeyId: signer, exempt } = verifyForm(fields, secretsOf)
    expect(signer).toBe(accessKeyId)
    expect(holdToPolicy(fields, exempt, now)).toEqual({
      least: 0,
      most: 'acl' in form ? 10 : Number.POSITIVE_INFINITY,
    })
  })

  test.each(forms)('%s: every field belongs to it', (_, form) => {
    const refused = (changes: Record<string, string | undefined>) =>
      refusalOf(() => {
        const fields = lower({ ...form, bucket, key: form.key?.replace(/\$.*/, 'x'), ...changes })
        holdToPolicy(fields, verifyForm(fields, secretsOf).exempt, now)
      }).code
    for (const [name, value] of Object.entries(form)) {
      expect(refused({ [name]: undefined })).toMatch(/^(AccessDenied|InvalidArgument)$/)
      expect(refused({ [name]: `x${value}` })).toMatch(
        /^(AccessDenied|InvalidArgument|InvalidAccessKeyId|SignatureDoesNotMatch)$/,
      )
    }
    expect(refused({ bucket: 'other' })).toBe('AccessDenied')
  })

  test.each(forms)('%s: a changed policy does not match, and is shown', (_, form) => {
    const policy = Buffer.from('{"expiration":"2030-01-01T00:00:00Z","conditions":[]}').toString('base64')
    expect(refusalOf(() => verifyForm(lower({ ...form, policy }), secretsOf))).toMatchObject({
      code: 'SignatureDoesNotMatch',
      elements: { AWSAccessKeyId: accessKeyId, StringToSign: policy },
    })
  })

  test('a form that nobody signed is nobody’s', () => {
    expect(refusalOf(() => verifyForm(lower({ key: 'k', policy: 'e30=' }), secretsOf)).code).toBe(
      'AccessDenied',
    )
  })

  test.each([
    ['s3: nothing but a key', 'AWSAccessKeyId'],
    ['s3: nothing but a key', 'Signature'],
    ['s3v4: nothing but a key', 'X-Amz-Algorithm'],
    ['s3v4: nothing but a key', 'X-Amz-Signature'],
    ['s3v4: nothing but a key', 'X-Amz-Credential'],
    ['s3v4: nothing but a key', 'X-Amz-Date'],
    ['s3v4: nothing but a key', 'Policy'],
  ])('%s, without %s', (form, missing) => {
    const fields = new Map(lower(forms.find(([name]) => name === form)?.[1] ?? {}))
    fields.delete(missing.toLowerCase())
    expect(refusalOf(() => verifyForm(fields, secretsOf))).toMatchObject({
      code: 'InvalidArgument',
      message: `Bucket POST must contain a field named '${missing}'.  If it is specified, please check the order of the fields.`,
      elements: { ArgumentName: missing, ArgumentValue: '' },
    })
  })

  test('a key that nobody has, and a session token', () => {
    const [, form] = forms[0] as (typeof forms)[0]
    expect(refusalOf(() => verifyForm(lower({ ...form, AWSAccessKeyId: 'x' }), secretsOf)).code).toBe(
      'InvalidAccessKeyId',
    )
    expect(refusalOf(() => verifyForm(lower({ ...form, 'x-amz-security-token': 't' }), secretsOf)).code).toBe(
      'InvalidToken',
    )
  })
})

test('the policy of the AWS example of 2015-12-29', () => {
  // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html
  const policy =
    'eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9'
  const fields = lower({
    key: 'user/user1/a.jpg',
    bucket: 'sigv4examplebucket',
    acl: 'public-read',
    success_action_redirect: 'http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html',
    'Content-Type': 'image/jpeg',
    'x-amz-meta-uuid': '14365123651274',
    'x-amz-server-side-encryption': 'AES256',
    'X-Amz-Credential': 'AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request',
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Date': '20151229T000000Z',
    'x-amz-meta-tag': '',
    Policy: policy,
    'X-Amz-Signature': '8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e',
  })
  const { exempt } = verifyForm(fields, secretsOf)
  expect(holdToPolicy(fields, exempt, Date.UTC(2015, 11, 29))).toEqual({
    least: 0,
    most: Number.POSITIVE_INFINITY,
  })
  expect(refusalOf(() => holdToPolicy(fields, exempt, Date.UTC(2015, 11, 31))).message).toBe(
    'Invalid according to Policy: Policy expired.',
  )
})

describe('conditions', () => {
  const hold = (
    conditions: unknown,
    fields: Record<string, string> = {},
    expiration: unknown = '2013-05-24T01:00:00Z',
  ) =>
    holdToPolicy(
      lower({
        ...fields,
        policy: Buffer.from(JSON.stringify({ expiration, conditions })).toString('base64'),
      }),
      ['policy'],
      now,
    )
  const redirect = 'http://localhost.test/random'

  const met: [conditions: unknown[], fields: Record<string, string>][] = [
    [[], {}],
    [[{ Key: 'a' }], { key: 'a' }],
    [[['EQ', '$KEY', 'a']], { key: 'a' }],
    [[['starts-with', '$key', '']], { key: 'a' }],
    [[['starts-with', '$key', 'a/']], { key: 'a/b' }],
    [[['starts-with', '$Content-Type', 'image/']], { 'content-type': 'image/png, image/jpeg' }],
    [[{ acl: 'private' }, ['starts-with', '$acl', 'p']], { acl: 'private' }],
    [[], { 'x-ignore-me': '1', 'X-IGNORE-too': '2' }],
  ]
  test.each(met)('%j are met by %j', (conditions, fields) => {
    expect(hold(conditions, fields)).toEqual({ least: 0, most: Number.POSITIVE_INFINITY })
  })

  const unmet: [condition: unknown, fields: Record<string, string>, shown?: string][] = [
    [
      ['eq', '$success_action_redirect', 'HTTP://localhost.test/random'],
      { success_action_redirect: redirect },
    ],
    [['eq', 'success_action_redirect', redirect], { success_action_redirect: redirect }],
    [
      ['starts-with', '$success_action_redirect', 'http://localhost'],
      { success_action_redirect: 'https://localhost' },
    ],
    [{ acl: 'private' }, { acl: 'public-read' }, '["eq", "$acl", "private"]'],
    [['starts-with', '$Content-Type', ''], {}],
    [['starts-with', '$Content-Type', 'image/'], { 'content-type': 'image/png, text/html' }],
    [['eq', '$key', ''], {}],
    [['content-length-range', 'test', '10'], {}],
    [['content-length-range', 0, -1], {}],
    [['eq', '$key', ['a']], { key: 'a' }],
    [['eq', { toString: 1 }, { valueOf: 1 }], {}],
  ]
  test.each(unmet)('%j is not met by %j', (condition, fields, shown) => {
    const text = shown ?? `[${(condition as unknown[]).map((part) => JSON.stringify(part)).join(', ')}]`
    expect(refusalOf(() => hold([condition], fields))).toMatchObject({
      code: 'AccessDenied',
      message: `Invalid according to Policy: Policy Condition failed: ${text}`,
    })
  })

  test('every field needs one', () => {
    expect(
      refusalOf(() => hold([{ key: 'k' }], { key: 'k', 'x-amz-meta-a': '', bucket: 'b' })),
    ).toMatchObject({
      code: 'AccessDenied',
      message: 'Invalid according to Policy: Extra input fields: x-amz-meta-a, bucket',
    })
  })

  test('of size are all held to', () => {
    expect(
      hold([
        ['content-length-range', 1, 100],
        ['content-length-range', '5', '1000'],
      ]),
    ).toEqual({ least: 5, most: 100 })
  })

  const malformed: [conditions: unknown, text: string][] = [
    [[{}], 'Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.'],
    [
      [{ a: '1', b: '2' }],
      'Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.',
    ],
    [['eq'], 'Invalid condition test: must be a List or Object.'],
    [[null], 'Invalid condition test: must be a List or Object.'],
    [[{ a: 1 }], 'Invalid Simple-Condition: value must be a string.'],
    [[[]], 'Invalid Condition: missing operation identifier.'],
    [[['eq', '$a']], 'Invalid eq: wrong number of arguments.'],
    [[['EQ', '$a', 'b', 'c']], 'Invalid eq: wrong number of arguments.'],
    [[['content-length-range', 1]], 'Invalid content-length-range: wrong number of arguments.'],
    [[['matches', '$a', '.*']], "Invalid Condition: unknown operation 'matches'."],
    [{ key: 'k' }, "Invalid 'conditions' value: must be a List."],
    [undefined, 'Policy missing conditions.'],
  ]
  test.each(malformed)('%j are no conditions', (conditions, text) => {
    expect(refusalOf(() => hold(conditions))).toMatchObject({
      code: 'InvalidPolicyDocument',
      message: `Invalid Policy: ${text}`,
    })
  })

  test.each([
    'tomorrow',
    1e12,
    null,
    {},
    '2013-05-24',
    '2030-02-30T00:00:00Z',
    '2013-05-24T01:00:00+02:00',
    '2013-05-24T01:00:00',
  ])('%j is no expiration', (expiration) => {
    expect(refusalOf(() => hold([], {}, expiration)).code).toBe('InvalidPolicyDocument')
  })

  test.each(['', 'e30', 'W10=', 'bm90IGpzb24=', '!'])('%j is no policy', (policy) => {
    expect(refusalOf(() => holdToPolicy(lower({ policy }), [], now)).code).toBe('InvalidPolicyDocument')
  })

  const policyOf = (text: string) => Buffer.from(text).toString('base64')
  test.each([
    ['{"expiration":"2013-05-24T01:00:00Z","conditions":[],"Id":"a"}', "Unexpected: 'Id'"],
    ['{"Expiration":"2013-05-24T01:00:00Z","conditions":[]}', "Unexpected: 'Expiration'"],
    [
      '{"expiration":"2013-05-24T01:00:00Z","conditions":[],"expiration":"2099-01-01T00:00:00Z"}',
      'Invalid JSON.',
    ],
    ['{"expiration":"2013-05-24T01:00:00Z","conditions":[{"key":"a","key":"b"}]}', 'Invalid JSON.'],
  ])('%s says more than a policy does', (text, detail) => {
    expect(refusalOf(() => holdToPolicy(lower({ policy: policyOf(text) }), [], now))).toMatchObject({
      code: 'InvalidPolicyDocument',
      message: `Invalid Policy: ${detail}`,
    })
  })

  test.each([
    ['YWJ*', 'invalid Base64 encoding.'],
    ['eyJh_ure', 'invalid Base64 encoding.'],
    [Buffer.from('{"a":"\xff"}', 'latin1').toString('base64'), 'Invalid JSON.'],
  ])('%s is no text in base64', (policy, detail) => {
    expect(refusalOf(() => holdToPolicy(lower({ policy }), [], now)).message).toBe(
      `Invalid Policy: ${detail}`,
    )
  })

  test('a range may begin below nothing', () => {
    expect(hold([['content-length-range', -1, 0]])).toEqual({ least: 0, most: 0 })
  })

  test('a key of every object’s prototype is a field like others', () => {
    const policy = Buffer.from(
      '{"expiration":"2013-05-24T01:00:00Z","conditions":[{"__proto__":"x"},["eq","$constructor","y"]]}',
    ).toString('base64')
    const fields = new Map([
      ['policy', policy],
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
    expect(holdToPolicy(fields, ['policy'], now).least).toBe(0)
    expect(refusalOf(() => holdToPolicy(lower({ policy }), ['policy'], now)).code).toBe('AccessDenied')
  })
})

test('the signature is over the text of the policy as it was sent', () => {
  const text = `{"expiration":"2013-05-24T01:00:00Z","conditions":[]}`
  const policy = `${Buffer.from(text).toString('base64')}\n`
  const signature = createHmac('sha1', secretAccessKey).update(policy).digest('base64')
  expect(verifyForm(lower({ AWSAccessKeyId: accessKeyId, signature, policy }), secretsOf).accessKeyId).toBe(
    accessKeyId,
  )
})
