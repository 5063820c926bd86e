import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Responder, Serve } from '../gateway.ts'
import type { Log, Reply } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import { headResponse } from './head-response.ts'
import { NodeRequest } from './node-request.ts'
import { isMalformed } from './request-head.ts'
import { discard, respond } from './respond.ts'

/** What the app finds in `c.env` on Node. */
export type NodeEnv = { Bindings: HttpBindings & { request?: NodeRequest } }

/** How the app answers on Node: on the raw ServerResponse; node-server then sends nothing for `RESPONSE_ALREADY_SENT`. */
export const serveOnNode: Serve<NodeEnv> = ({ env }, gateway, log) => {
  const request = env.request ?? new NodeRequest(env.incoming, env.outgoing)
  if (env.request === undefined && request.method === 'HEAD') return headResponse(request, gateway)
  serveRequest(request, gateway, log)
  return RESPONSE_ALREADY_SENT
}

/** Works on a request to its end. */
export function serveRequest(request: NodeRequest, gateway: Responder, log: Log): void {
  request.begun = true
  answer(request, gateway, log).catch((error: Error) => {
    log('response failed', { cause: error.message })
    request.outgoing.destroy()
  })
}

async function answer(request: NodeRequest, gateway: Responder, log: Log): Promise<void> {
  if (isMalformed(request.incoming, request.headers)) {
    request.isLast = true
    refuseRequest(request, new S3Error('BadRequest'), gateway, log)
    return
  }
  // What came in the same read as the head is there a microtask later.
  if (request.length !== 0) await null
  const reply = await gateway.answer(request)
  // Its connection may have failed it meanwhile.
  if (request.answered) discard(reply.body)
  else await send(request, reply, gateway, log)
}

/** Answers a request with an error, unless it has been answered. */
export function refuseRequest(request: NodeRequest, error: S3Error, gateway: Responder, log: Log): void {
  if (!request.answered) void send(request, gateway.refuse(error, request), gateway, log)
}

/** @returns a promise, as `respond` does; it never rejects. */
function send(request: NodeRequest, reply: Reply, gateway: Responder, log: Log): Promise<void> | undefined {
  const instead = (error: Error) => {
    log('headers refused', { cause: error.message })
    return gateway.replyInstead(new S3Error('InternalError'), request.method)
  }
  return respond(request, reply, instead)?.catch((error: Error) =>
    log('response cut', { cause: error.message }),
  )
}
