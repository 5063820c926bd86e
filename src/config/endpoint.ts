import {
  type Endpoint,
  isPathStyle,
  isRegionName,
  knownRegions,
  type Origin,
  regionOfHost,
  withoutPort,
} from '../oss/regions.ts'
import { nearest } from './spelling.ts'
import { isHostName, isIp, isLoopback, redacted } from './values.ts'

const DEFAULT_REGION = 'cn-hangzhou'

/** What the settings say of where OSS is. */
export type EndpointSettings = {
  endpoint: string | undefined
  region: string | undefined
  /** Another mistake, reported already, explains why there is no region. */
  regionReported: boolean
}

/** The endpoint of the embedded OSS: it serves every region, and the host is never connected to. */
export const embeddedEndpoint = (): Endpoint => ({
  protocol: 'https:',
  host: `oss-${DEFAULT_REGION}.aliyuncs.com`,
  region: DEFAULT_REGION,
})

/**
 * `OSS_ENDPOINT` and `OSS_REGION` → where OSS is.
 * @param problems what is certainly wrong is added here, a line each;
 * @param warnings and here what probably is.
 */
export function parseEndpoint(settings: EndpointSettings, problems: string[], warnings: string[]): Endpoint {
  const region = parseRegion(settings.region, problems)
  const address = settings.endpoint === undefined ? undefined : parseAddress(settings.endpoint, problems)
  const named = address === undefined ? undefined : regionOfHost(address.host)
  const fallback = region ?? named ?? DEFAULT_REGION
  if (address === undefined) {
    const complete = region !== undefined || settings.region !== undefined
    if (!complete && settings.endpoint === undefined && !settings.regionReported)
      problems.push('OSS_REGION is missing: the region of your buckets, such as cn-hangzhou')
    if (settings.endpoint === undefined) checkKnown('OSS_REGION', region, problems)
    return { protocol: 'https:', host: `oss-${fallback}.aliyuncs.com`, region: fallback }
  }
  const { protocol, host } = address
  if (named !== undefined) {
    if (region === undefined) checkKnown('OSS_ENDPOINT', named, problems)
    else if (region !== named)
      problems.push(
        `OSS_ENDPOINT is of the region ${named}, but OSS_REGION is ${region}: they must be the same`,
      )
    else if (!knownRegions.includes(region))
      warnings.push(`OSS is not known to have a region ${region}: it may be a new one`)
  } else if (settings.region === undefined && !isPathStyle(host)) {
    if (!settings.regionReported)
      problems.push(
        `OSS_REGION is missing: OSS_ENDPOINT ${host} does not name a region, and requests are signed for one`,
      )
  } else if (host.endsWith('.aliyuncs.com')) checkKnown('OSS_REGION', region, problems)
  if (named === undefined && !isPathStyle(host) && !host.endsWith('.aliyuncs.com'))
    warnings.push(
      `OSS_ENDPOINT ${host} is no endpoint of OSS itself: buckets are asked for as BUCKET.${host}. A custom domain (CNAME), which is bound to one bucket, belongs into endpoints in the settings document`,
    )
  return { protocol, host, region: fallback }
}

function parseRegion(text: string | undefined, problems: string[]): string | undefined {
  const region = text?.replace(/^oss-/, '')
  if (region === undefined || isRegionName(region)) return region
  const internal = region.endsWith('-internal') && isRegionName(region.replace(/-internal$/, ''))
  problems.push(
    `OSS_REGION is ${redacted(text as string)}: it must be a region's id, such as cn-hangzhou${
      internal ? `; that it is internal is for OSS_ENDPOINT to say: https://oss-${region}.aliyuncs.com` : ''
    }`,
  )
  return undefined
}

/** A region that only one of the two settings names must be known: it may be a slip, or another cloud's. */
function checkKnown(
  name: 'OSS_REGION' | 'OSS_ENDPOINT',
  region: string | undefined,
  problems: string[],
): void {
  if (region === undefined || knownRegions.includes(region)) return
  const meant = nearest(region, knownRegions)
  problems.push(
    `${name} names the region ${region}, which OSS is not known to have${meant ? ` (did you mean ${meant}?)` : ''}: if it is a new one, set both OSS_REGION=${region} and OSS_ENDPOINT=https://oss-${region}.aliyuncs.com`,
  )
}

