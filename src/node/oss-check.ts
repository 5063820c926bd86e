import type { Config, Upstream } from '../config/index.ts'
import type { Log } from '../ports.ts'
import type { Running } from './serve.ts'

/** Which settings an error code of OSS points to. */
export const settingsOf: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: 'OSS_ACCESS_KEY_ID (and OSS_SESSION_TOKEN, where the key is temporary)',
  SignatureDoesNotMatch: 'OSS_ACCESS_KEY_SECRET',
  InvalidSecurityToken: 'OSS_SESSION_TOKEN',
  AccessKeyIdAndSecurityTokenNotMatch: 'OSS_SESSION_TOKEN',
  SecurityTokenExpired: 'OSS_SESSION_TOKEN',
  InvalidArgument: 'OSS_REGION and OSS_ENDPOINT',
  RequestTimeTooSkewed: "none: this machine's clock is wrong",
  UserDisable: 'none: the account may not use OSS (it may owe money)',
}

/** Calls each upstream once with the gateway's own key there, and logs which settings are wrong where it refuses. Never rejects for that. */
export async function checkOss(
  config: Config,
  gateway: Pick<Running, 'whyNotReady'>,
  log: Log,
): Promise<void> {
  await checkUpstream(config, undefined, gateway, log)
  await Promise.all([...config.upstreams].map(([name, one]) => checkUpstream(one, name, gateway, log)))
}

async function checkUpstream(
  { endpoint, credentials }: Upstream,
  upstream: string | undefined,
  gateway: Pick<Running, 'whyNotReady'>,
  log: Log,
): Promise<void> {
  const why = await gateway.whyNotReady(upstream)
  if (why === undefined) return
  const [, code = ''] = /^OSS answers \d+ (\w+)/.exec(why) ?? []
  const isOwnKey = credentials.from === 'settings'
  const ofEnvironment =
    (isOwnKey ? settingsOf[code] : undefined) ?? 'OSS_ENDPOINT, OSS_REGION and the OSS keys'
  const settings = upstream === undefined ? ofEnvironment : `upstreams.${upstream} in the settings document`
  log('OSS does not answer as it should: requests will fail', {
    ...(upstream === undefined ? {} : { upstream }),
    why,
    settings,
    endpoint: endpoint.host,
  })
}
