import { Readable } from 'node:stream'
import { checkAccess } from './access/access.ts'
import { type Address, hostOf, parseAddress, parseQuery } from './address.ts'
import type { Keyring } from './auth/accounts.ts'
import { authenticate, type Caller, nobody } from './auth/auth.ts'
import { corsHeaders } from './buckets/cors.ts'
import { checkQuota } from './buckets/storage-quota.ts'
import { accountOf, type BucketCall, type Call, checkRegion, requireBucket, type State } from './call.ts'
import { invalidArgument, OssError } from './errors.ts'
import {
  afterWork,
  beforeWork,
  type Faults,
  injectedReply,
  type ObservedRequest,
  type RequestListener,
} from './faults.ts'
import { checkAcceleration, resolveHost } from './hosts/resolve-host.ts'
import { bytesOf, type OssRequest, type Reply, type Transport } from './http.ts'
import { checkBucketName, checkKey } from './name-rules.ts'
import { type BucketOperation, needsBucket, type Operation } from './operation.ts'
import { checkReferer } from './referer/check-referer.ts'
import { refusedOperation } from './refused-operation.ts'
import { errorReply, type ResponseContext, toResponse } from './response.ts'
import { findOperation } from './routing.ts'
import type { BucketRecord } from './store/records.ts'
import { delayHeader, parseTrafficLimit } from './traffic-limit.ts'
import { serveWebsite, websiteOf } from './website/serve-website.ts'

const DEFAULT_REGION = 'cn-hangzhou'

/** What the handler works with. */
export type HandlerOptions = {
  state: State
  keyring: Keyring
  faults: Faults
  listeners: ReadonlySet<RequestListener>
}

/** The core of the service: parses a request, authenticates it, checks access, performs it and answers. */
export function createHandler({ state, keyring, faults, listeners }: HandlerOptions): Transport {
  return async (request) => {
    const parsed = parseRequest(request, state)
    const context: ResponseContext = {
      method: request.method,
      host: parsed.address?.host ?? hostOf(request.url),
      started: performance.now(),
      signal: request.signal,
    }
    let status = 0
    try {
      const actions = faults.takeActions(parsed.observed)
      for (const action of actions)
        await beforeWork(action, parsed.observed, faults.cancelSignal(request.signal))
      const reply =
        injectedReply(actions) ??
        (await perform(parsed, request, state, keyring)
          .then(begun)
          .catch((cause) => errorReply(cause, context)))
      let response = toResponse(reply, context)
      for (const action of actions)
        response = afterWork(action, response, faults.cancelSignal(request.signal))
      status = response.status
      return response
    } finally {
      for (const listener of listeners) listener({ ...parsed.observed, status })
    }
  }
}

/** A reply of which the first bytes can be read: that they cannot is still an error that is answered. @throws what hinders it. */
async function begun(reply: Reply): Promise<Reply> {
  const { body } = reply
  if (!(body instanceof Readable)) return reply
  // An error before the answer is read is told to whoever reads it; nobody listens yet.
  body.on('error', () => {})
  await new Promise<void>((resolve, reject) => {
    const settle = (cause?: Error) => {
      for (const event of ['readable', 'end', 'close', 'error']) body.off(event, settle)
      if (cause === undefined) resolve()
      else reject(cause)
    }
    for (const event of ['readable', 'end', 'close', 'error']) body.once(event, settle)
  })
  return reply
}

type ParsedRequest = {
  observed: ObservedRequest
  address?: Address
  operation?: Operation | undefined
  /** Why the URL could not be read. */
  problem?: unknown
}

function parseRequest({ method, url, headers }: OssRequest, state: State): ParsedRequest {
  const observed = {
    operation: 'Unknown',
    method,
    bucket: '',
    key: '',
    query: new Map<string, string>(),
    headers,
  }
  try {
    const address = resolveHost(parseAddress(url), state)
    const query = parseQuery(address.rawQuery)
    const target = { method, bucket: address.bucket, key: address.key.toString('utf8') }
    const operation = findOperation(target, query, headers)
    const name = operation?.name ?? 'Unknown'
    return { observed: { ...observed, ...target, operation: name, query }, address, operation }
  } catch (problem) {
    return { observed, problem }
  }
}

