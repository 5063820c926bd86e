import type { OssCall } from '../oss/call.ts'
import type { OssClient } from '../oss/client.ts'
import { isRedirection, OssError, OssWebsitePage } from '../oss/error.ts'
import type { HeaderMap } from '../ports.ts'
import { invalidRequest, notImplemented, S3Error } from '../s3/error.ts'
import type { S3Request } from '../s3/request.ts'
import { refuseSessionToken } from '../s3/signature.ts'
import { requestHeaders } from '../translate/request-headers.ts'
import type { Operation } from './operation.ts'

/** Query names of presigned URLs, by signature version; which of them make one is `authScheme`'s to say. */
const presignedV4 =
  /^x-amz-(?:algorithm|content-sha256|credential|date|expires|security-token|signature|signedheaders)$/i
const presignedV2 = /^(?:AWSAccessKeyId|Expires|Signature)$/

/**
 * Refuses what a request that nobody has signed cannot ask for: what is left of a signature, overrides of the answer's
 * headers (S3), and the owner of a bucket, for which the gateway would have to ask with its own key.
 * @throws S3Error AccessDenied, AuthorizationQueryParametersError, InvalidToken, InvalidRequest, NotImplemented.
 */
export function checkAnonymous(
  on: Operation['on'],
  { query, headers }: Pick<S3Request, 'query' | 'headers'>,
): void {
  for (const name of query.keys()) {
    if (presignedV4.test(name)) throw new S3Error('AuthorizationQueryParametersError')
    if (presignedV2.test(name)) {
      throw new S3Error('AccessDenied', {
        message: 'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters',
      })
    }
    if (on === 'object' && name.startsWith('response-')) {
      throw invalidRequest('Request specific response headers cannot be used for anonymous GET requests.')
    }
  }
  refuseSessionToken(headers['x-amz-security-token'])
  if (headers[OWNER] !== undefined) throw unsignedHeader(OWNER)
}

const OWNER = 'x-amz-expected-bucket-owner'

/** What OSS holds by the one unsigned PutObject that a form becomes. */
const written =
  /^(?:cache-control|content-[a-z0-9]+|expires|x-amz-(?:acl|tagging|storage-class|request-payer|sdk-checksum-algorithm|checksum-[a-z0-9]+|meta-.*|server-side-encryption.*))$/

/**
 * Refuses what a form without a policy cannot say, since it would take more calls to OSS than its own: conditions, owners,
 * locks, grants.
 * @param headers the form's fields as headers.
 * @throws S3Error NotImplemented.
 */
export function checkAnonymousWrite(headers: HeaderMap): void {
  for (const name in headers) {
    if (Object.hasOwn(requestHeaders, name) && !written.test(name)) throw unsignedHeader(name)
  }
}

const unsignedHeader = (name: string) =>
  notImplemented(
    name,
    'It takes another call to OSS, by a key of the gateway, and none is made for a request without a signature',
  )

/** Told the headers of an answer of OSS to what was forwarded, and whether it is a success. */
export type OnAnswer = (headers: HeaderMap, isSuccess: boolean) => void

/**
 * The client of OSS for one request that nobody has signed.
 * @param oss signs nothing.
 * @param headers the request's. Those by which OSS decides go with each call: on hotlinks, by the conditions of policies, and
 *   by CORS rules, where `cors` is true.
 * @param onAnswer called for each answer.
 */
export function forwarding(oss: OssClient, headers: HeaderMap, cors: boolean, onAnswer: OnAnswer): OssClient {
  const own: HeaderMap = {}
  for (const name of ['referer', 'user-agent', ...(cors ? ['origin'] : [])]) {
    if (headers[name] !== undefined) own[name] = headers[name]
  }
  const withOwn = (call: OssCall): OssCall => ({ ...call, headers: { ...call.headers, ...own } })
  async function seen<Answer extends { headers: HeaderMap }>(answering: Promise<Answer>): Promise<Answer> {
    try {
      const answer = await answering
      onAnswer(answer.headers, true)
      return answer
    } catch (error) {
      if (error instanceof OssError) onAnswer(error.headers, false)
      throw error
    }
  }
  const through = (other: OssClient) => forwarding(other, headers, cors, onAnswer)
  return {
    send: (call) => seen(oss.send(withOwn(call))),
    sendForXml: (call, root) => seen(oss.sendForXml(withOwn(call), root)),
    sendForList: (call, root, tables) =>
      seen(oss.sendForList(withOwn(call), root, tables)).catch((error) => {
        throw isOfWebsite(error) ? new OssWebsitePage({ cause: error }) : error
      }),
    learnRegion: (bucket, region) => oss.learnRegion(bucket, region),
    forgetRegion: (bucket) => oss.forgetRegion(bucket),
    once: () => through(oss.once()),
    observedBy: (observer) => through(oss.observedBy(observer)),
    identity: oss.identity,
  }
}

/** OSS's list of a bucket that exists is never a redirection or a 404: those are of its website. */
const isOfWebsite = (error: unknown) =>
  isRedirection(error) || (error instanceof OssError && error.status === 404 && error.code !== 'NoSuchBucket')
