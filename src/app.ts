import { type Env, Hono, type Context as HonoContext } from 'hono'
import type { Config } from './config/index.ts'
import { type ConcurrencyLimit, createConcurrencyLimit } from './middleware/concurrency-limit.ts'
import { authorize, authorizeBucket, nobody } from './operations/authorize.ts'
import { forgetCors } from './operations/buckets/cors-rules.ts'
import { crossOriginHeaders } from './operations/buckets/preflight.ts'
import { checkHeaders } from './operations/check-headers.ts'
import { checkDocumentSize } from './operations/document-size.ts'
import { requireOwner } from './operations/expected-owner.ts'
import { findOperation } from './operations/index.ts'
import { forgetObjectLock } from './operations/objects/object-lock-headers.ts'
import type { Context, Operation, Request } from './operations/operation.ts'
import { checkRepeated } from './operations/selectors.ts'
import { checkVersionId } from './operations/version-id.ts'
import { createOssClient, type OssClient } from './oss/client.ts'
import { OssError, OssUnreachable } from './oss/error.ts'
import type { Clock, Incoming, Log, Platform, Reply, Sleep, Timer, Transport } from './ports.ts'
import type { PlainBody } from './s3/body.ts'
import { carriesChecksum, checkNothing } from './s3/checksum.ts'
import { renderError, S3Error } from './s3/error.ts'
import { plainBody } from './s3/plain-body.ts'
import { parseRequest, type S3Request } from './s3/request.ts'
import { authScheme, type Verified } from './s3/signature.ts'
import { verifySigV2 } from './s3/sigv2.ts'
import { verifySigV4 } from './s3/sigv4.ts'
import { toS3Error, unreachable } from './translate/errors.ts'
import { XmlError } from './xml/index.ts'

export type Ports = {
  config: Config
  transport: Transport
  clock: Clock
  log: Log
  sleep: Sleep
  timer: Timer
  /** From 0 up to 1. */
  random: () => number
  platform: Platform
  /** A fresh, unguessable id for each request: sixteen or so letters and digits. */
  newId: () => string
}

export type Gateway = {
  /** Answers one request; never rejects. */
  answer(incoming: Incoming): Promise<Reply>
  /** The answer to a request that the runtime does not let in. */
  refuse(error: S3Error, method: string): Reply
  oss: OssClient
}

/** What answers requests: the gateway, without its client of OSS. */
export type Responder = Pick<Gateway, 'answer' | 'refuse'>

/** How a runtime reads a request off Hono's context and answers it with what the gateway replies. */
export type Serve<E extends Env> = (c: HonoContext<E>, gateway: Responder) => Response | Promise<Response>

/**
 * The gateway as an app of Hono's, the same on every runtime. It has one route: the steps of a request are the calls in
 * `answer` below, since the gateway is asked without HTTP too, and Hono's chain of middleware costs promises.
 */
export function createApp<E extends Env>(gateway: Responder, serve: Serve<E>): Hono<E> {
  // Nothing here routes by path, and Hono would decode it, which S3 must not.
  return new Hono<E>({ getPath: () => '/' }).all('*', (c) => serve(c, gateway))
}

