import type { Responder } from '../app.ts'
import { headerMap } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import { encodeHeader } from './header-text.ts'
import type { NodeRequest } from './node-request.ts'
import { isMalformed } from './request-head.ts'
import { discard } from './respond.ts'

/**
 * The answer to a HEAD request in a server of somebody else, for Hono to send. Of a response to HEAD, Hono makes
 * another without a body, in which node-server does not recognise the mark of one that is sent already.
 */
export async function headResponse(request: NodeRequest, gateway: Responder): Promise<Response> {
  const { status, headers, body } = isMalformed(request.incoming, request.headers)
    ? gateway.refuse(new S3Error('BadRequest'), request.method)
    : await gateway.answer(request)
  discard(body)
  const encoded = headerMap()
  for (const name in headers) encoded[name] = encodeHeader(headers[name] as string)
  return new Response(null, { status, headers: encoded })
}
