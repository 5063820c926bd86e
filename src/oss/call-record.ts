import type { OssResponse } from '../ports.ts'
import type { OssCall, OssClientPorts } from './call.ts'
import { OssError } from './error.ts'
import { isCopy } from './headers.ts'

/** One call to OSS that was answered, or was not. */
export type OssCallRecord = {
  /** By its name in the settings; undefined: that of the environment. */
  upstream: string | undefined
  /** OSS's name for the operation, one of few. */
  operation: string
  /** Absent where no answer came. */
  status: number | undefined
  /** When it began, in milliseconds since the epoch. */
  began: number
  /** Milliseconds until the answer began. */
  time: number
  requestId: string | undefined
  /** OSS's, or `Unreachable`. */
  errorCode: string | undefined
  /** OSS's more precise code of an error. */
  ec: string | undefined
}

/** Whoever is told of calls to OSS as they end. It must not throw. */
export type CallObserver = {
  onOssCall(call: OssCallRecord): void
  /** A call is made again. @param reason why it failed: OSS's error code, or `Unreachable`. */
  onRetry(reason: string): void
}

/** Why a call failed, in one word of few. */
export const reasonOf = (error: unknown): string => (error instanceof OssError ? error.code : 'Unreachable')

/** The record of a call that was answered. @param began milliseconds since the epoch. */
export function answeredCall(
  { clock, upstream }: CallPorts,
  call: OssCall,
  began: number,
  { status, headers }: OssResponse,
): OssCallRecord {
  return {
    upstream,
    operation: operationOf(call),
    status,
    began,
    time: clock() - began,
    requestId: headers['x-oss-request-id'],
    errorCode: undefined,
    ec: undefined,
  }
}

/** The record of a call that failed. @param began milliseconds since the epoch. */
export function failedCall(
  { clock, upstream }: CallPorts,
  call: OssCall,
  began: number,
  error: unknown,
): OssCallRecord {
  const answer = error instanceof OssError ? error : undefined
  return {
    upstream,
    operation: operationOf(call),
    status: answer?.status,
    began,
    time: clock() - began,
    requestId: answer?.requestId,
    errorCode: reasonOf(error),
    ec: answer?.ec,
  }
}

type CallPorts = Pick<OssClientPorts, 'clock' | 'upstream'>

const methodNames: Record<OssCall['method'], string> = {
  GET: 'Get',
  HEAD: 'Head',
  PUT: 'Put',
  POST: 'Post',
  DELETE: 'Delete',
}

/** Of calls whose name is not made of method and sub-resource. By method, level and query names. */
const names: Record<string, string> = {
  'GET service': 'ListBuckets',
  'GET bucket': 'ListObjects',
  'GET bucket versions': 'ListObjectVersions',
  'GET bucket uploads': 'ListMultipartUploads',
  'POST bucket delete': 'DeleteMultipleObjects',
  'POST object uploads': 'InitiateMultipartUpload',
  'POST object uploadId': 'CompleteMultipartUpload',
  'POST object append': 'AppendObject',
  'POST object restore': 'RestoreObject',
  'PUT object uploadId': 'UploadPart',
  'GET object uploadId': 'ListParts',
  'DELETE object uploadId': 'AbortMultipartUpload',
}

/** Names of queries that say which operation is meant, without a value but for `uploadId`. */
const isSelector = (name: string, value: string | null | undefined) => value === null || name === 'uploadId'

const capitalised = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)

/** The name of a call without a selector: of most. */
const plainNames = Object.fromEntries(
  Object.keys(methodNames).map((method) => {
    const named = (level: string) => nameOf(method as OssCall['method'], level, undefined)
    return [method, { service: named('service'), bucket: named('bucket'), object: named('object') }]
  }),
)

/** OSS's name for what a call asks: one of few, since the gateway makes the queries. */
export function operationOf({ method, bucket, key, query, headers }: OssCall): string {
  const level = bucket === undefined ? 'service' : key === undefined ? 'bucket' : 'object'
  const selector = query && Object.keys(query).find((name) => isSelector(name, query[name]))
  if (headers !== undefined && isCopy(headers))
    return selector === 'uploadId' ? 'UploadPartCopy' : 'CopyObject'
  return selector === undefined ? (plainNames[method]?.[level] ?? '') : nameOf(method, level, selector)
}

function nameOf(method: OssCall['method'], level: string, selector: string | undefined): string {
  const named = names[selector === undefined ? `${method} ${level}` : `${method} ${level} ${selector}`]
  if (named !== undefined) return named
  // `GetBucketInfo` is asked for by `?bucketInfo`.
  const what = (selector ?? '').replace(/^bucket/, '')
  return `${methodNames[method]}${capitalised(level)}${capitalised(what)}`
}
