import { invalidArgument } from '../s3/error.ts'
import { parseUploadId, type Upload } from '../s3/upload-id.ts'
import type { Context, ObjectRequest } from './operation.ts'

/** What upload ids are sealed with: every process of a deployment has it. */
export const sealingSecret = ({ config }: Context) => config.credentials.accessKeySecret

/** The upload a request names. @throws S3Error NoSuchUpload. */
export const uploadOf = ({ query }: ObjectRequest, context: Context): Upload =>
  parseUploadId(query.get('uploadId') ?? '', sealingSecret(context))

const MAX_PART_NUMBER = 10_000

/** The part a request names. @throws S3Error InvalidArgument. */
export function partNumberOf({ query }: ObjectRequest): number {
  const text = query.get('partNumber')
  const number = /^\d{1,5}$/.test(text ?? '') ? Number(text) : 0
  if (number >= 1 && number <= MAX_PART_NUMBER) return number
  throw invalidArgument(
    `Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`,
    'partNumber',
    text,
  )
}
