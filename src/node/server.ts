import { readFileSync } from 'node:fs'
import type { Config } from '../config/index.ts'
import type { Problem } from '../http/head.ts'
import type { ClientLimits } from '../http/host.ts'
import { createHttpServer, type HttpServer } from '../http/server.ts'
import type { Reply } from '../ports.ts'
import { S3Error, type S3ErrorCode } from '../s3/error.ts'
import type { Inside, NodeDoor } from './door.ts'

/** S3's words for what is wrong with a connection's bytes. */
const codes: Record<Problem, S3ErrorCode> = {
  malformed: 'BadRequest',
  'too large': 'RequestHeaderSectionTooLarge',
  incomplete: 'IncompleteBody',
  timeout: 'RequestTimeout',
}

/**
 * The S3 endpoint's server, not listening yet. Who is too slow is cut: see `timeouts.client` in the settings.
 * @throws Error when a TLS file cannot be read.
 */
export function createServer(door: NodeDoor, inside: Inside, { listen, document }: Config): HttpServer {
  const seconds = Object.entries(document.timeouts.client)
  const limits = Object.fromEntries(seconds.map(([name, value]) => [name, value * 1000])) as ClientLimits
  const decisions = {
    handle: door.handle,
    errorOf: (problem: Problem) => new S3Error(codes[problem]),
    answerTo: (problem: Problem) =>
      inside.refuse(new S3Error(codes[problem]), '') as Reply & { body: string },
  }
  const { tls } = listen
  if (tls === undefined) return createHttpServer(decisions, limits)
  return createHttpServer(decisions, limits, {
    cert: readFileSync(tls.certFile),
    key: readFileSync(tls.keyFile),
  })
}
