import { type Env, Hono, type Context as HonoContext } from 'hono'
import type { Config } from './config/index.ts'
import { admit, concurrencyLimitOf } from './middleware/admission.ts'
import { authenticate } from './middleware/authenticate.ts'
import { asS3Error, describe, errorReply, isFailure } from './middleware/errors.ts'
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
  /** The answer to a request that the runtime does not let in. */
  refuse(error: S3Error, method: string): Reply
  oss: OssClient
}

/** What answers requests: the gateway, without its client of OSS. */
export type Responder = Pick<Gateway, 'answer' | 'refuse'>

/** How a runtime reads a request off Hono's context and answers it with what the gateway replies. */
export type Serve<E extends Env> = (
  c: HonoContext<E>,
  gateway: Responder,
  log: Log,
) => Response | Promise<Response>

/** What a runtime hands in for an app: `nodePorts` and `workerPorts` have all but what is a deployment's own. */
export type AppPorts<E extends Env> = Ports & { serve: Serve<E> }

/**
 * The gateway as an app of Hono's, to be served, or mounted at the root of another: S3 clients sign whole paths.
 * @param ports the settings, the way to OSS, and the runtime's own.
 */
export function createApp<E extends Env>(ports: AppPorts<E>): Hono<E> {
  return appOf(createGateway(ports), ports)
}

/**
 * The app of a gateway, the same on every runtime. It has one route: the steps of a request are the calls in `answer`
 * below, since the gateway is asked without HTTP too, and Hono's chain of middleware costs promises.
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

  /** The one error boundary, and what every answer carries. */
  async function answer(incoming: Incoming): Promise<Reply> {
    const requestId = newId()
    // Only browsers send an Origin: for all others nothing is asked.
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

  /** What is asked, who asks, whether it is allowed, whether there is room, the body, the operation. */
  async function perform(
    incoming: Incoming,
    requestId: string,
    onVerified: Context['onVerified'],
  ): Promise<Reply> {
    const asked = parseRequest(incoming, config.domains)
    const { operation, verified, client, isSigned } = authenticate(asked, config, clock)
    checkVersionId(operation, asked.query)
    checkHeaders(operation, verified.headers, incoming.headers)
    if (isSigned) {
      authorizeRequest(client, operation.access, asked)
      if (config.document.cors && asked.bucket !== undefined) knowBucket(oss, asked.bucket)
      // Behind the signature: who has not signed takes no place of who has.
      const place = onVerified(client.accessKeyId)
      if (place !== undefined) await place
    }
    if (operation.body === 'none' && operation.access === 'write') {
      await checkNoBody(operation, incoming.body, verified)
    }
    const body = operation.body === 'none' ? undefined : takeBody(operation, incoming.body, verified)
    const request: Request = Object.assign(asked, { headers: verified.headers, body })
    const context = contextOf(incoming, requestId, client, onVerified)
    const owner = request.headers['x-amz-expected-bucket-owner']
    if (owner !== undefined && asked.bucket !== undefined && isSigned) {
      await requireOwner(context, asked.bucket, owner)
    }
    try {
      // The row's level is the request's: the operation was found by it.
      return await operation.handle(request as never, context)
    } finally {
      if (operation.access === 'write' && operation.on === 'bucket') {
        forgetCors(oss, asked.bucket ?? '')
        forgetObjectLock(oss, asked.bucket ?? '')
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
      log('request failed late', { requestId, ...describe(error) })
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
    if (isFailure(s3Error)) log('request failed', { requestId, ...describe(error) })
    const cause = error instanceof OssError ? error : s3Error.cause
    const hostId = cause instanceof OssError ? cause.requestId : undefined
    return errorReply(s3Error, incoming.method, requestId, hostId)
  }
}
