import { OssError } from '../oss/error.ts'
import type { HeaderMap } from '../ports.ts'
import { invalidArgument, S3Error } from '../s3/error.ts'
import type { XmlNode } from '../xml/index.ts'
import {
  checkElements,
  child,
  malformedXml,
  optionalInteger,
  optionalWord,
  unsupportedElement,
} from './elements.ts'

const TIERS = ['Standard', 'Expedited', 'Bulk'] as const

/** A restore in OSS's words, its content under `RestoreRequest`. Without a tier it is OSS's `Standard`. */
export type OssRestore = { Days: number; JobParameters?: { Tier: (typeof TIERS)[number] } }

/**
 * S3's `RestoreRequest` → OSS's.
 * @throws S3Error MalformedXML; NotImplemented for a restore that selects, and for what OSS has no element for.
 */
export function toOssRestore(document: XmlNode): OssRestore {
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

/** Whether an archived object can be read for now. @param oss its headers, as OSS has them. */
export const isRestored = (oss: HeaderMap): boolean =>
  oss['x-oss-restore']?.includes('ongoing-request="false"') ?? false

/** https://www.alibabacloud.com/help/en/oss/user-guide/0016-00000708, and so on. */
const daysOfArchive = '0016-00000708'
const daysOfColdArchive = '0016-00000704'
const tierUnknown = '0016-00000703'
const tierLower = '0016-00000715'

/**
 * Whether OSS may have refused a restore because its Archive, unlike the colder classes, knows no tiers: it then calls the
 * document malformed (live suites of ali-oss, the Python and the Java SDK).
 */
export const mayBeAboutTier = (error: unknown, { JobParameters }: OssRestore): error is OssError =>
  JobParameters !== undefined &&
  error instanceof OssError &&
  error.code === 'MalformedXML' &&
  error.ec !== daysOfArchive &&
  error.ec !== daysOfColdArchive

/** The refusal of a tier that the object's class does not have, in S3's words. */
export function tierRefused({ JobParameters }: OssRestore): S3Error {
  return invalidArgument(
    'Retrieval option is not supported by this storage class',
    'Tier',
    JobParameters?.Tier ?? 'Standard',
  )
}

/** OSS's refusal of a restore as S3's, saying what would be right; any other error is what it is. */
export function restoreRefused(error: unknown, restore: OssRestore): unknown {
  if (!(error instanceof OssError)) return error
  const days = (range: string) => invalidArgument(`OSS restores ${range}`, 'Days', String(restore.Days))
  const [archive, cold] = [
    'an object of its class Archive for 1 to 7 days',
    'one of ColdArchive or DeepColdArchive for 1 to 365 days',
  ]
  if (error.ec === tierLower) return new S3Error('RestoreAlreadyInProgress', { cause: error })
  if (error.ec === tierUnknown) return tierRefused(restore)
  if (error.ec === daysOfArchive) return days(archive)
  if (error.ec === daysOfColdArchive) return days(cold)
  if (error.code === 'OperationNotSupported') {
    return new S3Error('InvalidObjectState', {
      message: "Restore is not allowed for the object's current storage class",
      cause: error,
    })
  }
  // The gateway's document has nothing else that could be wrong with it.
  return error.code === 'MalformedXML' ? days(`${archive}, ${cold}`) : error
}
