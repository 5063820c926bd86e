import type { Context, Request } from './operation.ts'

/** Scheme and host of this endpoint as the client addressed it, e.g. `https://s3.example.com`, a TLS proxy included. */
export function requestOrigin(
  { headers }: Pick<Request, 'headers'>,
  { config }: Pick<Context, 'config'>,
): string {
  const scheme = headers['x-forwarded-proto'] === 'https' || config.listen.tls ? 'https' : 'http'
  return `${scheme}://${headers.host ?? ''}`
}
