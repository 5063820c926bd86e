import type { Env, Hono } from 'hono'
// There is one route: the routers of `hono` would be 3 KiB of the Worker's script.
import { Hono as TinyHono } from 'hono/tiny'
import type { Client } from './config/index.ts'
import type { AppPorts, Gateway, Ports, RefusedRequest, Responder } from './gateway.ts'
import { admit } from './middleware/admission.ts'
import { authenticate } from './middleware/authenticate.ts'
import { asS3Error, errorReply, isLogged, logFacts } from './middleware/errors.ts'
import { recordClient, recordFailed, recordOperation, recordTarget } from './middleware/record.ts'
import { recorderFor } from './middleware/recorder.ts'
import { answerSts } from './middleware/sts.ts'
import { checkNoBody, takeBody } from './middleware/take-body.ts'
import { createUpstreams, type UpstreamClients } from './middleware/upstreams.ts'
import type { RequestRecord } from './observe/record.ts'
import { createOngoing } from './ongoing.ts'
import { forwarding, type OnAnswer } from './operations/anonymous.ts'
import { authorizeRequest, isAnonymous, nobody } from './operations/authorize.ts'
import { hideFromSession } from './operations/authorize-session.ts'
import { forgetCors, knowBucket } from './operations/buckets/cors-rules.ts'
import { crossOriginHeaders, forwardedCrossOrigin } from './operations/buckets/preflight.ts'
import { checkHeaders } from './operations/check-headers.ts'
import { requireOwner } from './operations/expected-owner.ts'
import { asNamed, enterMapping, inClientNames, placeOf, recordPlace } from './operations/mapping.ts'
import { forgetObjectLock } from './operations/objects/bucket-lock.ts'
import type { Context, Request } from './operations/operation.ts'
import { refuseWhole } from './operations/part-of-bucket.ts'
import { isStsRequest } from './operations/sts/query-protocol.ts'
import { checkVersionId } from './operations/version-id.ts'
import type { OssClient } from './oss/client.ts'
import { OssError } from './oss/error.ts'
import type { HeaderMap, Incoming, Refusal, Reply } from './ports.ts'
import { renderError, type S3Error, slowDown } from './s3/error.ts'
import { parseRequest, validateKey } from './s3/request.ts'

/** What accompanies a request through its steps. */
type About = Pick<Context, 'onVerified'> & {
  requestId: string
  onForwarded: OnAnswer
  record: RequestRecord | undefined
}

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
  return new TinyHono<E>({ getPath: () => '/' }).all('*', (c) => serve(c, gateway, log))
}

