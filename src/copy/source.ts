import type { OssClient } from '../oss/client.ts'
import { OssUnreachable } from '../oss/error.ts'
import { crc64Of, objectTypeOf, versionIdOf } from '../oss/headers.ts'
import type { HeaderMap } from '../ports.ts'
import { hasTags, readTags, toOssTagging } from '../translate/tags.ts'
import type { Copy } from './copy.ts'

/** The source as OSS describes it. */
export type SourceFacts = {
  /** As OSS writes it: what a part is pinned to. */
  etag: string
  /** Milliseconds. */
  lastModified: number
  size: number
  /** `Normal`, `Multipart`, `Appendable` or `Symlink`. */
  type: string
  /** The version looked at, in a bucket that has versions. */
  versionId: string | undefined
  /** CRC-64 of all its bytes, decimal; OSS does not have it for every object. */
  crc64: string | undefined
  headers: HeaderMap
}

type Source = Pick<Copy, 'source' | 'payer'>

/**
 * HEAD of the copy's source.
 * @throws OssError NoSuchKey, NoSuchVersion, AccessDenied; OssUnreachable when the answer does not describe an object.
 */
export async function readSource(
  oss: OssClient,
  { source, payer }: Source,
  signal: AbortSignal,
): Promise<SourceFacts> {
  const { headers } = await oss.send({
    method: 'HEAD',
    bucket: source.bucket,
    key: source.key,
    query: { versionId: source.versionId },
    headers: payer,
    signal,
  })
  const { etag, 'content-length': length, 'last-modified': time } = headers
  // Taken for an empty object, a proxy's answer would become an empty copy.
  if (!etag || !length || !time) throw new OssUnreachable("OSS's answer describes no object")
  return {
    etag,
    lastModified: Date.parse(time),
    size: Number(length),
    type: objectTypeOf(headers),
    versionId: source.versionId ?? versionIdOf(headers),
    crc64: crc64Of(headers),
    headers,
  }
}

/** The source's tags as a header, or undefined when it has none: OSS copies them only in a CopyObject. */
export async function readTagging(
  oss: OssClient,
  { source, payer }: Source,
  { headers, versionId }: SourceFacts,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!hasTags(headers)) return undefined
  const { document } = await oss.sendForXml(
    {
      method: 'GET',
      bucket: source.bucket,
      key: source.key,
      query: { tagging: null, versionId },
      headers: payer,
      signal,
    },
    'Tagging',
  )
  return toOssTagging(readTags(document))
}
