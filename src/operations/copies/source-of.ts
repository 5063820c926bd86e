import { type CopySource, parseCopySource } from '../../s3/copy-source.ts'
import { authorizeSource } from '../authorize.ts'
import { requireOwner } from '../expected-owner.ts'
import { ossKey, placeOf } from '../mapping.ts'
import type { Context, ObjectRequest } from '../operation.ts'

/** The source of a copy: as its client names it, and as OSS does. */
export type SourceOf = {
  named: CopySource
  source: CopySource
  /** Where it is; absent: at the upstream of the environment. */
  upstream: string | undefined
}

/**
 * The source that `x-amz-copy-source` names, authorized as a read by the names that the client has.
 * @throws S3Error InvalidArgument, KeyTooLongError, InvalidURI, AccessDenied.
 */
export function sourceOf({ headers }: ObjectRequest, { client, config, record }: Context): SourceOf {
  const named = parseCopySource(headers['x-amz-copy-source'] ?? '', config.document.accessPoints)
  if (record !== undefined) record.copySource = named
  authorizeSource(client, named)
  const mapped = placeOf(config, client, named.bucket)
  const source = { ...named, bucket: mapped.bucket, key: ossKey({ mapped }, named.key) }
  return { named, source, upstream: mapped.upstream }
}

/** Holds the source's bucket to the owner that the client expects. @throws S3Error as {@link requireOwner}. */
export async function requireSourceOwner(
  { headers }: ObjectRequest,
  context: Context,
  { source, upstream }: SourceOf,
): Promise<void> {
  const owner = headers['x-amz-source-expected-bucket-owner']
  if (owner === undefined) return
  await requireOwner({ ...context, ...context.at(upstream) }, source.bucket, owner)
}