async function perform(
  parsed: ParsedRequest,
  request: OssRequest,
  state: State,
  keyring: Keyring,
): Promise<Reply> {
  const { observed, address } = parsed
  const operation = parsed.operation ?? refusedOperation(observed)
  if (address === undefined) throw parsed.problem
  const { bucket: bucketName, key } = observed
  // Of several things that are wrong OSS tells the name before the date, and the missing bucket before the unknown key (tests of
  // the Java and the Go SDK).
  if (bucketName !== '') checkBucketName(bucketName)
  if (key !== '') checkKey(key)
  const bucket = needsBucket(operation) ? bucketFor(operation, state, bucketName) : undefined
  // A host that names no region is where the bucket is: a signature for another region is wrong, not the host. Who asks where
  // the bucket is cannot know.
  const region = address.region ?? (operation.locates ? undefined : bucket?.region)
  const isUnsigned = operation.public || operation.signedInBody
  const caller: Caller = isUnsigned
    ? nobody
    : // Clients sign by the time that it really is, wherever the store's clock has been moved to.
      authenticate({ ...observed, ...address, region }, keyring, Date.now())
  const call: Call = {
    ...observed,
    state,
    bucketName,
    region: region ?? caller.region ?? DEFAULT_REGION,
    host: address.host,
    account: caller.account,
    accessKeyId: caller.accessKeyId,
    keyring,
    secure: /^https:/i.test(request.url),
    remoteAddress: request.remoteAddress,
    trafficLimit: parseTrafficLimit(request.headers, observed.query),
    body: bytesOf(request.body),
    signal: request.signal,
  }
  if (operation.writes) refuseConditions(call, operation)
  if (operation.on === 'object' && !operation.encrypts) refuseEncryption(call)
  if (!needsBucket(operation)) {
    accountOf(call)
    return operation.handle(call)
  }
  const bucketCall = { ...call, bucket: bucket ?? requireBucket(state, bucketName) }
  checkRegion(bucketCall)
  checkAcceleration(address, bucketCall.bucket, state)
  const cors = corsHeaders(state, bucketCall.bucket, call.headers, call.method)
  try {
    const reply = await performOnBucket(bucketCall, operation)
    const delay = operation.fills ? delayHeader(call.trafficLimit) : {}
    return { ...reply, headers: { ...cors, ...delay, ...reply.headers } }
  } catch (cause) {
    // Errors have them as well (the `Vary: Origin` of a 404 in clickhouse-backup's issue 877).
    if (cause instanceof OssError) Object.assign(cause.headers, cors)
    throw cause
  }
}

async function performOnBucket(call: BucketCall, operation: BucketOperation): Promise<Reply> {
  const website = websiteOf(call)
  if (website === undefined) checkOperation(call, operation)
  if (!operation.public) checkReferer(call)
  if (operation.fills) await checkQuota(call)
  return website === undefined ? operation.handle(call) : serveWebsite(call, website)
}

/** @throws OssError AccessDenied when the caller may not have the operation on what the request addresses. */
function checkOperation(call: BucketCall, operation: Operation): void {
  const { name, action = name, acl, signed } = operation
  if (operation.public || operation.asks) return
  const { bucket, key, query } = call
  checkAccess(call, { bucket, key, versionId: query.get('versionId'), action, acl, signed })
}

/** @throws OssError NoSuchBucket, or what the operation has for it. */
function bucketFor({ missing }: Operation, state: State, name: string): BucketRecord {
  try {
    return requireBucket(state, name)
  } catch (cause) {
    const isMissing = cause instanceof OssError && cause.code === 'NoSuchBucket'
    throw isMissing && missing !== undefined ? missing() : cause
  }
}

/** OSS refuses conditions on writes (EC 0017-00000245), and calls back after some alone. @throws OssError NotImplemented. */
function refuseConditions({ headers, query, state }: Call, operation: Operation): void {
  const refused: [name: string, displayName: string][] = [
    ['if-match', 'If-Match'],
    ['if-none-match', 'If-None-Match'],
    ['if-modified-since', 'If-Modified-Since'],
    ['if-unmodified-since', 'If-Unmodified-Since'],
  ]
  for (const [name, displayName] of refused) {
    if (headers[name] === undefined) continue
    // ali-oss sends a copy's conditions twice: for the source, which they are meant for, and so.
    const isTwice = operation.name === 'CopyObject' && headers[`x-oss-copy-source-${name}`] !== undefined
    if (isTwice && state.readings.copyIgnoresWriteConditions) continue
    throw new OssError('NotImplemented', { elements: { Header: displayName }, ec: '0017-00000245' })
  }
  if (operation.callsBack || (headers['x-oss-callback'] ?? query.get('callback')) === undefined) return
  throw new OssError('NotImplemented', { elements: { Header: 'x-oss-callback' } })
}

/** @throws OssError InvalidArgument (EC 0005-00000002). */
function refuseEncryption({ headers }: Call): void {
  const name = 'x-oss-server-side-encryption'
  if (headers[name] === undefined) return
  throw invalidArgument(
    `${name} header is not supported for this operation.`,
    name,
    headers[name],
    '0005-00000002',
  )
}
