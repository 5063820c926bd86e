import type { Failure, HeaderMap, TimeLimit } from '../ports.ts'
import { parseLenientXml, text, XmlError } from '../xml/index.ts'

/** An answer of OSS that is not a success. `code` is `NotModified` for a bare 304. */
export class OssError extends Error {
  override name = 'OssError'
  readonly status: number
  readonly code: string
  /** The error-cause code, e.g. `0016-00000306`: more precise than `code`. */
  readonly ec: string | undefined
  readonly requestId: string | undefined
  /** The endpoint OSS names when the bucket lives in another region, e.g. `oss-cn-beijing.aliyuncs.com`. */
  readonly endpoint: string | undefined
  /** The bucket that is missing: on a copy it may be either. */
  readonly bucketName: string | undefined
  readonly headers: HeaderMap

  constructor(status: number, headers: HeaderMap, document: string) {
    const fields = parseErrorDocument(document)
    const code = fields.Code ?? (status === 304 ? 'NotModified' : `Status${status}`)
    super(fields.Message ?? `OSS answered ${status}`)
    this.status = status
    this.code = code
    this.ec = fields.EC ?? headers['x-oss-ec']
    this.requestId = fields.RequestId ?? headers['x-oss-request-id']
    this.endpoint = fields.Endpoint
    this.bucketName = fields.BucketName
    this.headers = headers
  }

  /** Whether what was asked for is a delete marker. */
  get isDeleteMarker(): boolean {
    return this.headers['x-oss-delete-marker'] === 'true'
  }
}

/** Error-cause codes (EC) of OSS, where its code says too little. https://www.alibabacloud.com/help/en/oss/user-guide/0002-00000226, and so on. */
export const errorCauses = {
  /** "Invalid signing region in Authorization header." */
  wrongSigningRegion: '0002-00000226',
  /** "Target object does not reside in the same data center as source object." */
  otherRegion: '0016-00000306',
  /** "The source of a copy request may not specifically refer to a delete marker by version id." */
  sourceIsDeleteMarker: '0016-00000307',
} as const

/** Whether OSS does not copy because the source is in another region than the destination. */
export const isOtherRegion = ({ ec, message }: { ec: string | undefined; message: string }): boolean =>
  ec === errorCauses.otherRegion || /not reside in the same data center/.test(message)

/** Whether OSS answers with a redirection: nothing of its API does, a rule of a bucket's website does. */
export const isRedirection = (error: unknown): error is OssError =>
  error instanceof OssError && error.status > 300 && error.status < 400 && error.status !== 304

/** By which OSS refuses who asks, before it looks at what is asked. */
const keyRefusals = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'SecurityTokenExpired',
  'InvalidSecurityToken',
  'AccessKeyIdAndSecurityTokenNotMatch',
])

/** Whether OSS refuses the gateway's key: another may do. */
export const isKeyRefused = (error: unknown): error is OssError =>
  error instanceof OssError && error.status === 403 && keyRefusals.has(error.code)

/** No answer came: connection refused, cut or timed out. Whether OSS acted is unknown, unless it is `not-sent`. */
export class OssUnreachable extends Error {
  override name = 'OssUnreachable'
  /** Its cause's. */
  readonly failure: Failure | undefined

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.failure = (options?.cause as { failure?: Failure } | undefined)?.failure
  }
}

/** No URL of this platform's names such a key. Nothing was sent, and nothing has failed: it is what was asked for. */
export class OssKeyUnaddressable extends OssUnreachable {
  override name = 'OssKeyUnaddressable'

  constructor() {
    const cause = failed(
      new Error('a key with a . or .. segment cannot be reached from Workers'),
      'unsendable',
    )
    super(cause.message, { cause })
  }
}

/** OSS has answered with a page of the bucket's website instead of the document asked for. So it does where nobody signs. */
export class OssWebsitePage extends Error {
  override name = 'OssWebsitePage'

  constructor(options?: { cause?: unknown }) {
    super("OSS answers with a page of the bucket's website", options)
  }
}

/** A transport's error, with why no answer came. */
export function failed<E extends Error>(error: E, failure: Failure): E {
  return Object.assign(error, { failure })
}

/** What a transport throws when a time limit strikes. @param what happened, or did not, within that time. */
export function timedOut(what: string, { ms, setting }: TimeLimit): Error {
  return failed(new Error(`${what} within ${ms / 1000} s (${setting})`), 'timeout')
}

const elements = ['Code', 'Message', 'EC', 'RequestId', 'Endpoint', 'BucketName'] as const

function parseErrorDocument(document: string): Partial<Record<(typeof elements)[number], string>> {
  try {
    const node = parseLenientXml(document, 'Error')
    return Object.fromEntries(
      elements.flatMap((name) => {
        const value = text(node, name)
        return value === undefined ? [] : [[name, value]]
      }),
    )
  } catch (error) {
    // A proxy's HTML page, or nothing at all: the status still says enough.
    if (error instanceof XmlError) return {}
    throw error
  }
}
