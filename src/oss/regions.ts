/** Where OSS is: the endpoint a request goes to, by the region of its bucket. */
export type Endpoint = {
  protocol: 'http:' | 'https:'
  /** With the port, without a bucket. */
  host: string
  /** The region of requests whose bucket's region is not known, e.g. `cn-hangzhou`. */
  region: string
}

const regional = /^oss-([a-z0-9-]+?)(-internal)?\.aliyuncs\.com$/
// A region name comes from clients (LocationConstraint) and shapes a host name.
const regionName = /^[a-z]{2,}(-[a-z0-9]+)+$/

/** Whether a text can be the name of an OSS region; accepts no dots, slashes or anything else a host could hide in. */
export const isRegionName = (text: string) =>
  text.length <= 40 && regionName.test(text) && !text.endsWith('-internal')

/** `oss-cn-hangzhou` (as OSS reports locations) → `cn-hangzhou`. */
export const regionOfLocation = (location: string) => location.replace(/^oss-/, '')

/** The region an OSS endpoint host names, or undefined for accelerate, CNAME and IP hosts. */
export function regionOfHost(host: string): string | undefined {
  const region = regional.exec(host.replace(/:\d+$/, ''))?.[1]
  return region === undefined || region.startsWith('accelerate') ? undefined : region
}

/** IP addresses and localhost have no room for a bucket in the name. */
export const isPathStyle = (host: string) => /^(localhost|[\d.]+|\[[\da-f:.]+\])(:\d+)?$/i.test(host)

/**
 * The host for a region: the endpoint's own where it serves that region (or every region: accelerate,
 * CNAME, IP), else the region's public one; another region's internal host could not be reached.
 */
export function hostOfRegion(endpoint: Endpoint, region: string): string {
  if (region === endpoint.region || regionOfHost(endpoint.host) === undefined) return endpoint.host
  return `oss-${region}.aliyuncs.com`
}
