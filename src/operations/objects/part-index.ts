import type { OssClient } from '../../oss/client.ts'
import { OssError } from '../../oss/error.ts'
import { copySource } from '../../oss/headers.ts'
import type { HeaderMap } from '../../ports.ts'
import { bareETag } from '../../s3/completion.ts'
import { MAX_KEY_BYTES } from '../../s3/limits.ts'
import { partsOfETag } from '../../translate/etag.ts'
import { type PartIndex, renderPartIndex } from '../../translate/part-index.ts'
import { ownObjectHeaders, RESERVED_PREFIX } from '../reserved-keys.ts'

/** Below it each object's index, by the object's ETag and key. */
export const INDEX_PREFIX = `${RESERVED_PREFIX}parts/`

/**
 * Where the index of an object is: by its ETag, since that is made of the parts, so that no other object's is ever taken
 * for it; behind that the key, which tells whether the object is still there.
 * @returns undefined where the name would be too long for OSS.
 */
export function partIndexKey(etag: string, key: string): string | undefined {
  const name = `${INDEX_PREFIX}${bareETag(etag)}/${key}`
  return Buffer.byteLength(name) > MAX_KEY_BYTES ? undefined : name
}

/** The object of an index, by the name of {@link partIndexKey}. */
export function objectOfIndex(name: string): { etag: string; key: string } | undefined {
  const [, etag, key] = /^([0-9a-f]{32}(?:-\d{1,5})?)\/(.+)$/s.exec(name.slice(INDEX_PREFIX.length)) ?? []
  return etag === undefined || key === undefined ? undefined : { etag, key }
}

/** An object to be, by the ETag it will have. */
type Indexed = { bucket: string; key: string; etag: string; payer: HeaderMap }

/**
 * Keeps what is known of an object's parts, beside the object.
 * @returns whether it is kept: not where the key is too long for it, or the gateway may not write there.
 * @throws OssError, OssUnreachable.
 */
export async function keepPartIndex(
  oss: OssClient,
  { bucket, key, etag, payer }: Indexed,
  index: PartIndex,
): Promise<boolean> {
  const name = partIndexKey(etag, key)
  if (name === undefined) return false
  const headers = { 'content-type': 'application/json', ...ownObjectHeaders, ...payer }
  const body = new TextEncoder().encode(renderPartIndex(index))
  try {
    await oss.send({ method: 'PUT', bucket, key: name, headers, body })
    return true
  } catch (error) {
    if (error instanceof OssError && error.code === 'AccessDenied') return false
    throw error
  }
}

/**
 * Keeps of a copy's parts what is kept of its source's, where the copy has them: OSS gives it the same ETag. The copy is
 * made; what prevents this is no error of it.
 * @param copy its ETag as OSS gave it. @param isOfWhole whether something may be kept of an object in one piece: a checksum.
 */
export async function copyPartIndex(
  oss: OssClient,
  source: { bucket: string; key: string },
  { bucket, key, etag, payer }: Indexed,
  isOfWhole: boolean,
): Promise<void> {
  const from = partIndexKey(etag, source.key)
  const to = partIndexKey(etag, key)
  const isSame = source.bucket === bucket && from === to
  const hasParts = (partsOfETag(etag) ?? 1) > 1
  if (!(hasParts || isOfWhole) || from === undefined || to === undefined || isSame) return
  const headers = { ...copySource({ ...source, key: from }, undefined), ...ownObjectHeaders, ...payer }
  const call = { method: 'PUT', bucket, key: to, headers, body: new Uint8Array(0) } as const
  await oss.sendForXml(call, 'CopyObjectResult').catch(() => {})
}
