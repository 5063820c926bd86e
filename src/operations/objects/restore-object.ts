import { OssError } from '../../oss/error.ts'
import type { Reply } from '../../ports.ts'
import { S3Error } from '../../s3/error.ts'
import {
  checkElements,
  child,
  malformedXml,
  optionalInteger,
  optionalWord,
  unsupportedElement,
} from '../../translate/elements.ts'
import { toS3Answer } from '../../translate/response-headers.ts'
import type { XmlNode, XmlTree } from '../../xml/index.ts'
import type { Context, ObjectRequest } from '../operation.ts'
import { callOnObject, requireDocument, withDocument } from '../subresource.ts'

const TIERS = ['Standard', 'Expedited', 'Bulk'] as const

/**
 * RestoreObject: 202 when it begins, 200 when the object is restored already and stays so for longer.
 * @throws S3Error MalformedXML, RestoreAlreadyInProgress, InvalidObjectState; NotImplemented for a restore that selects.
 */
export async function restoreObject(request: ObjectRequest, { oss }: Context): Promise<Reply> {
  const content = toOssRestore(await requireDocument(request, 'RestoreRequest'))
  const restore = (wanted: XmlTree) =>
    oss.send(withDocument(callOnObject(request, 'POST', 'restore'), 'RestoreRequest', wanted))
  const { status, headers } = await restore(content)
    .catch((error) => {
      // OSS's Archive refuses a tier, and is restored in a minute: sooner than by any of S3's.
      if (!('JobParameters' in content) || !isOssError(error, 'MalformedXML')) throw error
      return restore({ Days: content.Days })
    })
    .catch((error) => {
      if (!isOssError(error, 'OperationNotSupported')) throw error
      throw new S3Error('InvalidObjectState', {
        message: "Restore is not allowed for the object's current storage class",
        cause: error,
      })
    })
  return { status, headers: toS3Answer(headers) }
}

const isOssError = (error: unknown, code: string) => error instanceof OssError && error.code === code

function toOssRestore(document: XmlNode): XmlTree {
  if ('Type' in document) throw unsupportedElement('RestoreRequest/Type')
  checkElements(document, 'RestoreRequest', ['Days', 'GlacierJobParameters', 'Tier', 'Description'])
  const Days = optionalInteger(document, 'Days')
  if (Days === undefined || Days < 1) throw malformedXml()
  const parameters = child(document, 'GlacierJobParameters')
  if (parameters !== undefined) checkElements(parameters, 'RestoreRequest/GlacierJobParameters', ['Tier'])
  const named = [parameters, document].flatMap((node) => (node && optionalWord(node, 'Tier', TIERS)) ?? [])
  // `Tier` in GlacierJobParameters and in the root, its newer form: both may not be given.
  if (named.length > 1) throw malformedXml()
  const Tier = named[0] ?? 'Standard'
  // Standard is OSS's default, too; objects in Archive know no tiers.
  return Tier === 'Standard' ? { Days } : { Days, JobParameters: { Tier } }
}
