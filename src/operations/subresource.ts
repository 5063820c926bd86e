import type { OssCall } from '../oss/call.ts'
import type { Reply } from '../ports.ts'
import type { PlainBody } from '../s3/body.ts'
import { S3Error } from '../s3/error.ts'
import { readDocument } from '../s3/read-document.ts'
import { requestPayer } from '../translate/to-oss-headers.ts'
import { renderXml, type XmlNode, type XmlTree } from '../xml/index.ts'
import type { BucketRequest, Context, ObjectRequest, Operation, Request } from './operation.ts'

/** A call on a sub-resource of the object, or of the version, that a request is about. */
export const callOnObject = (
  { bucket, key, query, headers }: ObjectRequest,
  method: OssCall['method'],
  subresource: string,
): OssCall => ({
  method,
  bucket,
  key,
  query: { [subresource]: null, versionId: query.get('versionId') },
  headers: requestPayer(headers),
})

/** A call on a sub-resource of the bucket that a request is about. */
export const callOnBucket = (
  { bucket }: Pick<BucketRequest, 'bucket'>,
  method: OssCall['method'],
  subresource: string,
): OssCall => ({ method, bucket, query: { [subresource]: null } })

/** The same call with a document. */
export const withDocument = (call: OssCall, root: string, content: XmlTree): OssCall => ({
  ...call,
  headers: { ...call.headers, 'content-type': 'application/xml' },
  body: new TextEncoder().encode(renderXml(root, content)),
})

/** The document a request must have. @throws S3Error MissingRequestBodyError, MalformedXML, and what the body is not. */
export async function requireDocument({ body }: Request, root: string): Promise<XmlNode> {
  const document = await readDocument((body as PlainBody).body, root)
  if (document === undefined) throw new S3Error('MissingRequestBodyError')
  return document
}

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

/** What reads a sub-resource takes no body, what writes it does. */
const rowOf = (name: string, method: Method, subresource: string) =>
  ({
    name,
    method,
    query: [subresource],
    access: method === 'GET' ? 'read' : 'write',
    body: method === 'PUT' || method === 'POST' ? 'document' : 'none',
  }) as const

/** A row for a sub-resource of buckets. */
export const bucketRow = (
  name: string,
  method: Method,
  subresource: string,
  handle: (request: BucketRequest, context: Context) => Promise<Reply>,
): Operation => ({ ...rowOf(name, method, subresource), on: 'bucket', handle })

/** A row for a sub-resource of objects. */
export const objectRow = (
  name: string,
  method: Method,
  subresource: string,
  handle: (request: ObjectRequest, context: Context) => Promise<Reply>,
): Operation => ({ ...rowOf(name, method, subresource), on: 'object', handle })