/** The gateway without a runtime: ports in, replies out. */
export function createGateway(ports: Ports): Gateway {
  const { config, clock, log, sleep, timer, random, platform } = ports
  const limits = concurrencyLimits(ports)
  const oss = createOssClient({ ...ports, endpoint: config.endpoint, credentials: config.credentials })

  return { oss, answer, refuse: (error, method) => render(error, method, ports.newId()) }

  async function answer(incoming: Incoming): Promise<Reply> {
    const requestId = ports.newId()
    // Only browsers send an Origin: for all others nothing is asked.
    const crossOrigin =
      'origin' in incoming.headers ? crossOriginHeaders(incoming, { ...ports, oss }) : undefined
    let reply: Reply
    try {
      reply = await perform(incoming, requestId)
      reply.headers['x-amz-request-id'] = requestId
      reply.headers['x-amz-id-2'] ??= requestId
    } catch (error) {
      reply = refuse(error, incoming, requestId)
    }
    return crossOrigin === undefined
      ? reply
      : { ...reply, headers: { ...reply.headers, ...(await crossOrigin) } }
  }

  async function perform(incoming: Incoming, requestId: string): Promise<Reply> {
    const asked = parseRequest(incoming, config.domains)
    const open = operationOf(asked)
    const verified = open.auth === undefined ? authenticate(asked) : unsigned(asked)
    // Looked up again: a presigned query holds headers too, and they choose.
    const operation =
      verified.headers === asked.headers ? open : findOperation({ ...asked, headers: verified.headers })
    checkVersionId(operation, asked.query)
    checkHeaders(operation, verified.headers, incoming.headers)
    const client = open.auth === undefined ? config.clients.get(verified.accessKeyId) : nobody
    if (client === undefined) throw new S3Error('InvalidAccessKeyId')
    // Behind the signature: who has not signed takes no turn of who has.
    const entered = enter(open.auth === undefined ? limits.signed : limits.unsigned, incoming)
    if (entered !== undefined) await entered
    const { access } = operation
    if (asked.bucket !== undefined && open.auth === undefined) {
      if (access === 'keys') authorizeBucket(client, 'write', asked.bucket)
      else if (access === 'list') authorize(client, 'read', asked.bucket, asked.query.get('prefix') ?? '')
      else authorize(client, access, asked.bucket, asked.key)
    }
    if (
      operation.body === 'none' &&
      operation.method === 'PUT' &&
      (await hasBytes(verified, incoming.body))
    ) {
      throw new S3Error('InvalidRequest', {
        message: 'The request included a body. Requests of this type must not include a non-empty body.',
      })
    }
    if (
      operation.body === 'none' &&
      access === 'write' &&
      Object.keys(verified.headers).some(carriesChecksum)
    ) {
      await checkNothing(verified.headers)
    }
    const body = operation.body === 'none' ? undefined : takeBody(operation, incoming, verified)
    const request: Request = Object.assign(asked, { headers: verified.headers, body })
    const renderErrorDocument = (error: unknown) => {
      const late = asS3Error(error, incoming)
      ports.log('request failed late', { requestId, ...describe(error) })
      return renderError(late, requestId, requestId)
    }
    const context: Context = {
      config,
      oss,
      clock,
      log,
      sleep,
      timer,
      random,
      platform,
      client,
      renderErrorDocument,
    }
    const owner = request.headers['x-amz-expected-bucket-owner']
    if (owner !== undefined && asked.bucket !== undefined && open.auth === undefined) {
      await requireOwner(context, asked.bucket, owner)
    }
    try {
      // The row's level is the request's: findOperation matched them.
      return await operation.handle(request as never, context)
    } finally {
      if (access === 'write' && operation.on === 'bucket') {
        forgetCors(oss, asked.bucket ?? '')
        forgetObjectLock(oss, asked.bucket ?? '')
      }
    }
  }

  /** S3 says that there is no such operation only where the signature, if there is one, holds. */
  function operationOf(asked: S3Request): Operation {
    try {
      checkRepeated(asked)
      return findOperation(asked)
    } catch (error) {
      const { code } = error as S3Error
      if (code !== 'InvalidArgument' && authScheme(asked) !== 'anonymous') authenticate(asked)
      throw error
    }
  }

  function authenticate(request: S3Request): Verified {
    const scheme = authScheme(request)
    if (scheme === 'anonymous') throw new S3Error('AccessDenied')
    const verify = scheme.startsWith('sigv2') ? verifySigV2 : verifySigV4
    return verify(request, (id) => config.clients.get(id)?.secretAccessKey, clock())
  }

  function refuse(error: unknown, incoming: Incoming, requestId: string): Reply {
    const s3Error = asS3Error(error, incoming)
    if (s3Error.status >= 500 && s3Error.code !== 'NotImplemented')
      ports.log('request failed', { requestId, ...describe(error) })
    const cause = error instanceof OssError ? error : s3Error.cause
    return render(
      s3Error,
      incoming.method,
      requestId,
      cause instanceof OssError ? cause.requestId : undefined,
    )
  }

  function render(error: S3Error, method: string, requestId: string, hostId = requestId): Reply {
    const headers = {
      ...error.headers,
      'x-amz-request-id': requestId,
      'x-amz-id-2': hostId,
      'content-type': 'application/xml',
    }
    if (method === 'HEAD') return { status: error.status, headers }
    return { status: error.status, headers, body: renderError(error, requestId, hostId) }
  }

  function asS3Error(error: unknown, incoming: Incoming): S3Error {
    if (error instanceof S3Error) return error
    if (error instanceof OssError) return toS3Error(error, subjectOf(incoming))
    // A client's document is parsed where it is read: any other XML that cannot be read is OSS's.
    if (error instanceof OssUnreachable || error instanceof XmlError) return unreachable(error)
    return new S3Error('InternalError', { cause: error })
  }

  function subjectOf(incoming: Incoming) {
    const { method, bucket, key, query } = parseRequest(incoming, config.domains)
    return { method, bucket, key, versionId: query.get('versionId'), uploadId: query.get('uploadId') }
  }
}

