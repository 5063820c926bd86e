import { parseDate } from '../bytes/parse-date.ts'
import type { OssError } from '../oss/error.ts'
import { type HeaderMap, headerMap } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import { httpDateOf } from './date.ts'
import { etagMatches, toOssETag } from './etag.ts'

/** The four conditions, on the object read or on a copy's source; dates in milliseconds. */
export type Preconditions = {
  ifMatch?: string
  ifUnmodifiedSince?: number
  ifNoneMatch?: string
  ifModifiedSince?: number
}

/** The condition that failed, as S3's `<Condition>` names it (without the prefix of a copy's source). */
export type FailedCondition = 'If-Match' | 'If-Unmodified-Since' | 'If-None-Match' | 'If-Modified-Since'

/** `x-amz-copy-source-if-*` or, with an empty prefix, `if-*`. */
export type ConditionPrefix = 'x-amz-copy-source-' | ''

// Put together once: a name made anew is looked up as slowly as it was made.
const namesOf = (prefix: string) => ({
  ifMatch: `${prefix}if-match`,
  ifUnmodifiedSince: `${prefix}if-unmodified-since`,
  ifNoneMatch: `${prefix}if-none-match`,
  ifModifiedSince: `${prefix}if-modified-since`,
})
const namesWith = {
  '': namesOf(''),
  'x-amz-copy-source-': namesOf('x-amz-copy-source-'),
  'x-oss-copy-source-': namesOf('x-oss-copy-source-'),
}

/**
 * The conditions that count under S3's rules: a date is ignored when its ETag condition is present,
 * when it is malformed, and, for If-Modified-Since, when it is in the future.
 * @param now milliseconds since the epoch.
 */
export function parsePreconditions(headers: HeaderMap, prefix: ConditionPrefix, now: number): Preconditions {
  const names = namesWith[prefix]
  const ifMatch = headers[names.ifMatch]
  const ifNoneMatch = headers[names.ifNoneMatch]
  const date = (text: string | undefined) => (text === undefined ? undefined : parseDate(text))
  const conditions: Preconditions = {}
  if (ifMatch !== undefined) conditions.ifMatch = ifMatch
  const ifUnmodifiedSince = date(headers[names.ifUnmodifiedSince])
  if (ifMatch === undefined && ifUnmodifiedSince !== undefined)
    conditions.ifUnmodifiedSince = ifUnmodifiedSince
  if (ifNoneMatch !== undefined) conditions.ifNoneMatch = ifNoneMatch
  const ifModifiedSince = date(headers[names.ifModifiedSince])
  if (ifNoneMatch === undefined && ifModifiedSince !== undefined && ifModifiedSince <= now) {
    conditions.ifModifiedSince = ifModifiedSince
  }
  return conditions
}

/** Whether there are any. */
export const hasConditions = ({ ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince }: Preconditions) =>
  (ifMatch ?? ifUnmodifiedSince ?? ifNoneMatch ?? ifModifiedSince) !== undefined

/** Whether OSS cannot be asked as it is: it has no `*` and no lists. */
export const needsSourceFacts = ({ ifMatch = '', ifNoneMatch = '' }: Preconditions) =>
  /^\s*\*\s*$|,/.test(ifMatch) || /^\s*\*\s*$|,/.test(ifNoneMatch)

/** The conditions in OSS's headers. @param prefix `x-oss-copy-source-` or none. */
export function toOssPreconditions(conditions: Preconditions, prefix: 'x-oss-copy-source-' | ''): HeaderMap {
  const { ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince } = conditions
  const names = namesWith[prefix]
  const headers = headerMap()
  if (ifMatch !== undefined) headers[names.ifMatch] = toOssETag(ifMatch)
  if (ifUnmodifiedSince !== undefined) headers[names.ifUnmodifiedSince] = httpDateOf(ifUnmodifiedSince)
  if (ifNoneMatch !== undefined) headers[names.ifNoneMatch] = toOssETag(ifNoneMatch)
  if (ifModifiedSince !== undefined) headers[names.ifModifiedSince] = httpDateOf(ifModifiedSince)
  return headers
}

/**
 * S3's evaluation, by its order; dates have a resolution of one second.
 * @param object its ETag, and its Last-Modified in milliseconds.
 */
export function failedCondition(
  conditions: Preconditions,
  object: { etag: string; lastModified: number },
): FailedCondition | undefined {
  const { ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince } = conditions
  const seconds = (time: number) => Math.floor(time / 1000)
  if (ifMatch !== undefined && !etagMatches(ifMatch, object.etag)) return 'If-Match'
  if (ifUnmodifiedSince !== undefined && seconds(object.lastModified) > seconds(ifUnmodifiedSince)) {
    return 'If-Unmodified-Since'
  }
  if (ifNoneMatch !== undefined && etagMatches(ifNoneMatch, object.etag)) return 'If-None-Match'
  if (ifModifiedSince !== undefined && seconds(object.lastModified) <= seconds(ifModifiedSince)) {
    return 'If-Modified-Since'
  }
  return undefined
}

/** Which of the conditions sent a 412 or 304 of OSS speaks of: of each pair only one is ever sent. */
export function conditionOfStatus(status: 304 | 412, conditions: Preconditions): FailedCondition {
  if (status === 412) return conditions.ifMatch === undefined ? 'If-Unmodified-Since' : 'If-Match'
  return conditions.ifNoneMatch === undefined ? 'If-Modified-Since' : 'If-None-Match'
}

/** 412 with the condition's name. */
export function preconditionFailed(condition: FailedCondition, prefix: ConditionPrefix): S3Error {
  return new S3Error('PreconditionFailed', { elements: { Condition: `${prefix}${condition}` } })
}

/**
 * What OSS's answer to a copy says of the client's conditions on the source: PreconditionFailed, or undefined where it
 * is about something else. OSS says 304 where S3 says 412: a client would take a 304 for a success without a body.
 */
export function copyConditionFailed(error: OssError, conditions: Preconditions): S3Error | undefined {
  if (error.status !== 304 && error.status !== 412) return undefined
  return preconditionFailed(conditionOfStatus(error.status, conditions), 'x-amz-copy-source-')
}
