/** Scheme and host of a URL. */
export type Origin = {
  protocol: 'http:' | 'https:'
  /** With the port, without a bucket. */
  host: string
}

/** Where OSS is: the endpoint a request goes to, by its bucket and the region of that. */
export type Endpoint = Origin & {
  /** The region of requests whose bucket's region is not known, e.g. `cn-hangzhou`. */
  region: string
  /** The custom domains (CNAMEs) of buckets, by bucket. Each is bound to its one bucket, and requests to it do not name that. */
  domains?: ReadonlyMap<string, Origin> | undefined
}

/** What of a call decides where it goes. */
type Addressed = {
  method: string
  bucket?: string | undefined
  key?: string | undefined
  query?: Readonly<Record<string, unknown>> | undefined
}

// `vpc100-` is what internal endpoints were called in older networks.
const regional = /^(?:vpc100-)?oss-([a-z0-9-]+)\.aliyuncs\.com$/
const dualStack = /^([a-z]+(?:-[a-z0-9]+)+)\.oss\.aliyuncs\.com$/
// A region name comes from clients (LocationConstraint) and shapes a host name.
const regionName = /^[a-z]{2,}(-[a-z0-9]+)+$/

/** Whether a text can be the name of an OSS region; accepts no dots, slashes or anything else a host could hide in. */
export const isRegionName = (text: string) =>
  text.length <= 40 && regionName.test(text) && !text.endsWith('-internal')

/**
 * The regions of OSS that are known by name; there may be newer ones. Mumbai (ap-south-1) and Sydney (ap-southeast-2)
 * are closed. https://www.alibabacloud.com/help/en/oss/regions-and-endpoints
 */
export const knownRegions: readonly string[] =
  `cn-hangzhou cn-shanghai cn-nanjing cn-fuzhou cn-wuhan-lr cn-zhengzhou-jva cn-qingdao cn-beijing
  cn-zhangjiakou cn-huhehaote cn-wulanchabu cn-shenzhen cn-heyuan cn-guangzhou cn-chengdu cn-hongkong
  ap-northeast-1 ap-northeast-2 ap-southeast-1 ap-southeast-3 ap-southeast-5 ap-southeast-6 ap-southeast-7
  us-west-1 us-east-1 us-southeast-1 na-south-1 eu-central-1 eu-west-1 me-east-1 me-central-1 rg-china-mainland
  cn-hangzhou-finance cn-hzjbp cn-hzfinance cn-shanghai-finance-1 cn-shanghai-finance-1-pub cn-szfinance
  cn-shenzhen-finance-1 cn-szfinance-pub cn-beijing-finance-1 cn-beijing-finance-1-pub cn-north-2-gov-1`.split(
    /\s+/,
  )

/** `oss-cn-hangzhou` (as OSS reports locations) → `cn-hangzhou`. */
export const regionOfLocation = (location: string) => location.replace(/^oss-/, '')

const internal = /^(?:vpc100-oss-.+|oss-.+-internal)\.aliyuncs\.com$/

/** Whether only machines within Alibaba Cloud reach a host. */
export const isInternal = (host: string) => internal.test(withoutPort(host))

/** A host without its port. */
export const withoutPort = (host: string) => host.replace(/:\d+$/, '')

/** The region an OSS endpoint host names, or undefined for accelerate, other names and IP hosts. */
export function regionOfHost(host: string): string | undefined {
  const name = withoutPort(host)
  const [, region] = dualStack.exec(name) ?? regional.exec(name) ?? []
  if (region === undefined || region.startsWith('accelerate')) return undefined
  // cn-hzjbp has an internal endpoint for each of its zones, a and b.
  return region.replace(/(.)-internal$/, '$1').replace(/^cn-hzjbp-[ab]$/, 'cn-hzjbp')
}

/** IP addresses and localhost have no room for a bucket in the name. */
export const isPathStyle = (host: string) => /^(localhost|[\d.]+|\[[\da-f:.]+\])(:\d+)?$/i.test(host)

/**
 * The host for a region: the endpoint's own where it serves that region (or every region: accelerate,
 * a proxy's name, IP), else the region's public one; another region's internal host could not be reached.
 */
export function hostOfRegion(endpoint: Endpoint, region: string): string {
  if (region === endpoint.region || regionOfHost(endpoint.host) === undefined) return endpoint.host
  return publicHost(region)
}

const publicHost = (region: string) => `oss-${region}.aliyuncs.com`

const isAccelerate = (host: string) => /^oss-accelerate[a-z-]*\.aliyuncs\.com(?::\d+)?$/.test(host)

/** Sub-resources of a bucket that no custom domain is asked for, and no accelerate endpoint. */
const notByDomain = ['location', 'transferAcceleration']
const notAccelerated = [...notByDomain, 'bucketInfo']

/**
 * Whether a call is about a bucket's being and its place: ListBuckets, PutBucket, DeleteBucket, GetBucketLocation, and what
 * switches acceleration. A custom domain and the accelerate endpoints lead to a bucket that is there, in a region that the
 * signature has to name already; the latter only to one whose acceleration is on. The regions' own endpoints take these.
 */
function isAboutBuckets(
  { method, bucket, key, query = {} }: Addressed,
  subresources: readonly string[],
): boolean {
  if (bucket === undefined) return true
  if (key !== undefined) return false
  const [name] = Object.keys(query)
  return name === undefined ? method === 'PUT' || method === 'DELETE' : subresources.includes(name)
}

/**
 * The beginning of a call's URL, which the key follows.
 * @param region that of its bucket, or the endpoint's.
 */
export function urlBase(endpoint: Endpoint, region: string, call: Addressed): string {
  const { bucket } = call
  const domain = bucket === undefined ? undefined : endpoint.domains?.get(bucket)
  if (domain !== undefined && !isAboutBuckets(call, notByDomain)) return `${domain.protocol}//${domain.host}/`
  const { protocol } = endpoint
  const toRegion = isAccelerate(endpoint.host) && isAboutBuckets(call, notAccelerated)
  const host = toRegion ? publicHost(region) : hostOfRegion(endpoint, region)
  if (bucket === undefined) return `${protocol}//${host}/`
  return isPathStyle(host) ? `${protocol}//${host}/${bucket}/` : `${protocol}//${bucket}.${host}/`
}
