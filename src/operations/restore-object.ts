import { OssError } from '../oss/error.ts'
import type { Reply } from '../ports.ts'
import { S3Error } from '../s3/error.ts'
import {
  checkElements,
  child,
  malformedXml,
  optionalCount,
  requiredWord,
  unsupportedElement,
} from '../translate/elements.ts'
import { toS3Answer } from '../translate/headers.ts'
import { text, type XmlNode, type XmlTree } from '../xml.ts'
import type { Context, ObjectRequest } from './operation.ts'
import { callOnObject, requireDocument, withDocument } from './subresource.ts'

const TIERS = ['Standard', 'Expedited', 'Bulk'] as const

/**
 * RestoreObject: 202 when it begins, 200 when the object is restored already and stays so for longer.
 * @throws S3Error MalformedXML, RestoreAlreadyInProgress, InvalidObjectState; NotImplemented for a restore that selects.
 */
export async function restoreObject(request: ObjectRequest, { oss }: Context): Promise<Reply> {
  const content = toOssRestore(await requireDocument(request, 'RestoreRequest'))
  const call = withDocument(callOnObject(request, 'POST', 'restore'), 'RestoreRequest', content)
  const { status, headers } = await oss.send(call).catch((error) => {
    if (!(error instanceof OssError) || error.code !== 'OperationNotSupported') throw error
    throw new S3Error('InvalidObjectState', {
      message: "Restore is not allowed for the object's current storage class",
      cause: error,
    })
  })
  return { status, headers: toS3Answer(headers) }
}

function toOssRestore(document: XmlNode): XmlTree {
  if (text(document, 'Type') !== undefined) throw unsupportedElement('RestoreRequest/Type')
  checkElements(document, 'RestoreRequest', ['Days', 'GlacierJobParameters', 'Tier', 'Description'])
  const Days = optionalCount(document, 'Days', 1)
  if (Days === undefined) throw malformedXml()
  const parameters = child(document, 'GlacierJobParameters')
  if (parameters !== undefined) checkElements(parameters, 'RestoreRequest/GlacierJobParameters', ['Tier'])
  const named = [parameters, document].find((node) => node !== undefined && text(node, 'Tier') !== undefined)
  const Tier = named === undefined ? 'Standard' : requiredWord(named, 'Tier', TIERS)
  // Standard is OSS's default, too; objects in Archive know no tiers.
  return Tier === 'Standard' ? { Days } : { Days, JobParameters: { Tier } }
}
