import type { HeaderMap } from '../../ports.ts'
import { parseLenientXml, text, XmlError, type XmlNode } from '../../xml/index.ts'

/** What came back of a question over HTTP. */
export type Response = { status: number; headers: HeaderMap; body: Buffer }

/** Nothing came back. `code` is Node's (`ECONNREFUSED`), or `TIMEOUT`. */
export type Silence = { silence: string; code: string }

/** A certificate as the other end of a connection shows it. */
export type Certificate = {
  /** Milliseconds since the epoch. */
  validFrom: number
  validTo: number
  /** Why it is for other names than the one that was asked for; undefined: it is for that. */
  otherName: string | undefined
  /** Why nobody trusts it, as Node says; undefined: somebody this machine trusts has signed it. */
  untrusted: string | undefined
}

/** A connection that was made; without TLS there is no certificate. */
export type Connection = { address: string; certificate: Certificate | undefined }

/** Whether nothing came back. */
export const isSilent = (answer: object): answer is Silence => 'silence' in answer

/** An error document of S3's or OSS's; `Status403` where it is none. */
export type ServiceError = {
  status: number
  code: string
  message: string
  /** OSS's error-cause code. */
  ec: string | undefined
  /** The document itself. */
  document: XmlNode
}

/** The error of an answer, undefined for a success. */
export function errorOf({ status, headers, body }: Response): ServiceError | undefined {
  if (status < 300) return undefined
  const document = parsed(body.toString('utf8'), 'Error') ?? {}
  return {
    status,
    code: text(document, 'Code') ?? `Status${status}`,
    message: text(document, 'Message') ?? '',
    ec: text(document, 'EC') ?? headers['x-oss-ec'],
    document,
  }
}

/** A document of that root; undefined where the body is none. */
export function documentOf({ body }: Response, root: string): XmlNode | undefined {
  return parsed(body.toString('utf8'), root)
}

/** The id of an upload that a response says has begun; undefined where it says none. */
export const uploadIdOf = (response: Response): string | undefined =>
  text(documentOf(response, 'InitiateMultipartUploadResult') ?? {}, 'UploadId') || undefined

function parsed(body: string, root: string): XmlNode | undefined {
  try {
    return parseLenientXml(body, root)
  } catch (error) {
    if (error instanceof XmlError) return undefined
    throw error
  }
}

/** An answer in one line: `403 AccessDenied: …`. */
export function said(answer: Response | Silence): string {
  if (isSilent(answer)) return answer.silence
  const error = errorOf(answer)
  if (error === undefined) return String(answer.status)
  const { status, code, message, ec } = error
  return `${status} ${code}${message === '' ? '' : `: ${message}`}${ec === undefined ? '' : ` (${ec})`}`
}
