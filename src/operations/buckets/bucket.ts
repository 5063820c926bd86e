import { getBucketInfo } from '../../oss/bucket-info.ts'
import { regionOfLocation } from '../../oss/regions.ts'
import type { Reply } from '../../ports.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { text } from '../../xml/index.ts'
import { bucketName } from '../mapping.ts'
import { type BucketRequest, type Context, xmlReply } from '../operation.ts'

/** HeadBucket. OSS has none of its own. */
export async function headBucket(request: BucketRequest, { oss }: Context): Promise<Reply> {
  const { region } = await getBucketInfo(oss, request.bucket)
  return {
    status: 200,
    headers: {
      'content-type': 'application/xml',
      'x-amz-bucket-region': region,
      'x-amz-access-point-alias': 'false',
      'x-amz-bucket-arn': `arn:aws:s3:::${bucketName(request)}`,
    },
  }
}

/** GetBucketLocation: `oss-cn-hangzhou` is `cn-hangzhou` to a client. */
export async function getBucketLocation({ bucket }: BucketRequest, { oss }: Context): Promise<Reply> {
  const answer = await oss.sendForXml(
    { method: 'GET', bucket, query: { location: null } },
    'LocationConstraint',
  )
  const location = text(answer.document, '#text') ?? ''
  return xmlReply('LocationConstraint', regionOfLocation(location), toS3Answer(answer.headers))
}
