import type { OssCall } from '../oss/call.ts'
import type { OssClient } from '../oss/client.ts'
import { copySource } from '../oss/headers.ts'
import type { HeaderMap, TimeLimit } from '../ports.ts'
import { toOssPreconditions } from '../translate/preconditions.ts'
import { text } from '../xml/index.ts'
import type { Copy, CopyResult } from './copy.ts'

const NOTHING = new Uint8Array(0)

/**
 * One OSS CopyObject.
 * @param answerTimeout how long OSS may say nothing.
 * @throws OssError as OSS refuses; 304 and 412 are the client's preconditions.
 */
export function copyNatively(oss: OssClient, copy: Copy, answerTimeout: TimeLimit): Promise<CopyResult> {
  const { bucket, key } = copy.destination
  const call: OssCall = {
    method: 'PUT',
    bucket,
    key,
    headers: nativeHeaders(copy),
    body: NOTHING,
    answerTimeout,
  }
  return oss.sendForXml(call, 'CopyObjectResult').then(({ headers, document }) => ({
    etag: text(document, 'ETag') ?? '',
    lastModified: text(document, 'LastModified') ?? '',
    headers,
    checksum: copy.checksum?.value,
  }))
}

function nativeHeaders({ source, preconditions, content, tagging, target, payer, turn }: Copy): HeaderMap {
  const headers = toOssPreconditions(preconditions, 'x-oss-copy-source-')
  Object.assign(headers, copySource(source, source.versionId))
  headers['x-oss-metadata-directive'] = content === 'copy' ? 'COPY' : 'REPLACE'
  if (content !== 'copy') Object.assign(headers, content)
  if (tagging !== 'copy') {
    headers['x-oss-tagging-directive'] = 'Replace'
    headers['x-oss-tagging'] = tagging
  }
  return Object.assign(headers, target, payer, turn.headers)
}
