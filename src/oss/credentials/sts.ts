import { createHmac } from 'node:crypto'
import { encodeStrictly } from '../../bytes/percent.ts'
import type { OssCredentials } from '../../ports.ts'
import type { Endpoint, Origin } from '../regions.ts'
import { answeredKey } from './answered-key.ts'
import { answeredObject } from './answered-object.ts'
import type { Role, SourcePorts } from './source.ts'

/** Milliseconds. */
const LIMIT = 10_000
/** Seconds that a role's key is valid: what every role allows by default. */
const DURATION = '3600'

/** The name of an assumed role's session where nobody names one; RAM's logs show it. */
export const SESSION_NAME = 's3-oss-gateway'

/** Regions of OSS alone, and such as STS is not documented for. */
const withoutSts = /finance|^cn-hzjbp$|^rg-|-gov-/

/**
 * STS where OSS is: in its region, from within a VPC where OSS is asked from there as well.
 * https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-endpoint
 */
export function stsOf({ region, host }: Endpoint): Origin {
  const internal = /-internal\.aliyuncs\.com$/.test(host) ? 'sts-vpc' : 'sts'
  const name = withoutSts.test(region) ? 'sts.aliyuncs.com' : `${internal}.${region}.aliyuncs.com`
  return { protocol: 'https:', host: name }
}

/**
 * A role's key, by AssumeRole. @param by the key that may assume it. @throws SourceError.
 * https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerole
 */
export function assumeRole(role: Role, by: OssCredentials, ports: SourcePorts): Promise<OssCredentials> {
  const parameters: Record<string, string> = {
    ...common('AssumeRole', role, ports),
    AccessKeyId: by.accessKeyId,
    ...(by.securityToken === undefined ? {} : { SecurityToken: by.securityToken }),
    SignatureMethod: 'HMAC-SHA1',
    SignatureVersion: '1.0',
    SignatureNonce: ports.newId(),
  }
  return askSts({ ...parameters, Signature: signatureOf(parameters, by.accessKeySecret) }, role, ports)
}

/**
 * A role's key, by AssumeRoleWithOIDC, which nobody signs: the token says who asks. @throws SourceError.
 * https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc
 */
export function assumeRoleWithOidc(
  role: Role,
  providerArn: string,
  token: string,
  ports: SourcePorts,
): Promise<OssCredentials> {
  const parameters = {
    ...common('AssumeRoleWithOIDC', role, ports),
    OIDCProviderArn: providerArn,
    OIDCToken: token,
  }
  return askSts(parameters, role, ports)
}

const common = (action: string, { arn, sessionName }: Role, { clock }: SourcePorts) => ({
  Action: action,
  Format: 'JSON',
  Version: '2015-04-01',
  Timestamp: new Date(clock()).toISOString().replace(/\.\d+/, ''),
  RoleArn: arn,
  RoleSessionName: sessionName,
  DurationSeconds: DURATION,
})

/** The signature of Alibaba Cloud's RPC API, version 1.0. https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism */
export function signatureOf(parameters: Readonly<Record<string, string>>, secret: string): string {
  const text = `POST&%2F&${encodeStrictly(formOf(parameters))}`
  return createHmac('sha1', `${secret}&`).update(text).digest('base64')
}

/** Parameters as the body of a form, sorted as they are signed. */
export const formOf = (parameters: Readonly<Record<string, string>>) =>
  Object.keys(parameters)
    .sort()
    .map((name) => `${encodeStrictly(name)}=${encodeStrictly(parameters[name] as string)}`)
    .join('&')

async function askSts(
  parameters: Readonly<Record<string, string>>,
  { sts: { protocol, host } }: Role,
  { ask }: SourcePorts,
): Promise<OssCredentials> {
  const who = `STS (${host})`
  const answer = await ask({
    method: 'POST',
    url: `${protocol}//${host}/`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    // All of it: a query is what proxies log.
    body: formOf(parameters),
    limit: LIMIT,
  })
  return answeredKey(answeredObject(answer, who).Credentials, who)
}
