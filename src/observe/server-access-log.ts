import { awsOperation } from './aws-operation.ts'
import type { RequestRecord } from './record.ts'
import { redactedTarget, requestUri } from './request-uri.ts'
import { perSecond } from './time-text.ts'

/** What differs between the lines of one request. */
type Line = {
  operation: string
  bucket: string | undefined
  key: string | undefined
  versionId: string | undefined
  errorCode: string | undefined
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `[06/Feb/2019:00:00:38 +0000]`. */
const timeOf = perSecond((iso) => {
  const [date = '', clock = ''] = iso.split(/[T.]/)
  const [year, month, day] = date.split('-')
  return `[${day}/${months[Number(month) - 1]}/${year}:${clock} +0000]`
})

/** A field: what is unknown is `-`, and nothing in it ends it early, or means something to a terminal. */
function field(value: string | number | undefined): string {
  if (value === undefined || value === '') return '-'
  const text = String(value)
  return /^[!#-[\]-~]*$/.test(text) ? text : wellFormed(text).replace(/["\\]|[^!-~]/gu, encodeURIComponent)
}

const quoted = (value: string | undefined) =>
  value === undefined ? '"-"' : `"${wellFormed(value).replace(/["\\]|[^\x20-\x7e]/gu, encodeURIComponent)}"`

/** Halves of surrogate pairs, which cannot be encoded, are replaced. */
const wellFormed = (text: string) => (/[\ud800-\udfff]/.test(text) ? Buffer.from(text).toString() : text)

/** S3 encodes keys twice where they are not plain; once is what its readers undo. */
const keyField = (key: string | undefined) =>
  key === undefined || key === '' ? '-' : encodeURIComponent(wellFormed(key)).replaceAll('%2F', '/')

/**
 * A request as lines of S3's server access log (LogFormat.html of S3's guide: 27 fields). A copy has two, one for its
 * source; DeleteObjects has one more for each object. The gateway knows no bucket owner, access point or region: `-`.
 */
export function serverAccessLines(record: RequestRecord): string[] {
  const { bucket, key, versionId, errorCode, copySource, batch = [] } = record
  const operation = awsOperation(record)
  const lines: Line[] = [{ operation, bucket, key, versionId, errorCode }]
  if (copySource !== undefined) {
    lines.unshift({ ...copySource, operation: `${operation}_GET`, errorCode })
  }
  for (const entry of batch) lines.push({ ...entry, bucket, operation: 'BATCH.DELETE.OBJECT' })
  return lines.map((line) => render(record, line))
}

function render(record: RequestRecord, { operation, bucket, key, versionId, errorCode }: Line): string {
  const { headers, peer, signature, oss } = record
  return [
    '-',
    field(bucket),
    timeOf(record.time),
    field(peer?.address),
    field(record.accessKeyId),
    record.requestId,
    operation,
    keyField(key),
    quoted(requestUri(record)),
    record.status,
    field(errorCode),
    field(record.bytesSent || undefined),
    field(record.objectSize),
    record.totalTime,
    record.turnAroundTime,
    quoted(headers.referer && redactedTarget(headers.referer)),
    quoted(headers['user-agent']),
    field(versionId),
    field(oss.requestId),
    field(signature?.version),
    field(peer?.tls?.cipher),
    // Of a form S3 knows no type.
    field(signature?.type === 'PostForm' ? undefined : signature?.type),
    field(headers.host),
    field(peer?.tls?.version),
    '-',
    '-',
    '-',
  ].join(' ')
}
