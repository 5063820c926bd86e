import type { Config } from '../config/index.ts'
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

/** Calls OSS once with the gateway's own key, and logs which settings are wrong where it refuses. Never rejects for that. */
export async function checkOss(
  { endpoint, credentials }: Config,
  gateway: Pick<Running, 'whyNotReady'>,
  log: Log,
): Promise<void> {
  const why = await gateway.whyNotReady()
  if (why === undefined) return
  const [, code = ''] = /^OSS answers \d+ (\w+)/.exec(why) ?? []
  const isOwnKey = credentials.from === 'settings'
  const settings = (isOwnKey ? settingsOf[code] : undefined) ?? 'OSS_ENDPOINT, OSS_REGION and the OSS keys'
  log('OSS does not answer as it should: requests will fail', { why, settings, endpoint: endpoint.host })
}
