import { createRequire } from 'node:module'

/** The signer of OSS's own SDK: another opinion than the gateway's, and than the embedded OSS's, on what a signature is. */
export const signUtils = createRequire(import.meta.url)('ali-oss/lib/common/signUtils.js') as {
  authorizationV4(
    accessKeyId: string,
    secret: string,
    region: string,
    method: string,
    request: { headers: Record<string, string>; queries: Record<string, string | null> },
    bucket?: string,
    key?: string,
    additionalHeaders?: string[],
  ): string
}
