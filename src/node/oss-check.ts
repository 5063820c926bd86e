import type { Config } from '../config/index.ts'
import { createOssClient } from '../oss/client.ts'
import type { Log } from '../ports.ts'
import { whyNotReady } from './admin.ts'
import { nodePorts } from './ports.ts'
import { openUpstream } from './upstream.ts'

/** Which settings an error code of OSS points to. */
const settingsOf: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: 'OSS_ACCESS_KEY_ID (and OSS_SESSION_TOKEN, where the key is temporary)',
  SignatureDoesNotMatch: 'OSS_ACCESS_KEY_SECRET',
  InvalidSecurityToken: 'OSS_SESSION_TOKEN',
  SecurityTokenExpired: 'OSS_SESSION_TOKEN',
  InvalidArgument: 'OSS_REGION and OSS_ENDPOINT',
  RequestTimeTooSkewed: "none: this machine's clock is wrong",
}

/** Calls OSS once with the gateway's own key, and logs which settings are wrong where it refuses. Never rejects for that. */
export async function checkOss(config: Config, log: Log): Promise<void> {
  const { transport, close } = await openUpstream(config)
  const { endpoint, credentials } = config
  const why = await whyNotReady(createOssClient({ ...nodePorts, transport, endpoint, credentials }))
  if (why !== undefined) {
    const [, code = ''] = /^OSS answers \d+ (\w+)/.exec(why) ?? []
    const settings = settingsOf[code] ?? 'OSS_ENDPOINT, OSS_REGION and the OSS keys'
    log('OSS does not answer as it should: requests will fail', { why, settings, endpoint: endpoint.host })
  }
  await close()
}
