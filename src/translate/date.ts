// The three forms of an HTTP date, and the ISO 8601 form that some SDKs send.
const httpDate =
  /^((Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} (GMT|UTC|[+-]\d{4})|[A-Z][a-z]+day, \d{2}-[A-Z][a-z]{2}-\d{2} [\d:]{8} GMT|(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4})$/
const isoDate = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$/

/** Milliseconds since the epoch, or undefined for what is no date (S3 ignores such a condition). */
export function parseDate(text: string): number | undefined {
  const trimmed = text.trim()
  if (!httpDate.test(trimmed) && !isoDate.test(trimmed)) return undefined
  // asctime has no zone: it is GMT by RFC 9110.
  const time = Date.parse(/\d{4}$/.test(trimmed) && !/[+-]\d{4}$/.test(trimmed) ? `${trimmed} GMT` : trimmed)
  return Number.isNaN(time) ? undefined : time
}

/** `Tue, 09 Apr 2019 03:45:32 GMT`, as HTTP headers want it. */
export const httpDateOf = (time: number) => new Date(time).toUTCString()

const s3Time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

/** `2019-04-09T03:45:32.000Z`, as S3's XML wants it, from either form OSS uses. */
export function toS3Time(text: string): string {
  // As nearly all are: to parse it would take most of the time of an object in a listing.
  if (s3Time.test(text)) return text
  const time = parseDate(text)
  return time === undefined ? text : new Date(time).toISOString()
}
