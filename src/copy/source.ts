import type { OssClient } from '../oss/client.ts'
import type { HeaderMap } from '../ports.ts'
import type { Copy } from './copy.ts'

/** The source as OSS describes it. */
export type SourceFacts = { etag: string; lastModified: number; size: number; headers: HeaderMap }

/** HEAD of the copy's source. @throws OssError NoSuchKey, NoSuchVersion, AccessDenied. */
export async function readSource(oss: OssClient, { source, target, signal }: Copy): Promise<SourceFacts> {
  const payer = target['x-oss-request-payer']
  const { headers } = await oss.send({
    method: 'HEAD',
    bucket: source.bucket,
    key: source.key,
    query: { versionId: source.versionId },
    headers: payer === undefined ? {} : { 'x-oss-request-payer': payer },
    signal,
  })
  return {
    etag: headers.etag ?? '',
    lastModified: Date.parse(headers['last-modified'] ?? ''),
    size: Number(headers['content-length']),
    headers,
  }
}
