import type { Client } from '../config/index.ts'
import type { HeaderMap } from '../ports.ts'
import type { CopySource } from '../s3/copy-source.ts'
import { S3Error } from '../s3/error.ts'
import type { S3Request } from '../s3/request.ts'
import { authorizeSession } from './authorize-session.ts'
import { isChange, kindsOf } from './kinds.ts'
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
export const mayUseBucket = ({ buckets }: Client, bucket: string) =>
  buckets === undefined ||
  buckets.some((name) => (name.endsWith('*') ? bucket.startsWith(name.slice(0, -1)) : bucket === name))

/** Whether the settings keep anything in a bucket from a client. */
export const isLimitedIn = (client: Client, bucket: string) =>
  client.readOnly ||
  client.prefixes !== undefined ||
  client.operations !== undefined ||
  !mayUseBucket(client, bucket)

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
  if (client.prefixes === undefined || key === undefined) return
  if (!client.prefixes.some((prefix) => key.startsWith(prefix))) throw denied(client, 'certain key prefixes')
}

/**
 * Checks that a client may do operations of this kind (`operations` in the settings), and that ACL headers are its to set.
 * @param headers of the request; of a form, what its fields stand for.
 * @throws S3Error AccessDenied.
 */
export function authorizeOperation(
  client: Client,
  operation: Pick<Operation, 'name' | 'access' | 'isRefused'>,
  headers: HeaderMap,
): void {
  const { operations, prefixes } = client
  if ((operations === undefined && prefixes === undefined) || operation.isRefused) return
  for (const kind of kindsOf(operation, headers)) {
    if (kind === 'any') continue
    const isAllowed =
      operations === undefined
        ? kind === 'objects' || !isChange(operation.access)
        : kind !== 'unknown' && operations.includes(kind)
    if (!isAllowed) throw denied(client, 'operations of other kinds')
  }
}

/**
 * Checks a client's permissions for a request whose address names all that it is about.
 * @param headers of the request; when presigned, with those that its query stands for.
 * @throws S3Error AccessDenied.
 */
export function authorizeRequest(
  client: Client,
  operation: Operation,
  { bucket, key, query }: S3Request,
  headers: HeaderMap,
): void {
  const { access } = operation
  authorizeSession(client, operation, { bucket, key, query, headers })
  if (bucket === undefined) return
  authorizeOperation(client, operation, headers)
  if (access === 'keys') authorizeBucket(client, 'write', bucket)
  else if (access === 'list') authorize(client, 'read', bucket, query.get('prefix') ?? '')
  else authorize(client, access, bucket, key)
}

/** Checks that a client may read what it copies. @throws S3Error AccessDenied. */
export function authorizeSource(client: Client, { bucket, key, versionId }: CopySource): void {
  authorize(client, 'read', bucket, key)
  const query = new Map(versionId === undefined ? [] : [['versionId', versionId]])
  authorizeSession(client, { name: 'GetObject' }, { bucket, key, query })
}

const denied = (client: Client, limit: string) =>
  new S3Error(
    'AccessDenied',
    isAnonymous(client) ? {} : { message: `Access Denied: this access key is limited to ${limit}` },
  )