/** What is told to who comes on top: to wait a second. */
const slowDown = { headers: { 'retry-after': '1' } }
/** Of as many as are worked on at a time, the part that may be without a signature: forms and browsers' questions. */
const UNSIGNED_PART = 1 / 16

function concurrencyLimits({ config, sleep }: Ports) {
  const { inFlight, waiting, waitingTime } = config.document.limits
  const limits = { inFlight, waiting, waitingTime: waitingTime * 1000 }
  return {
    signed: createConcurrencyLimit(limits, sleep),
    unsigned: createConcurrencyLimit({ ...limits, inFlight: Math.ceil(inFlight * UNSIGNED_PART) }, sleep),
  }
}

/**
 * Counts a request among those worked on until it is answered.
 * @returns a promise where it has to wait for that.
 * @throws S3Error SlowDown.
 */
function enter(limit: ConcurrencyLimit, { onAnswered, signal }: Incoming): Promise<void> | undefined {
  if (onAnswered === undefined) return undefined
  const begin = (isIn: boolean): undefined => {
    if (!isIn) throw new S3Error('SlowDown', slowDown)
    onAnswered(limit.leave)
  }
  const isIn = limit.enter(signal)
  return typeof isIn === 'boolean' ? begin(isIn) : isIn.then(begin)
}

/** A request that its signature says nothing of. */
const unsigned = ({ headers }: Incoming): Verified => ({
  accessKeyId: '',
  payload: { kind: 'unsigned' },
  presigned: false,
  headers,
})

function takeBody(operation: Operation, incoming: Incoming, { headers, payload }: Verified): PlainBody {
  // A bucket can be created without a word, and some clients then send no length.
  const silent =
    operation.on !== 'object' && !('content-length' in headers) && !('transfer-encoding' in headers)
  const body = plainBody(
    { headers: silent ? { ...headers, 'content-length': '0' } : headers, body: incoming.body },
    payload,
    operation.checksumOf,
  )
  checkDocumentSize(operation, body.length ?? 0)
  return body
}

/** Whether a body is announced and there; one in chunks may still be empty. */
async function hasBytes({ headers }: Verified, body: Incoming['body']): Promise<boolean> {
  if (headers['transfer-encoding'] === undefined) return Number(headers['content-length'] ?? 0) > 0
  for await (const bytes of body) if (bytes.length > 0) return true
  return false
}

/** What the log says of a failure: causes down to the first, never a header or a body. */
function describe(error: unknown): Record<string, unknown> {
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
