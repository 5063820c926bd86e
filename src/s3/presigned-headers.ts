import { type HeaderMap, headerMap } from '../ports.ts'
import { carriesChecksum } from './checksum.ts'
import { invalidArgument } from './error.ts'
import type { S3Request } from './request.ts'

const authParameters = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signedheaders',
  'x-amz-signature',
  'x-amz-security-token',
  'x-amz-content-sha256',
])
const aboutBody = new Set(['x-amz-sdk-checksum-algorithm', 'x-amz-trailer', 'x-amz-decoded-content-length'])

/**
 * Whether a query parameter of a presigned request stands for the header of its name. Those about the body's bytes do
 * not: the JavaScript presigner writes the checksum of an empty body, and S3 does not check it.
 */
export const standsForHeader = (name: string) =>
  name.startsWith('x-amz-') && !authParameters.has(name) && !aboutBody.has(name) && !carriesChecksum(name)

/**
 * The headers with those query parameters among them that stand for headers.
 * @param stands whether a name, in lower case, does.
 * @throws S3Error InvalidArgument when one could be no header, or the header itself says something else.
 */
export function withHoisted(
  { headers, parameters }: S3Request,
  stands: (name: string) => boolean = standsForHeader,
): HeaderMap {
  let hoisted: HeaderMap | undefined
  for (const [parameter, value] of parameters) {
    const name = parameter.toLowerCase()
    if (!stands(name)) continue
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what no header may contain
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
      throw invalidArgument('The query parameter cannot stand for a header.', parameter)
    }
    hoisted ??= headerMap()
    hoisted[name] = hoisted[name] === undefined ? value : `${hoisted[name]},${value}`
  }
  if (hoisted === undefined) return headers
  for (const name in hoisted) {
    if (headers[name] !== undefined && headers[name] !== hoisted[name]) {
      throw invalidArgument('The header and the query parameter of this name differ.', name, headers[name])
    }
  }
  return Object.assign(headerMap(headers), hoisted)
}
