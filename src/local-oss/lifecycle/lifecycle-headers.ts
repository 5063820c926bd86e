import { percentEncode } from '../address.ts'
import type { BucketCall } from '../call.ts'
import type { HeaderMap } from '../http.ts'
import type { VersionRecord } from '../store/records.ts'
import { expirationOf } from './decide.ts'
import { lifecycleDocument, parseRules } from './rules.ts'

/** The last time that a date can be of. */
const END_OF_TIME = 8.64e15

/**
 * `x-oss-expiration`, where a rule will delete the key's current version: when, at the earliest, and which rule. Its id is escaped,
 * since it may be of any letters; how OSS escapes it is not documented.
 */
export function expirationHeaders(
  { state, bucket, key }: Pick<BucketCall, 'state' | 'bucket' | 'key'>,
  version: VersionRecord,
): HeaderMap {
  const rules = parseRules(lifecycleDocument(state, bucket))
  const expiration = expirationOf(rules, key, version, state.day)
  if (expiration === undefined || expiration.time > END_OF_TIME) return {}
  const date = new Date(expiration.time).toUTCString()
  return { 'x-oss-expiration': `expiry-date="${date}", rule-id="${percentEncode(expiration.rule)}"` }
}

/** When a rule has moved a version to a class that is restored in hours: only then OSS tells it. */
export function transitionTime({ storageClass, transitioned }: VersionRecord): number | undefined {
  return storageClass.includes('Cold') ? transitioned : undefined
}

/** `x-oss-transition-time`, where there is such a time. */
export function transitionHeaders(version: VersionRecord): HeaderMap {
  const time = transitionTime(version)
  return time === undefined ? {} : { 'x-oss-transition-time': new Date(time).toUTCString() }
}
