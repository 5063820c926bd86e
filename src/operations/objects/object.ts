import type { Reply } from '../../ports.ts'
import type { PlainBody } from '../../s3/body.ts'
import { toS3ETag } from '../../translate/etag.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { toStoredChecksum } from '../../translate/stored-checksum.ts'
import { requestPayer, toOssWrite } from '../../translate/to-oss-headers.ts'
import type { Context, ObjectRequest } from '../operation.ts'
import { writeConditions } from './conditional-write.ts'
import { bypassGovernance } from './retention.ts'
import { sendBody } from './send-body.ts'
import { lockOfWrite, requireChecksum, writeLocked } from './write-lock.ts'
import { writeSettings } from './write-settings.ts'

/** PutObject: one OSS PutObject, the body streamed and verified on its way; then what locks it, where that is asked for. */
export async function putObject(request: ObjectRequest, context: Context): Promise<Reply> {
  const { bucket, key, headers } = request
  const body = request.body as PlainBody
  const lock = await lockOfWrite(request, context)
  if (lock !== undefined) requireChecksum(headers)
  const ossHeaders = toOssWrite(headers, await writeSettings(request, context))
  Object.assign(ossHeaders, toStoredChecksum(headers), await writeConditions(request, context))
  const call = { method: 'PUT', bucket, key, headers: ossHeaders } as const
  // A checksum in a trailer is known in time only where the body is short.
  const send = () => sendBody(context.oss, body, call, toStoredChecksum)
  const stored = await writeLocked(request, context, lock, send)
  const answer = toS3Answer(stored.headers)
  answer.etag = toS3ETag(stored.headers.etag ?? '')
  const verified = body.checksums()
  for (const _ in verified) answer['x-amz-checksum-type'] = 'FULL_OBJECT'
  return { status: 200, headers: Object.assign(answer, verified) }
}

/** DeleteObject: 204 also for a key that is not there, as S3. */
export async function deleteObject(request: ObjectRequest, context: Context): Promise<Reply> {
  const { bucket, key, query, headers } = request
  const deleted = await context.oss.send({
    method: 'DELETE',
    bucket,
    key,
    query: { versionId: query.get('versionId') },
    headers: Object.assign(await bypassGovernance(request, context), requestPayer(headers)),
  })
  return { status: 204, headers: toS3Answer(deleted.headers) }
}
