import { createHash } from 'node:crypto'
import type { BucketCall } from '../call.ts'
import { ownerOf } from '../document-values.ts'
import { invalidArgument, OssError } from '../errors.ts'
import type { Reply } from '../http.ts'
import { newRequestId } from '../response.ts'
import type { VersionRecord } from '../store/records.ts'
import { type Callback, decodeCallback, parseCallback } from './callback.ts'
import { fillBody, type UploadFacts, variablesOf } from './callback-body.ts'
import { policyNamed } from './callback-policy.ts'
import { type CallbackAnswer, CallbackFailure, sendToInternet } from './send-callback.ts'

/** Milliseconds that OSS waits for an answer. */
const TIMEOUT = 5000

/**
 * The callback that an upload asks for, in headers or a signed URL's parameters, itself or by its bucket's callback policy.
 * @throws OssError InvalidArgument.
 */
export function requestedCallback(call: BucketCall): Callback | undefined {
  const { headers, query, state } = call
  const encoded = headers['x-oss-callback'] || query.get('callback')
  if (!encoded) return undefined
  const variables = headers['x-oss-callback-var'] || query.get('callback-var') || undefined
  const { callbackPolicy } = decodeCallback(encoded)
  const publicAlone = state.sendCallback === sendToInternet
  if (callbackPolicy === undefined) return parseCallback(encoded, variables, publicAlone)
  const policy = policyNamed(call, callbackPolicy)
  if (policy === undefined) {
    // What OSS says to that is not documented.
    throw invalidArgument('The callback policy does not exist.', 'callbackPolicy', String(callbackPolicy))
  }
  return parseCallback(policy.callback, variables ?? policy.variables, publicAlone)
}

/**
 * The answer to an upload that is whole: with a callback it is what the server called says, and 203 when that fails, though the
 * object stays (https://help.aliyun.com/en/oss/developer-reference/callback).
 * @throws OssError CallbackFailed.
 */
export async function answerUpload(
  call: BucketCall,
  callback: Callback | undefined,
  { version, reply }: { version: VersionRecord; reply: Reply },
): Promise<Reply> {
  if (callback === undefined) return reply
  const requestId = newRequestId()
  const body = fillBody(callback, factsOf(call, callback, version, requestId))
  const answer = await callBack(call, callback, body, requestId)
  const headers = { ...reply.headers, 'x-oss-request-id': requestId, 'content-type': 'application/json' }
  return { status: 200, headers, body: answer }
}

function factsOf(call: BucketCall, callback: Callback, version: VersionRecord, reqId: string): UploadFacts {
  const { bucket, key, operation, remoteAddress } = call
  const mimeType = version.headers['content-type'] ?? ''
  const asksForImage = variablesOf(callback).some((name) => name.startsWith('imageInfo.'))
  // No image is read here.
  if (asksForImage && mimeType.startsWith('image/')) throw failed('Get image info failed.')
  return {
    bucket: bucket.name,
    object: key,
    etag: version.etag,
    size: version.size,
    mimeType,
    'imageInfo.height': '',
    'imageInfo.width': '',
    'imageInfo.format': '',
    crc64: version.crc64 ?? '',
    contentMd5: version.md5 ?? '',
    vpcId: '',
    clientIp: remoteAddress ?? '',
    reqId,
    operation,
  }
}

/** Asks the URLs until one answers well. @returns JSON. @throws OssError CallbackFailed for the last one's failure. */
async function callBack(
  call: BucketCall,
  callback: Callback,
  body: string,
  requestId: string,
): Promise<string> {
  let failure = failed('')
  for (const url of callback.urls) {
    const signal = AbortSignal.timeout(TIMEOUT)
    const headers = headersOf(call, callback, url, body, requestId)
    try {
      const sent = call.state.sendCallback({ url: url.href, headers, body, sni: callback.sni, signal })
      const answer = await abortable(sent, signal)
      const problem = problemOf(answer)
      if (problem === undefined) return answer.body
      failure = problem
    } catch (cause) {
      failure = failureOf(cause, signal)
    }
  }
  throw failure
}

/** Those of OSS, but for its signature and where its key is: only OSS can sign by that. */
function headersOf(call: BucketCall, { type, host }: Callback, url: URL, body: string, requestId: string) {
  return {
    host: host ?? url.host,
    'content-type': type,
    'content-md5': createHash('md5').update(body).digest('base64'),
    date: new Date().toUTCString(),
    'user-agent': 'aliyun-oss-callback',
    'x-oss-bucket': call.bucket.name,
    'x-oss-owner': ownerOf(call.bucket),
    'x-oss-request-id': requestId,
    ...(call.account === undefined ? {} : { 'x-oss-requester': call.account }),
    'x-oss-tag': 'CALLBACK',
  }
}

function problemOf({ status, body }: CallbackAnswer): OssError | undefined {
  // A test of the Go SDK has the full stop.
  if (status !== 200) return failed(`Error status : ${status}.`, '0007-00000203')
  return isJson(body) ? undefined : failed('Response body is not valid json format.', '0007-00000205')
}

function failureOf(cause: unknown, signal: AbortSignal): OssError {
  if (cause instanceof CallbackFailure) return failed(cause.message, '0007-00000203')
  if (signal.aborted) return failed('Cost too long time.', '0007-00000202')
  return failed(
    'Error status : -1.OSS can not connect to your callbackUrl, please check it.',
    '0007-00000203',
  )
}

/** Which error causes the others have is not documented. */
const failed = (message: string, ec?: string) => new OssError('CallbackFailed', { message, ec })

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The same, rejected when the signal is aborted, whoever it is that does not look at it. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    work.then(resolve, reject)
    const giveUp = () => reject(signal.reason)
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
  })
}
