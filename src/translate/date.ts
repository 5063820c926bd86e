import { parseDate } from '../bytes/parse-date.ts'

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
