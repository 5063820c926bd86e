import type { Client } from '../config/index.ts'
import { S3Error } from '../s3/error.ts'
import type { S3Request } from '../s3/request.ts'
import type { Operation } from './operation.ts'
import { refuseReserved } from './reserved-keys.ts'

/** The client of a request that needs no signature, or whose form is still to be verified: it may do nothing. */
export const nobody: Client = {
  accessKeyId: '',
  secretAccessKeys: [],
  buckets: [],
  prefixes: [],
  readOnly: true,
}

/** Whether it is the client of requests that nobody has signed. */
export const isAnonymous = ({ accessKeyId }: Client) => accessKeyId === ''

/** Whether a client may see a bucket at all. */
export const mayUseBucket = (client: Client, bucket: string) => client.buckets?.includes(bucket) ?? true

/** Whether the settings keep anything in a bucket from a client. */
export const isLimitedIn = (client: Client, bucket: string) =>
  client.readOnly || client.prefixes !== undefined || !mayUseBucket(client, bucket)

/**
 * Checks a client's permissions on a bucket, for a request whose keys are in its body: each key must then be checked by
 * {@link authorize}.
 * @throws S3Error AccessDenied.
 */
export function authorizeBucket(client: Client, access: 'read' | 'write', bucket: string): void {
  if (access === 'write' && client.readOnly) throw denied(client, 'reading')
  if (!mayUseBucket(client, bucket)) throw denied(client, 'certain buckets')
}

/**
 * Checks a client's permissions (`clients` in the settings), and that no key of the gateway's own is named. The names are those that the request to OSS is made of.
 * @param key the key, or the prefix of a listing; undefined for the bucket itself.
 * @throws S3Error AccessDenied.
 */
export function authorize(
  client: Client,
  access: 'read' | 'write',
  bucket: string,
  key: string | undefined,
): void {
  authorizeBucket(client, access, bucket)
  if (key !== undefined) refuseReserved(key)
  if (client.prefixes === undefined) return
  if (key === undefined ? access === 'write' : !client.prefixes.some((prefix) => key.startsWith(prefix))) {
    throw denied(client, 'certain key prefixes')
  }
}

/**
 * Checks a client's permissions for a request whose address names all that it is about.
 * @throws S3Error AccessDenied.
 */
export function authorizeRequest(
  client: Client,
  access: Operation['access'],
  { bucket, key, query }: S3Request,
): void {
  if (bucket === undefined) return
  if (access === 'keys') authorizeBucket(client, 'write', bucket)
  else if (access === 'list') authorize(client, 'read', bucket, query.get('prefix') ?? '')
  else authorize(client, access, bucket, key)
}

const denied = (client: Client, limit: string) =>
  new S3Error(
    'AccessDenied',
    isAnonymous(client) ? {} : { message: `Access Denied: this access key is limited to ${limit}` },
  )
