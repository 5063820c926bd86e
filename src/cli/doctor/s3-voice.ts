import { encodeStrictly } from '../../bytes/percent.ts'
import type { Client } from '../../config/index.ts'
import { encodePath } from '../../oss/sign.ts'
import { headerMap } from '../../ports.ts'
import type { Answers, Facts, Request } from './check.ts'
import type { Network } from './network.ts'
import { notInstalled } from './packages.ts'

/** Asks the gateway as an S3 client does. @param announced bytes of a body of which but the first come. */
export type S3Voice = (
  request: Request & { announced?: number | undefined },
  at: Facts['gateway'],
) => Promise<Answers['gateway']>

/**
 * A client of S3 whose requests `aws4` signs, which shares no code with the gateway.
 * @throws Error where the package is not there.
 */
export async function openS3Voice(network: Network, client: Client): Promise<S3Voice> {
  const { RequestSigner } = await import('aws4').then(
    (module) => module.default ?? module,
    notInstalled('aws4'),
  )
  return async ({ method, bucket, key, query = {}, headers = {}, body, announced }, at) => {
    const search = Object.entries(query).map(
      ([name, value]) => `${encodeStrictly(name)}=${encodeStrictly(value)}`,
    )
    const path = `/${bucket ?? ''}${key === undefined ? '' : `/${encodePath(key)}`}`
    const signer = new RequestSigner(
      {
        service: 's3',
        region: 'us-east-1',
        method,
        path: search.length === 0 ? path : `${path}?${search.join('&')}`,
        headers: {
          host: at.host,
          ...headers,
          ...(body === undefined ? {} : { 'content-type': 'application/octet-stream' }),
          ...(announced === undefined ? {} : { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }),
        },
        ...(body === undefined ? {} : { body }),
        // As most SDKs: a proxy may send a body on in another framing.
        extraHeadersToIgnore: { 'content-length': true },
      } as ConstructorParameters<typeof RequestSigner>[0],
      { accessKeyId: client.accessKeyId, secretAccessKey: client.secretAccessKeys[0] as string },
    )
    const signed = signer.sign()
    const sent = headerMap()
    for (const [name, value] of Object.entries(signed.headers ?? {})) sent[name.toLowerCase()] = String(value)
    const answer = await network.exchange({
      method,
      url: `${at.protocol}//${at.host}${signed.path}`,
      headers: sent,
      body,
      announced,
      name: at.name,
    })
    return 'silence' in answer ? answer : { ...answer, canonical: signer.canonicalString() }
  }
}
