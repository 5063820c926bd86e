import { signUtils } from '../test/oss-signer.ts'

/** What the gateways under test sign with. */
export const identity = {
  accessKeyId: 'bench-oss',
  accessKeySecret: 'bench-oss-secret',
  region: 'cn-hangzhou',
}

/** Whether a request's head, as text, carries the OSS V4 signature it should. */
export function isSigned(head: string): boolean {
  const [requestLine = '', ...lines] = head.split('\r\n')
  const [method = '', target = ''] = requestLine.split(' ')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const [path = '', search = ''] = target.split(/\?(.*)/s)
  const [, bucket, key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? []
  const queries: Record<string, string | null> = {}
  for (const pair of search.split('&').filter(Boolean)) {
    const [name = '', value] = pair.split(/=(.*)/s)
    queries[decodeURIComponent(name)] = value === undefined ? null : decodeURIComponent(value)
  }
  const { accessKeyId, accessKeySecret, region } = identity
  // An old date signs well too.
  const age = Date.now() - Date.parse(isoOf(headers['x-oss-date'] ?? ''))
  const expected = signUtils.authorizationV4(
    accessKeyId,
    accessKeySecret,
    region,
    method,
    { headers, queries },
    bucket,
    decodeURIComponent(key),
  )
  return Math.abs(age) < 900_000 && headers.authorization === expected
}

/** `20251120T080000Z` as a date that can be parsed. */
const isoOf = (basic: string) =>
  basic.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
