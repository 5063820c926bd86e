import { createHmac } from 'node:crypto'
import { basicTime } from '../encodings.ts'
import type { WireRequest } from './wire.ts'

export type FormSigning = {
  accessKeyId?: string
  secretAccessKey?: string
  /** Milliseconds since the epoch. */
  now?: number
  /** Which signature the form carries. */
  version?: 2 | 4
  /** Instead of conditions that name every field. */
  conditions?: readonly unknown[]
  /** Conditions besides those that name the fields. */
  more?: readonly unknown[]
  expires?: number
}

/** The fields of a form for this bucket with a policy and its signature, as AWS's pages say to make them. */
export function signFields(
  fields: Record<string, string>,
  bucket: string,
  {
    accessKeyId = 'local',
    secretAccessKey = 'local-secret',
    now = Date.now(),
    version = 4,
    more = [],
    expires = 600,
    ...options
  }: FormSigning = {},
): Record<string, string> {
  const timestamp = basicTime(now)
  const scope = `${timestamp.slice(0, 8)}/us-east-1/s3/aws4_request`
  const all: Record<string, string> =
    version === 2
      ? fields
      : {
          ...fields,
          'x-amz-algorithm': 'AWS4-HMAC-SHA256',
          'x-amz-credential': `${accessKeyId}/${scope}`,
          'x-amz-date': timestamp,
        }
  const named = Object.entries(all).map(([name, value]) =>
    value.includes('${') ? ['starts-with', `$${name}`, value.replace(/\$\{.*/s, '')] : { [name]: value },
  )
  const conditions = options.conditions ?? [{ bucket }, ...named, ...more]
  const expiration = new Date(now + expires * 1000).toISOString()
  const policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString('base64')
  if (version === 2) {
    const signature = createHmac('sha1', secretAccessKey).update(policy).digest('base64')
    return { ...all, AWSAccessKeyId: accessKeyId, policy, signature }
  }
  const key = scope
    .split('/')
    .reduce<string | Buffer>(
      (key, text) => createHmac('sha256', key).update(text).digest(),
      `AWS4${secretAccessKey}`,
    )
  return { ...all, policy, 'x-amz-signature': createHmac('sha256', key).update(policy).digest('hex') }
}

export const BOUNDARY = 'form-boundary-of-the-tests'

/** The form as a browser sends it; `end` instead of its last line. */
export function postForm(
  fields: Record<string, string>,
  file: Uint8Array | string,
  { target = '/bucket', fileName = 'a.txt', end = `\r\n--${BOUNDARY}--\r\n` } = {},
): WireRequest {
  const head = Object.entries(fields)
    .map(
      ([name, value]) =>
        `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    )
    .join('')
  const fileHead = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${fileName}"\r\nContent-Type: text/x-of-the-part\r\n\r\n`
  return {
    method: 'POST',
    target,
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
    body: Buffer.concat([Buffer.from(head + fileHead), Buffer.from(file as string), Buffer.from(end)]),
  }
}
