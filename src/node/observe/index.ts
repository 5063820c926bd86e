import { ACCESS_LOG_BUCKET, type Config } from '../../config/index.ts'
import type { OssClient } from '../../oss/client.ts'
import type { Log } from '../../ports.ts'
import { nodePorts } from '../ports.ts'
import { type AccessLog, accessLogTo, fileSink, outputSink } from './access-log.ts'
import { bucketSink } from './bucket-sink.ts'

/**
 * Opens the access log of the settings, if they have one.
 * @param oss the client by which it is delivered to a bucket.
 * @throws Error where its file cannot be opened.
 */
export function openAccessLog(
  { to, format }: Config['document']['accessLog'],
  oss: () => OssClient,
  log: Log,
): AccessLog | undefined {
  if (to === 'off') return undefined
  const [, bucket, prefix = ''] = ACCESS_LOG_BUCKET.exec(to) ?? []
  if (bucket !== undefined) {
    return accessLogTo(bucketSink({ bucket, prefix }, oss, { ...nodePorts, log }), format)
  }
  return accessLogTo(to === 'stdout' ? outputSink(log) : fileSink(to, log), format)
}
