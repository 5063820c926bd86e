import { getBucketInfo } from '../../oss/bucket-info.ts'
import type { Reply } from '../../ports.ts'
import { checkElements } from '../../translate/elements.ts'
import { type BucketRequest, type Context, xmlReply } from '../operation.ts'
import { requireDocument } from '../subresource.ts'

const NOTIFICATION = 'NotificationConfiguration'

/** GetBucketNotificationConfiguration: there are none in S3's terms, which S3 says with an empty document. */
export async function getNotification({ bucket }: BucketRequest, { oss }: Context): Promise<Reply> {
  await getBucketInfo(oss, bucket)
  return xmlReply(NOTIFICATION, {})
}

/** PutBucketNotificationConfiguration, as far as it asks for none. @throws S3Error NotImplemented. */
export async function putNotification(request: BucketRequest, { oss }: Context): Promise<Reply> {
  checkElements(await requireDocument(request, NOTIFICATION), NOTIFICATION, [])
  await getBucketInfo(oss, request.bucket)
  return { status: 200, headers: {} }
}
