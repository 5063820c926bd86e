import { SESSION_NAME } from '../oss/credentials/profile.ts'
import type { CredentialSource, Role } from '../oss/credentials/source.ts'
import { stsOf } from '../oss/credentials/sts.ts'
import type { Origin } from '../oss/regions.ts'
import { parseOrigin } from './endpoint.ts'
import { platformValue, type SourceSettings } from './source-settings.ts'
import { isLoopback, redacted } from './values.ts'

/** RRSA, as the identity webhook of ACK sets it. Adds to `problems` what is missing or wrong. */
export function parseRrsa(settings: SourceSettings): CredentialSource {
  const { environment, problems, files } = settings
  const webhook =
    "in ACK the pod's identity webhook sets it, where the service account is annotated with a role and the namespace is labelled for it"
  const role = parseRole(settings, `the RAM role; ${webhook}`)
  const providerArn = platformValue(environment, 'ALIBABA_CLOUD_OIDC_PROVIDER_ARN')
  const tokenFile = platformValue(environment, 'ALIBABA_CLOUD_OIDC_TOKEN_FILE')
  if (providerArn === undefined)
    problems.push(`ALIBABA_CLOUD_OIDC_PROVIDER_ARN is missing: who has issued the token; ${webhook}`)
  else if (!/^acs:ram:[\w-]*:\d+:oidc-provider\/\S+$/.test(providerArn))
    problems.push(
      `ALIBABA_CLOUD_OIDC_PROVIDER_ARN is ${redacted(providerArn)}: it must be like acs:ram::123456789012:oidc-provider/name`,
    )
  if (tokenFile === undefined)
    problems.push(`ALIBABA_CLOUD_OIDC_TOKEN_FILE is missing: the file with the token; ${webhook}`)
  else if (files?.has(tokenFile) === false)
    problems.push('ALIBABA_CLOUD_OIDC_TOKEN_FILE: there is no such file')
  return { from: 'rrsa', role, providerArn: providerArn ?? '', tokenFile: tokenFile ?? '' }
}

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
  return { arn: arn ?? '', sessionName, sts: parseSts(settings) }
}

/** `OSS_STS_ENDPOINT`, or STS where OSS is. */
export function parseSts({ get, endpoint, problems }: SourceSettings): Origin {
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
