import { must, type Xml } from './s3.ts'

/** The least a part has that is not the last. */
export const MIN_PART = 5 * 1024 * 1024

/** Begins a multipart upload. */
export async function begin(
  bucket: string,
  key: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const { xml } = await must({ method: 'POST', bucket, key, query: { uploads: '' }, headers })
  return String((xml.InitiateMultipartUploadResult as Xml).UploadId)
}

/** Uploads a part; its ETag. */
export async function part(
  at: { bucket: string; key: string; uploadId: string },
  number: number,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<string> {
  const { bucket, key, uploadId } = at
  const query = { partNumber: String(number), uploadId }
  return (await must({ method: 'PUT', bucket, key, query, body, headers })).headers.etag ?? ''
}

export type Listed = { number: number; etag: string; more?: string }
/** The document that completes an upload. */
export const completion = (parts: readonly Listed[]) =>
  `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts
    .map(
      ({ number, etag, more = '' }) =>
        `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag>${more}</Part>`,
    )
    .join('')}</CompleteMultipartUpload>`
