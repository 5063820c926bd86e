import type { Reply } from '../../ports.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import {
  mayBeAboutTier,
  type OssRestore,
  restoreRefused,
  tierRefused,
  toOssRestore,
} from '../../translate/restore.ts'
import { storageClassOf } from '../../translate/storage-class.ts'
import type { Context, ObjectRequest } from '../operation.ts'
import { callOnObject, requireDocument, withDocument } from '../subresource.ts'
import { statObject } from './read-calls.ts'

/**
 * RestoreObject: 202 when it begins, 200 when the object is restored already and stays so for longer.
 * @throws S3Error MalformedXML, RestoreAlreadyInProgress, InvalidObjectState, InvalidArgument for days or a tier that the
 * object's class does not have; NotImplemented for a restore that selects.
 */
export async function restoreObject(request: ObjectRequest, context: Context): Promise<Reply> {
  const wanted = toOssRestore(await requireDocument(request, 'RestoreRequest'))
  const restore = (content: OssRestore) =>
    context.oss.send(withDocument(callOnObject(request, 'POST', 'restore'), 'RestoreRequest', content))
  const { status, headers } = await restore(wanted)
    .catch(async (error) => {
      if (!mayBeAboutTier(error, wanted)) throw error
      // OSS's Archive takes no tier, and is restored in a minute: sooner than by any of S3's.
      if (storageClassOf(await statObject(request, context)) !== 'Archive') throw tierRefused(wanted)
      return restore({ Days: wanted.Days })
    })
    .catch((error) => {
      throw restoreRefused(error, wanted)
    })
  return { status, headers: toS3Answer(headers) }
}
