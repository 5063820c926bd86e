import { settingsOf } from '../../node/oss-check.ts'
import { describeSource } from '../../oss/credentials/source.ts'
import { errorCauses } from '../../oss/error.ts'
import { child } from '../../translate/elements.ts'
import { text } from '../../xml/index.ts'
import type { Level } from './actions.ts'
import {
  asking,
  type Bucket,
  type Check,
  type Facts,
  type Step,
  type UpstreamFacts,
  type Verdict,
  wrong,
} from './check.ts'
import { errorOf, isSilent, type Response, type ServiceError, said } from './http-response.ts'
import { resourceOf } from './ram-policy.ts'

/** Whose word an AccessDenied is, by OSS's error-cause code. https://www.alibabacloud.com/help/en/oss/user-guide/ec-code */
const deniedBy: Readonly<Record<string, string>> = {
  '0003-00000101': "the bucket's policy denies it",
  '0003-00000201': 'a RAM policy denies it',
  '0003-00000202': 'no RAM policy allows it',
  '0003-00000203': "the bucket's policy and a RAM policy deny it",
  '0003-00000301': 'the policy that the token was made with (OSS_SESSION_TOKEN) does not allow it',
}

/** A check that asks OSS. What an answer means that has nothing to do with the question is told here, once for all of them. */
export const askingOss = (
  check: Omit<Check<'oss'>, 'judge'> & { judge(answer: Response, facts: Facts): Verdict },
): Step =>
  asking<'oss'>({
    ...check,
    judge(answer, facts, upstream) {
      if (isSilent(answer)) return { ...wrong(`no answer came: ${answer.silence}`, TRY_AGAIN), ends: true }
      return troubleOf(answer, upstream) ?? check.judge(answer, facts)
    },
  })

const TRY_AGAIN = 'try again; if it stays so, look at the way from here to OSS'

/** What an answer means that has nothing to do with what was asked; undefined: nothing of that kind. */
export function troubleOf(answer: Response, { credentials }: UpstreamFacts): Verdict | undefined {
  if (answer.headers['x-oss-request-id'] === undefined) {
    const what = `what answers (${said(answer)}) is not OSS: it gives no x-oss-request-id`
    return { ...wrong(what, 'OSS_ENDPOINT, or a proxy on the way there'), ends: true }
  }
  const error = errorOf(answer)
  if (error === undefined) return undefined
  if (error.status >= 500) {
    const advice =
      error.status === 503 ? THROTTLED : 'try again; if it stays so, open a ticket at Alibaba Cloud'
    return { ...wrong(`OSS cannot take it now: ${said(answer)}`, advice), ends: true }
  }
  const settings = settingsOf[error.code]
  // InvalidArgument is said of much else.
  if (
    settings === undefined ||
    (error.code === 'InvalidArgument' && error.ec !== errorCauses.wrongSigningRegion)
  )
    return undefined
  const advice =
    credentials.from === 'settings' || error.code === 'InvalidArgument'
      ? `set right: ${settings}`
      : `what gives the key: ${describeSource(credentials)} (OSS_CREDENTIALS)`
  return { ...wrong(`OSS refuses the gateway's key: ${said(answer)}`, advice), ends: true }
}

const THROTTLED =
  'OSS limits how much it takes of an account or a bucket: ask less at a time (limits in the settings document), or have the limit raised by a ticket'

/** The verdict on an AccessDenied for want of an action. */
export function denied(
  error: ServiceError,
  action: string,
  on: Level,
  bucket?: Bucket,
  prefix = bucket?.within,
): Verdict {
  const resource = resourceOf(on, bucket?.bucket ?? '', prefix)
  const detail = child(error.document, 'AccessDeniedDetail') ?? {}
  const who = text(detail, 'AuthPrincipalDisplayName')
  const explicit = text(detail, 'NoPermissionType')
  const why =
    (error.ec === undefined ? undefined : deniedBy[error.ec]) ??
    (explicit === undefined
      ? undefined
      : explicit === 'ExplicitDeny'
        ? 'a policy denies it'
        : 'no policy allows it') ??
    'no policy allows it'
  const identity =
    who === undefined
      ? "the gateway's identity"
      : `${text(detail, 'AuthPrincipalType') ?? 'the identity'} ${who}`
  return wrong(
    `${why} (${error.status} ${error.code}: ${error.message}${error.ec === undefined ? '' : `, ${error.ec}`})`,
    why.startsWith("the bucket's policy")
      ? `take the denial of oss:${action} on ${resource} out of the bucket's policy`
      : `allow ${identity} oss:${action} on ${resource}${why.startsWith('a RAM') ? ', and take the denial out' : ''}`,
  )
}
