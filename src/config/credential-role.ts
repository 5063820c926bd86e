import type { Role } from '../oss/credentials/source.ts'
import { SESSION_NAME, stsOf } from '../oss/credentials/sts.ts'
import type { Origin } from '../oss/regions.ts'
import { parseOrigin } from './endpoint.ts'
import { platformValue, type SourceSettings } from './source-settings.ts'
import { isLoopback, redacted } from './values.ts'

/** `ALIBABA_CLOUD_ROLE_ARN`, and where it is assumed. @param what the role is, for the message. */
export function parseRole(settings: SourceSettings, what: string): Role {
  const { environment, problems } = settings
  const arn = platformValue(environment, 'ALIBABA_CLOUD_ROLE_ARN')
  if (arn === undefined) problems.push(`ALIBABA_CLOUD_ROLE_ARN is missing: ${what}`)
  else if (!/^acs:ram:[\w-]*:\d+:role\/\S+$/.test(arn))
    problems.push(
      `ALIBABA_CLOUD_ROLE_ARN is ${redacted(arn)}: it must be like acs:ram::123456789012:role/name`,
    )
  const sessionName = platformValue(environment, 'ALIBABA_CLOUD_ROLE_SESSION_NAME') ?? SESSION_NAME
  if (!/^[\w.@-]{2,64}$/.test(sessionName))
    problems.push(
      `ALIBABA_CLOUD_ROLE_SESSION_NAME is ${redacted(sessionName)}: it must be 2 to 64 letters, digits and . @ - _`,
    )
  return { arn: arn ?? '', sessionName, sts: parseStsEndpoint(settings) }
}

/** `OSS_STS_ENDPOINT`, or STS where OSS is. */
export function parseStsEndpoint({ get, endpoint, problems }: SourceSettings): Origin {
  const text = get('OSS_STS_ENDPOINT')
  const fallback = stsOf(endpoint)
  if (text === undefined) return fallback
  const origin = parseOrigin(text, 'https://sts.cn-hangzhou.aliyuncs.com')
  if (typeof origin === 'string') problems.push(`OSS_STS_ENDPOINT is ${redacted(text)}: ${origin}`)
  else if (origin.protocol === 'http:' && !isLoopback(origin.host.replace(/:\d+$/, '')))
    problems.push(`OSS_STS_ENDPOINT is ${redacted(text)}: it must be https, since keys come from there`)
  else return origin
  return fallback
}
