import { isIPv4 } from 'node:net'
import { invalidArgument } from '../errors.ts'
import { isPrivateAddress } from './private-address.ts'

/** What is to be posted when an upload is whole, and to whom. */
export type Callback = {
  /** Asked one after the other until one answers well; whole, with their scheme. */
  urls: readonly URL[]
  /** The `Host` header, where that is not the URL's. */
  host: string | undefined
  /** With variables as `${size}`. */
  body: string
  type: 'application/x-www-form-urlencoded' | 'application/json'
  /** Whether a TLS connection says which host is meant. */
  sni: boolean
  /** The client's own, as `x:name`. */
  variables: Readonly<Record<string, string>>
}

/** OSS's limits (https://help.aliyun.com/en/oss/developer-reference/callback, EC 0007-00000005). */
const MAX_PARAMETER = 5 * 1024
const MAX_URLS = 5

/** What a callback's parameter holds: a name among the bucket's callback policies, or a callback. */
type Parameter = { [name: string]: unknown }

/**
 * Reads `x-oss-callback` and `x-oss-callback-var`.
 * @param encoded base64 of JSON.
 * @param variables the same, of `x:` names.
 * @param publicAddressesAlone whether private addresses are refused, as OSS refuses them.
 * @returns undefined where there is no URL: then nobody is called.
 * @throws OssError InvalidArgument with OSS's error causes.
 */
export function parseCallback(
  encoded: string,
  variables: string | undefined,
  publicAddressesAlone: boolean,
): Callback | undefined {
  const { callbackUrl, callbackHost, callbackBody, callbackBodyType, callbackSNI } = decodeCallback(encoded)
  if (callbackUrl === undefined || callbackUrl === '') return undefined
  const type = callbackBodyType ?? 'application/x-www-form-urlencoded'
  if (type !== 'application/x-www-form-urlencoded' && type !== 'application/json') {
    throw invalid('The callbackBodyType is invalid.', 'callbackBodyType', type, '0007-00000012')
  }
  if (typeof callbackBody !== 'string' || callbackBody === '') {
    throw invalid('The callbackBody is invalid.', 'callbackBody', callbackBody)
  }
  if (callbackHost !== undefined && (typeof callbackHost !== 'string' || !/^[\w.:-]*$/.test(callbackHost))) {
    throw invalid('The callbackHost is invalid.', 'callbackHost', callbackHost)
  }
  return {
    urls: parseUrls(callbackUrl, publicAddressesAlone),
    host: callbackHost || undefined,
    body: callbackBody,
    type,
    sni: callbackSNI === true,
    variables: variables === undefined ? {} : decodeVariables(variables),
  }
}

/** The JSON of a callback's parameter. @throws OssError InvalidArgument. */
export function decodeCallback(encoded: string): Parameter {
  return decode(encoded, 'callback', 'The callback configuration is not json format.', '0007-00000003')
}

/** Names that are none of the client's OSS passes over (a test of the Python SDK sends such). */
function decodeVariables(encoded: string): Record<string, string> {
  const message = 'The callback-var configuration is not json format.'
  const variables = decode(encoded, 'callback-var', message, '0007-00000103')
  const own = Object.entries(variables).filter(([name]) => name.startsWith('x:'))
  return Object.fromEntries(own.map(([name, value]) => [name, String(value)]))
}

function decode(encoded: string, name: string, message: string, ec: string): Parameter {
  if (encoded.length > MAX_PARAMETER) throw invalid(`The ${name} parameter is too long.`, name, undefined)
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Parameter
  } catch {
    // No JSON, as below.
  }
  throw invalid(message, name, text, ec)
}

function parseUrls(list: unknown, publicAddressesAlone: boolean): URL[] {
  const texts = typeof list === 'string' ? list.split(';').filter((text) => text !== '') : []
  if (texts.length > MAX_URLS)
    throw invalid('The callbackUrl is too many.', 'callbackUrl', list, '0007-00000005')
  const urls = texts.map((text) => (/^https?:\/\//i.test(text) ? text : `http://${text}`))
  if (urls.length === 0 || !urls.every((url) => URL.canParse(url))) {
    throw invalid('The callbackUrl is invalid.', 'callbackUrl', list, '0007-00000004')
  }
  const parsed = urls.map((url) => new URL(url))
  // OSS calls by IPv4 alone.
  const isRefused = ({ hostname }: URL) =>
    hostname.startsWith('[') || (isIPv4(hostname) && isPrivateAddress(hostname))
  if (publicAddressesAlone && parsed.some(isRefused)) {
    throw invalid('Private address is forbidden to callback.', 'callbackUrl', list, '0007-00000008')
  }
  return parsed
}

const invalid = (message: string, name: string, value: unknown, ec?: string) =>
  invalidArgument(message, name, typeof value === 'string' ? value : JSON.stringify(value), ec)
