import type { Reply } from '../../ports.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { parseTagSet, readTags, renderTags, validateTags } from '../../translate/tags.ts'
import { type Context, type ObjectRequest, xmlReply } from '../operation.ts'
import { callOnObject, requireDocument, withDocument } from '../subresource.ts'

/** GetObjectTagging; an object without tags has an empty set. */
export async function getObjectTagging(request: ObjectRequest, { oss }: Context): Promise<Reply> {
  const { headers, document } = await oss.sendForXml(callOnObject(request, 'GET', 'tagging'), 'Tagging')
  return xmlReply('Tagging', renderTags(readTags(document)), toS3Answer(headers))
}

/** PutObjectTagging. @throws S3Error MalformedXML, InvalidTag, BadRequest. */
export async function putObjectTagging(request: ObjectRequest, { oss }: Context): Promise<Reply> {
  const tags = parseTagSet(await requireDocument(request, 'Tagging'))
  validateTags(tags)
  const { headers } = await oss.send(
    withDocument(callOnObject(request, 'PUT', 'tagging'), 'Tagging', renderTags(tags)),
  )
  return { status: 200, headers: toS3Answer(headers) }
}

/** DeleteObjectTagging. */
export async function deleteObjectTagging(request: ObjectRequest, { oss }: Context): Promise<Reply> {
  const { headers } = await oss.send(callOnObject(request, 'DELETE', 'tagging'))
  return { status: 204, headers: toS3Answer(headers) }
}
