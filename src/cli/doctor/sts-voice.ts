import { randomUUID } from 'node:crypto'
import { formOf, signatureOf, stsOf } from '../../oss/credentials/sts.ts'
import type { Endpoint } from '../../oss/regions.ts'
import type { OssCredentials } from '../../ports.ts'
import type { Response, Silence } from './http-response.ts'
import type { Network } from './network.ts'

/**
 * Asks the Security Token Service who a key is, which every key may ask (GetCallerIdentity).
 * https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-getcalleridentity
 */
export function askIdentity(
  network: Network,
  endpoint: Endpoint,
  { accessKeyId, accessKeySecret, securityToken }: OssCredentials,
): Promise<Response | Silence> {
  const { protocol, host } = stsOf(endpoint)
  const parameters: Record<string, string> = {
    Action: 'GetCallerIdentity',
    Format: 'JSON',
    Version: '2015-04-01',
    Timestamp: new Date().toISOString().replace(/\.\d+/, ''),
    AccessKeyId: accessKeyId,
    ...(securityToken === undefined ? {} : { SecurityToken: securityToken }),
    SignatureMethod: 'HMAC-SHA1',
    SignatureVersion: '1.0',
    SignatureNonce: randomUUID(),
  }
  const body = formOf({ ...parameters, Signature: signatureOf(parameters, accessKeySecret) })
  return network.exchange({
    method: 'POST',
    url: `${protocol}//${host}/`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(body),
  })
}
