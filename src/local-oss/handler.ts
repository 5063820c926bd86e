import { checkAnonymous } from './access.ts'
import { type Address, parseAddress, parseQuery } from './address.ts'
import { finish, refusal, type Stamp } from './answer.ts'
import { authenticate } from './auth.ts'
import { type Call, requireBucket, type State } from './call.ts'
import { corsHeaders } from './cors.ts'
import type { Credentials } from './credentials.ts'
import { OssError } from './errors.ts'
import { afterWork, beforeWork, type Faults, injectedReply, type ObservedRequest } from './faults.ts'
import { checkKey } from './names.ts'
import type { Operation } from './operation.ts'
import { findOperation } from './routing.ts'
import { bytesOf, type OssRequest, type Reply, type Transport } from './wire.ts'

const DEFAULT_REGION = 'cn-hangzhou'

/** Hears of every request, with the status it was answered with; 0 when no answer went out. */
export type RequestListener = (request: ObservedRequest & { status: number }) => void

/** What the core is made of. */
export type Parts = {
  state: State
  credentials: Credentials
  faults: Faults
  listeners: ReadonlySet<RequestListener>
}

/** The whole of a request's way: what is asked, by whom, may they, do it, answer. */
export function createHandler({ state, credentials, faults, listeners }: Parts): Transport {
  return async (request) => {
    const asked = understand(request)
    const stamp: Stamp = {
      method: request.method,
      host: asked.address?.host ?? '',
      started: performance.now(),
      signal: request.signal,
    }
    let status = 0
    try {
      const actions = faults.strike(asked.observed)
      for (const action of actions) await beforeWork(action, asked.observed, faults.patience(request.signal))
      const reply =
        injectedReply(actions) ??
        (await work(asked, request, state, credentials).catch((cause) => refusal(cause, stamp)))
      let response = finish(reply, stamp)
      for (const action of actions) response = afterWork(action, response, faults.patience(request.signal))
      status = response.status
      return response
    } finally {
      for (const listener of listeners) listener({ ...asked.observed, status })
    }
  }
}

type Asked = {
  observed: ObservedRequest
  address?: Address
  operation?: Operation | undefined
  /** Why the URL could not be read. */
  problem?: unknown
}

function understand({ method, url, headers }: OssRequest): Asked {
  const observed = {
    operation: 'Unknown',
    method,
    bucket: '',
    key: '',
    query: new Map<string, string>(),
    headers,
  }
  try {
    const address = parseAddress(url)
    const query = parseQuery(address.rawQuery)
    const target = { method, bucket: address.bucket, key: address.key.toString('utf8') }
    const operation = findOperation(target, query, headers)
    const name = operation?.name ?? 'Unknown'
    return { observed: { ...observed, ...target, operation: name, query }, address, operation }
  } catch (problem) {
    return { observed, problem }
  }
}

async function work(
  asked: Asked,
  request: OssRequest,
  state: State,
  credentials: Credentials,
): Promise<Reply> {
  const { observed, address, operation } = asked
  if (address === undefined) throw asked.problem
  const caller = authenticate({ ...observed, ...address }, credentials, state.now())
  if (operation === undefined) throw unknownOperation(observed)
  const call: Call = {
    ...observed,
    state,
    bucketName: address.bucket,
    region: address.region ?? caller.region ?? DEFAULT_REGION,
    host: address.host,
    anonymous: caller.anonymous,
    body: bytesOf(request.body),
    signal: request.signal,
  }
  if (operation.writes) refuseConditions(call)
  if (operation.on === 'service' || operation.on === 'bucket-name') {
    checkAnonymous(call, operation.anonymous)
    return operation.handle(call)
  }
  const bucketCall = { ...call, bucket: requireBucket(state, call.bucketName, call.region) }
  if (operation.on === 'object') checkKey(call.key)
  checkAnonymous(bucketCall, operation.anonymous)
  const reply = await operation.handle(bucketCall)
  return {
    ...reply,
    headers: { ...corsHeaders(state, bucketCall.bucket, call.headers, call.method), ...reply.headers },
  }
}

function unknownOperation({ method, key }: ObservedRequest): OssError {
  return new OssError('MethodNotAllowed', {
    elements: { Method: method, ResourceType: key ? 'Object' : 'Bucket' },
  })
}

/** OSS writes unconditionally, and says so (EC 0017-00000245); a callback is what this service has not. */
function refuseConditions({ headers }: Call): void {
  const refused: [name: string, shown: string][] = [
    ['if-match', 'If-Match'],
    ['if-none-match', 'If-None-Match'],
    ['if-modified-since', 'If-Modified-Since'],
    ['if-unmodified-since', 'If-Unmodified-Since'],
    ['x-oss-callback', 'x-oss-callback'],
  ]
  for (const [name, shown] of refused) {
    if (headers[name] === undefined) continue
    throw new OssError('NotImplemented', { elements: { Header: shown }, ec: '0017-00000245' })
  }
}