function parseAddress(text: string, problems: string[]): Origin | undefined {
  const wrong = (why: string) => {
    problems.push(`OSS_ENDPOINT is ${redacted(text)}: ${why}`)
    return undefined
  }
  const origin = parseOrigin(text, 'https://oss-cn-hangzhou.aliyuncs.com')
  if (typeof origin === 'string') return wrong(origin)
  const [name = '', port] = origin.host.split(/:(\d+)$/)
  const why = whyNotOss(name)
  if (why !== undefined) return wrong(why)
  if (
    name.endsWith('.aliyuncs.com') &&
    port !== undefined &&
    port !== (origin.protocol === 'http:' ? '80' : '443')
  )
    return wrong('OSS listens on port 443 for https and on 80 for http')
  return origin
}

/**
 * Scheme and host of a setting, https where it names none; a port that is named is part of the host.
 * @param example what it must be like, for the message.
 * @returns what is wrong with it, where it is neither.
 */
export function parseOrigin(text: string, example: string): Origin | string {
  const [, scheme = 'https', name = '', port = ''] =
    /^(?:(https?):\/\/)?([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?\/?$/i.exec(text) ?? []
  const host = name.toLowerCase()
  if (host === '') return `it must be like ${example}, without a bucket, a path or keys`
  if (port !== '' && (Number(port) < 1 || Number(port) > 65_535)) return 'there is no such port'
  if (!isHostName(host) && !isIp(host.replace(/^\[(.*)\]$/, '$1')))
    return 'that is neither a host name nor an address'
  return {
    protocol: scheme.toLowerCase() === 'http' ? 'http:' : 'https:',
    host: port === '' ? host : `${host}:${port}`,
  }
}

/** Object stores that are not OSS, and do not speak its protocol. */
const otherClouds =
  /(?:^|\.)(?:amazonaws\.com(?:\.cn)?|googleapis\.com|windows\.net|myqcloud\.com|myhuaweicloud\.com|bcebos\.com|volces\.com|r2\.cloudflarestorage\.com|backblazeb2\.com|wasabisys\.com|digitaloceanspaces\.com|scw\.cloud|linodeobjects\.com|oraclecloud\.com|appdomain\.cloud|qiniucs\.com|cmecloud\.cn|cloud\.ovh\.net|ksyuncs\.com|jdcloud-oss\.com|yandexcloud\.net|contabostorage\.com|tigris\.dev)$/
const webPages = /(?:^|\.)(?:aliyun\.com|alibabacloud\.com|aliyun-inc\.com)$/
/** Whether a host belongs to another object store or to Alibaba Cloud's web pages. */
export const isOtherService = (host: string) =>
  otherClouds.test(withoutPort(host)) || webPages.test(withoutPort(host))
/** OSS's own names that serve every bucket: regional, accelerate, dual-stack, PrivateLink and the accelerator's. */
const ossNames =
  /^(?:(?:vpc100-)?oss(?:-[a-z0-9-]+)?|[a-z]+(?:-[a-z0-9]+)+\.oss|[a-z0-9-]+\.oss\.[a-z0-9-]+\.privatelink|[a-z0-9-]+\.oss-data-acc)\.aliyuncs\.com$/

/** Why a host cannot be an endpoint of OSS, or undefined. */
function whyNotOss(host: string): string | undefined {
  if (otherClouds.test(host))
    return "that is another service's; an endpoint of OSS is like https://oss-cn-hangzhou.aliyuncs.com"
  if (webPages.test(host))
    return 'that is a web page of Alibaba Cloud; an endpoint of OSS is like https://oss-cn-hangzhou.aliyuncs.com'
  if (host === 'aliyuncs.com') return 'an endpoint of OSS is like https://oss-cn-hangzhou.aliyuncs.com'
  if (!host.endsWith('.aliyuncs.com') || ossNames.test(host)) return undefined
  const [, before = '', own = ''] =
    /^(.+?)\.((?:oss-[a-z0-9-]+|[a-z]+(?:-[a-z0-9]+)+\.oss|oss)\.aliyuncs\.com)$/.exec(host) ?? []
  if (before === 's3')
    return `that is OSS's S3-compatible endpoint, and the gateway speaks OSS's own protocol: it must be https://${own}`
  if (before !== '')
    return `it names the bucket ${before}: it must be https://${own}, which serves every bucket`
  return 'that is no endpoint of OSS, which is like https://oss-cn-hangzhou.aliyuncs.com'
}

/** Whether the gateway would ask itself. @param listen its host and its ports. */
export function isOwnAddress(
  { protocol, host }: Origin,
  listen: { host: string; port: number; adminPort: number | undefined },
): boolean {
  const [, name = '', port = protocol === 'http:' ? 80 : 443] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(host) ?? []
  const bare = name.replace(/^\[(.*)\]$/, '$1')
  const isHere = isLoopback(bare) || ['0.0.0.0', '::', listen.host.toLowerCase()].includes(bare)
  return isHere && [listen.port, listen.adminPort].includes(Number(port))
}
