import { createHash, createHmac } from 'node:crypto'
import { invalidArgument } from '../../s3/error.ts'
import type { BucketRequest } from '../operation.ts'

const IV_BYTES = 12

/** S3's error for a token that is none of its own. */
export const badToken = () =>
  invalidArgument('The continuation token provided is incorrect', 'continuation-token')

/**
 * OSS's continuation token as a client gets it. There is a key in it: where the bucket is a part of OSS's, the token is
 * encrypted, for that bucket alone, since clients are not told what leads there.
 * @param secret the same in every process that answers for this endpoint.
 */
export async function closeToken(
  token: string,
  { mapped }: Pick<BucketRequest, 'mapped'>,
  secret: string,
): Promise<string> {
  if (mapped === undefined || mapped.prefix === '') return token
  const bytes = new TextEncoder().encode(token)
  // Made of the text itself: another text has another one.
  const iv = hmac(secret, mapped.name, bytes).subarray(0, IV_BYTES)
  const closed = await crypto.subtle.encrypt(parameters(iv, mapped.name), await keyOf(secret), bytes)
  return Buffer.concat([iv, new Uint8Array(closed)]).toString('base64url')
}

/** The token of {@link closeToken} as OSS knows it. @throws S3Error InvalidArgument for another. */
export async function openToken(
  token: string,
  { mapped }: Pick<BucketRequest, 'mapped'>,
  secret: string,
): Promise<string> {
  if (mapped === undefined || mapped.prefix === '') return token
  const bytes = Buffer.from(token, 'base64url')
  try {
    const iv = bytes.subarray(0, IV_BYTES)
    const opened = await crypto.subtle.decrypt(
      parameters(iv, mapped.name),
      await keyOf(secret),
      bytes.subarray(IV_BYTES),
    )
    return new TextDecoder().decode(opened)
  } catch {
    throw badToken()
  }
}

const parameters = (iv: Uint8Array<ArrayBuffer>, name: string) => ({
  name: 'AES-GCM',
  iv,
  additionalData: new TextEncoder().encode(name),
})

const keyOf = (secret: string) => {
  const bytes = createHash('sha256').update(`continuation token\n${secret}`).digest()
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

const hmac = (secret: string, name: string, bytes: Uint8Array) =>
  createHmac('sha256', secret).update(`continuation token\n${name}\n`).update(bytes).digest()
