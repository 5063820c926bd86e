import type { OssCall } from '../oss/call.ts'
import type { OssClient } from '../oss/client.ts'
import { S3Error } from '../s3/error.ts'

/** What ending an upload may take: an abort, its repetition, and one attempt more. */
const RESERVED = 3

/**
 * OSS clients for one copy on a platform that counts requests, which count theirs together. Plans fit their number, but attempts that are
 * repeated may use it up, and then the platform would refuse the abort as well: some are kept for that.
 * @param most requests to OSS.
 */
export function limitRequests(most: number): (oss: OssClient) => OssClient {
  let used = 0

  function spend({ method }: OssCall): void {
    if (used >= (method === 'DELETE' ? most : most - RESERVED)) {
      throw new S3Error('SlowDown', {
        message: `OSS had to be asked too often for one copy (copy.maxRequests is ${most}). Please try again.`,
      })
    }
    used++
  }

  return (oss) => ({
    ...oss,
    send: async (call) => {
      spend(call)
      return oss.send(call)
    },
    sendForXml: async (call, root) => {
      spend(call)
      return oss.sendForXml(call, root)
    },
  })
}
