import { errorCauses } from '../../oss/error.ts'
import {
  type Endpoint,
  isPathStyle,
  isRegionName,
  regionOfHost,
  regionOfLocation,
  urlBase,
} from '../../oss/regions.ts'
import { encodePath } from '../../oss/sign.ts'
import { type HeaderMap, headerMap, type OssCredentials } from '../../ports.ts'
import { text } from '../../xml/index.ts'
import type { Request } from './check.ts'
import { documentOf, errorOf, isSilent, type Response, type Silence } from './http-response.ts'
import type { Network } from './network.ts'
import { notInstalled } from './packages.ts'

/** Asks OSS as one of its clients does. @param region that of the bucket, where it is known. */
export type OssVoice = (request: Request, region?: string) => Promise<Response | Silence>

/** What of ali-oss is used, and its types do not know. */
type AliOss = {
  request(params: {
    method: string
    bucket?: string | undefined
    object?: string | undefined
    subres: Readonly<Record<string, string>>
    headers: HeaderMap
    content?: Buffer | undefined
  }): Promise<unknown>
}
type Sent = { method: string; headers: Readonly<Record<string, unknown>>; content?: Buffer }

/**
 * A client of OSS whose requests `ali-oss` signs and addresses, which shares no code with the gateway.
 * @throws Error where the package is not there.
 */
export async function openOssVoice(
  network: Network,
  endpoint: Endpoint,
  { accessKeyId, accessKeySecret, securityToken }: OssCredentials,
): Promise<OssVoice> {
  const { default: OSS } = await import('ali-oss').catch(notInstalled('ali-oss'))
  const regions = new Map<string, string>()

  async function ask(request: Request, region: string): Promise<Response | Silence> {
    const { method, bucket, key, query = {}, headers = {}, body } = request
    const { origin, hostname } = originOf(endpoint, region, request)
    let answer: Response | Silence = { silence: 'nothing was sent', code: '' }
    const client = new OSS({
      accessKeyId,
      accessKeySecret,
      // Without the interval ali-oss warns on the console that nobody renews it.
      ...(securityToken === undefined
        ? {}
        : { stsToken: securityToken, refreshSTSTokenInterval: 0x7fffffff }),
      endpoint: origin,
      region: `oss-${region}`,
      authorizationV4: true,
      cname: bucket !== undefined && endpoint.domains?.get(bucket) !== undefined,
      sldEnable: isPathStyle(hostname),
      urllib: {
        request: async (url: string, { method, headers, content }: Sent) => {
          const sent = headerMap()
          for (const [name, value] of Object.entries(headers)) sent[name.toLowerCase()] = String(value)
          // Of an address ali-oss makes a bucket's name under aliyuncs.com; it is not signed.
          delete sent.host
          answer = await network.exchange({ method, url, headers: sent, body: content })
          return isSilent(answer) ? { status: 0, headers: {}, data: '' } : { ...answer, data: answer.body }
        },
      },
    } as unknown as ConstructorParameters<typeof OSS>[0]) as unknown as AliOss
    await client.request({
      method,
      bucket,
      object: key,
      subres: query,
      headers: { ...headers },
      content: body,
    })
    return answer
  }

  /** The region of a bucket, where the answer says that it is another one than was asked or signed for. */
  async function otherRegion(bucket: string, answer: Response, region: string): Promise<string | undefined> {
    if (errorOf(answer)?.ec !== errorCauses.wrongSigningRegion) return regionNamed(answer)
    // A host that serves all regions names none, but says where a bucket is to whoever asks that.
    const where = await ask({ method: 'GET', bucket, query: { location: '' } }, region)
    return isSilent(where) ? undefined : regionNamed(where)
  }

  return async (request, known) => {
    const { bucket } = request
    const region = known ?? regions.get(bucket ?? '') ?? endpoint.region
    const answer = await ask(request, region)
    if (isSilent(answer) || bucket === undefined) return answer
    const actual = await otherRegion(bucket, answer, region)
    // The name becomes part of a host's.
    if (actual === undefined || actual === region || !isRegionName(actual)) return answer
    regions.set(bucket, actual)
    return ask(request, actual)
  }
}

/** The region that an answer names as the bucket's. */
function regionNamed(answer: Response): string | undefined {
  const error = errorOf(answer)
  if (error !== undefined) return regionOfHost(text(error.document, 'Endpoint') ?? '')
  const location = documentOf(answer, 'LocationConstraint')
  return location && regionOfLocation(text(location, '#text') ?? '')
}

/** Where a call goes, without its bucket. */
function originOf(endpoint: Endpoint, region: string, { method, bucket, key, query = {} }: Request) {
  const { protocol, host, hostname } = new URL(urlBase(endpoint, region, { method, bucket, key, query }))
  const own = bucket !== undefined && host.startsWith(`${bucket}.`) && !endpoint.domains?.has(bucket)
  return { origin: `${protocol}//${own ? host.slice(bucket.length + 1) : host}`, hostname }
}

/** The header that names the source of a copy. */
export const copySource = (bucket: string, key: string) => `/${bucket}/${encodePath(key)}`
