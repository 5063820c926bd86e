import { OssError, OssKeyUnaddressable, OssUnreachable, OssWebsitePage } from '../oss/error.ts'
import type { Incoming, Reply } from '../ports.ts'
import { renderError, S3Error } from '../s3/error.ts'
import { parseRequest } from '../s3/request.ts'
import { toS3Error, unreachable, websitePage } from '../translate/errors.ts'
import { XmlError } from '../xml/index.ts'

/**
 * Any error as S3's: the last step of a request that has failed.
 * @param domains base domains of virtual-hosted style, by which the request is read again for what it is about.
 */
export function asS3Error(error: unknown, incoming: Incoming, domains: readonly string[]): S3Error {
  if (error instanceof S3Error) return error
  if (error instanceof OssError) {
    const { method, bucket, key, query } = parseRequest(incoming, domains)
    const [versionId, uploadId] = [query.get('versionId'), query.get('uploadId')]
    return toS3Error(error, { method, bucket, key, versionId, uploadId })
  }
  if (error instanceof OssWebsitePage) return websitePage(error)
  // A client's document is parsed where it is read: any other XML that cannot be read is OSS's.
  if (error instanceof OssUnreachable || error instanceof XmlError) return unreachable(error)
  return new S3Error('InternalError', { cause: error })
}

/**
 * The reply of an error: S3's error document, or headers only for HEAD.
 * @param hostId the id of OSS's request, where it is OSS's error.
 */
export function errorReply(error: S3Error, method: string, requestId: string, hostId = requestId): Reply {
  const headers = {
    ...error.headers,
    'x-amz-request-id': requestId,
    'x-amz-id-2': hostId,
    'content-type': 'application/xml',
  }
  if (method === 'HEAD') return { status: error.status, headers }
  return { status: error.status, headers, body: renderError(error, requestId, hostId) }
}

/**
 * Whether an error is logged: those of the gateway and of OSS are, a client's mistakes and 404s are not. Nor is what is
 * beyond a limit of the gateway's own: that works as it was set, and whoever sends too much would fill the log.
 */
export const isLogged = ({ status, code, cause }: S3Error): boolean =>
  status >= 500 &&
  (code !== 'SlowDown' || cause !== undefined) &&
  (code !== 'NotImplemented' || (cause instanceof OssUnreachable && !(cause instanceof OssKeyUnaddressable)))

/** The facts of a failure's log line: its chain of causes, a stack where it is unexpected; never a header or a body. */
export function logFacts(error: unknown): Record<string, unknown> {
  const causes: string[] = []
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const detail =
      cause instanceof OssError
        ? ` ${cause.status} ${cause.code} ${cause.ec ?? ''} ${cause.requestId ?? ''}`
        : ''
    causes.push(`${cause.name}:${detail} ${cause.message}`)
  }
  const unexpected =
    error instanceof Error &&
    !(error instanceof S3Error || error instanceof OssError || error instanceof OssUnreachable)
  return { causes, ...(unexpected ? { stack: error.stack } : {}) }
}