/** The gateway without a runtime: ports in, replies out. */
export function createGateway(ports: Ports): Gateway {
  const { config, clock, log, newId, observer } = ports
  const recorder = recorderFor(observer, clock)
  const upstreams = createUpstreams(ports)
  const { own: oss } = upstreams.of(undefined)
  const ongoing = ports.ongoing ?? createOngoing(config, ports)
  const { readings } = ongoing
  const { signed, anonymous, rates } = ongoing.admission
  const writes = ports.platform.requestsWait ? ongoing.writes : undefined

  return {
    oss,
    upstreams: new Map([...upstreams.others].map(([name, { own }]) => [name, own])),
    answer,
    refuse,
    replyInstead: (error, method) => errorReply(error, method, newId()),
    load: () => signed.load(),
  }

  /** The error boundary, and the headers that every reply has: request ids and CORS. */
  async function answer(incoming: Incoming): Promise<Reply> {
    const requestId = newId()
    incoming.requestId = requestId
    const record = recorder.begin(incoming, requestId)
    const reply = await answerWithin(incoming, requestId, record)
    recorder.end(record, reply, incoming)
    return reply
  }

  async function answerWithin(
    incoming: Incoming,
    requestId: string,
    record: RequestRecord | undefined,
  ): Promise<Reply> {
    // Only browsers send an Origin: for other clients no CORS rules are read.
    const isCrossOrigin = 'origin' in incoming.headers
    let crossOrigin: HeaderMap | Promise<HeaderMap> | undefined
    const onVerified = (client: Client) => {
      if (isAnonymous(client)) return admit(anonymous, client, incoming)
      if (record !== undefined) recordClient(record, client)
      if (isCrossOrigin) crossOrigin = crossOriginHeaders(incoming, ports, (name) => bucketOf(name, client))
      if (!rates.take(client.accessKeyId)) throw slowDown()
      return admit(signed, client, incoming)
    }
    // To what is forwarded OSS itself applies the rules; its errors may come without.
    const onForwarded: OnAnswer = (headers, isSuccess) => {
      crossOrigin = forwardedCrossOrigin(headers) ?? (isSuccess ? {} : undefined)
    }
    let reply: Reply
    try {
      reply = await perform(incoming, { requestId, onVerified, onForwarded, record })
      reply.headers['x-amz-request-id'] = requestId
      reply.headers['x-amz-id-2'] ??= requestId
    } catch (error) {
      reply = fail(error, incoming, requestId, record)
    }
    if (!isCrossOrigin) return reply
    crossOrigin ??= crossOriginHeaders(incoming, ports, (name) => bucketOf(name, nobody), 'remembered')
    return { ...reply, headers: { ...reply.headers, ...(await crossOrigin) } }
  }

  /** The steps of a request: parse, authenticate, check, authorize, limit, take the body, perform the operation. */
  async function perform(incoming: Incoming, about: About): Promise<Reply> {
    const { onVerified, record } = about
    const parsed = parseRequest(incoming, config.domains)
    if (record !== undefined) recordTarget(record, parsed)
    if (isStsRequest(parsed)) return answerSts(parsed, { ...ports, ...about, readings })
    const { operation, verified, client, by } = authenticate(parsed, config, clock)
    if (record !== undefined) recordOperation(record, operation, parsed, client, verified.secret)
    checkVersionId(operation, parsed.query)
    checkHeaders(operation, verified.headers, incoming.headers)
    const isSigned = by === 'signed'
    let { upstream } = client
    if (by !== 'unverified') {
      authorizeRequest(client, operation, parsed, verified.headers)
      const mapping = parsed.bucket === undefined ? undefined : config.buckets.get(parsed.bucket)
      if (mapping !== undefined) {
        upstream = mapping.upstream
        refuseWhole(operation, mapping)
        enterMapping(parsed, mapping)
      } else if (parsed.key !== undefined) validateKey(parsed.key)
      if (record !== undefined) recordPlace(record, upstream, parsed)
      if (isSigned && config.document.cors && parsed.bucket !== undefined)
        knowBucket(upstreams.of(upstream).own, parsed.bucket)
      // After the signature is verified: unsigned requests do not count against the limit of signed ones.
      const admitted = onVerified(client)
      if (admitted !== undefined) await admitted
    }
    if (operation.body === 'none' && operation.access === 'write') {
      await checkNoBody(operation, incoming.body, verified)
    }
    const body = operation.body === 'none' ? undefined : takeBody(operation, incoming.body, verified)
    if (record !== undefined && operation.body === 'stream') record.objectSize = body?.length
    const request: Request = Object.assign(parsed, { headers: verified.headers, body })
    const own = contextOf(incoming, client, about, upstream)
    const context = by === 'anonymous' && own.anonymously !== undefined ? own.anonymously() : own
    const owner = request.headers['x-amz-expected-bucket-owner']
    if (owner !== undefined && parsed.bucket !== undefined && isSigned) {
      await requireOwner(context, parsed.bucket, owner)
    }
    try {
      // The request has the bucket and key that the row's level needs: the row was found by them.
      const reply = await operation.handle(request as never, context)
      if (client.session !== undefined)
        reply.headers = hideFromSession(client, { ...request, ...asNamed(request) }, reply.headers)
      return reply
    } finally {
      if (operation.access === 'write' && operation.on === 'bucket') {
        forgetCors(context.oss, parsed.bucket ?? '')
        forgetObjectLock(context.oss, parsed.bucket ?? '')
      }
    }
  }

  function contextOf(
    incoming: Incoming,
    client: Client,
    { requestId, onVerified, onForwarded, record }: About,
    upstream: string | undefined,
  ): Context {
    const { anonymous, document } = config
    const { sleep, timer, random, platform } = ports
    const renderErrorDocument = (error: unknown) => {
      log('request failed after the answer began', { requestId, ...logFacts(error) })
      const s3Error = errorOf(error, incoming)
      if (record !== undefined) record.errorCode = s3Error.code
      return renderError(s3Error, requestId, requestId)
    }
    const signed = ({ signing }: UpstreamClients) => recorder.observed(signing, record)
    const forwarded = ({ unsigned }: UpstreamClients) =>
      forwarding(recorder.observed(unsigned, record), incoming.headers, document.cors, onForwarded)
    const at = (name: string | undefined, by: typeof signed) => {
      const place: ReturnType<Context['at']> = {
        upstream: name,
        oss: by(upstreams.of(name)),
        at: (other) => (other === name ? place : at(other, by)),
      }
      return place
    }
    const context: Context = {
      config,
      ...at(upstream, signed),
      clock,
      log,
      sleep,
      timer,
      random,
      platform,
      writes,
      readings,
      client,
      onVerified,
      anonymously: anonymous && (() => ({ ...context, client: anonymous, ...at(upstream, forwarded) })),
      renderErrorDocument,
      record,
    }
    return context
  }

  /** The bucket of OSS's that a client names, and the client of OSS where it is. */
  function bucketOf(name: string, client: Client): { oss: OssClient; bucket: string } {
    const { upstream, bucket } = placeOf(config, client, name)
    return { oss: upstreams.of(upstream).own, bucket }
  }

  /** Any error as S3's, by the names that the client of the request knows. */
  function errorOf(error: unknown, incoming: Incoming): S3Error {
    const s3Error = asS3Error(error, incoming, config.domains)
    return config.buckets.size === 0 ? s3Error : inClientNames(s3Error, config, incoming)
  }

  function refuse(error: S3Error, incoming: RefusedRequest): Reply {
    const { requestId = newId(), onAnswered } = incoming
    const reply = errorReply(error, incoming.method, requestId)
    const { status, code } = error
    const refusal: Refusal = { status, code, time: clock(), answered: undefined }
    onAnswered?.(() => {
      refusal.answered = clock()
    })
    const isWorkedOn = incoming.requestId !== undefined
    incoming.refusal = refusal
    // Of one that is worked on, it is told when that has ended.
    if (!isWorkedOn) recorder.end(recorder.begin(incoming, requestId), reply, incoming)
    return reply
  }

  function fail(
    error: unknown,
    incoming: Incoming,
    requestId: string,
    record: RequestRecord | undefined,
  ): Reply {
    const s3Error = errorOf(error, incoming)
    if (record !== undefined) recordFailed(record, s3Error, incoming, config.domains)
    if (isLogged(s3Error)) log('request failed', { requestId, ...logFacts(error) })
    const cause = error instanceof OssError ? error : s3Error.cause
    const hostId = cause instanceof OssError ? cause.requestId : undefined
    return errorReply(s3Error, incoming.method, requestId, hostId)
  }
}
