import type { Responder } from '../gateway.ts'
import { headerMap } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import { encodeHeader } from './header-text.ts'
import type { NodeRequest } from './node-request.ts'
import { isMalformed } from './request-head.ts'
import { discard } from './respond.ts'

/**
 * The response to a HEAD request where the app is mounted in another server, for Hono to send. Hono copies a response to
 * HEAD without its body, and node-server does not recognise `RESPONSE_ALREADY_SENT` in the copy.
 */
export async function headResponse(request: NodeRequest, gateway: Responder): Promise<Response> {
  const { status, headers, body } = isMalformed(request.incoming, request.headers)
    ? gateway.refuse(new S3Error('BadRequest'), request)
    : await gateway.answer(request)
  discard(body)
  const encoded = headerMap()
  for (const name in headers) encoded[name] = encodeHeader(headers[name] as string)
  return new Response(null, { status, headers: encoded })
}
