import { type Env, Hono, type Context as HonoContext } from 'hono'
import type { Config } from './config/index.ts'
import { admit, concurrencyLimitOf } from './middleware/admission.ts'
import { authenticate } from './middleware/authenticate.ts'
import { asS3Error, errorReply, isLogged, logFacts } from './middleware/errors.ts'
import { checkNoBody, takeBody } from './middleware/take-body.ts'
import { authorizeRequest } from './operations/authorize.ts'
import { forgetCors, knowBucket } from './operations/buckets/cors-rules.ts'
import { crossOriginHeaders } from './operations/buckets/preflight.ts'
import { checkHeaders } from './operations/check-headers.ts'
import { requireOwner } from './operations/expected-owner.ts'
import { forgetObjectLock } from './operations/objects/object-lock-headers.ts'
import type { Context, Request } from './operations/operation.ts'
import { checkVersionId } from './operations/version-id.ts'
import { createOssClient, type OssClient } from './oss/client.ts'
import { OssError } from './oss/error.ts'
import type { Clock, HeaderMap, Incoming, Log, Platform, Reply, Sleep, Timer, Transport } from './ports.ts'
import { renderError, type S3Error } from './s3/error.ts'
import { parseRequest } from './s3/request.ts'

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
  /** The reply to a request that the runtime refuses before `answer`: malformed, too slow, or at shutdown. */
  refuse(error: S3Error, method: string): Reply
  oss: OssClient
}

/** The part of a gateway that a runtime's server needs. */
export type Responder = Pick<Gateway, 'answer' | 'refuse'>

/** How a runtime reads a request off Hono's context and answers it with what the gateway replies. */
export type Serve<E extends Env> = (
  c: HonoContext<E>,
  gateway: Responder,
  log: Log,
) => Response | Promise<Response>

/** What a runtime hands in for an app. `nodePorts` and `workerPorts` hold all of it but `config`, `transport` and, on Node, `log`. */
export type AppPorts<E extends Env> = Ports & { serve: Serve<E> }

/**
 * The gateway as an app of Hono's, to be served, or mounted at the root of another: S3 clients sign whole paths.
 * @param ports the settings, the transport to OSS, and what the runtime provides.
 */
export function createApp<E extends Env>(ports: AppPorts<E>): Hono<E> {
  return appOf(createGateway(ports), ports)
}

/**
 * The app of a gateway, the same on every runtime. It has one route: the steps of a request are the calls in `answer`
 * below, since the gateway answers without HTTP too, and each middleware of Hono's costs a promise.
 */
export function appOf<E extends Env>(
  gateway: Responder,
  { serve, log }: Pick<AppPorts<E>, 'serve' | 'log'>,
): Hono<E> {
  // Nothing here routes by path, and Hono would decode it, which S3 must not.
  return new Hono<E>({ getPath: () => '/' }).all('*', (c) => serve(c, gateway, log))
}

/** The gateway without a runtime: ports in, replies out. */
export function createGateway(ports: Ports): Gateway {
  const { config, clock, log, newId } = ports
  const oss = createOssClient({ ...ports, endpoint: config.endpoint, credentials: config.credentials })
  const limit = concurrencyLimitOf(config, ports.sleep)

  return { oss, answer, refuse: (error, method) => errorReply(error, method, newId()) }

  /** The error boundary, and the headers that every reply has: request ids and CORS. */
  async function answer(incoming: Incoming): Promise<Reply> {
    const requestId = newId()
    // Only browsers send an Origin: for other clients no CORS rules are read.
    const isCrossOrigin = 'origin' in incoming.headers
    let crossOrigin: Promise<HeaderMap> | undefined
    const onVerified = (accessKeyId: string) => {
      if (isCrossOrigin) crossOrigin = crossOriginHeaders(incoming, { ...ports, oss }, true)
      return admit(limit, accessKeyId, incoming)
    }
    let reply: Reply
    try {
      reply = await perform(incoming, requestId, onVerified)
      reply.headers['x-amz-request-id'] = requestId
      reply.headers['x-amz-id-2'] ??= requestId
    } catch (error) {
      reply = fail(error, incoming, requestId)
    }
    if (!isCrossOrigin) return reply
    crossOrigin ??= crossOriginHeaders(incoming, { ...ports, oss }, false)
    return { ...reply, headers: { ...reply.headers, ...(await crossOrigin) } }
  }

  /** The steps of a request: parse, authenticate, check, authorize, limit, take the body, perform the operation. */
  async function perform(
    incoming: Incoming,
    requestId: string,
    onVerified: Context['onVerified'],
  ): Promise<Reply> {
    const parsed = parseRequest(incoming, config.domains)
    const { operation, verified, client, isSigned } = authenticate(parsed, config, clock)
    checkVersionId(operation, parsed.query)
    checkHeaders(operation, verified.headers, incoming.headers)
    if (isSigned) {
      authorizeRequest(client, operation.access, parsed)
      if (config.document.cors && parsed.bucket !== undefined) knowBucket(oss, parsed.bucket)
      // After the signature is verified: unsigned requests do not count against the limit of signed ones.
      const admitted = onVerified(client.accessKeyId)
      if (admitted !== undefined) await admitted
    }
    if (operation.body === 'none' && operation.access === 'write') {
      await checkNoBody(operation, incoming.body, verified)
    }
    const body = operation.body === 'none' ? undefined : takeBody(operation, incoming.body, verified)
    const request: Request = Object.assign(parsed, { headers: verified.headers, body })
    const context = contextOf(incoming, requestId, client, onVerified)
    const owner = request.headers['x-amz-expected-bucket-owner']
    if (owner !== undefined && parsed.bucket !== undefined && isSigned) {
      await requireOwner(context, parsed.bucket, owner)
    }
    try {
      // The request has the bucket and key that the row's level needs: the row was found by them.
      return await operation.handle(request as never, context)
    } finally {
      if (operation.access === 'write' && operation.on === 'bucket') {
        forgetCors(oss, parsed.bucket ?? '')
        forgetObjectLock(oss, parsed.bucket ?? '')
      }
    }
  }

  function contextOf(
    incoming: Incoming,
    requestId: string,
    client: Context['client'],
    onVerified: Context['onVerified'],
  ): Context {
    const { sleep, timer, random, platform } = ports
    const renderErrorDocument = (error: unknown) => {
      log('request failed after the answer began', { requestId, ...logFacts(error) })
      return renderError(asS3Error(error, incoming, config.domains), requestId, requestId)
    }
    return {
      config,
      oss,
      clock,
      log,
      sleep,
      timer,
      random,
      platform,
      client,
      onVerified,
      renderErrorDocument,
    }
  }

  function fail(error: unknown, incoming: Incoming, requestId: string): Reply {
    const s3Error = asS3Error(error, incoming, config.domains)
    if (isLogged(s3Error)) log('request failed', { requestId, ...logFacts(error) })
    const cause = error instanceof OssError ? error : s3Error.cause
    const hostId = cause instanceof OssError ? cause.requestId : undefined
    return errorReply(s3Error, incoming.method, requestId, hostId)
  }
}
