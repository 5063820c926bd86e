import { storedConfig } from '../buckets/config-document.ts'
import type { BucketCall } from '../call.ts'
import { OssError } from '../errors.ts'
import { headerBytes } from '../http.ts'
import { parseRefererRules, problemOfReferer, type RefererProblem } from './referer-rules.ts'

/** https://www.alibabacloud.com/help/en/oss/support/0003-00000501 and the next two. */
const codes: Record<RefererProblem, string> = {
  empty: '0003-00000501',
  blacklisted: '0003-00000502',
  'not whitelisted': '0003-00000503',
}

/**
 * Holds a request to its bucket's referers, unless it is signed by its `Authorization` header: OSS looks at those that are
 * signed by their URL, or not at all.
 * @throws OssError AccessDenied.
 */
export function checkReferer({ state, bucket, headers }: BucketCall): void {
  if (headers.authorization !== undefined) return
  const configuration = storedConfig(state, bucket, 'referer', 'RefererConfiguration')
  if (configuration === undefined) return
  const rules = parseRefererRules(configuration)
  const problem = problemOfReferer(rules, headerBytes(headers.referer ?? '').toString('utf8'))
  if (problem === undefined) return
  const message = 'You are denied by bucket referer policy.'
  throw new OssError('AccessDenied', { message, ec: codes[problem], elements: { BucketName: bucket.name } })
}
