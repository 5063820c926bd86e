import { awsOperation } from './aws-operation.ts'
import type { RequestRecord } from './record.ts'
import { redactedTarget } from './request-uri.ts'

/**
 * A request as one object of the access log: by the field names of S3's own (server access logs as JSON) where it has
 * one, and what only a gateway has to tell behind them. A field that a request has nothing for is left out.
 * @param worker the id of the process that served it, where the platform tells.
 */
export function accessEntry(record: RequestRecord, worker?: number): Record<string, unknown> {
  const { oss, headers, peer, signature, copySource, session, issued } = record
  return {
    request_time: new Date(record.time).toISOString(),
    request_id: record.requestId,
    remote_ip: peer?.address,
    requester: record.accessKeyId,
    bucket_name: record.bucket,
    operation: awsOperation(record),
    object_key: record.key,
    object_version_id: record.versionId,
    request_uri: `${record.method} ${redactedTarget(record.target)} HTTP/1.1`,
    http_status: record.status,
    error_code: record.errorCode,
    bytes_sent: record.bytesSent,
    object_size: record.objectSize,
    total_time_ms: record.totalTime,
    turn_around_time_ms: record.turnAroundTime,
    referer: headers.referer,
    user_agent: headers['user-agent'],
    signature_version: signature?.version,
    authentication_type: signature?.type,
    cipher_suite: peer?.tls?.cipher,
    tls_version: peer?.tls?.version,
    host_header: headers.host,
    s3_operation: record.operation,
    bytes_received: record.bytesReceived,
    copy_source: copySource && `${copySource.bucket}/${copySource.key}`,
    copy_source_version_id: copySource?.versionId,
    copy_route: record.copyRoute,
    deleted: record.batch,
    oss_calls: oss.calls,
    oss_time_ms: oss.time,
    oss_request_id: oss.requestId,
    oss_error_code: oss.errorCode,
    oss_ec: oss.ec,
    secret_number: signature?.secret,
    session_name: session?.name,
    session_access_key_id: session?.accessKeyId,
    issued_session_name: issued?.name,
    issued_access_key_id: issued?.accessKeyId,
    worker,
  }
}
