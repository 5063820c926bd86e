import { endingTurn, inTurn } from '../../copy/write-turn.ts'
import type { Reply } from '../../ports.ts'
import type { PlainBody } from '../../s3/body.ts'
import { toS3ETag } from '../../translate/etag.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import { toStoredChecksum } from '../../translate/stored-checksum.ts'
import { requestPayer, toOssWrite } from '../../translate/to-oss-headers.ts'
import type { Context, ObjectRequest } from '../operation.ts'
import { turnOf, writeTurn } from '../writes/turns.ts'
import { parseDeleteCondition } from '../writes/write-condition.ts'
import { putChecksum } from './put-checksum.ts'
import { bypassGovernance } from './retention.ts'
import { sendBody } from './send-body.ts'
import { lockOfWrite, requireChecksum, writeLocked } from './write-lock.ts'
import { writeSettings } from './write-settings.ts'

const VERSION = 'x-amz-version-id'

/** PutObject: one OSS PutObject, the body streamed and verified on its way; then what locks it, where that is asked for. */
export async function putObject(request: ObjectRequest, context: Context): Promise<Reply> {
  const { bucket, key, headers } = request
  const body = request.body as PlainBody
  const lock = await lockOfWrite(request, context)
  if (lock !== undefined) requireChecksum(headers)
  const ossHeaders = toOssWrite(headers, await writeSettings(request, context))
  const turn = await writeTurn(request, context)
  Object.assign(ossHeaders, toStoredChecksum(headers), turn.headers)
  const call = { method: 'PUT', bucket, key, headers: ossHeaders } as const
  const checksum = putChecksum(request, context)
  const send = () => sendBody(context.oss, body, call, turn, checksum.headersOf, checksum.watch)
  const stored = await endingTurn(turn, writeLocked(request, context, lock, send))
  const answer = toS3Answer(stored.headers)
  answer.etag = toS3ETag(stored.headers.etag ?? '')
  // Where versions are suspended S3 tells none here (AWS's PutObject page, "Versioning suspended"), as other writes do.
  if (answer[VERSION] === 'null') delete answer[VERSION]
  return { status: 200, headers: Object.assign(answer, await checksum.finish(stored)) }
}

/** DeleteObject: 204 also for a key that is not there, as S3. */
export async function deleteObject(request: ObjectRequest, context: Context): Promise<Reply> {
  const { bucket, key, query, headers } = request
  const versionId = query.get('versionId')
  const turn = await turnOf(request, parseDeleteCondition(headers['if-match'], versionId), context)
  const bypass = await bypassGovernance(request, context)
  const deleted = await inTurn(turn, () =>
    context.oss.send({
      method: 'DELETE',
      bucket,
      key,
      query: { versionId },
      headers: Object.assign(bypass, requestPayer(headers)),
      signal: turn.signal,
    }),
  )
  return { status: 204, headers: toS3Answer(deleted.headers) }
}
