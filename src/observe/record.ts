import type { CallObserver, OssCallRecord } from '../oss/call-record.ts'
import type { HeaderMap, Incoming, Peer } from '../ports.ts'

/** What there is to tell of one request; its steps fill it in. Times are in milliseconds. */
export type RequestRecord = {
  readonly requestId: string
  /** When the request's header had come, since the epoch. */
  readonly time: number
  readonly method: string
  /** Path and query as received: a presigned URL's signature is in it. */
  readonly target: string
  readonly headers: HeaderMap
  readonly peer: Peer | undefined
  /** S3's name for it; undefined where it is none. */
  operation: string | undefined
  /** Of the key whose signature was valid. */
  accessKeyId: string | undefined
  /** The short-lived key of it that was used, and the one that it was given; absent: none. */
  session: SessionName | undefined
  issued: SessionName | undefined
  signature: Signature | undefined
  bucket: string | undefined
  key: string | undefined
  versionId: string | undefined
  /** Which upstream is asked; undefined: that of the environment. */
  upstream: string | undefined
  /** Of what the settings map: its names in OSS. */
  ossBucket: string | undefined
  ossKey: string | undefined
  copySource: ObjectName | undefined
  /** What DeleteObjects was asked to delete, object by object. */
  batch: readonly BatchEntry[] | undefined
  /** How a copy was done, or was being done when it failed. */
  copyRoute: CopyRoute | undefined
  /** Bytes that it copies, of a part those of the part, where they are known: a native copy need not know them. */
  bytesCopied: number | undefined
  status: number
  /** S3's, also of an error behind a 200 that had begun. */
  errorCode: string | undefined
  /** Bytes of the object, where the request or its answer says so. */
  objectSize: number | undefined
  oss: OssSummary
  /** Bytes of bodies; absent where the platform does not tell. */
  bytesReceived: number | undefined
  bytesSent: number | undefined
  /** Until the answer began. */
  turnAroundTime: number
  /** Until it had been sent, or no longer could be. */
  totalTime: number
}

/** What tells a short-lived key from others. @property name as AssumeRole was told. */
export type SessionName = { accessKeyId: string; name: string | undefined }
export type ObjectName = { bucket: string; key: string; versionId: string | undefined }
/** @property errorCode S3's, where it was not deleted. */
export type BatchEntry = { key: string; versionId: string | undefined; errorCode: string | undefined }
export type CopyRoute = 'native' | 'parts' | 'relay'
export type Signature = {
  version: 'SigV2' | 'SigV4'
  type: 'AuthHeader' | 'QueryString' | 'PostForm'
  /** Which of the key's two secrets has signed, from 1, by the order of the settings; undefined for a key with one. */
  secret: number | undefined
}

/** @param secret which of a key's secrets has signed, from 0. @returns it as {@link Signature} has it. */
export const secretNumber = (secrets: readonly string[], secret: number): Signature['secret'] =>
  secrets.length > 1 ? secret + 1 : undefined

/** Of a request's calls to OSS together, since a large copy makes thousands. */
export type OssSummary = {
  calls: number
  /** Until OSS began its answers, in sum. */
  time: number
  /** Of the last call. */
  requestId: string | undefined
  /** OSS's error code and the more precise EC, of the last call that was refused. */
  errorCode: string | undefined
  ec: string | undefined
  /** How often calls were made again, and why, each reason once. */
  retries: number
  retryReasons: readonly string[]
}

/** Whoever is told of requests when they are over, and of calls to OSS. It must not throw. */
export type Observer = Pick<CallObserver, 'onRetry'> & {
  onRequest(record: RequestRecord): void
  /** @param record of the request that it is made for; absent: for none. */
  onOssCall(call: OssCallRecord, record?: RequestRecord): void
}

/** An observer of requests alone. */
export const requestObserver = (onRequest: Observer['onRequest']): Observer => ({
  onRequest,
  onOssCall: () => {},
  onRetry: () => {},
})

/** The record of a request that has begun. */
export function beginRecord(
  { method, target, headers, peer }: Pick<Incoming, 'method' | 'target' | 'headers' | 'peer'>,
  requestId: string,
  time: number,
): RequestRecord {
  return {
    requestId,
    time,
    method,
    target,
    headers,
    peer: peer?.(),
    operation: undefined,
    accessKeyId: undefined,
    session: undefined,
    issued: undefined,
    signature: undefined,
    bucket: undefined,
    key: undefined,
    versionId: undefined,
    upstream: undefined,
    ossBucket: undefined,
    ossKey: undefined,
    copySource: undefined,
    batch: undefined,
    copyRoute: undefined,
    bytesCopied: undefined,
    status: 0,
    errorCode: undefined,
    objectSize: undefined,
    oss: {
      calls: 0,
      time: 0,
      requestId: undefined,
      errorCode: undefined,
      ec: undefined,
      retries: 0,
      retryReasons: [],
    },
    bytesReceived: undefined,
    bytesSent: undefined,
    turnAroundTime: 0,
    totalTime: 0,
  }
}

/** Adds a call to the summary of its request's. */
export function addCall(oss: OssSummary, { time, requestId, errorCode, ec }: OssCallRecord): void {
  oss.calls++
  oss.time += time
  oss.requestId = requestId ?? oss.requestId
  if (errorCode === undefined) return
  oss.errorCode = errorCode
  oss.ec = ec
}

/** Adds to the summary of a request's calls that one is made again. @param reason OSS's error code, or `Unreachable`. */
export function addRetry(oss: OssSummary, reason: string): void {
  oss.retries++
  if (!oss.retryReasons.includes(reason)) oss.retryReasons = [...oss.retryReasons, reason]
}
