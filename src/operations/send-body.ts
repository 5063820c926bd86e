import type { OssCall, OssClient } from '../oss/client.ts'
import type { OssResponse } from '../ports.ts'
import type { PlainBody } from '../s3/body.ts'
import { S3Error } from '../s3/error.ts'

/** S3's and OSS's limit of a single upload, an object or a part. */
export const MAX_UPLOAD_BYTES = 5 * 1024 ** 3

/**
 * Sends a client's body on to OSS, verified on its way.
 * @throws S3Error EntityTooLarge, and what the body turned out not to be; then OSS has stored nothing.
 */
export async function sendBody(
  oss: OssClient,
  body: PlainBody,
  call: Omit<OssCall, 'body'>,
): Promise<OssResponse> {
  if (body.length > MAX_UPLOAD_BYTES) {
    throw new S3Error('EntityTooLarge', {
      elements: { ProposedSize: body.length, MaxSizeAllowed: MAX_UPLOAD_BYTES },
    })
  }
  const headers = { ...call.headers, 'content-length': String(body.length) }
  const bytes = await verifiedIfEmpty(body)
  try {
    return await oss.send({ ...call, headers, body: bytes })
  } catch (error) {
    // A body that failed its verification was cut off on its way to OSS: its own error is the answer.
    throw body.failure() ?? error
  }
}

/** A body without bytes has none to withhold: it is verified before anything is sent. */
async function verifiedIfEmpty({ body, length }: PlainBody): Promise<PlainBody['body'] | Uint8Array> {
  if (length > 0) return body
  for await (const _ of body);
  return new Uint8Array(0)
}
