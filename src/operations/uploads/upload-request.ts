import type { HeaderMap } from '../../ports.ts'
import { checkPartNumber } from '../../s3/completion.ts'
import { parseUploadId, type Upload } from '../../s3/upload-id.ts'
import { encryptionHeaders } from '../../translate/encryption.ts'
import type { Context, ObjectRequest } from '../operation.ts'

/** The secret that authenticates upload ids (s3/upload-id.ts): every process of a deployment has it. */
export const uploadIdSecret = ({ config }: Context) => config.uploadIdSecret

/** The upload a request names. @throws S3Error NoSuchUpload. */
export const uploadOf = ({ query }: ObjectRequest, context: Context): Upload =>
  parseUploadId(query.get('uploadId') ?? '', uploadIdSecret(context))

/** What the answers about an upload say of encryption where OSS's own do not: what its creation asked for. */
export const encryptionOf = ({ encryption }: Upload): HeaderMap =>
  encryption === undefined ? {} : encryptionHeaders(encryption.algorithm, encryption.keyId)

/** The part a request names. @throws S3Error InvalidArgument. */
export function partNumberOf({ query }: ObjectRequest): number {
  const text = query.get('partNumber')
  const number = /^\d{1,5}$/.test(text ?? '') ? Number(text) : 0
  checkPartNumber(number, text)
  return number
}
