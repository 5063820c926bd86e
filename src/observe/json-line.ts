import { awsOperation } from './aws-operation.ts'
import type { RequestRecord } from './record.ts'
import { redactedTarget, requestUri } from './request-uri.ts'
import { perSecond } from './time-text.ts'

/**
 * A request as one line of the access log, in JSON: by the field names of S3's own (server access logs as JSON) where it
 * has one, and what only a gateway has to tell behind them. A field that a request has nothing for is left out. Made as
 * text, field by field: an object of them and JSON.stringify cost twice as much.
 * @param worker the id of the process that served it, where the platform tells.
 */
export function jsonLine(record: RequestRecord, worker?: number): string {
  const { oss, headers, peer, signature, copySource, batch, session, issued } = record
  return (
    `{"request_time":"${timeText(record.time)}","request_id":"${record.requestId}"` +
    remoteIp(peer?.address) +
    requester(record.accessKeyId) +
    bucketName(record.bucket) +
    text(',"operation":', awsOperation(record)) +
    text(',"object_key":', record.key) +
    text(',"object_version_id":', record.versionId) +
    text(',"request_uri":', requestUri(record)) +
    number(',"http_status":', record.status) +
    text(',"error_code":', record.errorCode) +
    number(',"bytes_sent":', record.bytesSent) +
    number(',"object_size":', record.objectSize) +
    number(',"total_time_ms":', record.totalTime) +
    number(',"turn_around_time_ms":', record.turnAroundTime) +
    referer(headers.referer && redactedTarget(headers.referer)) +
    userAgent(headers['user-agent']) +
    word(',"signature_version":', signature?.version) +
    word(',"authentication_type":', signature?.type) +
    text(',"cipher_suite":', peer?.tls?.cipher) +
    text(',"tls_version":', peer?.tls?.version) +
    hostHeader(headers.host) +
    word(',"s3_operation":', record.operation) +
    number(',"bytes_received":', record.bytesReceived) +
    text(',"copy_source":', copySource && `${copySource.bucket}/${copySource.key}`) +
    text(',"copy_source_version_id":', copySource?.versionId) +
    word(',"copy_route":', record.copyRoute) +
    number(',"bytes_copied":', record.bytesCopied) +
    text(',"upstream":', record.upstream) +
    text(',"oss_bucket":', record.ossBucket) +
    text(',"oss_key":', record.ossKey) +
    (batch === undefined ? '' : `,"deleted":${JSON.stringify(batch)}`) +
    number(',"oss_calls":', oss.calls) +
    number(',"oss_time_ms":', oss.time) +
    text(',"oss_request_id":', oss.requestId) +
    text(',"oss_error_code":', oss.errorCode) +
    text(',"oss_ec":', oss.ec) +
    number(',"secret_number":', signature?.secret) +
    text(',"session_name":', session?.name) +
    text(',"session_access_key_id":', session?.accessKeyId) +
    text(',"issued_session_name":', issued?.name) +
    text(',"issued_access_key_id":', issued?.accessKeyId) +
    number(',"worker":', worker) +
    '}'
  )
}

/** Characters that JSON has as they are. */
const plain = /^[ !#-[\]-~]*$/

const text = (name: string, value: string | undefined) =>
  value === undefined ? '' : name + (plain.test(value) ? `"${value}"` : JSON.stringify(value))

/** A field that mostly has what it had in the line before: that is compared at less than it costs to render it again. */
function repeated(name: string): (value: string | undefined) => string {
  let last: string | undefined
  let rendered = ''
  return (value) => {
    if (value !== last) rendered = text(name, value)
    last = value
    return rendered
  }
}

const remoteIp = repeated(',"remote_ip":')
const requester = repeated(',"requester":')
const bucketName = repeated(',"bucket_name":')
const referer = repeated(',"referer":')
const userAgent = repeated(',"user_agent":')
const hostHeader = repeated(',"host_header":')

/** Of names that S3 and the gateway give. */
const word = (name: string, value: string | undefined) => (value === undefined ? '' : `${name}"${value}"`)

/** As JSON has it: of what is no number, `null`. */
const number = (name: string, value: number | undefined) => (value === undefined ? '' : name + value)

const secondOf = perSecond((iso) => iso.slice(0, '2019-02-06T00:00:38.'.length))

/** In ISO 8601, with milliseconds. */
const timeText = (time: number) => `${secondOf(time)}${String(time % 1000).padStart(3, '0')}Z`
