import { encodeStrictly } from '../bytes/percent.ts'
import { headerMap, type OssCredentials, type OssResponse } from '../ports.ts'
import type { OssCall, OssClientPorts } from './call.ts'
import { answeredCall, type CallObserver, failedCall } from './call-record.ts'
import { OssError, OssUnreachable } from './error.ts'
import { bytesOf, textOf, wholeOf } from './read-body.ts'
import { urlBase } from './regions.ts'
import { encodePath, signV4 } from './sign.ts'

/**
 * Makes a call once, in a region, signed with a key or not at all, and tells an observer of it.
 * @throws OssError for any status of 300 and above; OssUnreachable when no answer came.
 */
export function attempt(
  ports: OssClientPorts,
  call: OssCall,
  region: string,
  credentials: OssCredentials | undefined,
  observer: CallObserver | undefined,
): Promise<OssResponse> {
  const { method, bucket, key, body, signal, answerTimeout } = call
  const now = ports.clock()
  const query = encodeQuery(call.query)
  const given = call.headers ?? {}
  const headers =
    credentials === undefined
      ? headerMap(given)
      : signV4({ method, bucket, key, query, headers: given, region }, credentials, now)
  if (body instanceof Uint8Array) headers['content-length'] = String(body.length)
  const search = query.length === 0 ? '' : `?${query.join('&')}`
  const url = `${urlBase(ports.endpoint, region, call)}${encodePath(key ?? '')}${search}`
  const anonymous = credentials === undefined
  // An observer is told in the steps that there are anyway: one of its own would cost each call a promise.
  const answered = (response: OssResponse): OssResponse => {
    observer?.onOssCall(answeredCall(ports, call, now, response))
    return response
  }
  const failing = (error: unknown): never => {
    observer?.onOssCall(failedCall(ports, call, now, error))
    throw error
  }
  return ports.transport({ method, url, headers, body, signal, anonymous, answerTimeout }).then(
    (response) => {
      if (response.status >= 300) return refused(response).catch(failing)
      // From a proxy, say: taken for OSS's it would acknowledge a write that was not stored.
      if (response.headers['x-oss-request-id'] === undefined) return notFromOss(response).catch(failing)
      const isEmpty =
        method === 'HEAD' || response.status === 204 || response.headers['content-length'] === '0'
      return isEmpty && wholeOf(response.body) === undefined
        ? readToEnd(response).then(answered, failing)
        : answered(response)
    },
    (cause) =>
      failing(new OssUnreachable(`no answer came from OSS: ${(cause as Error)?.message}`, { cause })),
  )
}

/** Reads an empty body to its end, which frees the connection. */
async function readToEnd(response: OssResponse): Promise<OssResponse> {
  await bytesOf(response.body)
  return response
}

async function notFromOss({ body }: OssResponse): Promise<never> {
  await bytesOf(body)
  throw new OssUnreachable(
    "no answer came from OSS: what answered has no x-oss-request-id, as all of OSS's do",
  )
}

async function refused(response: OssResponse): Promise<never> {
  const document = response.headers['x-oss-err']
  const body_ = await textOf(response.body)
  throw new OssError(
    response.status,
    response.headers,
    document === undefined ? body_ : decodeBase64(document),
  )
}

function encodeQuery(query: OssCall['query']): string[] {
  const encoded: string[] = []
  for (const name in query) {
    const value = query[name]
    if (value === undefined) continue
    encoded.push(value ? `${encodeStrictly(name)}=${encodeStrictly(value)}` : encodeStrictly(name))
  }
  return encoded
}

const decodeBase64 = (text: string) => Buffer.from(text, 'base64').toString('utf8')
